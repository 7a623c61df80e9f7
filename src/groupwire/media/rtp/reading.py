"""A group's datagrams, RTP or plain, as the bytes of one transport stream.

One sender is followed; another one is when that has been silent. RTP is put in order;
of plain datagrams nobody knows the order, and they are given out as they come.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from groupwire.errors import DecodeError
from groupwire.media.rtp.packet import RtpPacket, is_rtcp, is_rtp
from groupwire.media.rtp.window import PATIENCE_S, WINDOW, ReorderWindow
from groupwire.media.transport.framing import is_transport
from groupwire.probe.sequence import ContinuityMeter, SequenceMeter
from groupwire.values import Datagram, Origin

__all__ = ["SILENCE_S", "MediaReader", "ReaderStats"]

SILENCE_S = 2.0
"""Who says nothing for so long gives way to another sender."""
_NUMBERS = 1 << 16
_Sender: TypeAlias = tuple[Origin, int]
"""Who sends, and the interface by which it comes: by two, all would come twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderStats:
    """What has come and what has not, so far."""

    form: str = ""
    """``rtp`` or ``ts``; empty as long as nothing has come."""
    sender: Origin | None = None
    """Who is followed."""
    packets: int = 0
    """Datagrams of the senders that were followed."""
    size_bytes: int = 0
    """Given out, in whole packets of 188 bytes."""
    lost: int = 0
    """RTP packets that are missing."""
    reordered: int = 0
    duplicates: int = 0
    restarts: int = 0
    """How often RTP began anew, or another sender was followed."""
    discontinuities: int = 0
    """Gaps in what was given out, by the continuity counters of its packets."""
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    """Datagrams, by reason."""


class MediaReader:
    """Datagrams in, bytes out; whole packets always."""

    def __init__(self, *, window: int = WINDOW, patience_s: float = PATIENCE_S) -> None:
        self._window = ReorderWindow(window=window, patience_s=patience_s)
        self._meter = SequenceMeter(_NUMBERS)
        self._continuity = ContinuityMeter()
        self._dropped: Counter[str] = Counter()
        self._ready: deque[bytes] = deque()
        self._sender: _Sender | None = None
        self._source: int | None = None
        self._heard = 0.0
        self._packets = self._bytes = self._changes = 0

    @property
    def stats(self) -> ReaderStats:
        """What has come so far."""
        counts = self._meter.counts
        late = {"rtp-late": self._window.late} if self._window.late else {}
        return ReaderStats(
            form=self._form(),
            sender=None if self._sender is None else self._sender[0],
            packets=self._packets,
            size_bytes=self._bytes,
            lost=counts.lost,
            reordered=counts.reordered,
            duplicates=counts.duplicates,
            restarts=counts.restarts + self._changes,
            discontinuities=self._continuity.counts.gaps,
            dropped={**self._dropped, **late},
        )

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take one datagram, whatever it is, or a row of them."""
        for part in datagram.parts():
            self._take(part.data, (part.origin, part.interface), now)

    def handle_timeout(self, *, now: float) -> None:
        """Give out what has waited long enough for what is missing."""
        self._give(*self._window.expire(now))

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`."""
        return self._window.due_s

    def poll_data(self) -> bytes | None:
        """Return the bytes that come next; None: no more yet."""
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Give out what waits: nothing more will come."""
        self._give(*self._window.flush())

    def _take(self, data: bytes, sender: _Sender, now: float) -> None:
        packet: RtpPacket | None = None
        if is_rtcp(data):
            return self._drop("rtcp")
        if is_rtp(data):
            try:
                packet = RtpPacket.decode(data)
            except DecodeError as error:
                return self._drop(error.reason)
        payload = data if packet is None else packet.payload
        if not is_transport(payload):
            return self._drop("media-no-ts")
        if not self._follows(sender, now):
            return self._drop("other-source")
        self._packets += 1
        if packet is None:
            self._become(None)
            return self._give(payload)
        self._become(packet.source)
        self._meter.take(packet.sequence)
        return self._give(*self._window.take(packet.sequence, payload, now=now))

    def _form(self) -> str:
        if self._sender is None:
            return ""
        return "ts" if self._source is None else "rtp"

    def _follows(self, sender: _Sender, now: float) -> bool:
        """Tell whether this is who is followed."""
        if sender != self._sender:
            if self._sender is not None and now - self._heard < SILENCE_S:
                return False
            if self._sender is not None:
                self._begin_anew()
            self._source = None
        self._sender, self._heard = sender, now
        return True

    def _become(self, source: int | None) -> None:
        """Take the stream of this RTP source from now on; None: plain datagrams."""
        if source != self._source:
            if self._source is not None:
                self._begin_anew()
            self._source = source

    def _begin_anew(self) -> None:
        """Expect any number next; what was missing is not lost by this."""
        self._give(*self._window.flush())
        if self._source is None:
            self._changes += 1
        else:
            self._meter.restart()

    def _give(self, *payloads: bytes) -> None:
        if payloads:
            data = b"".join(payloads)
            self._continuity.take(data)
            self._bytes += len(data)
            self._ready.append(data)

    def _drop(self, reason: str) -> None:
        self._dropped[reason] += 1
