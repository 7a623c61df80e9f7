"""Where the bytes of an object go while it arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol, TypeAlias

from groupwire.norm.wire.head import ObjectFlag

__all__ = ["MemorySink", "ObjectOffer", "Sink", "SinkFor"]


class Sink(Protocol):
    """Random access storage of one object; it is written once, in any order."""

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other."""
        ...

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored; what was not may be anything."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectOffer:
    """What is known of an object when its first symbol arrives."""

    source: int
    """The sender's node id."""
    instance: int
    object: int
    size_bytes: int
    flags: ObjectFlag


SinkFor: TypeAlias = Callable[[ObjectOffer], Sink | None]
"""Chooses where an object goes; None to take none of it."""


class MemorySink:
    """An object in memory, which grows as far as bytes arrive."""

    def __init__(self) -> None:
        self._file = BytesIO()

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other."""
        self._file.seek(offset)
        self._file.writelines(parts)

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        self._file.seek(offset)
        return self._file.read(size_bytes).ljust(size_bytes, b"\0")

    @property
    def data(self) -> bytes:
        """All that has been stored."""
        return self._file.getvalue()
