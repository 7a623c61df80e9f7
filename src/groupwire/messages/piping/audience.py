"""The writing end of a pipe: who reads it, from where on, and what becomes of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from groupwire.messages.events import (
    CaughtUp,
    Lagging,
    MemberJoined,
    MemberLeft,
    TakesNoMore,
)
from groupwire.messages.members import LeaveReason, Member

__all__ = ["DONE", "OTHER", "Audience", "Reader", "ReaderState"]

DONE = "done"
"""Why a reader takes nothing more: it has written everything."""
_MOST_READERS = 8192
"""Twice as many as are here at once. Who comes late and goes makes room."""
_LATE, _ABSENT = "late", "absent"
OTHER = "another"
"""It reads what another sender sends."""


class ReaderState(StrEnum):
    """What a reader does."""

    READING = "reading"
    LAGGING = "lagging"
    """It has not acknowledged for too long, and is waited for no more."""
    DONE = "done"
    """It has all of it."""
    LEFT = "left"
    SILENT = "silent"
    ENDED = "ended"
    """It takes nothing more, and has said why."""


@dataclass(slots=True, eq=False)
class Reader:
    """One of them."""

    member: Member
    place: int
    """From where on it reads, or may."""
    state: ReaderState = ReaderState.READING
    why: str = ""
    """In its own words."""
    early: bool = True
    """Whether it was there at the beginning."""
    acked: bool = False
    """Whether it has everything, if not yet written."""

    @property
    def here(self) -> bool:
        """Whether it may still take something."""
        return self.state in {ReaderState.READING, ReaderState.LAGGING}


class Audience:
    """Everybody who has read since the beginning, by life and address."""

    def __init__(self) -> None:
        self._readers: dict[tuple[int, object], Reader] = {}
        self.begun = self.ended = False

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._readers.values())

    def take(self, event: object, place: int) -> None:
        """Take in what has happened when so many bytes had been sent."""
        match event:
            case MemberJoined(member=member) if member.pipe:
                self._join(member, place)
            case MemberLeft(member=member, reason=reason):
                self._leave(member, reason)
            case Lagging(member=member):
                self._set(member, ReaderState.LAGGING)
            case CaughtUp(member=member):
                self._set(member, ReaderState.READING)
            case TakesNoMore(member=member, why=why):
                done = why == DONE
                self._set(member, ReaderState.DONE if done else ReaderState.ENDED, why)
            case _:
                pass

    def begin(self, names: Collection[str] | None = None) -> None:
        """Note that the first byte is about to be sent, and that these follow.

        None: all who are here. Who else is here may be a stranger who reads nothing.
        """
        self.begun = True
        stay = set(self.here if names is None else self.named(names))
        for key, reader in list(self._readers.items()):
            if reader not in stay:
                del self._readers[key]

    def end(self) -> None:
        """Note that the end is told: who comes now is no reader any more."""
        self.ended = True

    def named(self, names: Collection[str]) -> list[Reader]:
        """Return who is here and meant by names: of two with one, each by its label."""
        alike = Counter(reader.member.name for reader in self.here)
        return [r for r in self.here if _named(r, names, alike)]

    def acknowledged(self, names: Collection[str]) -> None:
        """Note who has everything up to the end, though perhaps not written."""
        alike = Counter(reader.member.name for reader in self)
        for reader in self.named(names):
            reader.acked = True
        for reader in self:
            # Of two with one name, it may be the other one that has everything.
            if not reader.here and alike[reader.member.name] == 1:
                reader.acked = reader.member.name in names

    @property
    def reading(self) -> list[Reader]:
        """Those who are waited for."""
        return [r for r in self if r.state is ReaderState.READING]

    @property
    def here(self) -> list[Reader]:
        """Those who may still take something."""
        return [r for r in self if r.here]

    def received(self) -> list[str]:
        """Return who has all of it, from the first byte on."""
        return [str(r.member) for r in self if self._has(r) and not r.place]

    def late(self) -> list[str]:
        """Return who came later, and has all from there on."""
        return [str(r.member) for r in self if self._has(r) and r.place]

    def missing(self, expected: Collection[str] = ()) -> Mapping[str, str]:
        """Return who has not all, and why: of those who were here, or are expected."""
        has = {r.member.name for r in self if self._has(r) and not r.place}
        seen = {r.member.name for r in self}
        lacks = {str(r.member): _why(r) for r in self if r.early and not self._has(r)}
        for name in expected:
            if name not in has and name not in lacks:
                lacks[name] = _LATE if name in seen else _ABSENT
        return lacks

    def _has(self, reader: Reader) -> bool:
        # Its last word may be lost, and it may be slow to write what it has.
        return reader.state is ReaderState.DONE or (
            reader.acked and reader.state in {ReaderState.READING, ReaderState.LEFT}
        )

    def _join(self, member: Member, place: int) -> None:
        reader = self._readers.get((member.id, member.origin))
        if reader is None:
            self._add(member, place if self.begun else 0)
        elif reader.state in {ReaderState.SILENT, ReaderState.LEFT}:
            reader.state = ReaderState.READING

    def _add(self, member: Member, place: int) -> None:
        if self.ended:
            return
        if len(self._readers) >= _MOST_READERS:
            gone = (k for k, r in self._readers.items() if not (r.here or r.early))
            if (key := next(gone, None)) is None:
                return
            del self._readers[key]
        key = member.id, member.origin
        self._readers[key] = Reader(member, place, early=not self.begun)

    def _leave(self, member: Member, reason: LeaveReason) -> None:
        silent = reason is LeaveReason.SILENT
        self._set(member, ReaderState.SILENT if silent else ReaderState.LEFT)
        reader = self._readers.get((member.id, member.origin))
        if not self.begun and reader is not None and not reader.here:
            del self._readers[member.id, member.origin]

    def _set(self, member: Member, state: ReaderState, why: str = "") -> None:
        reader = self._readers.get((member.id, member.origin))
        if reader is not None and reader.here:
            reader.state, reader.why = state, why


def _named(reader: Reader, names: Collection[str], alike: Counter[str]) -> bool:
    member = reader.member
    alone = alike[member.name] == 1
    return str(member) in names or (alone and member.name in names)


def _why(reader: Reader) -> str:
    return reader.why or str(reader.state)
