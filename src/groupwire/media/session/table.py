"""What is announced, and how long it is believed (RFC 2974 §4 and §5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from groupwire.errors import DecodeError
from groupwire.media.session.description import Description
from groupwire.media.session.interval import RFC_LEAST_S, interval_s
from groupwire.media.session.packet import SDP_TYPE, SapPacket
from groupwire.values import Origin

__all__ = [
    "FORGOTTEN_S",
    "MAX_SESSIONS",
    "Session",
    "SessionEvent",
    "SessionTable",
    "State",
]

MAX_SESSIONS = 1024
"""Sessions that are known; more are counted as ``sessions-full``."""
FORGOTTEN_S = 3600.0
"""RFC 2974 §4: not heard for so long, or for ten intervals, it is gone."""
_INTERVALS = 10
_Key: TypeAlias = tuple[str, str]
"""The host that announces, and the session's own name (its o= line)."""


class State(StrEnum):
    """What has become of a session."""

    ANNOUNCED = "announced"
    CHANGED = "changed"
    DELETED = "deleted"
    """Its announcer has said so."""
    OVER = "over"
    """The time that it was announced for has passed."""
    SILENT = "silent"
    """It has not been heard for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as it was announced last."""

    description: Description
    announcer: Origin
    """Where the announcement came from."""
    source: IPv4Address | IPv6Address
    """Who announced it first, as the packet says."""
    text: bytes
    """The SDP as it came, for players."""


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something has become of a session."""

    state: State
    session: Session


@dataclass(slots=True)
class _Entry:
    session: Session
    hash: int
    heard: float
    size: int


class SessionTable:
    """Announcements in, events out; times are seconds since the epoch.

    A session belongs to the host that announces it: only from there it is changed and
    deleted. Nobody signs deletions, so that this is all that can be asked for.
    """

    def __init__(self) -> None:
        self._entries: dict[_Key, _Entry] = {}
        self.dropped: Counter[str] = Counter()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """What is announced."""
        return tuple(entry.session for entry in self._entries.values())

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._entries)

    def handle_datagram(
        self, data: bytes, origin: Origin, *, now: float
    ) -> list[SessionEvent]:
        """Take one datagram, whatever it is."""
        try:
            packet = SapPacket.decode(data)
            if packet.deletes:
                return list(self._delete(packet, origin))
            if packet.type != SDP_TYPE:
                raise DecodeError("sap-type")
            description = Description.decode(packet.payload)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return []
        return list(self._take(packet, description, origin, now))

    def expire(self, *, now: float) -> list[SessionEvent]:
        """Forget what is over, or was not heard for long."""
        gone = [
            (key, state)
            for key, entry in self._entries.items()
            if (state := self._ended(entry, now)) is not None
        ]
        return [SessionEvent(s, self._entries.pop(key).session) for key, s in gone]

    def _take(
        self, packet: SapPacket, description: Description, origin: Origin, now: float
    ) -> Iterator[SessionEvent]:
        key = (origin.host, description.origin)
        before = self._entries.get(key)
        if before is None and len(self._entries) >= MAX_SESSIONS:
            self.dropped["sessions-full"] += 1
            return
        session = Session(
            description=description,
            announcer=origin,
            source=packet.source,
            text=packet.payload,
        )
        entry = _Entry(session, packet.hash, now, len(packet.encode()))
        if self._ended(entry, now) is not None:
            self.dropped["session-over"] += 1
            return
        self._entries[key] = entry
        if before is None:
            yield SessionEvent(State.ANNOUNCED, session)
        elif before.session.text != session.text:
            yield SessionEvent(State.CHANGED, session)

    def _delete(self, packet: SapPacket, origin: Origin) -> Iterator[SessionEvent]:
        for key, entry in list(self._entries.items()):
            same = (entry.hash, entry.session.source) == (packet.hash, packet.source)
            if same and key[0] == origin.host:
                del self._entries[key]
                yield SessionEvent(State.DELETED, entry.session)
                return
        self.dropped["sap-stray-deletion"] += 1

    def _ended(self, entry: _Entry, now: float) -> State | None:
        ends = entry.session.description.ends_s
        if ends is not None and now > ends:
            return State.OVER
        each = interval_s(len(self._entries), entry.size, least_s=RFC_LEAST_S)
        if now - entry.heard > max(FORGOTTEN_S, _INTERVALS * each):
            return State.SILENT
        return None
