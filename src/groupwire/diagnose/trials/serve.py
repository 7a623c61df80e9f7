"""The other end of ``doctor --peer``: says what arrives here, and sends when asked.

It answers by unicast at UDP port 10003 and has joined the group like any receiver. What
it does for strangers is bounded: see ``peer/responder.py`` and docs/limits.md.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass

from groupwire.aio import default_name
from groupwire.diagnose.check import Question
from groupwire.diagnose.trials.peer.local import (
    Examine,
    LookAtOneself,
    WireWatch,
    reverse_path_drops,
)
from groupwire.diagnose.trials.peer.reporting import report
from groupwire.diagnose.trials.peer.responder import (
    MAX_SPOKEN,
    MAX_TTL_HOPS,
    Asked,
    Local,
    Responder,
    Session,
)
from groupwire.diagnose.trials.peer.sockets import (
    GroupEar,
    Talk,
    Voice,
    group_for_tests,
    say_all,
)
from groupwire.diagnose.trials.queries import QueryEar, segments
from groupwire.diagnose.trials.watching import WithDescriptor, watched
from groupwire.diagnose.trials.wire.speech import PORT, Speak, Spoke, Welcome
from groupwire.errors import MachineError, PortInUseError
from groupwire.gather.names import checked_name
from groupwire.gather.policy import AnswerPolicy, Limits
from groupwire.gather.tagged import Kind, Tagged
from groupwire.net import socket_failure
from groupwire.values import Datagram, Group

__all__ = ["ServeEvent", "Served", "Serving", "serve"]

SETTLE_S = 0.05
"""Between the last test datagram and the word about it."""
MAX_EVENTS = 64
"""Events that wait; a caller who does not take them gets no more."""


@dataclass(frozen=True, slots=True)
class Serving:
    """It has joined and answers."""

    group: Group
    interfaces: tuple[str, ...]
    port: int
    root: bool
    """Whether it can look at the wire, too."""


@dataclass(frozen=True, slots=True)
class Served:
    """Somebody has begun to test against this machine."""

    asker: str


ServeEvent = Serving | Served


async def serve(
    question: Question, *, examine: Examine | None = None, name: str | None = None
) -> AsyncGenerator[ServeEvent, None]:
    """Serve the group of a question until the iteration is left.

    ``examine`` is this machine's own quick diagnosis, whose errors are told to who
    asks. MachineError where the group cannot be joined or the port is taken.
    """
    with ExitStack() as stack:
        serving = _Serving(question, examine, name or default_name())
        stack.callback(serving.close)
        stack.enter_context(watched(*serving.watches))
        while True:
            yield await serving.events.get()


class _Serving:
    """The sockets of one group, and what keeps them apart."""

    def __init__(self, question: Question, examine: Examine | None, name: str) -> None:
        self.events: asyncio.Queue[ServeEvent] = asyncio.Queue(MAX_EVENTS)
        self._loop = asyncio.get_running_loop()
        self._question, self._group = question, group_for_tests(question.group)
        self._names = {one.index: one.name for one in question.receive_on}
        self._policy = AnswerPolicy(Limits(), question.receive_on)
        self._name = checked_name(name)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = ExitStack()
        self._look = LookAtOneself(examine)
        welcome = Welcome("", str(question.group.on(None)), name, _mtu(question), 0)
        self._rules = Responder(welcome, secret=secrets.token_bytes(16))
        self._wire = WireWatch(self._group, question.receive_on, self._rules.note_wire)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        return [(self._talk, self._read), *self._ear.watches, *self._queries.watches]

    def close(self) -> None:
        """Leave the group."""
        for task in self._tasks:
            task.cancel()
        self._look.close()
        self._wire.close()
        self._closing.close()

    def _open(self) -> None:
        question, closing = self._question, self._closing
        self._talk = _talk(question.group)
        closing.callback(self._talk.close)
        self._ear = GroupEar(self._group, question.receive_on, self._hear)
        closing.callback(self._ear.close)
        self._queries = QueryEar(segments(question), question.group.version)
        closing.callback(self._queries.close)
        self._look.refresh()
        self._tell(
            Serving(
                question.group,
                tuple(self._names.values()),
                PORT,
                self._queries.able,
            )
        )

    def _tell(self, event: ServeEvent) -> None:
        if not self.events.full():
            self.events.put_nowait(event)

    # What comes by multicast

    def _hear(self, datagram: Datagram) -> None:
        interface = self._names.get(datagram.interface, "")
        probe = self._rules.note(
            datagram.data, ttl_hops=datagram.ttl_hops, interface=interface
        )
        if probe is not None:
            self._acknowledge(datagram)

    def _acknowledge(self, datagram: Datagram) -> None:
        """Answer a test as ``receive`` does: unicast to the port above may be shut."""
        tagged = Tagged.decode(datagram.data)
        if tagged.kind is not Kind.QUESTION:
            return
        answer = Tagged(Kind.ANSWER, tagged.request_id, b"ack", name=self._name)
        data = answer.encode()
        refusal = self._policy.refusal(
            datagram.origin,
            datagram.interface,
            asked_bytes=len(datagram.data),
            bytes_=len(data),
            now=self._loop.time(),
        )
        if refusal is None:
            self._talk.answer(data, datagram)

    # What comes by unicast

    def _read(self) -> None:
        for datagram in self._talk.read():
            if not isinstance(datagram, int):
                self._take(datagram)

    def _take(self, datagram: Datagram) -> None:
        asked = self._rules.handle(
            datagram.data,
            datagram.origin,
            ttl_hops=datagram.ttl_hops or 0,
            local=self._local(),
            now=self._loop.time(),
        )
        if asked is None:
            return
        if asked.join_again:
            self._ear.join_again()
            report(self._group.ip, self._question.receive_on)
        if asked.session is not None:
            self._attend(asked, asked.session, datagram)
        if asked.answer is not None:
            self._talk.answer(asked.encoded(asked.answer), datagram)
        elif asked.speak is not None and asked.session is not None:
            self._start(self._speak(asked, asked.speak, asked.session, datagram))

    def _attend(self, asked: Asked, session: Session, datagram: Datagram) -> None:
        looking = self._wire.renew()
        if asked.new:
            if looking:
                session.look_at_the_wire()
            self._look.refresh()
            if asked.speak is None:
                self._tell(Served(datagram.origin.host))

    def _local(self) -> Local:
        return Local(reverse_path_drops(), self._queries.asked, self._look.findings)

    # What it sends when it is told to

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _speak(
        self, asked: Asked, wanted: Speak, session: Session, datagram: Datagram
    ) -> None:
        """Send what is wanted, once, and say so as often as it is asked."""
        if session.spoke is None:
            if session.speaking:
                return
            session.speaking = True
            session.spoke = await self._spoken(wanted, session)
        self._talk.answer(asked.encoded(session.spoke), datagram)

    async def _spoken(self, wanted: Speak, session: Session) -> Spoke:
        sizes = wanted.sizes[:MAX_SPOKEN]
        way = self._question.send_by
        if way is None:
            return Spoke(error="; ".join(self._question.trouble) or "no way out")
        try:
            voice = Voice(self._group, way, min(wanted.ttl_hops, MAX_TTL_HOPS))
        except MachineError as error:
            return Spoke(error=str(error))
        try:
            sent = await say_all(voice, wanted.token, list(enumerate(sizes)))
        except MachineError as error:
            return Spoke(error=str(error))
        finally:
            voice.close()
        await asyncio.sleep(SETTLE_S)
        left = session.left
        return Spoke(sent, None if left is None else tuple(sorted(left)))


def _talk(group: Group) -> Talk:
    try:
        return Talk(group.version, PORT)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise socket_failure(error) from error
        raise PortInUseError(
            f"UDP port {PORT} is taken: another doctor serves here already, or some "
            "other program holds it",
            fix=f"see who it is: ss -ulpn 'sport = :{PORT}'",
        ) from error


def _mtu(question: Question) -> int:
    return min(
        (one.mtu_bytes for one in question.receive_on if not one.loopback),
        default=1500,
    )
