"""``send_load``: measured traffic at a rate, and what every receiver says of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from secrets import randbits

from groupwire.aio.asking import Asking
from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import group_of, plan_sending
from groupwire.aio.probing.load.members import MemberLoad, Members
from groupwire.aio.probing.load.question import LoadQuestion
from groupwire.aio.probing.pacing import Metronome
from groupwire.errors import UsageError
from groupwire.gather import Expectation, Expected, Form, Question
from groupwire.net import MulticastSender
from groupwire.probe.load import HEAD_BYTES, LoadHead, Pace
from groupwire.values import DEFAULT_BENCH_GROUP, Group

__all__ = ["LoadProgress", "LoadResult", "MemberLoad", "send_load"]

_WINDOW_S = 0.0005
"""What is due within this leaves by one call: closer than that no timer is exact."""
_MOST_IN_A_ROW, _MOST_ROW_BYTES = 64, 60_000
_ASK_EVERY_S = 0.25
_LAST_RETRIES, _LAST_TIMEOUT_S, _LAST_STALL_S = 3, 3.0, 0.5


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """What has left so far."""

    run: int
    packets: int
    size_bytes: int
    seconds: float
    members: tuple[str, ...]
    """Receivers that have answered so far."""

    @property
    def bits_per_s(self) -> float:
        """The rate of the payload."""
        return self.size_bytes * 8 / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What was sent, and what became of it, receiver by receiver."""

    sent: LoadProgress
    wanted_bits_per_s: float
    late: int
    """Datagrams that this machine was too slow to send in time, and left out."""
    members: tuple[MemberLoad, ...]
    missing: tuple[str, ...]
    """Expected by name or address, and silent."""
    missing_count: int


async def send_load(  # noqa: PLR0913 - keyword-only options
    group: Group | str | None = None,
    *,
    rate: float = 10e6,
    size: int = 1316,
    duration: float = 10.0,
    expect: Expected = None,
    interval: float = 1.0,
    config: PeerConfig | None = None,
) -> AsyncGenerator[LoadProgress | LoadResult, None]:
    """Send datagrams of ``size`` bytes at ``rate`` bits of payload a second.

    Tells every ``interval`` seconds, and in the end the result. Raises UsageError for
    what cannot be, AddressError and MachineErrors.
    """
    config = config or PeerConfig()
    wanted = group_of(group, DEFAULT_BENCH_GROUP)
    _check(rate, size, duration)
    plan = plan_sending(wanted, config)
    sender = MulticastSender(plan.aim)
    sending = _Sending(sender, Pace(rate, size), size, duration)
    asking = _Questions(plan.group, sending, Expectation.of(expect), config)
    try:
        yield sending.progress(())
        asking.start()
        async for _ in sending.beat.run(sending.run, interval):
            yield sending.progress(asking.names)
        yield await asking.result(rate)
    finally:
        asking.stop()
        sender.close()


def _check(rate: float, size: int, duration: float) -> None:
    if not rate > 0:
        raise UsageError(f"a rate of {rate} sends nothing", fix="give bits per second")
    if not HEAD_BYTES <= size <= 65_507:
        raise UsageError(
            f"datagrams of {size} bytes cannot be measured",
            fix=f"give {HEAD_BYTES} to 65507",
        )
    if not duration > 0:
        raise UsageError(f"{duration} seconds are no time", fix="give more than 0")


class _Sending:
    """The stream of datagrams of one run."""

    def __init__(
        self, sender: MulticastSender, pace: Pace, size: int, duration: float
    ) -> None:
        self.number = randbits(64)
        self._sender, self.pace, self.size = sender, pace, size
        self._duration = duration
        self.beat = Metronome()
        self._packets = 0
        self._seconds = 0.0
        self._filling = bytes(size - HEAD_BYTES)
        fits = size <= sender.payload_limit
        most = min(_MOST_IN_A_ROW, _MOST_ROW_BYTES // size)
        self._row = max(most, 1) if fits else 1

    def progress(self, members: Iterable[str]) -> LoadProgress:
        return LoadProgress(
            self.number,
            self._packets,
            self._packets * self.size,
            self._seconds,
            tuple(members),
        )

    def run(self) -> None:
        """Send it all; in a thread."""
        self.beat.start()
        while (due := self.pace.due_s) < self._duration:
            if not self.beat.wait(max(due, self._seconds + _WINDOW_S)):
                return
            self._seconds = self.beat.elapsed_s
            self._send_due(min(self._seconds, self._duration))
        self.beat.wait(self._duration)
        self._seconds = self.beat.elapsed_s

    def _send_due(self, elapsed: float) -> None:
        while due := self.pace.take(elapsed, self._row):
            stamp, first = time.time_ns(), self._packets
            numbers = range(first, first + due)
            heads = [LoadHead(self.number, n, stamp).encode() for n in numbers]
            row = b"".join([part for head in heads for part in (head, self._filling)])
            self._packets += due
            self.beat.send(self._sender, row, self.size if due > 1 else 0)


class _Questions:
    """Asks the group now and then how it goes, and in the end what became of all."""

    def __init__(
        self, group: Group, sending: _Sending, expect: Expectation, config: PeerConfig
    ) -> None:
        self._group, self._sending = group, sending
        self._expect, self._config = expect, config
        self._members = Members(sending.number)
        self._task: asyncio.Task[None] | None = None

    @property
    def names(self) -> list[str]:
        return list(self._members.names)

    def start(self) -> None:
        """Ask again and again, until :meth:`stop`."""
        self._task = asyncio.create_task(self._keep_asking())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def result(self, rate: float) -> LoadResult:
        """Return what every receiver says in the end."""
        self.stop()
        question = Question(
            LoadQuestion(self._sending.number, last=True).encode(),
            self._expect or Expectation.of(self.names or None),
            timeout=_LAST_TIMEOUT_S,
            stall=_LAST_STALL_S,
            retries=_LAST_RETRIES,
            form=Form.TAGGED,
        )
        asking = Asking(self._group, question, self._config)
        async with asking as answers:
            async for answer in answers:
                self._members.take(answer)
        result = asking.result
        sent = self._sending.progress(self.names)
        return LoadResult(
            sent,
            rate,
            self._sending.pace.late,
            self._members.results(sent.packets),
            tuple(map(str, result.missing)),
            result.missing_count,
        )

    async def _keep_asking(self) -> None:
        while True:
            await self._ask()
            await asyncio.sleep(_ASK_EVERY_S / 2)

    async def _ask(self) -> None:
        question = Question(
            LoadQuestion(self._sending.number).encode(),
            timeout=_ASK_EVERY_S * 4,
            stall=_ASK_EVERY_S / 2,
            form=Form.TAGGED,
        )
        asked = time.time()
        async with Asking(self._group, question, self._config) as answers:
            async for answer in answers:
                self._members.take(answer, asked=asked)
