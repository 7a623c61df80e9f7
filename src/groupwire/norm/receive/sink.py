"""Where the bytes of an object go while it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from io import BytesIO
from typing import Final, Protocol, TypeAlias

from groupwire.norm.wire.head import ObjectFlag

__all__ = [
    "LATER",
    "HeldSink",
    "Later",
    "MemorySink",
    "ObjectOffer",
    "Sink",
    "SinkFor",
]


class Sink(Protocol):
    """Random access storage of one object; it is written once, in any order."""

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other."""
        ...

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored; what was not may be anything."""
        ...


class HeldSink(Sink, Protocol):
    """A sink in which some of an object is already, as after an interruption."""

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """Where these bytes are: offsets and sizes, looked at when the object begins.

        Every segment that lies wholly in them counts as received.
        """
        ...


class Later(Enum):
    """What ``sink_for`` says of an object that has no place yet."""

    LATER = auto()


LATER: Final = Later.LATER
"""Nothing of the object is taken now; ``sink_for`` is asked again at its next symbol,
and when the application calls ``retry``."""


@dataclass(frozen=True, slots=True)
class ObjectOffer:
    """What is known of an object when its place is asked for."""

    source: int
    """The sender's node id."""
    instance: int
    object: int
    size_bytes: int
    flags: ObjectFlag
    """With INFO among them, an info comes or has come."""
    info: bytes | None = None
    """The info, if it has arrived."""


SinkFor: TypeAlias = Callable[[ObjectOffer], Sink | Later | None]
"""Chooses where an object goes; None to take none of it, ever."""


class MemorySink:
    """An object in memory, which grows as far as bytes arrive.

    What comes long before its time waits in pages of its own, so that no single symbol
    takes room for all that lies before it.
    """

    def __init__(self) -> None:
        self._file = BytesIO()
        self._end = 0
        self._apart: dict[int, BytesIO] = {}
        """By number; a page that is here is not in the file."""

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other."""
        if not self._apart and offset <= self._end + _PAGE_BYTES:
            self._file.seek(offset)
            self._file.writelines(parts)
            self._end = max(self._end, self._file.tell())
            return
        data = memoryview(b"".join(parts))
        for number, at, size in _pages(offset, len(data)):
            self._write_page(number, at, data[:size])
            data = data[size:]
        first = min(self._apart, default=None)
        if first is not None and first * _PAGE_BYTES <= self._end + _PAGE_BYTES:
            self._join(first)

    def _write_page(self, number: int, at: int, data: memoryview) -> None:
        offset, page = number * _PAGE_BYTES + at, self._apart.get(number)
        if page is None and offset <= self._end + _PAGE_BYTES:
            self._file.seek(offset)
            self._file.write(data)
            self._end = max(self._end, offset + len(data))
            return
        if page is None:
            page = self._apart[number] = BytesIO()
        page.seek(at)
        page.write(data)

    def _join(self, number: int) -> None:
        """Put a page where it belongs: one at each write, so that none takes long."""
        self._file.seek(number * _PAGE_BYTES)
        self._file.write(self._apart.pop(number).getbuffer())
        self._end = max(self._end, self._file.tell())

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        parts: list[bytes] = []
        for number, at, size in _pages(offset, size_bytes):
            page = self._apart.get(number)
            file, start = self._file, number * _PAGE_BYTES + at
            if page is not None:
                file, start = page, at
            file.seek(start)
            parts.append(file.read(size).ljust(size, b"\0"))
        return b"".join(parts)

    @property
    def data(self) -> bytes:
        """All that has been stored."""
        for number in sorted(self._apart):
            self._join(number)
        return self._file.getvalue()


_PAGE_BYTES = 1 << 18


def _pages(offset: int, size_bytes: int) -> Iterator[tuple[int, int, int]]:
    """Cut a range where pages end: the number of each, where in it, how much."""
    while size_bytes:
        number, at = divmod(offset, _PAGE_BYTES)
        size = min(size_bytes, _PAGE_BYTES - at)
        yield number, at, size
        offset += size
        size_bytes -= size
