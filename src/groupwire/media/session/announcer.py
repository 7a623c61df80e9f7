"""Says again and again what is on the air, and at the end that it is not any more."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from random import Random
from zlib import crc32

from groupwire.media.session.interval import LEAST_S, Repetition
from groupwire.media.session.packet import SapPacket
from groupwire.media.session.table import SessionTable
from groupwire.values import Origin, Transmit

__all__ = ["Announcer"]


class Announcer:
    """One session; it hears the others of its group, to be rarer where they are many.

    Times are seconds since the epoch.
    """

    def __init__(
        self,
        text: bytes,
        source: IPv4Address | IPv6Address,
        rng: Random,
        *,
        least_s: float = LEAST_S,
    ) -> None:
        # RFC 2974 §6: another text has another hash, and 0 is none.
        number = crc32(text) % 0xFFFF + 1
        self._packet = SapPacket(source, number, text)
        self._others = SessionTable()
        self._data = self._packet.encode()
        self._repetition = Repetition(len(self._data), rng, least_s)
        self._due: float | None = None
        self._out: list[Transmit] = []

    @property
    def dropped(self) -> dict[str, int]:
        """What was heard in the group and is no announcement, by reason."""
        return dict(self._others.dropped)

    def start(self, *, now: float) -> None:
        """Announce it for the first time."""
        self.handle_timeout(now=now)

    def handle_datagram(self, data: bytes, origin: Origin, *, now: float) -> None:
        """Hear what else is announced; our own too, once."""
        self._others.handle_datagram(data, origin, now=now)

    def handle_timeout(self, *, now: float) -> None:
        """Announce, unless by now so many others do that it is not yet time."""
        self._others.expire(now=now)
        due = self._repetition.next_s(max(self._others.count, 1), now=now)
        if due <= now:
            self._out.append(Transmit(self._data))
            self._repetition.sent(now=now)
            due = self._repetition.next_s(max(self._others.count, 1), now=now)
        self._due = due

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`; None: it is closed, or not on."""
        return self._due

    def poll_transmit(self) -> Transmit | None:
        """Return what is to be sent next; None: nothing."""
        return self._out.pop(0) if self._out else None

    def close(self) -> None:
        """Say that it is over."""
        if self._due is not None:
            self._due = None
            packet = self._packet
            gone = SapPacket(packet.source, packet.hash, packet.payload, deletes=True)
            self._out.append(Transmit(gone.encode()))
