"""NORM senders that nobody has introduced: asked for who they are (docs §4.1)."""

from __future__ import annotations

import struct

from groupwire.values import Origin

__all__ = ["RunKey", "Unknown"]

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
_DATA = 0x12
_MAGIC, _VERSION, _VERSION_BITS = 0x47, 1, 0x0F


class _Asked:
    __slots__ = ("due", "ours", "since", "times")

    def __init__(self, since: float) -> None:
        self.since = since
        self.times = 0
        self.due = since + _ASK_AFTER_S[0]
        """When to ask again, or to ask no more."""
        self.ours = False

    def ask(self) -> bool:
        """Count a question; False if enough have been asked."""
        self.times += 1
        times = self.times
        if times <= len(_ASK_AFTER_S):
            waits = (*_ASK_AFTER_S, _FOREIGN_AFTER_S)
            self.due = self.since + waits[times]
            return True
        self.due += _AGAIN_S
        return self.ours and times <= _MOST_TIMES


class Unknown:
    """Senders under question; who does not answer is foreign."""

    def __init__(self) -> None:
        self._asked: dict[RunKey, _Asked] = {}

    def hear(self, key: RunKey, data: bytes, now: float) -> bool:
        """Note that a stranger was heard; False where too many are under question."""
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= _MOST:
                return False
            asked = self._asked[key] = _Asked(now)
        asked.ours = asked.ours or _holds_frames(data)
        return True

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
                foreign.append(key)
        return ask, foreign

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        return min((asked.due for asked in self._asked.values()), default=None)


def _holds_frames(data: bytes) -> bool:
    """Return whether a frame begins in a segment of a stream or of an object."""
    at = 4 * data[1]
    if data[0] != _DATA or len(data) < at + _STREAM_BYTES:
        return False
    _, start = _STREAM.unpack_from(data, at)
    return _is_frame(data, at) or _is_frame(data, at + _STREAM_BYTES - 1 + start)


def _is_frame(data: bytes, at: int) -> bool:
    if at + 1 >= len(data) or data[at] != _MAGIC:
        return False
    return data[at + 1] & _VERSION_BITS == _VERSION
