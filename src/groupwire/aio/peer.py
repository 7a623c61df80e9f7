"""A member of a group: joined on entry, left on exit, whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from groupwire.aio.asking import Asking, Sent, described, form_of
from groupwire.aio.config import PeerConfig, default_name
from groupwire.aio.echoes import OwnPorts
from groupwire.aio.ends.entered import Entered
from groupwire.aio.inbox import Inbox
from groupwire.aio.message import Message
from groupwire.aio.opening import Joined, open_joined
from groupwire.aio.running import Running
from groupwire.errors import ClosedError, UsageError
from groupwire.gather import (
    AnswerEvent,
    Expectation,
    Expected,
    Form,
    MessageReceived,
    Question,
    Refusal,
)
from groupwire.net import Choice, MembershipEvent
from groupwire.values import Group, Transmit

__all__ = ["Peer", "Stats"]

_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters of one peer."""

    received: int = 0
    """Messages delivered to ``listen``."""
    received_bytes: int = 0
    answered: int = 0
    pings: int = 0
    """Pings answered, beside the messages."""
    not_answered: Mapping[str, int] = field(default_factory=dict[str, int])
    """Answers refused, by reason."""
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    """Datagrams that were no messages or were lost on this machine, by reason."""
    receive_buffer: int = 0
    """Bytes, as the kernel granted it."""


class Peer(Entered):
    """Hears a group, answers, sends and asks; made by :func:`groupwire.aio.open`."""

    def __init__(
        self,
        group: Group,
        config: PeerConfig,
        on_message: Callable[[Message], None] | None = None,
    ) -> None:
        self.group = group
        self._on_message = on_message
        self.config = config
        self.name = config.name or default_name()
        self._messages: Inbox[Message] = Inbox(config.queue)
        self._events: Inbox[MembershipEvent] = Inbox(_MOST_EVENTS)
        self._state: Running | None = None
        self._closed = False
        self._last_sent: tuple[Choice, Sent] | None = None
        self._own_ports = OwnPorts()
        self._received = self._received_bytes = self._answered = 0
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        if self._state is not None or self._closed:
            raise UsageError("a peer opens once", fix="make a new one with open()")
        sockets = open_joined(self.group, self.config)
        try:
            state = Running(
                sockets, self.name, self.config, take=self._take, tell=self._tell
            )
        except BaseException:
            sockets.close()
            raise
        self._own_ports.note(sockets.sender.port)
        self._state = state
        state.start()

    async def close(self) -> None:
        """Leave the group and end ``listen`` and ``events``; any number of times."""
        self._closed = True
        if self._state is not None:
            self._state.close()
        self._messages.close()
        self._events.close()

    @property
    def joined(self) -> Joined:
        """What is heard, where, and why there."""
        if self._state is None:
            raise _not_open()
        return self._state.sockets.joined

    @property
    def choice(self) -> Choice:
        """The way out, as it is now. Raises MachineError where there is none."""
        return self._opened.choice

    @property
    def stats(self) -> Stats:
        """Counters so far."""
        dropped = self._dropped.copy()
        buffer = pings = 0
        if self._state is not None:
            dropped.update(self._state.answerer.dropped)
            dropped.update(self._state.port.dropped)
            buffer = self.joined.receive_buffer
            pings = self._state.answerer.pings
        return Stats(
            self._received,
            self._received_bytes,
            self._answered,
            pings,
            dict(self._refused),
            dict(dropped),
            buffer,
        )

    async def send(self, data: bytes) -> Sent:
        """Send to the group and wait for no answer.

        Waits while the send buffer is full. Raises MachineError where there is no way
        out, MessageTooLarge above 65,507 bytes.
        """
        state = self._opened
        choice = state.choice
        await state.port.drained()
        state.port.send(Transmit(data))
        sent = self._last_sent
        # A message of the same size by the same way out is sent the same way.
        if sent is None or sent[0] is not choice or sent[1].size_bytes != len(data):
            sender = state.sockets.sender
            limit = sender.payload_limit
            told = described(sender.group, choice, data, Form.PLAIN, self.config, limit)
            sent = self._last_sent = (choice, told)
        return sent[1]

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
    ) -> Asking:
        """Ask the group; see :func:`groupwire.aio.ask`."""
        question = Question(
            data,
            Expectation.of(expect),
            first,
            timeout,
            stall,
            retries,
            form_of(tagged),
            self.name,
        )
        return Asking(self.joined.group, question, self.config, owner=self)

    async def receive(self) -> Message:
        """Return the next message; ClosedError once the peer is closed and empty."""
        if self._state is None:
            raise _not_open()
        message = await self._messages.take()
        if message is None:
            raise ClosedError("this peer")
        return message

    async def listen(self) -> AsyncIterator[Message]:
        """Iterate over messages until the peer is closed."""
        if self._state is None:
            raise _not_open()
        while (message := await self._messages.take()) is not None:
            yield message

    def answer(self, received: MessageReceived, data: bytes) -> Refusal | None:
        """Answer a message; ``message.answer`` does it."""
        state = self._state
        if self._closed or state is None:
            return Refusal.CLOSED
        driver = state.driver
        refusal = state.answerer.answer(received, data, now=driver.time())
        if refusal is None:
            self._answered += 1
            if not driver.pumping:
                driver.pump()
        else:
            self._refused[str(refusal)] += 1
        return refusal

    async def next_event(self) -> MembershipEvent:
        """Return the next lost or renewed membership; ClosedError at the end."""
        event = await self._events.take()
        if event is None:
            raise ClosedError("this peer")
        return event

    async def events(self) -> AsyncIterator[MembershipEvent]:
        """Iterate over memberships lost and renewed by link changes."""
        while (event := await self._events.take()) is not None:
            yield event

    @property
    def _opened(self) -> Running:
        if self._closed:
            raise ClosedError("this peer")
        if self._state is None:
            raise _not_open()
        return self._state

    def note_port(self, port: int) -> None:
        """Take what comes from this port for our own; a question asked calls it."""
        self._own_ports.note(port)

    def forget_port(self, port: int) -> None:
        """Do so no longer, soon."""
        if self._state is not None:
            self._own_ports.forget(port, now=self._state.driver.time())

    def _take(self, events: Sequence[AnswerEvent]) -> None:
        """Hand messages over, but for our own and for those that nobody reads."""
        state, on_message = self._state, self._on_message
        if state is None or self._closed:
            return
        own = self._own_ports.until
        for event in events:
            sender = event.datagram.origin
            if (
                sender.port in own
                and sender.host in state.own_addresses
                and own[sender.port] > state.driver.time()
                and not self.config.hear_self
            ):
                self._dropped["own"] += 1
                continue
            message = Message(event, self, state.names)
            if on_message is None and not self._messages.put(message):
                self._dropped["queue-full"] += 1
                continue
            self._received += 1
            self._received_bytes += len(event.data)
            if on_message is None:
                continue
            try:
                on_message(message)
            except Exception as error:  # the program's own; the next message is due
                state.report(error)
            if self._closed:
                return

    def _tell(self, events: list[MembershipEvent]) -> None:
        for event in events:
            if not self._events.put(event):
                self._dropped["event-queue-full"] += 1


def _not_open() -> UsageError:
    return UsageError("this peer is not open", fix="use it inside: async with")
