"""``ping``: asks responders, and hears their answers by unicast and by multicast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from secrets import randbits

from groupwire.aio.probing.ping.pinging import Pinging
from groupwire.aio.probing.ping.places import Place, open_places
from groupwire.errors import DecodeError, UsageError
from groupwire.probe.ssmping import Answered, Book, Kind, Leg, Message
from groupwire.probe.ssmping.groups import PORT
from groupwire.values import Datagram, Group

__all__ = ["PingEvent", "PingReply", "PingStarted", "Pinged", "ping"]

_LARGEST_BYTES = 65_000
_FILLING_BYTES = 4
_SHORTEST_S = 0.01


@dataclass(frozen=True, slots=True)
class PingStarted:
    """A responder is asked, and its group is joined there."""

    host: str
    address: str
    group: Group
    interfaces: tuple[str, ...]
    size_bytes: int
    """Of every question, and of its answers."""


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
    """Why a question could not be sent, the last time that this was so."""


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
    _check(hosts, count, interval, size)
    parsed = Group.parse(group) if isinstance(group, str) else group
    asking = _Asking(size)

    async def events() -> AsyncGenerator[PingEvent, None]:
        asking.begin(await open_places(hosts, parsed, interface, port))
        try:
            for started in asking.started():
                yield started
            async for event in asking.run(count, interval, timeout):
                yield event
            for pinged in asking.results():
                yield pinged
        finally:
            asking.close()

    return Pinging(events(), asking.results)


def _check(hosts: Sequence[str], count: int | None, interval: float, size: int) -> None:
    if not hosts:
        raise UsageError("no host is named", fix="name one that runs a responder")
    if count is not None and count < 1:
        raise UsageError(f"{count} questions are none", fix="ask at least once")
    if interval < _SHORTEST_S:
        raise UsageError(
            f"an interval of {interval} s is too short",
            fix=f"the shortest is {_SHORTEST_S} s",
        )
    if size > _LARGEST_BYTES:
        raise UsageError(
            f"{size} bytes are too many", fix=f"at most {_LARGEST_BYTES} bytes"
        )


class _Asking:
    """The questions to all responders, and the answers as they come."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places: Sequence[Place] = ()
        self._books: list[Book] = []
        self._templates: list[Message] = []
        self._refused: list[str | None] = []
        self._watched: list[int] = []

    def begin(self, places: Sequence[Place]) -> None:
        """Listen at these."""
        self._happened: asyncio.Queue[PingReply | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._places = places
        now = time.time()
        self._books = [Book(randbits(32), joined=now) for _ in places]
        self._templates = [_template(place, self._size) for place in places]
        self._refused = [None] * len(places)
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
                len(template.encode()),
            )
            for place, template in zip(self._places, self._templates, strict=True)
        ]

    def results(self) -> list[Pinged]:
        return [
            Pinged(
                place.host,
                place.address.host,
                book.name,
                book.asked,
                book.unicast,
                book.multicast,
                refused,
            )
            for place, book, refused in zip(
                self._places, self._books, self._refused, strict=True
            )
        ]

    async def run(
        self, count: int | None, interval: float, timeout: float
    ) -> AsyncGenerator[PingReply, None]:
        """Ask so often; end early when all that may come has come."""
        rounds = self._loop.create_task(self._rounds(count, interval, timeout))
        try:
            while (reply := await self._happened.get()) is not None:
                yield reply
                if rounds.done() or self._over(count):
                    return
        finally:
            rounds.cancel()

    def close(self) -> None:
        for number in self._watched:
            self._loop.remove_reader(number)
        for place in self._places:
            place.close()

    async def _rounds(self, count: int | None, interval: float, timeout: float) -> None:
        start, asked = self._loop.time(), 0
        while count is None or asked < count:
            self._ask()
            asked += 1
            last = asked == count
            due = start + asked * interval
            wait = timeout if last else due - self._loop.time()
            await asyncio.sleep(max(wait, 0))
        self._happened.put_nowait(None)

    def _over(self, count: int | None) -> bool:
        if count is None or not self._happened.empty():
            return False
        return all(book.asked == count and book.complete() for book in self._books)

    def _ask(self) -> None:
        for number, place in enumerate(self._places):
            book, template = self._books[number], self._templates[number]
            question = book.ask(template, now=time.time()).encode()
            refused = self._refused[number] = place.socket.send(question)
            if refused is None:
                book.sent(book.asked, now=place.socket.sent_at)

    def _watch(self, place: Place) -> None:
        self._loop.add_reader(place.socket.fileno(), self._read, place.socket.read)
        self._watched.append(place.socket.fileno())
        for reader in place.receiver.readers:
            self._loop.add_reader(reader.fileno(), self._read, reader.read_some)
            self._watched.append(reader.fileno())

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
                reply = PingReply(place.host, book.name, heard, at)
                self._happened.put_nowait(reply)
                return


def _template(place: Place, size: int) -> Message:
    message = Message(Kind.QUESTION, 0, 0, group=place.group.ip, wants_name=True)
    missing = size - len(message.encode()) - _FILLING_BYTES
    if missing <= 0:
        return message
    return Message(
        Kind.QUESTION, 0, 0, 0, 0, place.group.ip, wants_name=True, filling=missing
    )
