"""The file of unknown length: cut into parts, few of them kept."""

from __future__ import annotations

from collections import deque
from hashlib import sha256

from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.errors import UsageError

__all__ = ["PARTS_KEPT", "Feed"]

PARTS_KEPT = 8
"""What is not sent yet and what members may still lack, together."""


class Feed:
    """Takes bytes in and hands parts out; members' having them makes room."""

    def __init__(self, entry: int) -> None:
        self.entry = entry
        self.ended = False
        self.size_bytes = 0
        self.parts = 0
        """How many have been handed out."""
        self._digest = sha256()
        self._buffer = bytearray()
        self._kept: deque[tuple[int, int]] = deque()
        """Objects and sizes of the parts on their way."""
        self._kept_bytes = 0

    @property
    def room(self) -> int:
        """How many bytes can be fed now."""
        if self.ended:
            return 0
        used = self._kept_bytes + len(self._buffer)
        return max(0, PARTS_KEPT * PART_BYTES - used)

    @property
    def sha256(self) -> bytes:
        """The digest of all that was fed."""
        return self._digest.digest()

    @property
    def done(self) -> bool:
        """Whether all has been handed out."""
        return self.ended and not self._buffer

    @property
    def newest(self) -> int | None:
        """The object of the last part on its way."""
        return self._kept[-1][0] if self._kept else None

    def take(self, data: bytes) -> None:
        """Append what comes; UsageError where there is no room for it."""
        if len(data) > self.room:
            raise UsageError(
                f"{len(data)} bytes cannot be fed now", fix="wait for FeedRoom"
            )
        self._digest.update(data)
        self._buffer += data
        self.size_bytes += len(data)

    def end(self) -> None:
        """Take nothing more."""
        self.ended = True

    def next_part(self) -> bytes:
        """Return the next part, empty where it is not complete yet."""
        if len(self._buffer) < PART_BYTES and not self.ended:
            return b""
        return bytes(self._buffer[:PART_BYTES])

    def sent(self, object_: int, size_bytes: int) -> None:
        """Note that the part is on its way."""
        del self._buffer[:size_bytes]
        self.parts += 1
        self._kept.append((object_, size_bytes))
        self._kept_bytes += size_bytes

    def release(self, object_: int) -> list[int]:
        """Let go of all parts up to an object; return their objects."""
        gone: list[int] = []
        while self._kept and self._kept[0][0] <= object_:
            number, size = self._kept.popleft()
            self._kept_bytes -= size
            gone.append(number)
        return gone
