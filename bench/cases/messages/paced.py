"""Five hundred messages a second: how long each one takes."""

from __future__ import annotations

from statistics import median

from ...messages.ours import OURS, OURS_IN_BATCHES
from ...messages.peer import Order
from ...messages.peers import BARE, BARE_ASYNCIO
from ...messages.rounds import lost, play
from ...outcome import Case, Goal, Outcome, Row, Settings
from ...stats import Samples

__all__ = ["CASE"]

_INTERVAL_S, _SIZE = 0.002, 1000
_LIMITS = {50: 1.3, 99: 2.0}
_NO_PEERS = {peer.name for peer in (OURS, OURS_IN_BATCHES, BARE, BARE_ASYNCIO)}


def run(settings: Settings) -> Outcome:
    outcome = Outcome()
    order = Order(settings.pick(2500, 250), _SIZE, _INTERVAL_S)
    found = play(outcome, settings, order)
    for percent, limit in _LIMITS.items():
        delays = Samples()
        for name, results in found.items():
            delays.add_rounds(name, [[result.delay_us(percent)] for result in results])
            note = f"{100 * lost(results):.1f} % lost"
            label = f"p{percent}, {name}"
            ours = name in (OURS.name, OURS_IN_BATCHES.name)
            outcome.rows.append(Row(label, delays.of(name), "µs", note, ours))
        _goals(outcome, percent, limit, delays)
    return outcome


def _goals(outcome: Outcome, percent: int, limit: float, delays: Samples) -> None:
    name = OURS.name
    if name not in delays.variants():
        return
    peers = [peer for peer in delays.variants() if peer not in _NO_PEERS]
    best = min(peers, key=lambda peer: median(delays.all(peer)), default=None)
    for beside, most in ((BARE_ASYNCIO.name, limit), (best, 1.0)):
        if beside is not None and beside in delays.variants():
            ratio = delays.ratio(name, beside)
            outcome.goals.append(Goal(f"p{percent}: {name} / {beside}", most, ratio))


CASE = Case(
    name="messages-paced",
    title="How long a message takes",
    about=(
        "1000 bytes every 2 ms to three subscribers: from the call that hands a "
        "message over to the line of the program that has it, by one clock of the "
        "machine. Bare sockets are there twice: in a program that does nothing else "
        "and blocks, and under asyncio, as ours are."
    ),
    run=run,
    axis="µs",
)
