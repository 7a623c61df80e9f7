"""The numbers in docs/limits.md are those of the code."""

import re
from importlib import import_module
from pathlib import Path

import pytest

_PAGE = (Path(__file__).parents[1] / "docs/limits.md").read_text()
_ROW = re.compile(
    r"^\| [^|]+ \| (?P<value>[^|]+) \| (?P<where>`[^|]+) \|", re.MULTILINE
)
_CONSTANT = re.compile(r"`([A-Z_]+)`")
_UNITS = {"MiB": 1 << 20, "s": 1}


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
    written = re.findall(r"(\d[\d,]*(?:\.\d+)?)(?: (MiB|s)\b)?", text)
    return {
        float(number.replace(",", "")) * _UNITS.get(unit, 1) for number, unit in written
    }


@pytest.mark.parametrize(("value", "module", "name"), _rows())
def test_a_limit_is_what_its_constant_says(value: str, module: str, name: str) -> None:
    constant = getattr(import_module(f"groupwire.{module}"), name)
    unit = 1e-6 if name.endswith("_US") else 1
    assert constant * unit in _numbers(value)


def test_the_page_names_the_constants() -> None:
    assert len(_rows()) > 20
