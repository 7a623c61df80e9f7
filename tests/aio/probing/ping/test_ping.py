"""Asking and answering over real multicast on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from itertools import count
from typing import Any

import pytest
from tests.aio.places import Foreign, run, until

from groupwire import aio
from groupwire.aio.probing.ping import (
    MemberPinged,
    MemberReply,
    MembersStarted,
    Pinged,
    PingReply,
    PingServed,
    PingServing,
    PingStarted,
    ping,
    ping_members,
    serve_ping,
)
from groupwire.aio.probing.ping.exits import Exits
from groupwire.errors import AddressError, InterfaceError, PortInUseError, UsageError
from groupwire.gather import Kind, Tagged
from groupwire.probe.ping import Roll
from groupwire.values import Origin


@asynccontextmanager
async def responder(*, port: int = 0) -> AsyncGenerator[PingServing, None]:
    """Answer at a port of its own."""
    async with serve_ping(name="cam1", port=port, interval=0.01) as serving:
        yield serving


async def asked(*hosts: str, **options: Any) -> list[Any]:
    options = {"count": 2, "interval": 0.02, "timeout": 0.3, **options}
    return [event async for event in ping(hosts, **options)]


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("group", [None, "239.255.78.9:9"])
def test_both_ways_are_heard_side_by_side(group: str | None) -> None:
    async def scene() -> list[Any]:
        async with responder() as serving:
            return await asked("127.0.0.1", group=group, port=serving.state.port)

    started, *replies, pinged = run(scene())
    assert isinstance(started, PingStarted)
    assert (started.host, started.interfaces) == ("127.0.0.1", ("lo",))
    wanted = "232.43.211.234" if group is None else "239.255.78.234"
    assert str(started.group.ip) == wanted
    assert len(replies) == 4
    assert all(isinstance(reply, PingReply) for reply in replies)
    assert {reply.name for reply in replies} == {"cam1"}
    assert isinstance(pinged, Pinged)
    assert (pinged.name, pinged.asked, pinged.refused) == ("cam1", 2, None)
    for leg in (pinged.unicast, pinged.multicast):
        assert (leg.asked, leg.received, leg.lost, leg.hops) == (2, 2, 0, 0)
    assert all(0 < reply.answer.rtt_s < 5 for reply in replies)


def test_the_address_that_was_asked_answers() -> None:
    async def scene() -> list[Any]:
        async with responder() as serving:
            return await asked("127.0.0.2", "127.0.0.3", port=serving.state.port)

    for pinged in run(scene())[-2:]:
        assert (pinged.unicast.received, pinged.multicast.received) == (2, 2)


@pytest.mark.parametrize("host", ["::ffff:127.0.0.1", "localhost"])
def test_other_ways_to_say_a_host_are_understood(host: str) -> None:
    async def scene() -> list[Any]:
        async with responder() as serving:
            return await asked(host, port=serving.state.port, count=1)

    pinged = run(scene())[-1]
    assert (pinged.address, pinged.multicast.received) == ("127.0.0.1", 1)


def test_questions_are_as_large_as_wanted() -> None:
    async def scene() -> list[Any]:
        async with responder() as serving:
            return await asked("127.0.0.1", port=serving.state.port, count=1, size=1200)

    started, *_, pinged = run(scene())
    assert started.size_bytes == 1200
    assert started.limit_bytes > 1200
    assert pinged.multicast.received == 1


def test_a_responder_tells_what_it_has_done() -> None:
    async def scene() -> tuple[PingServed, PingServed]:
        async with responder() as serving:
            before = serving.state
            await asked("localhost", port=before.port, count=1)
            async for state in serving:
                return before, state
        raise AssertionError

    before, after = run(scene())
    assert (before.name, before.answered, before.latest) == ("cam1", 0, None)
    assert after.answered == 1
    assert str(after.latest).startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("limit", "reason"), [("_RATE", "rate"), ("_TOTAL_RATE", "rate-of-all")]
)
def test_strangers_are_counted_and_not_answered(
    limit: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"groupwire.aio.probing.ping.serving.{limit}", 1)

    async def scene() -> PingServed:
        async with responder() as serving:
            pinged = (await asked("127.0.0.1", port=serving.state.port, count=3))[-1]
            assert pinged.unicast.received < 3
            return serving.state

    state = run(scene())
    assert set(state.refused) == {reason}
    assert state.answered < 3


def test_nobody_there_is_a_result() -> None:
    *_, pinged = run(asked("127.0.0.1", port=9, timeout=0.05))
    assert (pinged.unicast.received, pinged.multicast.received) == (0, 0)
    assert pinged.refused == "econnrefused"


def test_a_port_that_is_held_is_told() -> None:
    async def scene() -> None:
        async with responder() as serving, responder(port=serving.state.port):
            pass

    with pytest.raises(PortInUseError):
        run(scene())


@pytest.mark.usefixtures("no_leaks")
def test_who_stops_listening_stops_asking() -> None:
    async def scene() -> None:
        async with aclosing(ping(["127.0.0.1"], count=None, port=9)) as events:
            assert isinstance(await anext(events), PingStarted)
        (result,) = events.results
        assert (result.host, result.unicast.received) == ("127.0.0.1", 0)

    run(scene())


@pytest.mark.parametrize(
    ("hosts", "options", "error"),
    [
        ((), {}, UsageError),
        (("127.0.0.1",), {"count": 0}, UsageError),
        (("127.0.0.1",), {"interval": 0.001}, UsageError),
        (("127.0.0.1",), {"size": 70_000}, UsageError),
        (("127.0.0.1",), {"timeout": 0.0}, UsageError),
        (("no.such.invalid",), {}, AddressError),
        (("fe80::1%nowhere9",), {}, AddressError),
        (("::1",), {"group": "239.1.1.1:9"}, AddressError),
        (("127.0.0.1",), {"group": "127.0.0.1@232.1.1.1:9"}, AddressError),
        (("239.1.1.1",), {}, AddressError),
        (("0.0.0.0",), {}, AddressError),
        (("127.255.255.255",), {}, AddressError),
        (("fe80::1",), {}, AddressError),
        (("fe80::1",), {"interface": "nowhere9"}, AddressError),
        (("127.0.0.1",), {"interface": "nowhere9"}, InterfaceError),
    ],
)
@pytest.mark.usefixtures("no_leaks")
def test_what_cannot_be_asked_is_told_at_once(
    hosts: tuple[str, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(asked(*hosts, **options))


@pytest.mark.usefixtures("no_leaks")
def test_a_responder_is_a_member_of_a_group_too(group: str) -> None:
    async def scene() -> tuple[PingServed, list[Any]]:
        async with serve_ping(
            name="srv", port=0, interval=0.01, group=group
        ) as serving:
            members = await members_asked(group, count=1, expect=["srv"])
            async for state in serving:
                return state, members
        raise AssertionError

    state, (*_, member) = run(scene())
    assert state.joined is not None
    assert (str(state.joined.group), state.pings, state.answered) == (group, 2, 0)
    assert (member.name, member.unicast.lost, member.multicast.lost) == ("srv", 0, 0)


def test_an_interface_without_a_group_is_refused() -> None:
    with pytest.raises(UsageError):
        serve_ping(interface="lo")


async def members_asked(group: str, **options: Any) -> list[Any]:
    options = {"count": 2, "interval": 0.04, "timeout": 0.3, **options}
    return [event async for event in ping_members(group, **options)]


@asynccontextmanager
async def member(
    group: str, name: str, **config: Any
) -> AsyncGenerator[aio.Peer, None]:
    """Be a member that nobody's message reaches."""
    with_name = aio.PeerConfig(name=name, **config)
    async with aio.open(group, config=with_name) as peer:
        yield peer


class TestMembers:
    @pytest.mark.usefixtures("no_leaks")
    def test_every_member_is_asked_both_ways_and_hears_of_nothing(
        self, group: str
    ) -> None:
        async def scene() -> list[Any]:
            async with member(group, "a") as one, member(group, "b") as other:
                told = await members_asked(group, size=100)
                assert [peer.stats.pings for peer in (one, other)] == [4, 4]
                assert [peer.stats.received for peer in (one, other)] == [0, 0]
            return told

        started, *replies, a, b = run(scene())
        assert isinstance(started, MembersStarted)
        assert (started.interfaces, started.size_bytes) == (("lo",), 100)
        assert len(replies) == 8
        assert all(isinstance(reply, MemberReply) for reply in replies)
        assert {each.name for each in (a, b)} == {"a", "b"}
        for each in (a, b):
            assert isinstance(each, MemberPinged)
            for leg in (each.unicast, each.multicast):
                assert (leg.asked, leg.received, leg.lost, leg.hops) == (2, 2, 0, 0)
                assert leg.duplicates == 0

    def test_once_is_enough_for_both_ways(self, group: str) -> None:
        async def scene() -> list[Any]:
            async with member(group, "a"):
                return await members_asked(group, count=1)

        found = run(scene())[-1]
        assert (found.unicast.received, found.multicast.received) == (1, 1)

    def test_who_is_expected_and_silent_has_lost_all(self, group: str) -> None:
        async def scene() -> list[Any]:
            async with member(group, "a"):
                return await members_asked(group, expect=["a", "z"], timeout=0.05)

        *_, a, z = run(scene())
        assert (a.name, a.multicast.loss, z.name, z.sender) == ("a", 0.0, "z", "")
        assert (z.multicast.lost, z.multicast.loss) == (2, 1.0)

    def test_a_member_that_answers_no_pings_is_none(self, group: str) -> None:
        async def scene() -> list[Any]:
            async with member(group, "a", answer_pings=False) as peer:
                told = await members_asked(group, count=1, timeout=0.05)
                assert peer.stats.dropped == {"ping-not-asked": 1}
                return told

        assert len(run(scene())) == 1

    def test_who_knows_no_pings_answers_as_its_program_does(self, group: str) -> None:
        async def scene() -> list[Any]:
            with Foreign(group) as foreign:
                answers = answer(foreign, 2, b"ack")
                told, _ = await asyncio.gather(members_asked(group), answers)
                return told

        found = run(scene())[-1]
        assert (found.name, found.pings) == ("", False)
        assert (found.multicast.received, found.multicast.hops) == (2, None)

    def test_junk_and_forged_answers_are_no_members(self, group: str) -> None:
        async def scene() -> list[Any]:
            async with member(group, "a"):
                with Foreign(group) as foreign:
                    answers = answer(foreign, 2, *FORGED)
                    told, _ = await asyncio.gather(members_asked(group), answers)
                    return told

        assert [
            each.name for each in run(scene()) if isinstance(each, MemberPinged)
        ] == ["a"]

    def test_a_way_that_is_gone_for_a_while_is_told_and_ends_nothing(
        self, group: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_group, asked = Exits.ask_group, count(1)

        def refusing(exits: Exits, question: bytes) -> float:
            if next(asked) == 2:
                raise InterfaceError("the cable is out", fix="put it in")
            return ask_group(exits, question)

        monkeypatch.setattr(Exits, "ask_group", refusing)

        async def scene() -> list[Any]:
            async with member(group, "a"):
                return await members_asked(group, count=3, expect=["a"])

        found = run(scene())[-1]
        assert (found.multicast.received, found.multicast.lost) == (2, 1)
        assert "the cable is out" in found.refused

    def test_where_the_first_question_cannot_leave_it_is_an_error(
        self, group: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refusing(*_: object) -> float:
            raise InterfaceError("the cable is out", fix="put it in")

        monkeypatch.setattr(Exits, "ask_group", refusing)
        with pytest.raises(InterfaceError):
            run(members_asked(group))

    def test_who_is_found_late_is_asked_alone_at_once(
        self, group: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_one = Exits.ask_one
        refusals = iter(["enetunreach"])

        def refusing(exits: Exits, question: bytes, to: Origin) -> Any:
            at, refused = ask_one(exits, question, to)
            return at, next(refusals, refused)

        waiting, looked = Roll.waiting, list[Roll]()

        def recorded(roll: Roll) -> Any:
            looked.append(roll)
            return waiting(roll)

        monkeypatch.setattr(Exits, "ask_one", refusing)
        monkeypatch.setattr(Roll, "waiting", recorded)

        async def scene() -> list[Any]:
            asking = asyncio.create_task(members_asked(group, count=1, interval=0.02))
            with Foreign(group) as foreign:
                data, sender = await asyncio.to_thread(foreign.hear)
                await until(lambda: looked)  # the others would be asked now
                question = Tagged.decode(data)
                late = Tagged(Kind.ANSWER, question.request_id, name="late", ping=True)
                foreign.say(late.encode(), sender)
                heard, _ = await asyncio.to_thread(foreign.hear_answer)
                assert Tagged.decode(heard).ping
                return await asking

        found = run(scene())[-1]
        assert (found.name, found.unicast.asked, found.refused) == (
            "late",
            1,
            "enetunreach",
        )

    def test_what_is_interrupted_has_lost_nothing(self, group: str) -> None:
        async def scene() -> None:
            asking = ping_members(group, interval=9.0, expect=["z"])
            async with aclosing(asking) as events:
                assert isinstance(await anext(events), MembersStarted)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await anext(events)
            (z,) = asking.results
            assert (z.multicast.asked, z.multicast.open, z.multicast.lost) == (1, 1, 0)

        run(scene())

    @pytest.mark.parametrize(
        "options", [{"count": 0}, {"interval": 0.001}, {"size": 70_000}]
    )
    def test_what_cannot_be_asked_is_refused(
        self, group: str, options: dict[str, Any]
    ) -> None:
        with pytest.raises(UsageError):
            run(members_asked(group, **options))


FORGED = (
    Tagged(Kind.ANSWER, 7, name="evil", ping=True).encode(),
    Tagged(Kind.QUESTION, 7, name="evil", ping=True).encode(),
    b"\xf5gw\x01\x02junk",
)
"""Answers to no question, and what is no answer."""


async def answer(foreign: Foreign, times: int, *answers: bytes) -> None:
    """Answer as a program does that knows no pings."""
    for _ in range(times):
        _, sender = await asyncio.to_thread(foreign.hear)
        for data in answers:
            foreign.say(data, sender)
