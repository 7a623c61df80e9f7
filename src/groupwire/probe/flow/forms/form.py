"""What a form of stream offers, and what those with a number in a fixed place share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import astuple
from typing import ClassVar, NamedTuple, Protocol

from groupwire.probe.sequence import SequenceCounts, SequenceMeter, is_constant, runs

__all__ = [
    "CONSISTENT",
    "MAX_STREAMS",
    "Form",
    "HeaderForm",
    "NumberedForm",
    "Row",
    "Stream",
    "total",
]

CONSISTENT = 4
"""Packets whose numbers go on from each other before a form is believed."""
MAX_STREAMS = 8
"""Streams of one source that are told apart.

Those of few packets give way first, so that forged names push no stream out; then the
one that was silent for longest.
"""
_MOST_MISSING = 3
"""Of numbers that belong together not many more are missing than are there."""


class Row(NamedTuple):
    """Datagrams of one source behind each other, as they came."""

    data: bytes
    step: int
    """The size of each; the last one may be shorter."""
    many: int
    """How many they are."""
    at: float
    """When the first of them arrived."""

    def packets(self) -> list[bytes]:
        """Return them one by one."""
        if self.many == 1:
            return [self.data]
        return [
            self.data[start : start + self.step]
            for start in range(0, len(self.data), self.step)
        ]


class Form(Protocol):
    """One form, as it reads the packets of one source."""

    NAME: ClassVar[str]
    UNIT: ClassVar[str]
    """What is counted: packets, or something inside them."""
    FIRST: ClassVar[frozenset[int]]
    """The first bytes that its packets can have; no two forms share one."""

    def take(self, row: Row) -> int:
        """Count a row; return how many of its packets are of this form."""
        ...

    @property
    def counts(self) -> SequenceCounts:
        """What its numbers have told so far."""
        ...

    @property
    def believed(self) -> bool:
        """Whether so many packets go on from each other that it is no chance."""
        ...

    @property
    def detail(self) -> str:
        """What else it says of itself, or nothing."""
        ...

    @property
    def jitter_s(self) -> float | None:
        """How unevenly it arrives by the sender's own clock, where it tells one."""
        ...


class Stream:
    """One sequence of numbers."""

    __slots__ = ("meter",)

    def __init__(self, modulus: int) -> None:
        self.meter = SequenceMeter(modulus)

    def note(self, row: Row) -> None:
        """See what else a row tells, which is counted already: here nothing."""


class NumberedForm:
    """A form whose packets bear a number and the name of a stream, somewhere."""

    NAME: ClassVar[str]
    UNIT: ClassVar[str] = "packets"
    FIRST: ClassVar[frozenset[int]]
    NUMBER_BYTES: ClassVar[int]

    def __init__(self) -> None:
        self._streams: dict[bytes, Stream] = {}
        self._key = b""
        self._stream: Stream | None = None
        self._past: SequenceCounts | None = None

    @property
    def counts(self) -> SequenceCounts:
        """What the numbers have told so far."""
        counts = [stream.meter.counts for stream in self._streams.values()]
        return total(counts if self._past is None else [self._past, *counts])

    @property
    def believed(self) -> bool:
        """Whether some stream's numbers go on from each other."""
        return any(_goes_on(s.meter.counts) for s in self._streams.values())

    @property
    def detail(self) -> str:
        """What else it says of itself: nothing."""
        return ""

    @property
    def jitter_s(self) -> float | None:
        """Its packets tell no clock."""
        return None

    def new_stream(self) -> Stream:
        """Return the state of a stream."""
        return Stream(1 << 8 * self.NUMBER_BYTES)

    def stream(self, key: bytes) -> Stream:
        """Return the stream of this name, a new one where there is none."""
        if self._stream is not None and key == self._key:
            return self._stream
        stream = self._streams.pop(key, None)
        if stream is None:
            self._make_room()
            stream = self.new_stream()
        self._streams[key] = stream  # behind all others: it was heard last
        self._key, self._stream = key, stream
        return stream

    def _make_room(self) -> None:
        if len(self._streams) >= MAX_STREAMS:
            gone = self._streams.pop(self._least())
            counts = gone.meter.counts
            self._past = counts if self._past is None else total([self._past, counts])

    def _least(self) -> bytes:
        """Return which stream gives way."""
        short = (
            key
            for key, stream in self._streams.items()
            if stream.meter.counts.received < CONSISTENT
        )
        return next(short, next(iter(self._streams)))


class HeaderForm(NumberedForm, ABC):
    """A form whose packets have number and name of the stream in fixed places."""

    LEAST_BYTES: ClassVar[int]
    NUMBER_AT: ClassVar[int]
    ALIKE: ClassVar[Sequence[tuple[int, int]]]
    """From where to where the packets of a stream are alike."""

    def take(self, row: Row) -> int:
        """Count a row; return how many of its packets are of this form."""
        if row.many > 1 and self._is_regular(row):
            return self._take(row)
        return sum(
            self._take(Row(packet, len(packet), 1, row.at)) for packet in row.packets()
        )

    @abstractmethod
    def key_of(self, packet: bytes) -> bytes | None:
        """Return the name of the stream, empty for one without numbers, None: other."""
        ...

    def _is_regular(self, row: Row) -> bool:
        data, step = row.data, row.step
        shortest = len(data) - (row.many - 1) * step
        return shortest >= self.LEAST_BYTES and all(
            is_constant(data, step, first, after) for first, after in self.ALIKE
        )

    def _take(self, row: Row) -> int:
        if len(row.data) < self.LEAST_BYTES:
            return 0
        key = self.key_of(row.data[: row.step])
        if key is None:
            return 0
        if key:
            stream = self.stream(key)
            at, width = self.NUMBER_AT, self.NUMBER_BYTES
            if row.many == 1:
                stream.meter.take(int.from_bytes(row.data[at : at + width], "big"))
            else:
                for first, count in runs(row.data, row.step, at, width):
                    stream.meter.take_run(first, count)
            stream.note(row)
        return row.many


def total(counts: Sequence[SequenceCounts]) -> SequenceCounts:
    """Add up what several meters have counted."""
    if len(counts) == 1:
        return counts[0]
    if not counts:
        return SequenceCounts()
    columns = zip(*map(astuple, counts), strict=True)
    names = SequenceCounts.__slots__
    sums = dict(zip(names, columns, strict=True))
    return SequenceCounts(
        **{n: max(c) if n == "longest_gap" else sum(c) for n, c in sums.items()}
    )


def _goes_on(counts: SequenceCounts) -> bool:
    return (
        counts.received >= CONSISTENT
        and not counts.restarts
        and counts.strays + counts.duplicates <= counts.received
        and counts.lost <= _MOST_MISSING * counts.received
    )
