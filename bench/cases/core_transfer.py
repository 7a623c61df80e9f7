"""A transfer from core to core in memory, against a bare copy of the same bytes."""

from __future__ import annotations

from dataclasses import replace

from ..core import transfer
from ..core.turns import Variant, measure
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples, Summary

__all__ = ["CASE"]

_SIZE = 100_000_000
_COPY = "bare copy"
_CLEAN, _LOSSY = "core to core, nothing lost", "core to core, 5 % lost"
_OWN = ", into new memory"
_LIMITS = {_CLEAN: 5.0, _LOSSY: 2.0}


def run(settings: Settings) -> Outcome:
    """Copy and transfer in each round."""
    size = settings.pick(_SIZE, _SIZE // 4)
    variants: dict[str, Variant] = {
        _COPY: (transfer.copy, (size,)),
        **{
            label + suffix: (transfer.move, (size, loss, own))
            for own, suffix in ((False, ""), (True, _OWN))
            for label, loss in ((_CLEAN, 0.0), (_LOSSY, 0.05))
        },
    }
    samples = measure(settings.network.loopback, variants, settings.pick(15, 3))
    outcome = Outcome()
    for label in variants:
        share = "" if label == _COPY else f"{_share(samples, label).median:.2g} %"
        outcome.rows.append(
            Row(label, samples.of(label), "MB/s", share, ours=label != _COPY)
        )
    for label, limit in _LIMITS.items():
        share_of = _share(samples, label)
        text = f"{label} / {_COPY}"
        outcome.goals.append(Goal(text, limit, share_of, "%", at_least=True))
    return outcome


def _share(samples: Samples, label: str) -> Summary:
    """Return the percentage of a bare copy's speed."""
    ratio = samples.ratio(label, _COPY)
    return replace(
        ratio,
        median=100 * ratio.median,
        low=100 * ratio.low,
        high=100 * ratio.high,
    )


CASE = Case(
    name="core-transfer",
    title="From core to core in memory",
    about=(
        f"A NORM sender and a receiver in one process move {_SIZE // 10**6} MB "
        "without a socket: rows of 45 messages are built, handed over as one datagram "
        "(as `UDP_GRO` does), parsed, and stored; with loss each message is lost by "
        "itself, is asked for by NACK and repaired by parity, and the time that the "
        "losing takes does not count. The bytes go into memory that the application "
        "has had before, as with the bare copy beside it; into new memory, which the "
        "receiver takes by default, the system has to find each page first."
    ),
    run=run,
    axis="MB/s",
)
