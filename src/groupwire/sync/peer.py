"""Ask, send and listen without ``async``."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire import aio
from groupwire.aio import Joined, PeerConfig, Sent, Stats
from groupwire.errors import ClosedError
from groupwire.gather import Expected, Form, Refusal, Result
from groupwire.net import MembershipEvent
from groupwire.sync.thread import loop_thread, within
from groupwire.sync.twin import Twin
from groupwire.values import Group, Origin

__all__ = ["Message", "Peer", "ask", "open", "send"]

_DEFAULT = PeerConfig()


def ask(  # noqa: PLR0913 - keyword-only
    group: Group | str | None,
    data: bytes,
    *,
    expect: Expected = None,
    first: int | None = None,
    timeout: float = 5.0,
    stall: float = 0.2,
    retries: int | None = None,
    tagged: bool | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _DEFAULT,
) -> Result:
    """Send one message to the group and return every answer; see ``aio.ask``."""

    async def asking() -> Result:
        return await aio.ask(
            group,
            data,
            expect=expect,
            first=first,
            timeout=timeout,
            stall=stall,
            retries=retries,
            tagged=tagged,
            interface=interface,
            ttl=ttl,
            config=config,
        )

    return loop_thread().run(asking())


def send(
    group: Group | str | None,
    data: bytes,
    *,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _DEFAULT,
) -> Sent:
    """Send one message to the group and wait for nobody."""
    return loop_thread().run(
        aio.send(group, data, interface=interface, ttl=ttl, config=config)
    )


def open(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _DEFAULT,
) -> Peer:
    """Return a peer: ``with groupwire.open(...) as peer`` has joined inside."""
    return Peer(aio.open(group, name=name, interface=interface, ttl=ttl, config=config))


class Message:
    """One message that arrived; :meth:`answer` may be called from any thread."""

    __slots__ = ("_message",)

    def __init__(self, message: aio.Message) -> None:
        self._message = message

    @property
    def data(self) -> bytes:
        """The message itself."""
        return self._message.data

    @property
    def sender(self) -> Origin:
        """Who sent it."""
        return self._message.sender

    @property
    def member(self) -> str | None:
        """The sender's member name, where it told one."""
        return self._message.member

    @property
    def interface(self) -> str:
        """Name of the interface it came in by."""
        return self._message.interface

    @property
    def ttl(self) -> int | None:
        """TTL or hop limit as received."""
        return self._message.ttl

    @property
    def time(self) -> float | None:
        """Arrival by the kernel's clock, seconds since the epoch."""
        return self._message.time

    @property
    def form(self) -> Form:
        """Plain or tagged."""
        return self._message.form

    def answer(self, data: bytes) -> Refusal | None:
        """Answer the sender; return why not, where that is refused."""
        return loop_thread().call(lambda: self._message.answer(data))

    def __repr__(self) -> str:
        return repr(self._message)


class Peer(Twin[None]):
    """A member of a group for programs without an event loop."""

    def __init__(self, peer: aio.Peer) -> None:
        super().__init__(peer)
        self._peer = peer

    @property
    def joined(self) -> Joined:
        """What is heard, where, and why there."""
        return self._peer.joined

    @property
    def stats(self) -> Stats:
        """Counters so far."""
        return loop_thread().call(lambda: self._peer.stats)

    def send(self, data: bytes) -> Sent:
        """Send to the group and wait for nobody."""
        return loop_thread().run(self._peer.send(data))

    def ask(  # noqa: PLR0913 - keyword-only
        self,
        data: bytes,
        *,
        expect: Expected = None,
        first: int | None = None,
        timeout: float = 5.0,
        stall: float = 0.2,
        retries: int | None = None,
        tagged: bool | None = None,
    ) -> Result:
        """Send one message to the group and return every answer."""

        async def asking() -> Result:
            return await self._peer.ask(
                data,
                expect=expect,
                first=first,
                timeout=timeout,
                stall=stall,
                retries=retries,
                tagged=tagged,
            )

        return loop_thread().run(asking())

    def listen(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterate over messages until ``close`` or ``timeout`` seconds of silence."""
        while (message := self.receive(timeout)) is not None:
            yield message

    def receive(self, timeout: float | None = None) -> Message | None:
        """Return the next message; None after ``timeout`` seconds or ``close``."""
        try:
            return Message(loop_thread().run(within(self._peer.receive(), timeout)))
        except (TimeoutError, ClosedError):
            return None

    def events(self, timeout: float | None = None) -> Iterator[MembershipEvent]:
        """Iterate over lost and renewed memberships, as ``listen`` does."""
        while True:
            try:
                yield loop_thread().run(within(self._peer.next_event(), timeout))
            except (TimeoutError, ClosedError):
                return
