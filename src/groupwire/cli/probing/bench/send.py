"""``bench send``: measured traffic, and what every receiver says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.benching import (
    BenchDurationOption,
    BenchGroupOption,
    MaxDelayOption,
    MaxLossOption,
    MaxRttOption,
    MinRateOption,
    SendRateOption,
    SizeOption,
)
from groupwire.cli.options.common import (
    DscpOption,
    InterfaceOption,
    JsonOption,
    QuietOption,
    TtlOption,
    VerboseOption,
    Where,
    tone,
)
from groupwire.cli.options.members import expectation
from groupwire.cli.options.sending import ExpectOption
from groupwire.cli.plumbing import signals
from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.measured import Measured
from groupwire.values import DEFAULT_BENCH_GROUP

if TYPE_CHECKING:
    from groupwire.aio.probing.load import LoadResult, MemberLoad

__all__ = ["Limits", "send"]


def send(  # noqa: PLR0913, PLR0917 - one parameter for each option
    rate: SendRateOption = 10e6,
    size: SizeOption = 1316,
    seconds: BenchDurationOption = 10.0,
    expect: ExpectOption = None,
    max_loss: MaxLossOption = None,
    min_rate: MinRateOption = None,
    max_delay: MaxDelayOption = None,
    max_rtt: MaxRttOption = None,
    group: BenchGroupOption = None,
    interface: InterfaceOption = None,
    ttl: TtlOption = 1,
    dscp: DscpOption = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Send measured traffic, and gather what every receiver says of it.

    Receivers run `groupwire bench receive`. For each: what it has lost, in the
    network and on its own host, how late and how unevenly the rest came. Exit code 1
    where nobody answers, somebody expected is missing or a limit is not kept.
    """
    out = Out(tone(json=json, quiet=quiet, verbose=verbose))
    where = Where.read(group, interface, default=DEFAULT_BENCH_GROUP)
    wanted = expectation(expect)
    limits = Limits(max_loss, min_rate, max_delay, max_rtt)

    async def run() -> int:
        from groupwire import aio
        from groupwire.aio.probing.load import LoadResult, send_load

        config = aio.PeerConfig(interface=where.interface, ttl=ttl, dscp=dscp)
        shown = Measured(out, where.group, rate, size, seconds)
        running = send_load(
            where.group,
            rate=rate,
            size=size,
            duration=seconds,
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
    """What the user will not have exceeded; seconds, bits per second, per cent."""

    max_loss: float | None
    min_rate: float | None
    max_delay: float | None
    max_rtt: float | None

    def broken(self, result: LoadResult) -> Iterator[str]:
        """Iterate over the limits that were not kept, in words."""
        for member in result.members:
            yield from self._of(member)

    def _of(self, member: MemberLoad) -> Iterator[str]:
        if self.max_loss is not None and 100 * member.loss > self.max_loss:
            yield f"{member.name}: {100 * member.loss:.3g} % are lost"
        if self.min_rate is not None and member.bits_per_s < self.min_rate:
            yield f"{member.name}: {member.bits_per_s / 1e6:.3g} Mb/s arrive"
        delay, clock = member.delay_s("p99"), member.clock
        if self.max_delay is not None and delay is not None and clock is not None:
            surely = delay - clock.error_s
            if surely > self.max_delay:
                yield f"{member.name}: 1 % take {surely * 1e3:.3g} ms and more"
        trip = member.round_trips.at(0.99)
        if self.max_rtt is not None and trip is not None and trip > self.max_rtt:
            yield f"{member.name}: 1 % of answers take {trip * 1e3:.3g} ms and more"
