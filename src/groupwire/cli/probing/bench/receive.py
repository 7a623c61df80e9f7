"""``bench receive``: counts measured traffic, and reports to who sends it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.benching import BenchPlace, BenchReceiveOptions
from groupwire.cli.options.common import Speech
from groupwire.cli.options.members import networks
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.probing.received import Received
from groupwire.gather import checked_name

if TYPE_CHECKING:
    from groupwire.probe.load import LoadReport

__all__ = ["Judge", "receive"]


@spread
def receive(options: BenchReceiveOptions, place: BenchPlace, speech: Speech) -> int:
    """Count what `bench send` sends, from any number of senders.

    Each sender is told how its datagrams have arrived. Without --count or
    --duration it goes on until Ctrl-C.
    """
    out = speech.out()
    where = place.read()
    member = None if options.name is None else checked_name(options.name)
    reached = networks("--answer-to", options.answer_to)
    judged = Judge(options.max_loss, options.min_rate)

    async def run() -> int:
        from groupwire import aio
        from groupwire.aio.probing.load import LoadEnded, receive_load

        config = aio.PeerConfig(
            name=member, interface=where.interface, answer_to=reached
        )
        shown = Received(out)
        left = options.count
        with signals.ending(shown.begun, shown.end):
            try:
                async with (
                    asyncio.timeout(options.seconds),
                    aclosing(receive_load(where.group, config=config)) as events,
                ):
                    async for event in events:
                        shown.take(event)
                        if isinstance(event, LoadEnded):
                            judged.take(event.report)
                            left = None if left is None else left - 1
                        if left == 0:
                            break
            except TimeoutError:
                pass
        return judged.code

    return signals.run(run(), out)


class Judge:
    """Holds every run against the limits."""

    def __init__(self, max_loss: float | None, min_rate: float | None) -> None:
        self._max_loss, self._min_rate = max_loss, min_rate
        self._runs = 0
        self._failed = False

    def take(self, report: LoadReport) -> None:
        """Hold one run against them."""
        self._runs += 1
        expected = report.packets + report.lost
        loss = report.lost / expected if expected else 0.0
        rate = report.size_bytes * 8 / report.seconds if report.seconds else 0.0
        if self._max_loss is not None and loss > self._max_loss:
            self._failed = True
        if self._min_rate is not None and rate < self._min_rate:
            self._failed = True

    @property
    def code(self) -> ExitCode:
        """0 where all was kept; 1 also where nothing was measured."""
        limited = self._max_loss is not None or self._min_rate is not None
        missing = limited and not self._runs
        return ExitCode.MISSING if self._failed or missing else ExitCode.DONE
