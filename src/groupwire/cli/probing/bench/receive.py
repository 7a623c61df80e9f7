"""``bench receive``: counts measured traffic, and reports to who sends it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Speech
from groupwire.cli.options.members import networks
from groupwire.cli.options.probing.benching import BenchPlace, BenchReceiveOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.plumbing.stopping import to_its_end
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
    shown = Received(out)

    async def run(stop: asyncio.Event) -> None:
        from groupwire import aio
        from groupwire.aio.probing.load import LoadEnded, receive_load

        if options.seconds is not None:
            asyncio.get_running_loop().call_later(options.seconds, stop.set)
        config = aio.PeerConfig(
            name=member, interface=where.interface, answer_to=reached
        )
        left = options.count
        running = receive_load(where.group, stop=stop, config=config)
        async with aclosing(running) as events:
            async for event in events:
                shown.take(event)
                if isinstance(event, LoadEnded):
                    judged.take(event.report)
                    left = None if left is None else left - 1
                if left == 0:
                    return

    async def receiving() -> int:
        with signals.ending(shown.begun, shown.end):
            await to_its_end(run)
        return judged.code

    return signals.run(receiving(), out)


class Judge:
    """Holds every run against the limits."""

    def __init__(self, max_loss: float | None, min_rate: float | None) -> None:
        self._max_loss, self._min_rate = max_loss, min_rate
        self._runs = 0
        self._failed = False

    def take(self, report: LoadReport) -> None:
        """Hold one run against them; a rate that is not known is not enough."""
        self._runs += 1
        rate = report.bits_per_s or 0.0
        if self._max_loss is not None and report.loss > self._max_loss:
            self._failed = True
        if self._min_rate is not None and rate < self._min_rate:
            self._failed = True

    @property
    def code(self) -> ExitCode:
        """0 where all was kept; 1 also where nothing was measured."""
        limited = self._max_loss is not None or self._min_rate is not None
        missing = limited and not self._runs
        return ExitCode.MISSING if self._failed or missing else ExitCode.DONE
