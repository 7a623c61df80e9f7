"""The objects that a sender keeps: to be sent, being sent, and for repair."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from groupwire.errors import UsageError
from groupwire.norm.numbers import unwrap
from groupwire.norm.send.holds import Holds
from groupwire.norm.send.outgoing import Outgoing

__all__ = ["Window"]


class Window:
    """Objects by number, oldest first; numbers are never used twice.

    ``most`` objects and ``most_bytes`` are kept; what has not been sent yet is never
    given up for something newer.
    """

    def __init__(
        self, most: int, most_bytes: int, *, first: int = 0, holds: Holds | None = None
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._objects: dict[int, Outgoing] = {}
        self._bytes = 0
        self._waiting: deque[Outgoing] = deque()
        """Those of which something is new, and some that are kept no more."""
        self._repairing: set[int] = set()
        self._order: list[int] = []
        """The same as a heap."""
        self._holds = holds or Holds(1)
        self._kept_from: dict[int, int] = {}
        """Of streams: the first block that is held, as far as is known."""
        self.next_number = first

    def __contains__(self, number: int) -> bool:
        return number in self._objects

    @property
    def first(self) -> int:
        """The oldest object kept, or the next one to come."""
        return next(iter(self._objects), self.next_number)

    def get(self, number: int) -> Outgoing | None:
        """Return an object that is kept."""
        return self._objects.get(number)

    def newest(self) -> Outgoing | None:
        """Return the newest object that is kept and has something to send."""
        newest_first = reversed(self._objects.values())
        return next((o for o in newest_first if o.content.blocks), None)

    def number(self, object_id: int) -> int:
        """Return the number that a receiver means by an id."""
        return unwrap(object_id, self.next_number, 16)

    # What is not to be given up yet.

    def touch(self, outgoing: Outgoing, block: int, now: float) -> None:
        """Note that something was sent or asked for: an object is held as a whole.

        But not what is sent without repair (RFC 5740 §4.2.1).
        """
        if outgoing.unreliable:
            return
        if outgoing.content.ended or not outgoing.streams:
            self._holds.touch(outgoing.number, now)
            return
        self._holds.touch((outgoing.number, block), now)
        kept = self._kept_from.get(outgoing.number, 0)
        self._kept_from[outgoing.number] = min(block, kept)

    def kept_from(self, stream: Outgoing, now: float, span_s: float) -> int:
        """Return the first block of a stream that is not to be given up yet."""
        number, holds = stream.number, self._holds
        block = max(self._kept_from.get(number, 0), stream.content.first_block)
        while block < stream.unsent_block and not holds.held(
            (number, block), now, span_s
        ):
            holds.forget((number, block))
            block += 1
        self._kept_from[number] = block
        return block

    def release(self, stream: Outgoing, block: int) -> None:
        """Hold nothing of a stream before a block: all who are waited for have it."""
        number = stream.number
        kept = max(self._kept_from.get(number, 0), stream.content.first_block)
        for done in range(kept, block):
            self._holds.forget((number, done))
        self._kept_from[number] = max(kept, block)

    def fits(self, size_bytes: int, now: float, span_s: float) -> bool:
        """Return whether an object of this size would be taken in."""
        return self._to_give_up(size_bytes, now, span_s) is not None

    def add(
        self, outgoing: Outgoing, *, now: float = 0.0, span_s: float = 0.0
    ) -> list[int]:
        """Take the next object in and return those given up for it.

        Raises UsageError where all that is kept is still to be sent, or is held.
        """
        size = outgoing.head.fti.size_bytes
        given_up = self._to_give_up(size, now, span_s)
        if given_up is None:
            raise UsageError(
                f"{len(self._objects)} objects wait to be sent or may be asked for",
                fix="wait for RoomFreed, or keep more",
            )
        for number in given_up:
            self.remove(number)
        self._objects[outgoing.number] = outgoing
        self._bytes += size
        self._waiting.append(outgoing)
        self.next_number = outgoing.number + 1
        return given_up

    def _to_give_up(self, size: int, now: float, span_s: float) -> list[int] | None:
        """Return what is given up for so many bytes; None where that is not enough."""
        given_up: list[int] = []
        count, total = len(self._objects), self._bytes + size
        for number, oldest in self._objects.items():
            if count < self._most and total <= self._most_bytes:
                break
            if not oldest.finished or self._holds.held(number, now, span_s):
                return None
            given_up.append(number)
            count, total = count - 1, total - oldest.head.fti.size_bytes
        return given_up

    def remove(self, number: int) -> bool:
        """Keep an object no more; False if it was not kept."""
        outgoing = self._objects.pop(number, None)
        if outgoing is None:
            return False
        self._bytes -= outgoing.head.fti.size_bytes
        self._holds.forget(number)
        if (kept := self._kept_from.pop(number, None)) is not None:
            for block in range(kept, outgoing.content.blocks):
                self._holds.forget((number, block))
        if len(self._waiting) > 2 * len(self._objects):
            self._waiting = deque(o for o in self._waiting if o.number in self)
        return True

    def sending(self) -> Outgoing | None:
        """Return the object whose new symbols are to be sent."""
        # To search for each that is removed would take long where thousands wait.
        while self._waiting and self._waiting[0].number not in self:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def sent(self) -> None:
        """Go on to the next object."""
        self._waiting.popleft()

    def repair(self, number: int) -> None:
        """Note that an object has something to repair."""
        if number not in self._repairing:
            self._repairing.add(number)
            heappush(self._order, number)

    def repairing(self) -> Outgoing | None:
        """Return the oldest object with something to repair."""
        while self._order:
            number = self._order[0]
            outgoing = self._objects.get(number)
            if outgoing is not None and outgoing.repairing:
                return outgoing
            self._repairing.discard(heappop(self._order))
        return None
