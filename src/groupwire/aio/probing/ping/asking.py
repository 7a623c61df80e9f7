"""``ping``: asks responders, and hears their answers by unicast and by multicast."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from secrets import randbits

from groupwire.aio.probing.ping.pinging import Pinging
from groupwire.aio.probing.ping.places import Place, open_places
from groupwire.aio.probing.ping.rhythm import Rhythm, check_rhythm
from groupwire.errors import DecodeError, UsageError
from groupwire.net.unicast import Rehearsal
from groupwire.probe.ping import Answered, Leg
from groupwire.probe.ssmping import Book, Kind, Message
from groupwire.probe.ssmping.groups import PORT
from groupwire.values import Datagram, Group

__all__ = ["PingEvent", "PingReply", "PingStarted", "Pinged", "ping"]

_LARGEST_BYTES = 65_000
_FILLING_BYTES = 4


@dataclass(frozen=True, slots=True)
class PingStarted:
    """A responder is asked, and its group is joined there."""

    host: str
    address: str
    group: Group
    interfaces: tuple[str, ...]
    way: str
    """The interface by which the host is reached; empty where there is no route."""
    size_bytes: int
    """Of every question, and of its answers."""
    limit_bytes: int
    """The most that travels in one packet; responders of ours answer nothing larger."""


@dataclass(frozen=True, slots=True)
class PingReply:
    """One answer, as it came."""

    host: str
    name: str
    """Who the responder says it is; empty where it does not."""
    answer: Answered
    time: float
    """By the kernel's clock, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Pinged:
    """What a responder's answers come to."""

    host: str
    address: str
    name: str
    asked: int
    unicast: Leg
    multicast: Leg
    refused: str | None
    """Why the last question could not be sent; ``econnrefused`` also where it was, and
    the host says that nobody listens there."""


PingEvent = PingStarted | PingReply | Pinged


def ping(  # noqa: PLR0913 - keyword-only options
    hosts: Sequence[str],
    group: Group | str | None = None,
    *,
    count: int | None = 5,
    interval: float = 1.0,
    timeout: float = 1.0,
    size: int = 0,
    interface: str | int | None = None,
    port: int = PORT,
) -> Pinging[PingEvent, Pinged]:
    """Ask responders by unicast; they answer by unicast, and to a group.

    Without ``group`` to the source-specific one of the protocol, else to the nearest
    any-source group in which responders answer (its address ends in 234, or in
    ::4321:1234). ``count`` None: until the iteration is closed. ``interval`` and
    ``timeout`` are seconds, the latter for the last answers; ``size`` the least octets
    of a question. RFC 6450 is the protocol. Raises AddressError and UsageError,
    and when it begins MachineErrors.
    """
    if not hosts:
        raise UsageError("no host is named", fix="name one that runs a responder")
    check_rhythm(count, interval, timeout, size, _LARGEST_BYTES)
    parsed = Group.parse(group) if isinstance(group, str) else group
    asking = _Asking(size, count, timeout)

    async def events() -> AsyncGenerator[PingEvent, None]:
        asking.begin(await open_places(hosts, parsed, interface, port))
        try:
            for started in asking.started():
                yield started
            replies = asking.rhythm.replies(count, interval, timeout)
            async with aclosing(replies):
                async for reply in replies:
                    yield reply
            for pinged in asking.results():
                yield pinged
        finally:
            asking.close()

    return Pinging(events(), asking.results)


class _Asking:
    """The questions to all responders, and the answers as they come."""

    def __init__(self, size: int, count: int | None, timeout: float) -> None:
        self._size, self._count, self._timeout = size, count, timeout
        self._places: Sequence[Place] = ()
        self._books: list[Book] = []
        self._templates: list[Message] = []
        self._refused: list[str | None] = []
        self._watched: list[list[int]] = []
        """What is heard of each one's group."""
        self.rhythm: Rhythm[PingReply] = Rhythm(self._ask, self._over)

    def begin(self, places: Sequence[Place]) -> None:
        """Listen at these."""
        self._loop = asyncio.get_running_loop()
        self._places = places
        now = time.time()
        self._books = [Book(randbits(32), joined=now) for _ in places]
        self._templates = [_template(place, self._size) for place in places]
        self._refused = [None] * len(places)
        self._rehearsal = Rehearsal(places[0].group.version)
        for place in places:
            place.socket.connect(place.address)
            self._watch(place)

    def started(self) -> list[PingStarted]:
        return [
            PingStarted(
                place.host,
                place.address.host,
                place.group,
                tuple(link.name for link in place.interfaces),
                place.way,
                len(template.encode()),
                place.limit_bytes,
            )
            for place, template in zip(self._places, self._templates, strict=True)
        ]

    def results(self) -> list[Pinged]:
        over = self.rhythm.finished
        since = math.inf if over else time.time() - self._timeout
        return [
            Pinged(
                place.host,
                place.address.host,
                book.name,
                book.asked,
                *book.legs(since=since),
                "econnrefused" if place.socket.nobody_listens else refused,
            )
            for place, book, refused in zip(
                self._places, self._books, self._refused, strict=True
            )
        ]

    def close(self) -> None:
        self._rehearsal.close()
        for watched in self._watched:
            self._forget(watched)
        for place in self._places:
            for number in (place.socket.fileno(), place.keeper.fileno()):
                self._loop.remove_reader(number)
            place.close()

    def _over(self) -> bool:
        return all(
            book.asked == self._count and book.complete() for book in self._books
        )

    def _ask(self) -> None:
        for number, place in enumerate(self._places):
            book, template = self._books[number], self._templates[number]
            question = book.ask(template, now=time.time()).encode()
            if not number:
                self._rehearsal.send(question)
            refused = self._refused[number] = place.socket.send(question)
            if refused is None:
                book.sent(now=place.socket.sent_at)

    def _watch(self, place: Place) -> None:
        """Hear the unicast answers, the links, and the group where it is joined."""
        watched: list[int] = []
        self._watched.append(watched)
        self._loop.add_reader(place.socket.fileno(), self._read, place.socket.read)
        keeper = place.keeper.fileno()
        self._loop.add_reader(keeper, self._look, place, watched)
        self._hear_group(place, watched)

    def _hear_group(self, place: Place, watched: list[int]) -> None:
        for reader in place.receiver.readers:
            self._loop.add_reader(reader.fileno(), self._read, reader.read_some)
            watched.append(reader.fileno())

    def _look(self, place: Place, watched: list[int]) -> None:
        """Join again where a link has gone and come."""
        if place.keeper.handle_readable():
            self._forget(watched)
            self._hear_group(place, watched)

    def _forget(self, watched: list[int]) -> None:
        for number in watched:
            self._loop.remove_reader(number)
        watched.clear()

    def _read(self, read: Callable[[], Sequence[Datagram]]) -> None:
        for datagram in read():
            self._hear(datagram)

    def _hear(self, datagram: Datagram) -> None:
        try:
            answer = Message.decode(datagram.data)
        except DecodeError:
            return
        at = datagram.time or time.time()
        multicast = datagram.group is not None and datagram.group.is_multicast
        for place, book in zip(self._places, self._books, strict=True):
            if answer.kind is not Kind.ANSWER or datagram.origin != place.address:
                continue
            heard = book.hear(
                answer, multicast=multicast, ttl_hops=datagram.ttl_hops, now=at
            )
            if heard is not None:
                self.rhythm.tell(PingReply(place.host, book.name, heard, at))
                return


def _template(place: Place, size: int) -> Message:
    message = Message(Kind.QUESTION, 0, 0, group=place.group.ip, wants_name=True)
    missing = size - len(message.encode()) - _FILLING_BYTES
    if missing <= 0:
        return message
    return Message(
        Kind.QUESTION, 0, 0, 0, 0, place.group.ip, wants_name=True, filling=missing
    )
