"""Says again and again what is on the air, and at the end that it is not any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import Never
from zlib import crc32

from groupwire.media.session.interval import LEAST_S, Repetition
from groupwire.media.session.packet import SapPacket
from groupwire.media.session.table import SessionTable
from groupwire.values import Datagram, Interface, Transmit

__all__ = ["Announcer"]


class Announcer:
    """One session; it hears the others of its group, to be rarer where they are many.

    Times are of any clock: who announces past the end that he has told counts as long
    as he is heard.
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
        self.finished = False

    @property
    def dropped(self) -> Counter[str]:
        """What was heard in the group and is no announcement, by reason."""
        return self._others.dropped

    def start(self, *, now: float) -> None:
        """Announce it for the first time."""
        self.handle_timeout(now=now)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Hear what else is announced; our own too, once."""
        for part in datagram.parts():
            self._others.handle_datagram(part.data, part.origin, now=now)

    def handle_timeout(self, *, now: float) -> None:
        """Announce, unless by now so many others do that it is not yet time."""
        self._others.expire(now=now)
        count = max(self._others.count, 1)
        due = self._repetition.next_s(count, now=now)
        if due <= now:
            self._out.append(Transmit(self._data))
            self._repetition.sent(now=now)
            due = self._repetition.next_s(count, now=now)
        self._due = due

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`; None: it is closed, or not on."""
        return self._due

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        out, self._out = self._out, []
        return out

    def poll_events(self) -> Sequence[Never]:
        """Return nothing: nothing happens here that anybody has to hear of."""
        return ()

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Go on: it judges nobody by where he is."""

    def close(self) -> None:
        """Say that it is over."""
        if self._due is not None:
            self._due = None
            packet = self._packet
            gone = SapPacket(packet.source, packet.hash, packet.payload, deletes=True)
            self._out.append(Transmit(gone.encode()))
        self.finished = True
