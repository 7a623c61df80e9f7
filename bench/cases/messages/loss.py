"""The same with two of a hundred packets lost: who delivers, and how late."""

from __future__ import annotations

from ...messages.ours import OURS, OURS_IN_BATCHES
from ...messages.peer import Order
from ...messages.peers import DDS
from ...messages.rounds import lost, play
from ...outcome import Case, Goal, Outcome, Row, Settings
from ...stats import Samples, summarise

__all__ = ["CASE"]

_INTERVAL_S, _SIZE, _PERCENT = 0.002, 1000, 2


def run(settings: Settings) -> Outcome:
    outcome = Outcome()
    order = Order(settings.pick(2500, 250), _SIZE, _INTERVAL_S)
    found = play(outcome, settings, order, loss_percent=_PERCENT)
    late = Samples()
    for name, results in found.items():
        late.add_rounds(name, [[result.delay_us(99)] for result in results])
        median_us = summarise([result.delay_us(50) for result in results]).median
        note = f"{100 * lost(results):.1f} % lost; p50 {median_us:,.0f} µs"
        ours = name in (OURS.name, OURS_IN_BATCHES.name)
        outcome.rows.append(Row(f"p99, {name}", late.of(name), "µs", note, ours))
    if OURS.name in found:
        came = summarise([result.delivered for result in found[OURS.name]])
        text = f"{OURS.name}: delivered"
        outcome.goals.append(Goal(text, 1.0, came, at_least=True))
        if DDS.name in found:
            ratio = late.ratio(OURS.name, DDS.name)
            outcome.goals.append(Goal(f"p99: {OURS.name} / {DDS.name}", 1.2, ratio))
    return outcome


CASE = Case(
    name="messages-loss",
    title="Messages while packets are lost",
    about=(
        "1000 bytes every 2 ms to three subscribers, and of all packets on loopback, "
        "those of TCP too, two of a hundred are dropped one by one. What is sent by "
        "multicast is lost to all three at once."
    ),
    run=run,
    axis="µs",
)
