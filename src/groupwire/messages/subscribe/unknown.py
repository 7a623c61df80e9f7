"""NORM senders that nobody has introduced: asked for who they are (docs §4.1)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.frames import frame_sequence
from groupwire.messages.members import Member
from groupwire.norm import ObjectFlag
from groupwire.values import Datagram, Origin

__all__ = ["First", "RunKey", "Unknown", "first_in"]

RunKey = tuple[Origin, int, int]
"""Address, node and instance of a NORM sender."""
_MOST = 64
_ASK_AFTER_S = (0.05, 0.2, 0.35)
"""Since it was heard first: mostly it speaks by itself before."""
_FOREIGN_AFTER_S = 0.5
_AGAIN_S = 0.5
"""How often one is asked that sends frames: it is ours, and its words are lost."""
_MOST_TIMES = 13
_STREAM = struct.Struct("!HH")
"""Of what stands before a stream's bytes (RFC 5740 §4.2.1): length, message start."""
_STREAM_BYTES = 8
_INFO, _DATA = 0x11, 0x12
_FLAGS_AT = 12
_FEC_AT, _PLACE_AT, _DATA_BYTES = 13, 16, 24
_PLACE = struct.Struct("!IHH")
"""Block and symbol in four bytes; with fec_id 129 the symbol is in the last two."""
_SMALL_BLOCK = 129
_STREAM_FLAG = int(ObjectFlag.STREAM)
_OURS = b'"gw":"messages"'
_MAGIC, _VERSION, _VERSION_BITS = 0x47, 1, 0x0F


class First(NamedTuple):
    """What was heard first of a sender: there a subscriber begins that came late."""

    datagram: Datagram
    sequence: int
    """Of the first message that begins in it."""


class _Asked:
    __slots__ = ("content", "due", "first", "ours", "since", "times", "told")

    def __init__(self, since: float) -> None:
        self.since = since
        self.times = 0
        self.due = since + _ASK_AFTER_S[0]
        """When to ask again, or to ask no more."""
        self.content = self.told = self.ours = False
        """Whether content was heard, whether that shows its form, and whether ours."""
        self.first: First | None = None

    def ask(self) -> bool:
        """Count a question; False if enough have been asked."""
        self.times += 1
        times = self.times
        if times <= len(_ASK_AFTER_S):
            waits = (*_ASK_AFTER_S, _FOREIGN_AFTER_S)
            self.due = self.since + waits[times]
            return True
        self.due += _AGAIN_S
        return (self.ours or not self.told) and times <= _MOST_TIMES


class Unknown:
    """Senders under question; who does not answer is foreign."""

    def __init__(self) -> None:
        self._asked: dict[RunKey, _Asked] = {}

    def hear(self, key: RunKey, datagram: Datagram, now: float) -> bool:
        """Note that a stranger was heard; False where too many are under question."""
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= _MOST:
                return False
            asked = self._asked[key] = _Asked(now)
        for part in datagram.parts():
            data = part.data
            asked.content = asked.content or data[0] in {_INFO, _DATA}
            asked.told = asked.told or _tells(data)
            asked.ours = asked.ours or _is_ours(data)
        if asked.first is None:
            asked.first = first_in(datagram)
        return True

    def take(self, publisher: Member) -> list[tuple[RunKey, First]]:
        """Ask no more for a publisher's senders; return what was heard of each."""
        taken: list[tuple[RunKey, First]] = []
        for number in range(len(DELIVERIES)):
            key = publisher.origin, publisher.node + number, publisher.instance
            asked = self._asked.pop(key, None)
            if asked is not None and asked.first is not None:
                taken.append((key, asked.first))
        return taken

    def forget(self, key: RunKey) -> None:
        """Ask no more, because it is known."""
        self._asked.pop(key, None)

    def due(self, now: float) -> tuple[list[RunKey], list[RunKey]]:
        """Return who is to be asked now, and who is foreign."""
        ask: list[RunKey] = []
        foreign: list[RunKey] = []
        for key, asked in list(self._asked.items()):
            if asked.due > now:
                continue
            if asked.ask():
                ask.append(key)
            else:
                del self._asked[key]
                if asked.content:
                    foreign.append(key)
        return ask, foreign

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        return min((asked.due for asked in self._asked.values()), default=None)


def _tells(data: bytes) -> bool:
    """Return whether content shows its form: not from the midst of an object."""
    if data[0] != _DATA or len(data) < _DATA_BYTES or data[_FLAGS_AT] & _STREAM_FLAG:
        return data[0] in {_INFO, _DATA}
    block, _, symbol = _PLACE.unpack_from(data, _PLACE_AT)
    return not block and (data[_FEC_AT] != _SMALL_BLOCK or not symbol)


def _is_ours(data: bytes) -> bool:
    """Return whether it is the INFO of our streams, or a frame begins in it."""
    if data[0] == _INFO:
        return _OURS in data
    at = _frame_at(data)
    if at is None or at + 1 >= len(data) or data[at] != _MAGIC:
        return False
    return data[at + 1] & _VERSION_BITS == _VERSION


def _frame_at(data: bytes) -> int | None:
    """Return where in a segment the first frame begins, if one does."""
    if len(data) <= _FLAGS_AT or data[0] != _DATA:
        return None
    at = 4 * data[1]
    if len(data) < at + _STREAM_BYTES:
        return None
    if not data[_FLAGS_AT] & ObjectFlag.STREAM:
        return at
    _, start = _STREAM.unpack_from(data, at)
    return at + _STREAM_BYTES - 1 + int(start) if start else None


def first_in(datagram: Datagram) -> First | None:
    """Return the first segment in which messages begin, repairs of old ones apart."""
    for part in datagram.parts():
        at = _frame_at(part.data)
        if at is None or part.data[_FLAGS_AT] & ObjectFlag.REPAIR:
            continue
        sequence = frame_sequence(part.data, at)
        if sequence is not None:
            return First(part, sequence)
    return None
