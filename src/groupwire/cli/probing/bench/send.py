"""``bench send``: measured traffic, and what every receiver says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech
from groupwire.cli.options.members import expectation
from groupwire.cli.options.probing.benching import BenchPlace, BenchSendOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.plumbing.stopping import to_its_end
from groupwire.cli.render.probing.measured import Measured
from groupwire.cli.render.probing.quantities import bits, in_time, percent

if TYPE_CHECKING:
    from groupwire.aio.probing.load import LoadResult, MemberLoad

__all__ = ["Limits", "send"]


@spread
def send(
    options: BenchSendOptions, place: BenchPlace, reach: Reach, speech: Speech
) -> int:
    """Send measured traffic, and gather what every receiver says of it.

    Receivers run `groupwire bench receive`. For each: what it has lost, in the
    network and on its own host, how late and how unevenly the rest came. Exit code 1
    where nobody answers, somebody expected is missing or a limit is not kept.
    """
    out = speech.out()
    where = place.read()
    wanted = expectation(options.expect)
    limits = Limits(
        options.max_loss, options.min_rate, options.max_delay, options.max_rtt
    )

    shown = Measured(out, where.group, options.rate, options.size, options.seconds)

    async def run(stop: asyncio.Event) -> ExitCode:
        from groupwire import aio
        from groupwire.aio.probing.load import LoadResult, send_load

        running = send_load(
            where.group,
            rate=options.rate,
            size=options.size,
            duration=options.seconds,
            expect=wanted,
            stop=stop,
            config=aio.PeerConfig(
                interface=where.interface, ttl=reach.ttl, dscp=reach.dscp
            ),
        )
        async with aclosing(running) as events:
            async for event in events:
                if not isinstance(event, LoadResult):
                    shown.progress(event)
                    continue
                broken = tuple(limits.broken(event))
                shown.result(event, broken)
                if event.members and not event.missing_count and not broken:
                    return ExitCode.DONE
        return ExitCode.MISSING

    async def sending() -> int:
        with signals.ending(lambda: shown.begun, shown.end):
            return await to_its_end(run)

    return signals.run(sending(), out)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is to be kept: a part of 1, bits per second, seconds."""

    max_loss: float | None
    min_rate: float | None
    max_delay: float | None
    max_rtt: float | None

    def broken(self, result: LoadResult) -> Iterator[str]:
        """Iterate over the limits that were not kept, in words."""
        for member in result.members:
            yield from self._of(member)

    def _of(self, member: MemberLoad) -> Iterator[str]:
        if self.max_loss is not None and member.loss > self.max_loss:
            yield f"{member.name}: {percent(member.loss)} are lost"
        rate = member.report.bits_per_s
        if self.min_rate is not None and (rate is None or rate < self.min_rate):
            yield f"{member.name}: {_or_unknown(rate, bits)} arrive"
        delay, clock = member.delay_s("p99"), member.clock
        if self.max_delay is not None:
            surely = delay if delay is None or clock is None else delay - clock.error_s
            if surely is None or surely > self.max_delay:
                yield f"{member.name}: 1 % take {_or_unknown(surely, in_time)} and more"
        trip = member.round_trips.at(0.99)
        if self.max_rtt is not None and (trip is None or trip > self.max_rtt):
            yield f"{member.name}: 1 % of answers take {_or_unknown(trip, in_time)}"


def _or_unknown(value: float | None, say: Callable[[float], str]) -> str:
    """Return a value in words; what was not measured is no success."""
    return "nobody knows how much" if value is None else say(value)
