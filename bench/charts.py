"""Pictures of outcomes as SVG: the same bytes for the same numbers.

Mid-tones on no background, so that one file reads well on light and on dark pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .outcome import Case, Outcome, Row
from .table import figure

__all__ = ["draw", "draw_scale"]

_TEXT, _OURS, _OTHERS, _CONTRAST = "#7a808a", "#2f81f7", "#9aa4b0", "#d9822b"
_STYLE: Any = {
    "svg.hashsalt": "groupwire",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _TEXT,
    "axes.edgecolor": _TEXT,
    "axes.labelcolor": _TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
}


def draw(case: Case, outcome: Outcome, place: Path) -> None:
    """Write the chart of a case to ``place``."""
    _save(lambda: _curves(outcome) if outcome.curves else _bars(case, outcome), place)


def _save(make: Callable[[], Any], place: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    with mpl.rc_context(_STYLE):
        make().savefig(
            place,
            format="svg",
            bbox_inches="tight",
            metadata={"Date": None, "Creator": None},
        )


def _bars(case: Case, outcome: Outcome) -> Any:
    import matplotlib.pyplot as plt

    rows = [row for row in outcome.rows if row.unit == outcome.rows[0].unit]
    picture, axes = plt.subplots(figsize=(7.5, 0.7 + 0.36 * len(rows)))
    middles = [row.value.median for row in rows]
    axes.barh(
        [row.label for row in rows],
        middles,
        color=[_OURS if row.ours else _OTHERS for row in rows],
        xerr=_whiskers(rows),
        ecolor=_TEXT,
        height=0.62,
    )
    edge = max(row.value.high for row in rows)
    for number, row in enumerate(rows):
        axes.text(edge * 1.03, number, figure(row.value.median), va="center")
    axes.set_xlabel(case.axis)
    axes.xaxis.set_major_formatter(_plain)
    axes.invert_yaxis()
    axes.set_xlim(0, edge * 1.12)
    return picture


def _whiskers(rows: Sequence[Row]) -> list[list[float]]:
    return [
        [max(row.value.median - row.value.low, 0) for row in rows],
        [max(row.value.high - row.value.median, 0) for row in rows],
    ]


def _curves(outcome: Outcome) -> Any:
    """Draw a panel for each measure against the number of receivers."""
    import matplotlib.pyplot as plt

    measures = outcome.curves
    columns = 2
    lines = -(-len(measures) // columns)
    picture, grid = plt.subplots(
        lines, columns, figsize=(7.5, 2.7 * lines), squeeze=False
    )
    panels = list(grid.flat)
    for axes, (what, curves) in zip(panels, measures.items(), strict=False):
        _panel(axes, what, curves)
    for axes in panels[len(measures) :]:
        axes.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.02))
    picture.tight_layout()
    return picture


def _panel(axes: Any, what: str, curves: Mapping[str, Mapping[int, float]]) -> None:
    for label, curve in curves.items():
        counts = sorted(curve)
        axes.plot(
            counts, [curve[count] for count in counts], label=label, **_pen(label)
        )
    axes.set_title(f"{what} per message", loc="left", color=_TEXT, fontsize=10)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set_xlabel("receivers")
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(_plain)


def _plain(value: float, _: object) -> str:
    return figure(value)


def _pen(label: str) -> dict[str, Any]:
    colour = _OURS if "groupwire" in label else _OTHERS
    if "unicast" in label:
        colour = _CONTRAST
    dashed = "no wire" in label
    return {"color": colour, "linestyle": ":" if dashed else "-", "marker": "o"}


Sizes = Mapping[int, Mapping[str, Any]]
"""What was found, by the number of receivers."""


def draw_scale(asked: Mapping[str, Sizes], sent: Sizes, place: Path) -> None:
    """Write how NACKs and transmissions grow with a group to ``place``."""
    _save(lambda: _scale(asked, sent), place)


def _scale(asked: Mapping[str, Sizes], sent: Sizes) -> Any:
    """Draw what was measured as dots, and theory as dotted lines."""
    import matplotlib.pyplot as plt

    picture, (left, right) = plt.subplots(1, 2, figsize=(8.2, 2.6))
    dots, theory = {"linestyle": "none", "marker": "o"}, {"linestyle": ":"}
    for (label, sizes), colour in zip(asked.items(), (_OURS, _CONTRAST), strict=True):
        for key, name, pen in (
            ("percentile_99", f"{label}: 99th percentile", {"marker": "."}),
            ("mean", "mean", dots),
            ("expected", "mean expected by theory", theory),
        ):
            _line(left, sizes, key, name, {**pen, "color": colour})
    for key, name, pen in (
        ("without_parity", "no parity, theory", {**theory, "color": _OTHERS}),
        ("mean", "groupwire", {**dots, "color": _OURS}),
        ("expected", "parity, theory", {**theory, "color": _OURS}),
    ):
        _line(right, sent, key, name, pen)
    _finish(left, "NACKs when all miss the same packet", asked[min(asked)])
    _finish(right, "transmissions of a packet at 20 % loss", sent)
    left.set_yscale("log")
    left.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    left.minorticks_off()
    right.set_ylim(0, 5.5)
    picture.subplots_adjust(wspace=0.25)
    return picture


def _line(axes: Any, sizes: Sizes, key: str, name: str, pen: dict[str, Any]) -> None:
    axes.plot(list(sizes), [one[key] for one in sizes.values()], label=name, **pen)


def _finish(axes: Any, title: str, sizes: Sizes) -> None:
    axes.set_title(title, loc="left", color=_TEXT, fontsize=10)
    axes.set_xscale("log")
    axes.set_xticks(list(sizes), [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("receivers")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.25), fontsize=9)
