"""``send_load``: measured traffic at a rate, and what every receiver says of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from secrets import randbits

from groupwire.aio.asking import Asking
from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import group_of, plan_sending
from groupwire.aio.probing.load.members import MemberLoad, Members
from groupwire.aio.probing.load.question import LoadQuestion
from groupwire.aio.probing.pacing import Metronome
from groupwire.errors import MachineError, UsageError
from groupwire.gather import Expectation, Expected, Form, Question
from groupwire.net import MulticastSender, most_segments
from groupwire.probe.load import HEAD_BYTES, LoadHead, Pace
from groupwire.values import DEFAULT_BENCH_GROUP, Group

__all__ = ["LoadProgress", "LoadResult", "MemberLoad", "send_load"]

_WINDOW_S = 0.0005
"""What is due within this leaves by one call: closer than that no timer is exact."""
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
    """Datagrams that were not sent because this machine was too slow."""
    refused: MachineError | None
    """Why the system would not send, the last time that this was so."""
    clashes: tuple[str, ...]
    """Names that more than one host answered with; the first one's count."""
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
    stop: asyncio.Event | None = None,
    config: PeerConfig | None = None,
) -> AsyncGenerator[LoadProgress | LoadResult, None]:
    """Send datagrams of ``size`` bytes at ``rate`` bits of payload a second.

    Tells every ``interval`` seconds, and in the end the result; ``stop`` brings the end
    at once. Raises UsageError for what cannot be, AddressError, and MachineErrors where
    nothing at all can be sent.
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
        with sending.beat.stopped_by(stop):
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
        self._seconds: float | None = None
        self.refused: MachineError | None = None
        self._filling = bytes(size - HEAD_BYTES)
        fits = size <= sender.payload_limit
        self._row = most_segments(size) if fits else 1

    def progress(self, members: Iterable[str]) -> LoadProgress:
        return LoadProgress(
            self.number,
            self._packets,
            self._packets * self.size,
            self.beat.elapsed_s if self._seconds is None else self._seconds,
            tuple(members),
        )

    @property
    def late(self) -> int:
        """Datagrams that should have left by now, and have not."""
        return max(
            int((self._seconds or 0.0) / self.pace.distance_s) - self._packets, 0
        )

    def run(self) -> None:
        """Send it all; in a thread."""
        self.beat.start()
        sent_at = 0.0
        # By the clock too: a rate that is beyond this machine is never done with.
        while max(due := self.pace.due_s, sent_at) < self._duration:
            if not self.beat.wait(max(due, sent_at + _WINDOW_S)):
                break
            sent_at = self.beat.elapsed_s
            self._send_due(min(sent_at, self._duration))
        self.beat.wait(self._duration)
        self._seconds = min(self.beat.elapsed_s, self._duration)

    def _send_due(self, elapsed: float) -> None:
        while due := self.pace.take(elapsed, self._row):
            stamp, first = time.time_ns(), self._packets
            numbers = range(first, first + due)
            heads = [LoadHead(self.number, n, stamp).encode() for n in numbers]
            row = b"".join([part for head in heads for part in (head, self._filling)])
            if self._sent(row, self.size if due > 1 else 0):
                self._packets += due
            # What this machine is too slow for must not keep it from its end.
            if self.beat.stopped or self.beat.elapsed_s >= self._duration:
                return

    def _sent(self, row: bytes, segment_bytes: int) -> bool:
        """Send a row; a link that goes down later is a part of what is measured."""
        try:
            self.beat.send(self._sender, row, segment_bytes)
        except MachineError as error:
            if not self._packets:
                raise
            self.refused = error
            return False
        return True


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
            self._sending.late,
            self._sending.refused,
            tuple(sorted(self._members.clashes)),
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
        asking = Asking(self._group, question, self._config)
        with suppress(MachineError):  # the next one may leave
            async with asking as answers:
                since = asyncio.get_running_loop().time() - asking.asked_at
                asked = time.time() - since
                async for answer in answers:
                    self._members.take(answer, asked=asked)
