"""Outcomes as text: lines for a terminal, Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .outcome import Goal, Outcome, Row
from .stats import Summary

__all__ = [
    "Table",
    "figure",
    "goal_cells",
    "goal_head",
    "markdown",
    "plain_text",
    "tables",
]

Table = tuple[Sequence[str], list[Sequence[str]]]
goal_head = ("goal", "limit", "measured", "spread", "result")


def figure(value: float) -> str:
    """Return three significant digits, and all digits of large numbers."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def goal_cells(goal: Goal) -> Sequence[str]:
    sign, unit = ("≥" if goal.at_least else "≤"), goal.unit
    limit = f"{sign} {figure(goal.limit)} {unit}"
    measured = f"{figure(goal.measured.median)} {unit}"
    result = "met" if goal.met else "missed"
    return goal.text, limit, measured, _spread(goal.measured), result


def tables(outcome: Outcome) -> Iterator[Table]:
    """Iterate over the tables of a case: its rows, or a table for each measure."""
    if outcome.curves:
        yield from _curve_tables(outcome)
        return
    head = ("", "median", "spread", "unit", "")
    yield head, [_row_cells(row) for row in outcome.rows]


def _row_cells(row: Row) -> Sequence[str]:
    value = row.value
    return row.label, figure(value.median), _spread(value), row.unit, row.note


def _spread(value: Summary) -> str:
    if value.count == 1:
        return ""
    return f"{figure(value.low)} to {figure(value.high)}"


def _curve_tables(outcome: Outcome) -> Iterator[Table]:
    for what, curves in outcome.curves.items():
        counts = sorted({count for curve in curves.values() for count in curve})
        head = (what, *(f"{c} receivers" if c > 1 else "1 receiver" for c in counts))
        yield (
            head,
            [
                (label, *(figure(curve[count]) for count in counts))
                for label, curve in curves.items()
            ],
        )


def plain_text(table: Table) -> str:
    head, body = table
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    return "\n".join(_aligned(cells, widths) for cells in (head, *body))


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    first, *others = [
        cell.ljust(width) if not number else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(["  " + first, *others]).rstrip()


def markdown(table: Table) -> str:
    head, body = table
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *body))
