"""The objects of one sender as a receiver knows them: wanted, under way, done."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from groupwire.norm.intervals import Intervals
from groupwire.norm.numbers import unwrap
from groupwire.norm.receive.incoming import Deferred, Incoming
from groupwire.norm.receive.sink import Sink
from groupwire.norm.receive.stream import IncomingStream
from groupwire.norm.receive.unheard import Unheard
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.extensions import ObjectInfo
from groupwire.norm.wire.head import ObjectFlag

__all__ = ["Catalogue", "Position", "UnderWay"]

_MOST_GAPS = 1024
"""Between what is accepted, besides those of objects under way: what is lost leaves one
for ever, and what an application accepts out of turn for a while."""
UnderWay: TypeAlias = Incoming | IncomingStream | Deferred
Position = tuple[int, int, int]
"""Object, block and symbol, unwrapped."""


class Catalogue:
    """From the first object wanted on: each is done, under way, or not yet heard of.

    What is done stays done, so that no object is ever delivered twice.
    """

    def __init__(
        self, most: int, *, resume: int | None = None, info_tries: int = 0
    ) -> None:
        self._most = most
        self._unheard = Unheard(info_tries)
        self.resume = self._resumed = resume
        """No object before this one may ever be delivered again; None for nothing."""
        self._first: int | None = None
        self._sure = 0
        """From here on the sender has every object; before, it may have some."""
        self._done = Intervals()
        self._quiet = Intervals()
        """Done, deferred, or not repaired: nothing of these is to be asked for."""
        self._accepted = Intervals()
        self._hopeless = False
        """So much was lost that no watermark is ever reached any more."""
        self.under_way: dict[int, UnderWay] = {}
        self._again: set[int] = set()
        """Wanted although they were done once: known to exist."""
        self.deferred: dict[int, Deferred] = {}
        """Of those under way."""
        self._fleeting: set[int] = set()
        """The same, but for streams: they are repaired by nobody (RFC 5740 §4.2.1)."""
        self._last_number = 0
        """Where the sender was one datagram ago."""
        self._told: dict[int, tuple[ObjectInfo, Sink | None]] = {}
        self.released: list[Sink] = []
        """Of objects that are under way no more."""
        self.highest: Position = (0, 0, 0)
        """The furthest place that the sender is known to have reached."""

    @property
    def joined(self) -> bool:
        """Whether anything is wanted of this sender yet."""
        return self._first is not None

    def number(self, object_id: int) -> int:
        """Return the number that an object id means; the first one is its own."""
        if self._first is None:
            return unwrap(object_id, self.resume or object_id, 16)
        return unwrap(object_id, self.highest[0], 16)

    def join(self, number: int, *, back: int = 0) -> None:
        """Want this object and all after it, and of those before it what is kept."""
        if self._first is None:
            self._first = number - back
            self._sure = number
            self.highest = number, 0, 0
            if self.resume is not None and self._first < self.resume:
                self._close(self._first, self.resume - 1)

    def wants(self, number: int) -> bool:
        """Return whether an object is wanted and not done."""
        first = self._first
        return first is not None and number >= first and number not in self._done

    def reach(self, position: Position) -> list[int]:
        """Note where the sender is; return the objects lost to keep up."""
        self.highest = max(self.highest, position)
        if self.highest[0] - self.lowest < self._most:
            return []
        return list(self.squelch(self.highest[0] - self._most + 1))

    def flows(self, stream: IncomingStream) -> bool:
        """Return whether a stream is under way, and nothing else is to be looked at."""
        number = stream.number
        return (
            self.under_way.get(number) is stream
            and not self._fleeting
            and (stream.unreliable or self._lowest_lacking == number)
        )

    def went_on(self, position: Position) -> None:
        """Note where the sender is in a stream that is under way."""
        if position > self.highest:
            self.highest = position

    def passed(self, number: int) -> Iterator[int]:
        """Give up what nobody repairs and the sender has left; iterate over the lost.

        One datagram later than it could be, since two may change places on the way.
        """
        if self._fleeting:
            yield from self._let_go(self._last_number)
            self._last_number = max(self._last_number, number)

    def rested(self, position: Position) -> Iterator[int]:
        """Do the same for all up to a place: the sender rests there."""
        number, *place = position
        incoming = self.under_way.get(number)
        if isinstance(incoming, Incoming) and incoming.partition.last <= tuple(place):
            number += 1
        yield from self._let_go(number)

    def _let_go(self, number: int) -> Iterator[int]:
        for gone in sorted(n for n in self._fleeting if n < number):
            yield from self.give_up(gone, accepted=True)

    def give_up(self, number: int, *, accepted: bool) -> Sequence[int]:
        """Want an object no more; return it if that is a loss.

        It is none where the object was only hoped for, and never heard of.
        """
        known = number in self.under_way or number in self._again
        lost = number >= self._sure or known
        self.finish(number, accepted=accepted or not lost)
        return (number,) if lost else ()

    @property
    def lowest(self) -> int:
        """The first object that is not done."""
        return self._done.first_gap(self._first or 0)

    def finish(self, number: int, *, accepted: bool) -> None:
        """Want an object no more."""
        self._release(number)
        self._again.discard(number)
        self._close(number, number)
        self.resume = max(self.resume or 0, number + 1)
        if accepted:
            self._take(number, number)

    def _close(self, first: int, last: int) -> None:
        self._done.add(first, last)
        self._quiet.add(first, last)

    def begin_anew(self, *numbers: int) -> None:
        """Want objects from their beginning, whatever there was of them."""
        for number in numbers:
            self._release(number)
            self._done.remove(number, number)
            self._quiet.remove(number, number)
            self._accepted.remove(number, number)

    @property
    def open_bytes(self) -> tuple[int, int]:
        """How large the objects under way are together, and how much is there."""
        size = arrived = 0
        for incoming in self.under_way.values():
            if isinstance(incoming, Incoming):
                size += incoming.partition.size_bytes
                arrived += incoming.arrived_bytes
            elif isinstance(incoming, Deferred):
                size += incoming.fti.size_bytes
        return size, arrived

    def want_again(self, number: int) -> bool:
        """Want an object from its beginning; True if it was done."""
        done = number in self._done
        if done:
            self._again.add(number)
        self.begin_anew(number)
        return done

    def begin(
        self, number: int, fti: ObjectInfo, sink: Sink, incoming: UnderWay
    ) -> None:
        """Have an object under way, with what was told of it."""
        self.under_way[number] = incoming
        self._told[number] = fti, sink
        if self.deferred.pop(number, None) is not None:
            self._quiet.remove(number, number)
        if incoming.flags & ObjectFlag.UNRELIABLE:
            self._quiet.add(number, number)
            if not isinstance(incoming, IncomingStream):
                self._fleeting.add(number)

    def defer(self, deferred: Deferred) -> None:
        """Have an object under way of which at most the info is to be asked for."""
        number = deferred.number
        self.under_way[number] = self.deferred[number] = deferred
        self._told[number] = deferred.fti, None
        if deferred.flags & ObjectFlag.UNRELIABLE:
            self._fleeting.add(number)
        elif deferred.lacks_info:
            self._quiet.remove(number, number)
            return
        self._quiet.add(number, number)

    def begun_streams(self) -> list[int]:
        """Return the streams under way of which something was handed over."""
        return [
            number
            for number, stream in self.under_way.items()
            if isinstance(stream, IncomingStream) and stream.begun
        ]

    @property
    def handed_over(self) -> bool:
        """Whether anything was handed over, or told as lost."""
        begun = self._again or self.begun_streams()
        return self.resume != self._resumed or bool(begun)

    def told(self, number: int) -> ObjectInfo | None:
        """Return what was told of an object that is under way."""
        fti, _ = self._told.get(number, (None, None))
        return fti

    def _release(self, number: int) -> None:
        self.under_way.pop(number, None)
        self.deferred.pop(number, None)
        self._fleeting.discard(number)
        _, sink = self._told.pop(number, (None, None))
        if sink is not None:
            self.released.append(sink)

    def accept(self, number: int) -> None:
        """Note that the application has taken an object."""
        if number in self._done:
            self._take(number, number)

    def _take(self, first: int, last: int) -> None:
        """Note that objects are accepted, while that can still make a difference."""
        if self._hopeless:
            return
        self._accepted.add(first, last)
        if len(self._accepted) > self._most + _MOST_GAPS:
            self._hopeless = True
            self._accepted.clear()

    def squelch(self, number: int, *, accepted: bool = False) -> Iterator[int]:
        """Want nothing before an object; iterate over what is lost by that.

        Of objects never heard of only the latest are told, however many there are.
        What is lost may count as ``accepted``.
        """
        if self._first is None:
            return
        for low, high in list(self._done.gaps(self._first, number - 1)):
            recent = max(low, number - self._most)
            known = {*self.under_way, *self._again}
            sure = max(recent, min(self._sure, high + 1))
            begun = sorted(n for n in known if low <= n < sure)
            for gone in (*begun, *range(sure, high + 1)):
                yield from self.give_up(gone, accepted=accepted)
            self._hope_no_more(recent, sure, begun)
            self._close(low, high)
            if accepted:
                self._take(low, high)

    def _hope_no_more(self, first: int, stop: int, begun: Sequence[int]) -> None:
        """Accept that what was from before the joining is gone, but for what had begun.

        All at once: a sender may have kept ten thousands.
        """
        if first < stop:
            self.resume = max(self.resume or 0, stop)
        for number in (*(n for n in begun if n >= first), stop):
            if first < number:
                self._take(first, number - 1)
            first = number + 1

    def complete_through(self, position: Position) -> bool:
        """Return whether nothing up to a place is lacking, and all is accepted.

        What was lost is never accepted: whoever lost something acknowledges nothing
        that comes after it. Nor is anything from before the joining.
        """
        number, block, symbol = position
        if self._first is None or number < self._first or self._hopeless:
            return False
        for low, high in self._accepted.gaps(self._first, number - 1):
            if not all(map(self._flows, range(low, high + 1))):
                return False
        if number in self._accepted:
            return True
        stream = self.under_way.get(number)
        return isinstance(stream, IncomingStream) and stream.has((block, symbol))

    def _flows(self, number: int) -> bool:
        """Return whether an object is a stream that is open and is to lack nothing."""
        stream = self.under_way.get(number)
        if not isinstance(stream, IncomingStream):
            return False
        if stream.unreliable:
            return True
        return stream.intact and next(stream.needs(None, None), None) is None

    def lacks_before(self, number: int, block: int) -> bool:
        """Return whether something is to be asked for before a block of an object."""
        lowest = self._lowest_lacking
        if lowest != number:
            # A stream is never done: what lies behind it is looked at too.
            return lowest < number and self._lacks_any(number, block)
        incoming = self.under_way.get(number)
        return block > 0 if incoming is None else incoming.lacks_before(block)

    def is_past(self, position: Position) -> bool:
        """Return whether nothing is lacking up to a place in a stream: mostly so."""
        number, block, symbol = position
        stream = self.under_way.get(number)
        if not isinstance(stream, IncomingStream) or self._lowest_lacking != number:
            return False
        return stream.is_past((block, symbol))

    @property
    def _lowest_lacking(self) -> int:
        """The first object of which something may be asked for."""
        return self._quiet.first_gap(self._first or 0)

    def _lacks_any(self, number: int, block: int) -> bool:
        return next(iter(self.needs((number, block - 1, None))), None) is not None

    def needs(self, through: tuple[int, int, int | None]) -> Iterator[Need]:
        """Iterate over what is to be asked for up to a place, lowest first."""
        last, block, symbol = through
        if self._first is None:
            return
        begun = sorted(self.under_way)
        for low, high in self._quiet.gaps(self._first, last):
            unknown = low
            for number in begun[bisect_left(begun, low) : bisect_right(begun, high)]:
                if unknown < number:
                    yield from self._unheard.needs(unknown, number - 1)
                unknown = number + 1
                if number < last:
                    yield from self.under_way[number].needs(None, None)
                elif block >= 0:
                    yield from self.under_way[number].needs(block, symbol)
            if high == last and block < 0:
                high -= 1
            if unknown <= high:
                yield from self._unheard.needs(unknown, high)

    def asked(self, needs: Iterable[Need]) -> None:
        """Note what has been asked for, by this receiver or another one."""
        self._unheard.forget_before(self.lowest)
        for need in needs:
            if need.info:
                self._unheard.asked(need.object, need.last_object)
