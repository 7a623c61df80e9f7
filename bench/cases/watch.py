"""Whether `watch` counts every packet of a flood, and what that costs."""

from __future__ import annotations

from contextlib import ExitStack
from time import sleep

from .. import watching
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples, summarise
from ..worker import Worker

__all__ = ["CASE"]

_RATE = 200_000
_BARE = "bare recvmmsg loop, which only counts"
_WATCH = "groupwire watch"
_COUNTERS = {_BARE: watching.count_bare, _WATCH: watching.count_by_watch}


def run(settings: Settings) -> Outcome:
    network = settings.network
    host = network.loopback
    count = settings.pick(1_000_000, 200_000)
    used, parts, lost, rates = Samples(), Samples(), list[float](), list[float]()
    with ExitStack() as stack:
        groups = {
            label: ("239.255.42.99", port)
            for port, label in enumerate(_COUNTERS, start=14200)
        }
        senders, counters = {}, {}
        for label, count_them in _COUNTERS.items():
            place = (host, groups[label])
            counters[label] = stack.enter_context(Worker(count_them, *place, host=host))
            sender = Worker(watching.send_numbered, *place, host=host)
            senders[label] = stack.enter_context(sender)
            counters[label].receive()
            senders[label].receive()
        for _ in range(settings.pick(10, 2)):
            for label, counter in counters.items():
                counter.tell(count)
                sleep(0.5)  # until it has joined
                seconds = senders[label].ask(count, _RATE)
                counted, missing, processor_s = counter.receive()
                rates.append(count / seconds)
                parts.add(label, [counted / count])
                used.add(label, [100 * processor_s / seconds])
                lost.append(missing or 0)
    outcome = Outcome()
    for label in _COUNTERS:
        ours = label == _WATCH
        outcome.rows.append(Row(label, used.of(label), "% of a core", ours=ours))
    outcome.goals = [
        Goal("packets counted / packets sent", 1.0, parts.of(_WATCH), at_least=True),
        Goal("% of a core at 200,000 packets/s", 100.0, used.of(_WATCH), "%"),
    ]
    rate = summarise(rates).median
    outcome.notes.append(
        f"{count:,} packets of {watching.SIZE} bytes at {rate:,.0f} a second, each "
        f"time; lost by their numbers: {sum(lost):,.0f}."
    )
    return outcome


CASE = Case(
    name="watch",
    title="A flood watched: 200,000 packets a second of 100 bytes",
    about=(
        "A sender hands the kernel rows of fifty RTP packets of 100 bytes "
        "(UDP_SEGMENT), 200,000 packets a second. `watch` tells sources apart, reads "
        "every number and counts what is lost, late or doubled; the bare loop beside "
        "it reads with the same call and only counts. Processor time is measured."
    ),
    run=run,
    axis="% of a core",
)
