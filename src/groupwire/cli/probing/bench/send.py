"""``bench send``: measured traffic, and what every receiver says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.benching import BenchPlace, BenchSendOptions
from groupwire.cli.options.common import Reach, Speech
from groupwire.cli.options.members import expectation
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
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

    async def run() -> int:
        from groupwire import aio
        from groupwire.aio.probing.load import LoadResult, send_load

        config = aio.PeerConfig(
            interface=where.interface, ttl=reach.ttl, dscp=reach.dscp
        )
        shown = Measured(out, where.group, options.rate, options.size, options.seconds)
        running = send_load(
            where.group,
            rate=options.rate,
            size=options.size,
            duration=options.seconds,
            expect=wanted,
            config=config,
        )
        code = ExitCode.MISSING
        with signals.ending(lambda: shown.begun, shown.end):
            async with aclosing(running) as events:
                async for event in events:
                    if not isinstance(event, LoadResult):
                        shown.progress(event)
                        continue
                    broken = tuple(limits.broken(event))
                    shown.result(event, broken)
                    complete = event.members and not event.missing_count
                    code = (
                        ExitCode.DONE if complete and not broken else ExitCode.MISSING
                    )
        return code

    return signals.run(run(), out)


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
        if self.min_rate is not None and member.bits_per_s < self.min_rate:
            yield f"{member.name}: {bits(member.bits_per_s)} arrive"
        delay, clock = member.delay_s("p99"), member.clock
        if self.max_delay is not None and delay is not None and clock is not None:
            surely = delay - clock.error_s
            if surely > self.max_delay:
                yield f"{member.name}: 1 % take {in_time(surely)} and more"
        trip = member.round_trips.at(0.99)
        if self.max_rtt is not None and trip is not None and trip > self.max_rtt:
            yield f"{member.name}: 1 % of answers take {in_time(trip)} and more"
