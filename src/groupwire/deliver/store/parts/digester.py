"""The SHA-256 of a part, taken while it arrives."""

from __future__ import annotations

from hashlib import sha256

from groupwire.deliver.store.parts.part import Part

__all__ = ["Digester"]

_READ_BYTES = 1 << 20


class Digester:
    """Follows a part from its first byte to the first gap.

    It reads what was written a moment ago, so from memory mostly; both reading and
    hashing let other threads run. Used by one thread at a time, which need not be the
    one that writes. A part that is thrown away wants a new one.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._hash = sha256()
        self._done = 0
        self._buffer: memoryview | None = None

    @property
    def done_bytes(self) -> int:
        """How far it is."""
        return self._done

    def advance(self, upto: int | None = None) -> int:
        """Go on as far as bytes are there, or to ``upto``; return how far it is."""
        stop = self._part.prefix_bytes if upto is None else upto
        stop = min(stop, self._part.prefix_bytes)
        while self._done < stop and self._advance(stop - self._done):
            pass
        return self._done

    def _advance(self, size_bytes: int) -> int:
        if self._buffer is None:
            self._buffer = memoryview(bytearray(min(size_bytes, _READ_BYTES)))
        elif len(self._buffer) < min(size_bytes, _READ_BYTES):
            self._buffer = memoryview(bytearray(_READ_BYTES))
        view = self._buffer[:size_bytes]
        got = self._part.read_into(view, self._done)
        self._hash.update(view[:got])
        self._done += got
        return got

    def digest(self) -> bytes:
        """Take what is left of the part, and return the digest of all of it."""
        self.advance()
        self._buffer = None
        return self._hash.digest()
