"""Asking and answering over real multicast on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from tests.aio.places import run

from groupwire import aio
from groupwire.aio.probing.ping import (
    MemberPinged,
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
from groupwire.aio.probing.ping import members as module
from groupwire.errors import AddressError, InterfaceError, PortInUseError, UsageError


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
        assert (leg.received, leg.lost(2), leg.hops) == (2, 0, 0)
    assert all(0 < reply.answer.rtt_s < 5 for reply in replies)


def test_the_address_that_was_asked_answers() -> None:
    async def scene() -> list[Any]:
        async with responder() as serving:
            return await asked("127.0.0.2", "127.0.0.3", port=serving.state.port)

    for pinged in run(scene())[-2:]:
        assert (pinged.unicast.received, pinged.multicast.received) == (2, 2)


def test_questions_are_as_large_as_wanted() -> None:
    async def scene() -> list[Any]:
        async with responder() as serving:
            return await asked("127.0.0.1", port=serving.state.port, count=1, size=1200)

    started, *_, pinged = run(scene())
    assert started.size_bytes == 1200
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
    assert pinged.refused in {None, "econnrefused"}


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
        (("no.such.invalid",), {}, AddressError),
        (("fe80::1%nowhere9",), {}, AddressError),
        (("::1",), {"group": "239.1.1.1:9"}, AddressError),
        (("127.0.0.1",), {"interface": "nowhere9"}, InterfaceError),
    ],
)
@pytest.mark.usefixtures("no_leaks")
def test_what_cannot_be_asked_is_told_at_once(
    hosts: tuple[str, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(asked(*hosts, **options))


class TestMembers:
    async def asked(self, group: str, **options: Any) -> list[Any]:
        options = {"count": 2, "interval": 0.02, "timeout": 0.3, **options}
        return [event async for event in ping_members(group, **options)]

    @asynccontextmanager
    async def member(self, group: str, name: str) -> AsyncGenerator[None, None]:
        def answer(message: aio.Message) -> None:
            message.answer(b"ack")

        async with aio.open(group, name=name, on_message=answer):
            yield

    def test_every_member_is_told_by_name(self, group: str) -> None:
        async def scene() -> list[Any]:
            async with self.member(group, "a"), self.member(group, "b"):
                return await self.asked(group, size=100)

        started, *replies, a, b = run(scene())
        assert isinstance(started, MembersStarted)
        assert started.interfaces == ("lo",)
        assert len(replies) == 4
        assert {each.name for each in (a, b)} == {"a", "b"}
        assert [(each.asked, each.received, each.lost) for each in (a, b)] == [
            (2, 2, 0)
        ] * 2

    def test_who_is_expected_and_silent_has_lost_all(self, group: str) -> None:
        async def scene() -> list[Any]:
            async with self.member(group, "a"):
                return await self.asked(group, expect=["a", "z"], timeout=0.05)

        *_, a, z = run(scene())
        assert (a.name, a.loss, z.name, z.loss) == ("a", 0.0, "z", 1.0)
        assert z.lost == 2

    def test_a_member_that_came_later_has_lost_nothing(self) -> None:
        member = MemberPinged("a", received=2, first_number=3, asked=5)
        assert (member.lost, member.loss) == (1, 1 / 3)

    def test_members_are_bounded(
        self, group: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_MEMBERS", 0)

        async def scene() -> list[Any]:
            async with self.member(group, "a"):
                return await self.asked(group, count=1, timeout=0.05)

        assert len(run(scene())) == 1

    def test_asking_never_is_refused(self, group: str) -> None:
        with pytest.raises(UsageError):
            run(self.asked(group, count=0))
