import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from groupwire.diagnose import Diagnosis, ask
from groupwire.diagnose.check import Question
from groupwire.diagnose.finding import Finding, Looked, Severity
from groupwire.diagnose.trials import serve as serving
from groupwire.diagnose.trials.peer import visit
from groupwire.diagnose.trials.peer.conversation import Conversation
from groupwire.diagnose.trials.peer.visit import Peer, ladder
from groupwire.diagnose.trials.seen import PeerSeen
from groupwire.diagnose.trials.serve import Served, ServeEvent, Serving, serve
from groupwire.diagnose.trials.wire.speech import PORT, Spoke, Tell, Told, Welcome
from groupwire.errors import MachineError, PortInUseError
from groupwire.values import Group

_T = TypeVar("_T")
# A group of this process: other tests run beside it.
GROUP = f"239.255.{os.getpid() % 250}.7:{20_000 + os.getpid() % 10_000}"


@pytest.fixture(autouse=True)
def _port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both ends meet at a port that is free, whoever else tests here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    for module in (
        "groupwire.diagnose.trials.serve",
        "groupwire.diagnose.trials.peer.visit",
        "groupwire.diagnose.trials.peer.conversation",
    ):
        monkeypatch.setattr(f"{module}.PORT", port)


@pytest.fixture
def question() -> Question:
    return ask(GROUP, "lo", peer="127.0.0.1")


async def with_server(
    there: Question,
    work: Callable[[], Awaitable[_T]],
    examine: Callable[[], Awaitable[Diagnosis]] | None = None,
) -> tuple[_T, list[ServeEvent]]:
    """Do something while a doctor serves; return what it told, too."""
    events: list[ServeEvent] = []
    ready = asyncio.Event()

    async def run() -> None:
        async for event in serve(there, examine=examine, name="bob"):
            events.append(event)
            ready.set()

    task = asyncio.create_task(run())
    await ready.wait()
    try:
        return await work(), events
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def visited(
    question: Question,
    there: Question | None = None,
    examine: Callable[[], Awaitable[Diagnosis]] | None = None,
) -> tuple[PeerSeen, list[ServeEvent]]:
    async def work() -> PeerSeen:
        (seen,) = await Peer().run(question, asyncio.Event())
        return seen

    return asyncio.run(with_server(there or question, work, examine))


def alone(question: Question) -> PeerSeen:
    (seen,) = asyncio.run(Peer().run(question, asyncio.Event()))
    return seen


def test_two_ends_hear_each_other(question: Question) -> None:
    seen, events = visited(question)
    assert (seen.serving, seen.name, seen.hops) == (True, "bob", 0)
    assert seen.there is not None
    assert seen.back is not None
    assert seen.there.heard == seen.there.sent == (0, 1, 2, 3, 4)
    assert seen.back.heard == seen.back.sent == (0, 1, 2, 3, 4)
    assert (seen.there.interface, seen.back.interface) == ("lo", "lo")
    # Loopback has no wire to look at.
    assert (seen.there.left, seen.there.reached) == (None, None)
    assert seen.members == ("bob",)
    assert [type(event) for event in events] == [Serving, Served]


@pytest.mark.parametrize("source", ["127.0.0.1", "10.0.0.7"])
def test_a_group_with_one_sender_is_tried_from_that_sender_alone(source: str) -> None:
    seen, _ = visited(ask(f"{source}@232.1.1.7:20007", "lo", peer="127.0.0.1"))
    other = source != "127.0.0.1"
    assert (seen.one_way, seen.there is None) == (other, other)
    assert not seen.fell_silent
    assert seen.back is not None
    assert seen.back.heard == seen.back.sent


def test_names_at_the_peers_address_are_kept_up_to_a_limit(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "MOST_MEMBERS", 0)
    seen, _ = visited(question)
    assert seen.members == ()


def test_what_the_peer_finds_at_home_is_told(question: Question) -> None:
    firewall = Finding(code="firewall", severity=Severity.ERROR, says="it drops")
    hint = Finding(code="container", severity=Severity.INFO, says="it is one")

    async def examine() -> Diagnosis:
        return Diagnosis((("x", Looked(at=(), findings=(firewall, hint))),))

    seen, _ = visited(question, examine=examine)
    assert seen.findings == (("firewall", "it drops"),)


def test_a_look_at_home_that_fails_is_none(question: Question) -> None:
    async def examine() -> Diagnosis:
        raise MachineError("no")

    seen, _ = visited(question, examine=examine)
    assert seen.findings == ()


def test_a_peer_that_cannot_send_says_why(question: Question) -> None:
    there = replace(question, send_by=None, trouble=("no way out",))
    seen, _ = visited(question, there)
    assert seen.back is not None
    assert (seen.back.sent, seen.back.error) == ((), "no way out")


def test_a_peer_that_serves_another_group_is_told(question: Question) -> None:
    other = replace(question, group=Group.parse("239.255.1.1:9999"))
    seen, _ = visited(question, other)
    assert (seen.serving, seen.other_group) == (False, "239.255.1.1:9999")


def test_what_is_lost_is_tried_once_more_after_a_new_join(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Tell] = []
    say = Conversation.ask

    async def note(
        self: Conversation, word: Tell, kind: type[Welcome], **more: float
    ) -> object:
        if isinstance(word, Tell):
            asked.append(word)
        return await say(self, word, kind, **more)

    def deaf(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(Conversation, "ask", note)
    monkeypatch.setattr(serving.Responder, "note", deaf)
    seen, _ = visited(question)
    assert seen.there is not None
    assert (seen.there.heard, len(seen.there.renewed)) == ((), 3)
    assert [word.again for word in asked] == [False, False, True, False]


def test_where_nobody_serves_the_peers_host_may_say_so(question: Question) -> None:
    seen = alone(question)
    assert (seen.serving, seen.refused) == (False, True)
    assert seen.members == ()


def test_without_a_peer_nobody_is_visited(question: Question) -> None:
    assert asyncio.run(Peer().run(replace(question, peer=None), asyncio.Event())) == []


def test_without_a_way_out_nobody_is_visited(question: Question) -> None:
    seen = alone(replace(question, send_by=None, trouble=("nothing is up",)))
    assert seen.trouble == "nothing is up"


def test_an_interface_that_is_gone_is_told(question: Question) -> None:
    (lo,) = question.receive_on
    gone = replace(lo, index=lo.index + 1000)
    seen = alone(replace(question, receive_on=(gone,)))
    assert "cannot join" in seen.trouble


def test_a_peer_beyond_all_routes_is_told(question: Question) -> None:
    # Loopback sends nothing to the reserved addresses above all groups.
    peer = type(question.group.ip)("255.255.255.255")
    assert "no way to" in alone(replace(question, peer=peer)).trouble


def test_what_the_system_refuses_to_send_is_told(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> tuple[int, ...]:
        raise MachineError("forbidden")

    monkeypatch.setattr(visit, "say_all", refuse)
    monkeypatch.setattr(serving, "say_all", refuse)
    seen, _ = visited(question)
    assert seen.there is not None
    assert seen.back is not None
    assert (seen.there.sent, seen.there.error) == ((), "forbidden")
    assert seen.back.error == "forbidden"


def test_a_peer_that_does_not_say_what_it_sent_is_told(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> Spoke:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(serving._Serving, "_spoken", never)
    monkeypatch.setattr(visit, "SPEAKING_S", 0.01)
    seen, _ = visited(question)
    assert (seen.fell_silent, seen.back) == (True, None)
    assert seen.there is not None
    assert seen.there.heard == seen.there.sent


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_a_peer_that_does_not_say_what_arrived_is_told(
    question: Question, monkeypatch: pytest.MonkeyPatch, answers: int
) -> None:
    say = Conversation.ask
    left = iter(range(answers))

    async def less(
        self: Conversation, word: Tell, kind: type[Told], **more: float
    ) -> object:
        if isinstance(word, Tell) and next(left, None) is None:
            return None
        return await say(self, word, kind, **more)

    def deaf(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(Conversation, "ask", less)
    monkeypatch.setattr(serving.Responder, "note", deaf)
    seen, _ = visited(question)
    assert (seen.serving, seen.fell_silent) == (True, True)
    assert (seen.there, seen.back) == (None, None)


def test_a_port_that_is_taken_is_told(question: Question) -> None:
    async def second() -> None:
        async for _ in serve(question, name="eve"):
            raise AssertionError

    with pytest.raises(PortInUseError, match="another doctor"):
        asyncio.run(with_server(question, second))


def test_sizes_to_try_begin_with_the_largest_whole_packet() -> None:
    assert ladder(1472) == [1472, 1372, 1252, 1000, 548]
    assert ladder(8972) == [8972, 1472, 1372, 1252, 1000, 548]
    assert ladder(65_508) == []


def test_the_port_is_the_one_of_the_protocol() -> None:
    assert PORT == 10_003
