"""Whether what was heard is good enough: the most loss and the least rate allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from groupwire.probe.flow.report import GroupReport, WatchReport
from groupwire.values import Group, Origin

__all__ = ["Limits", "Problem", "ProblemKind", "judge"]


class ProblemKind(StrEnum):
    """What is not as it was demanded."""

    LOSS = "loss"
    """More is lost than allowed."""
    LOSS_UNKNOWN = "loss-unknown"
    """No packets bear numbers, so nobody can tell what is lost."""
    RATE = "rate"
    """Less comes than demanded."""
    SILENT = "silent"
    """Nothing has come at all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is demanded; None demands nothing."""

    max_loss: float | None = None
    """The part of a source's packets that may be lost, 0 to 1."""
    min_bits_per_s: float | None = None
    """What a group must bring on average over the whole time."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One demand that is not met."""

    kind: ProblemKind
    group: Group
    source: Origin | None = None
    value: float | None = None
    """The part lost, or bits per second."""


def judge(report: WatchReport, limits: Limits) -> tuple[Problem, ...]:
    """Return what is not as demanded, over the whole time that was watched."""
    return tuple(p for group in report.groups for p in _of_group(group, limits))


def _of_group(group: GroupReport, limits: Limits) -> Iterator[Problem]:
    if limits.max_loss is None and limits.min_bits_per_s is None:
        return
    if not group.total.packets:
        yield Problem(ProblemKind.SILENT, group.group)
        return
    rate = group.total.bits_per_s
    if limits.min_bits_per_s is not None and rate < limits.min_bits_per_s:
        yield Problem(ProblemKind.RATE, group.group, value=rate)
    if limits.max_loss is not None:
        yield from _losses(group, limits.max_loss)


def _losses(group: GroupReport, max_loss: float) -> Iterator[Problem]:
    known = [source for source in group.sources if source.total.loss is not None]
    if not known:
        yield Problem(ProblemKind.LOSS_UNKNOWN, group.group)
    for source in known:
        loss = source.total.loss or 0.0
        if loss > max_loss:
            yield Problem(ProblemKind.LOSS, group.group, source.source, loss)
