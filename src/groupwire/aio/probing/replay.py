"""A capture sent again, with its own rhythm, to a group that is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import plan_sending
from groupwire.aio.probing.pacing import Metronome
from groupwire.errors import DecodeError, MachineError, UsageError
from groupwire.net import MulticastSender
from groupwire.probe.capture import CaptureReader, Packet
from groupwire.probe.capture.playing import Playing, Shot, Target
from groupwire.values import Group

__all__ = ["ReplayProgress", "replay"]

_AHEAD = 4096
"""Packets that are read ahead, off the event loop."""
_MOST_GROUPS = 256
"""Groups that one capture may be sent to; packets of more are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayProgress:
    """How far it is; the last one tells of the whole.

    ``late_s`` is how late the latest packet since the one before left. ``left_out``
    are packets that were not sent, by reason.
    """

    packets: int
    size_bytes: int
    position_s: float
    """In the capture's own time, from its first packet."""
    elapsed_s: float
    late_s: float
    groups: tuple[Group, ...]
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    ended: bool = False


async def replay(  # noqa: PLR0913 - keyword-only options
    path: str | PathLike[str],
    group: Group | str | None = None,
    *,
    original: bool = False,
    only: Group | str | None = None,
    speed: float = 1.0,
    max_gap: float | None = None,
    interval: float = 1.0,
    stop: asyncio.Event | None = None,
    config: PeerConfig | None = None,
) -> AsyncGenerator[ReplayProgress, None]:
    """Send a pcapng or pcap file's UDP datagrams again; yields how far it is.

    To ``group``, or with ``original`` to the groups that they went to; one of both has
    to be named, so that nobody feeds a capture back by mistake. ``only`` takes those
    that went to that group, ``max_gap`` shortens longer pauses to so many seconds. It
    tells before it begins, every ``interval`` seconds, and at the end, which ``stop``
    brings at once.

    Raises UsageError for a file that is no capture, OSError for one that cannot be
    read, and MachineErrors where the machine cannot send.
    """
    _check(speed, max_gap, original=original, named=group is not None)
    beat = Metronome()
    with await asyncio.to_thread(_opened, Path(path)) as file:
        outlets = _Outlets(None if group is None else _group(group), config)
        source = _Source(file, None if only is None else _group(only), beat)
        playing = Playing(speed=speed, max_gap_s=max_gap)
        player = _Player(source, outlets, playing, beat, speed)
        try:
            with beat.stopped_by(stop):
                await source.begun()
                yield player.progress()
                async for _ in beat.run(player.play, interval):
                    yield player.progress()
        except DecodeError:
            raise _no_capture(path) from None
        except MachineError:
            yield player.progress(ended=True)
            raise
        finally:
            source.close()
            outlets.close()
    yield player.progress(ended=True)


def _check(speed: float, max_gap: float | None, *, original: bool, named: bool) -> None:
    if original == named:
        problem = "name either a group to send to, or the capture's own"
        raise UsageError(problem, fix="give `group`, or `original=True`")
    if not speed > 0:
        raise UsageError(f"a speed of {speed} plays nothing", fix="1 is its own speed")
    if max_gap is not None and not max_gap >= 0:
        raise UsageError(f"{max_gap} s is no pause", fix="give 0 or more")


def _no_capture(path: str | PathLike[str]) -> UsageError:
    return UsageError(
        f"{path} is no capture file",
        fix="give a pcapng or pcap file, as `watch --record` or Wireshark write them",
    )


def _opened(path: Path) -> BinaryIO:
    if path.exists() and not path.is_file():
        raise UsageError(
            f"{path} is no file", fix="write what comes from a pipe to a file first"
        )
    return path.open("rb")


def _group(group: Group | str) -> Group:
    return group if isinstance(group, Group) else Group.parse(group)


class _Source:
    """Packets of a file, those that went to groups; read ahead in a thread."""

    def __init__(self, file: BinaryIO, only: Group | None, beat: Metronome) -> None:
        self._file, self._beat = file, beat
        self._reader = CaptureReader(self._read)
        self._packets = self._wanted(only)
        self._unwanted: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        """By reason; replaced as a whole, as another thread reads it."""
        self._thread = ThreadPoolExecutor(1, "groupwire-capture")
        self._ahead = self._thread.submit(self._some)

    async def begun(self) -> None:
        """Wait until the beginning has been read; DecodeError: it is no capture."""
        await asyncio.wrap_future(self._ahead)

    def ready(self) -> bool:
        """Tell whether more has been read."""
        return self._ahead.done()

    def more(self) -> list[Packet]:
        """Wait for the packets that come next; empty: there are no more."""
        packets = self._ahead.result()
        if packets:
            self._ahead = self._thread.submit(self._some)
        return packets

    def close(self) -> None:
        """Read nothing any more; what is being read is not waited for."""
        self._beat.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, size: int) -> bytes:
        """Read on, until it is to end: much may be passed over that is not wanted."""
        return b"" if self._beat.stopped else self._file.read(size)

    def _some(self) -> list[Packet]:
        packets = list(islice(self._packets, _AHEAD))
        self.left_out = self._unwanted + self._reader.dropped
        return packets

    def _wanted(self, only: Group | None) -> Iterator[Packet]:
        for packet in self._reader:
            if not packet.port:
                self._unwanted["no-port"] += 1
            elif not packet.group.is_multicast:
                self._unwanted["unicast"] += 1
            elif only and (packet.group, packet.port) != (only.ip, only.port):
                self._unwanted["other-group"] += 1
            else:
                yield packet


class _Outlets:
    """A sender for each group, opened when the first packet for it is due."""

    def __init__(self, group: Group | None, config: PeerConfig | None) -> None:
        self._group = group
        self._config = config or PeerConfig()
        self._senders: dict[Target | None, MulticastSender] = {}

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(sender.group for sender in list(self._senders.values()))

    def to(self, target: Target) -> MulticastSender | None:
        """Return who sends there; None: they are too many."""
        key = None if self._group else target
        sender = self._senders.get(key)
        if sender is None and len(self._senders) < _MOST_GROUPS:
            group = self._group or Group(target.ip, target.port)
            plan = plan_sending(group, self._config)
            sender = self._senders[key] = MulticastSender(plan.aim)
        return sender

    def close(self) -> None:
        for sender in self._senders.values():
            sender.close()


class _Player:
    """Waits for what is due, sends it, and counts."""

    def __init__(
        self,
        source: _Source,
        outlets: _Outlets,
        playing: Playing,
        beat: Metronome,
        speed: float,
    ) -> None:
        self._source, self._outlets, self._playing = source, outlets, playing
        self._beat, self._speed = beat, speed
        self._packets = self._bytes = 0
        self._position = self._late = 0.0
        self._unsent: Counter[str] = Counter()

    def play(self) -> None:
        """Play it all; in a thread."""
        self._playing.feed(self._source.more())
        self._beat.start()
        while (due := self._playing.due_s) is not None and self._beat.wait(due):
            for shot in self._playing.take(self._beat.elapsed_s):
                self._shoot(shot)
            few = len(self._playing) < _AHEAD // 2
            if few and (self._source.ready() or not len(self._playing)):
                self._playing.feed(self._source.more())

    def progress(self, *, ended: bool = False) -> ReplayProgress:
        """Return how far it is."""
        late, self._late = self._late, 0.0
        return ReplayProgress(
            packets=self._packets,
            size_bytes=self._bytes,
            position_s=self._position,
            elapsed_s=self._beat.elapsed_s,
            late_s=late,
            groups=self._outlets.groups,
            left_out=self._source.left_out + self._unsent,
            ended=ended,
        )

    def _shoot(self, shot: Shot) -> None:
        sender = self._outlets.to(shot.target)
        if sender is None:
            self._unsent["too-many-groups"] += shot.packets
            return
        self._late = max(self._late, self._beat.elapsed_s - shot.due_s)
        self._send(sender, shot)
        self._packets += shot.packets
        self._bytes += len(shot.data)
        self._position = shot.due_s * self._speed

    def _send(self, sender: MulticastSender, shot: Shot) -> None:
        # The kernel cuts no row into datagrams that would have to be fragmented.
        if shot.segment_bytes <= sender.payload_limit:
            self._beat.send(sender, shot.data, shot.segment_bytes)
            return
        step = shot.segment_bytes
        for start in range(0, len(shot.data), step):
            self._beat.send(sender, shot.data[start : start + step], 0)
