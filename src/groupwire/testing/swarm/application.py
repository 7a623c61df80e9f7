"""What uses a receiver in a trial: checks digests, stores, accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from groupwire.norm.receive.events import (
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderKey,
    StreamEnded,
    StreamGap,
    StreamReceived,
)

__all__ = ["DIGEST_BYTES", "Application", "Truth", "digest"]

DIGEST_BYTES = 8
Say = Callable[[SenderKey, int], None]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really sent: the objects, and behind them perhaps a stream."""

    first: int
    """Number of the first object."""
    objects: tuple[bytes, ...]
    stream: bytes | None

    @property
    def count(self) -> int:
        """How many there are, the stream included."""
        return len(self.objects) + (self.stream is not None)

    def place(self, number: int) -> int:
        """Return which of them a receiver means, whose numbers may have wrapped."""
        return (number - self.first) & 0xFFFF

    def at(self, place: int) -> bytes | None:
        """Return one of them, None for what was never sent."""
        if place == len(self.objects):
            return self.stream
        return self.objects[place] if place < len(self.objects) else None


def digest(data: bytes) -> bytes:
    """Return what travels as the info of an object."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


class Application:
    """One receiver's, over all its lives. ``wrongs`` is what must never happen.

    ``store`` is called for what has the right digest, ``again`` for what has not. With
    ``within`` it may begin to read a stream anywhere in it.
    """

    def __init__(
        self,
        name: str,
        truth: Truth,
        *,
        store: Say,
        again: Say,
        within: bool = False,
    ) -> None:
        self.wrongs: list[str] = []
        self.accepted: set[tuple[int, int]] = set()
        """Instance and place, of all lives."""
        self.lost: set[tuple[int, int]] = set()
        """Of this life."""
        self.refused = 0
        """Objects with a wrong digest, and streams with other bytes than were sent."""
        self._name = name
        self._truth = truth
        self._store = store
        self._again = again
        self._within = within
        self._seen: set[tuple[SenderKey, int]] = set()
        self._streams: dict[tuple[SenderKey, int], _Reader] = {}

    def begin(self) -> None:
        """Begin another life, in which nothing is remembered but what is stored."""
        self.lost.clear()
        self._seen.clear()
        self._streams.clear()

    def handle(self, event: ReceiverEvent) -> None:
        """Take in what has happened."""
        match event:
            case ObjectReceived():
                self._receive(event)
            case ObjectLost():
                place = self._truth.place(event.object)
                self.lost.add((event.sender.instance, place))
            case StreamReceived():
                self._reader(event.sender, event.object).read(bytes(event.data))
            case StreamGap():
                self._reader(event.sender, event.object).skip()
            case StreamEnded():
                self._end(event)
            case _:
                pass

    def accounted(self, instance: int, place: int) -> bool:
        """Return whether an object has come or is known not to come."""
        key = instance, place
        return key in self.accepted or key in self.lost

    def _receive(self, event: ObjectReceived) -> None:
        self._once(event.sender, event.object)
        data = event.sink.read(0, event.size_bytes)
        if event.info != digest(data):
            self.refused += 1
            self._seen.discard((event.sender, event.object))
            self._again(event.sender, event.object)
            return
        if data != self._truth.at(self._truth.place(event.object)):
            self.wrongs.append(
                f"{self._name}: object {event.object} is not the sent one"
            )
            return
        self._store(event.sender, event.object)

    def accept(self, sender: SenderKey, number: int) -> None:
        """Note that an object is stored."""
        self.accepted.add((sender.instance, self._truth.place(number)))

    def _once(self, sender: SenderKey, number: int) -> None:
        if (sender, number) in self._seen:
            self.wrongs.append(f"{self._name}: object {number} came twice")
        self._seen.add((sender, number))

    def _reader(self, sender: SenderKey, number: int) -> _Reader:
        key = sender, number
        if key not in self._streams:
            truth = self._truth.at(self._truth.place(number))
            self._streams[key] = _Reader(truth or b"", loose=self._within)
        return self._streams[key]

    def _end(self, event: StreamEnded) -> None:
        self._once(event.sender, event.object)
        self.accept(event.sender, event.object)
        reader = self._reader(event.sender, event.object)
        if not reader.right:
            self.refused += 1


class _Reader:
    """Holds what is read of a stream against what was written to it."""

    def __init__(self, truth: bytes, *, loose: bool) -> None:
        self._truth = truth
        self._from = 0
        self._run: list[bytes] = []
        """What was read since something was left out."""
        self._loose = loose
        """Whether it is unknown how much was left out before that."""
        self._strange = False

    def read(self, data: bytes) -> None:
        """Take the next bytes in."""
        self._run.append(data)

    def skip(self) -> None:
        """Find what was read so far, because something behind it is left out."""
        run = b"".join(self._run)
        self._run.clear()
        found = self._truth.find(run, self._from) if self._loose else self._from
        if found < 0 or not self._truth.startswith(run, found):
            self._strange = True
        self._from = found + len(run)
        self._loose = True

    @property
    def right(self) -> bool:
        """Whether all that was read was written, up to the end."""
        run = b"".join(self._run)
        begins = len(self._truth) - len(run)
        fits = begins >= self._from if self._loose else begins == self._from
        return fits and self._truth.endswith(run) and not self._strange
