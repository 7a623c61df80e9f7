"""Who is in a group, seen by one who is nobody in it."""

from __future__ import annotations

import asyncio

import pytest
from tests.aio.messages.places import first, here, soon
from tests.aio.places import Foreign, run

from groupwire import aio
from groupwire.errors import InterfaceError, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import MemberJoined, MemberLeft
from groupwire.messages.members import LeaveReason, Role
from groupwire.net import MembershipLost

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_it_sees_who_is_here_who_comes_and_who_goes(group: str) -> None:
    async def work() -> None:
        async with (
            aio.publish(group, name="probe"),
            aio.members(group) as watching,
        ):
            (was_here,) = await first(aiter(watching), 1)
            assert isinstance(was_here, MemberJoined)
            member = was_here.member
            assert (member.name, member.role) == ("probe", Role.PUBLISHER)
            assert watching.members == (member,)
            async with aio.subscribe(group, name="screen"):
                (came,) = await first(aiter(watching), 1)
            (went,) = await first(aiter(watching), 1)
            assert isinstance(came, MemberJoined)
            assert isinstance(went, MemberLeft)
            assert (went.member, went.reason) == (came.member, LeaveReason.SAID)
            assert went.member.role is Role.SUBSCRIBER

    run(work())


def test_it_knows_since_when_a_member_is_here_and_what_it_has_sent(group: str) -> None:
    async def work() -> None:
        watching = aio.members(group)
        async with aio.publish(group, name="probe") as publisher:
            for number in range(3):
                await publisher.send("a", b"%d" % number)
            async with watching:
                (was_here,) = await first(aiter(watching), 1)
                assert isinstance(was_here, MemberJoined)
                standing = watching.standing(was_here.member)
                assert standing is not None
                assert (sum(standing.sent), standing.age_s >= 0) == (3, True)
                await publisher.close()
                await first(aiter(watching), 1)
                assert watching.standing(was_here.member) is None
        with pytest.raises(UsageError, match="is not open"):
            aio.members(group).standing(was_here.member)

    run(work())


def test_nobody_is_told_that_it_looks(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="screen") as screen,
            aio.members(group) as watching,
        ):
            await here(watching, "screen")
            assert screen.members == ()

    run(work())


def test_who_is_tired_of_waiting_loses_nothing(group: str) -> None:
    async def work() -> None:
        async with aio.members(group) as watching:
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await anext(watching)
            async with aio.subscribe(group, name="screen"):
                assert isinstance(await anext(watching), MemberJoined)

    run(work())


def test_closing_ends_the_iteration(group: str) -> None:
    async def work() -> None:
        async with aio.members(group) as watching:

            async def all_of_them() -> list[object]:
                return [event async for event in watching]

            task = asyncio.create_task(all_of_them())
            await asyncio.sleep(0)
            await watching.close()
            await watching.close()
            assert await task == []

    run(work())


def test_it_opens_once_and_is_used_inside(group: str) -> None:
    async def work() -> None:
        watching = aio.members(group)
        with pytest.raises(UsageError, match="this onlooker is not open"):
            _ = watching.members
        with pytest.raises(UsageError, match="this onlooker is not open"):
            await watching.next_event()
        with pytest.raises(UsageError, match="this onlooker is not open"):
            await anext(watching)
        await watching.close()
        async with watching:
            assert [one.name for one in watching.choice.interfaces] == ["lo"]
        with pytest.raises(UsageError, match="opens once"):
            await watching.open()

    run(work())


def test_an_interface_that_is_not_there_is_refused() -> None:
    async def work() -> None:
        async with aio.members("239.1.1.1%wrong0:24699"):
            pass

    with pytest.raises(InterfaceError, match="no interface wrong0"):
        run(work())


def test_junk_is_counted_and_what_nobody_reads_too(
    group: str, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.aio.messages.onlooking._MOST_EVENTS", 1)

    async def work() -> None:
        async with aio.members(group) as watching:
            for junk in (b"?", b"GET / HTTP/1.1", b"\x12\x08\x00\x00" + bytes(20)):
                foreign.say(junk)
            await soon(lambda: watching.dropped.get("norm-unknown"))
            assert {"cut": 1, "no-norm": 1}.items() <= watching.dropped.items()
            lost = MembershipLost(watching.group, "lo", "the interface is gone")
            watching._tell([lost, lost])
            assert watching.dropped["event-queue-full"] == 1
            assert await first(aiter(watching), 1) == [lost]

    run(work())


def test_a_flood_of_a_publisher_is_a_sign_of_its_life(group: str) -> None:
    async def work() -> None:
        async with (
            aio.publish(group, name="probe") as probe,
            aio.members(group) as watching,
        ):
            await here(watching, "probe")
            await probe.send_many("a", [b"x" * 1000] * 100)
            await probe.send("a", b"", delivery=Delivery.BESTEFFORT)
            stats = probe.stats
            await soon(lambda: stats.sent_packets < probe.stats.sent_packets)
            assert "norm-unknown" not in watching.dropped

    run(work())
