"""The numbers in docs/limits.md are those of the code."""

import re
from dataclasses import fields, is_dataclass
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

_ROOT = Path(__file__).parents[1]
_PAGE = (_ROOT / "docs/limits.md").read_text()
_NORM = (_ROOT / "docs/norm.md").read_text()
_ROW = re.compile(
    r"^\| [^|]+ \| (?P<value>[^|]+) \| (?P<where>`[^|]+) \|", re.MULTILINE
)
_CONSTANT = re.compile(r"`([A-Z_]+|[A-Z]\w+\.\w+)`")
"""One of a module, or of a class there: its default where that is a config."""
_UNITS = {"MiB": 1 << 20, "TiB": 1 << 40, "s": 1}


def _rows() -> list[tuple[str, str, str]]:
    """Return value, module and constant of each row that names constants."""
    found: list[tuple[str, str, str]] = []
    for row in _ROW.finditer(_PAGE):
        module = row["where"].split("`")[1].removesuffix(".py").replace("/", ".")
        found += [
            (row["value"], module, name) for name in _CONSTANT.findall(row["where"])
        ]
    return found


def _numbers(text: str) -> set[float]:
    """Return the numbers of a cell in bytes and seconds."""
    written = re.findall(r"(\d[\d,]*(?:\.\d+)?)(?: (MiB|TiB|s)\b)?", text)
    return {
        float(number.replace(",", "")) * _UNITS.get(unit, 1) for number, unit in written
    }


@pytest.mark.parametrize(("value", "module", "name"), _rows())
def test_a_limit_is_what_its_constant_says(value: str, module: str, name: str) -> None:
    constant = _constant(import_module(f"groupwire.{module}"), name)
    unit = 1e-6 if name.endswith("_US") else 1
    assert constant * unit in _numbers(value)


def _constant(module: ModuleType, name: str) -> float:
    """Return what a name stands for; of a field, its default."""
    *owner, last = name.split(".")
    of = reduce(getattr, owner, module)
    defaults = {f.name: f.default for f in fields(of)} if is_dataclass(of) else {}
    return defaults.get(last) or getattr(of, last)


def test_the_page_names_the_constants() -> None:
    assert len(_rows()) > 45


def test_the_page_names_reasons_that_the_code_counts() -> None:
    source = "".join(
        path.read_text() for path in (_ROOT / "src/groupwire/norm").rglob("*.py")
    )
    counted = set(re.findall(r'"(norm-[a-z-]+)"', source))
    named = set(re.findall(r"`(norm-[a-z-]+)`", _PAGE + _NORM))
    assert named <= counted
    assert len(named) > 8
