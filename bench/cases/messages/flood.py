"""As many messages as a publisher can send, beside the peers: small, middle, large."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from ...messages.all_peers import named
from ...messages.ours import OURS, OURS_IN_BATCHES, OURS_SENT_IN_BATCHES
from ...messages.peer import Order
from ...messages.rounds import lost, play
from ...outcome import Case, Goal, Outcome, Row, Settings
from ...stats import Samples

__all__ = ["CASES"]

_BYTES = 120_000_000
_MOST = 300_000
_SMALL, _MIDDLE, _LARGE = 100, 1_000, 60_000
_OURS = (OURS.name, OURS_IN_BATCHES.name, OURS_SENT_IN_BATCHES.name)
_LIMITS = {
    _SMALL: {OURS.name: 1.2, OURS_IN_BATCHES.name: 2.0},
    _MIDDLE: {OURS.name: 2.0, OURS_IN_BATCHES.name: 2.0},
    _LARGE: {OURS.name: 2.0, OURS_IN_BATCHES.name: 2.0},
}


def _run(size: int) -> Callable[[Settings], Outcome]:
    def run(settings: Settings) -> Outcome:
        outcome = Outcome()
        count = min(_MOST, _BYTES // size) // settings.pick(1, 10)
        found = play(outcome, settings, Order(count, size))
        rates, complete = Samples(), []
        for name, results in found.items():
            rates.add_rounds(name, [[result.per_s] for result in results])
            share = lost(results)
            if not share:
                complete.append(name)
            note = f"{100 * share:.0f} % lost" if share else "all came"
            outcome.rows.append(Row(name, rates.of(name), "/s", note, name in _OURS))
        _goals(outcome, size, rates, complete)
        return outcome

    return run


def _goals(outcome: Outcome, size: int, rates: Samples, complete: list[str]) -> None:
    """Compare with the best that lost nothing, and whose memory has a limit."""
    others = [named(name) for name in complete if name not in _OURS]
    peers = [peer.name for peer in others if peer.bounded and not peer.bound]
    best = max(peers, key=lambda name: median(rates.all(name)), default=None)
    if best is None:
        return
    for name, limit in _LIMITS[size].items():
        if name in complete:
            ratio = rates.ratio(name, best)
            text = f"{name} / {best}, {size:,} bytes"
            outcome.goals.append(Goal(text, limit, ratio, at_least=True))


_ABOUT = (
    "One publisher, three subscribers in processes of their own, all on loopback in a "
    "network namespace. Each library sends as fast as it lets a program, in the way "
    "that its documentation shows; the rate is what the slowest subscriber has got, "
    "until its last message. What is lost is told. ZeroMQ is measured with its usual "
    "limit, at which it loses, and without any, where all that waits is in memory: "
    "that one is shown, and not what ours is measured by. Python without a protocol "
    "is what the machine's processors allow a program in Python that packs messages in "
    "datagrams of 60 kB and takes them apart again, one by one or all of a datagram at "
    "once, and does nothing else: no goal beyond that can be met. On loopback ours has "
    "segments of 62,500 bytes (1,400 elsewhere)."
)


def _case(name: str, size: int, about: str) -> Case:
    return Case(
        name=f"messages-flood{name}",
        title=f"A flood of messages, {size:,} bytes each",
        about=about,
        run=_run(size),
        axis="messages a second",
    )


CASES = (
    _case("", _SMALL, _ABOUT),
    _case("-1k", _MIDDLE, "The same with larger messages."),
    _case("-60k", _LARGE, "And with such as fill many packets."),
)
