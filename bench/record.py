"""The page of the documentation, its pictures and the numbers, written by the bench."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .charts import draw
from .outcome import Case, Outcome
from .table import goal_cells, goal_head, markdown, tables

__all__ = ["FAMILIES", "fills_pages", "write"]

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_INTRODUCTION = """\
<!-- Written by `python -m bench --write-docs`; edit bench/, not this page. -->

One run of `make bench` on one machine. Variants that are compared take turns (A, B, A,
B, …) in processes of their own; a ratio is the median of the ratios of all rounds, so
that a slow moment of the machine hits both sides. The spread is the 10th to the 90th
percentile, below ten values the smallest and the largest. Your machine will
give other numbers; the ratios should hold. What misses its limit stays in the table and
says so."""


@dataclass(frozen=True, slots=True)
class _Page:
    name: str
    title: str
    numbers: str


FAMILIES = {
    "deliver": _Page("deliveries-benchmarks", "Speed of deliveries", "deliveries"),
    "messages": _Page("messages-benchmarks", "Speed of messages", "messages"),
}
"""Pages for cases whose names begin so; all others share one."""
_USUAL = _Page("benchmarks", "Speed", "results")


def fills_pages(named: Collection[str], known: Collection[str]) -> bool:
    """Tell whether of each page that these cases write, all cases are there."""
    pages = {_page(name) for name in named}
    return {name for name in known if _page(name) in pages} == set(named)


def write(
    machine: Mapping[str, str], where: str, found: Mapping[Case, Outcome]
) -> None:
    """Write pages, pictures and numbers into ``docs/``."""
    pages: dict[_Page, dict[Case, Outcome]] = {}
    for case, outcome in found.items():
        pages.setdefault(_page(case.name), {})[case] = outcome
    for page, its in pages.items():
        _write(machine, where, its, page)


def _page(case: str) -> _Page:
    families = (f for f in FAMILIES if case.startswith(f))
    return FAMILIES.get(next(families, ""), _USUAL)


def _write(
    machine: Mapping[str, str],
    where: str,
    found: Mapping[Case, Outcome],
    to: _Page,
) -> None:
    pictures = _DOCS / "benchmarks"
    pictures.mkdir(parents=True, exist_ok=True)
    for case, outcome in found.items():
        draw(case, outcome, pictures / f"{case.name}.svg")
    page = "\n\n".join(_paragraphs(machine, where, found, to.title)) + "\n"
    (_DOCS / f"{to.name}.md").write_text(page)
    numbers = {
        "machine": dict(machine),
        "network": where,
        "cases": {case.name: _numbers(outcome) for case, outcome in found.items()},
    }
    text = json.dumps(numbers, indent=1, ensure_ascii=False)
    (pictures / f"{to.numbers}.json").write_text(text + "\n")


def _paragraphs(
    machine: Mapping[str, str],
    where: str,
    found: Mapping[Case, Outcome],
    title: str,
) -> Iterator[str]:
    yield f"# {title}"
    yield _INTRODUCTION
    yield markdown((("machine", ""), list(machine.items())))
    yield f"Network: {where}."
    yield "## Goals"
    goals = [goal_cells(g) for outcome in found.values() for g in outcome.goals]
    yield markdown((goal_head, goals))
    for case, outcome in found.items():
        yield f"## {case.title}"
        yield case.about
        yield f"![{case.title}](benchmarks/{case.name}.svg)"
        yield from map(markdown, tables(outcome))
        yield from outcome.notes


def _numbers(outcome: Outcome) -> dict[str, object]:
    return {
        "rows": [asdict(row) for row in outcome.rows],
        "goals": [{**asdict(goal), "met": goal.met} for goal in outcome.goals],
    }
