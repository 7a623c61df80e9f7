"""Opening, closing, cancelling: whatever ends it, all is left and nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.aio.messages.places import first, gone, here, met, of_kind
from tests.aio.places import run

from groupwire import aio
from groupwire.aio import PublishConfig, SubscribeConfig
from groupwire.aio.messages import Publishing, Subscribing
from groupwire.errors import ClosedError, InterfaceError, MachineError, UsageError
from groupwire.messages.events import Closed, MemberJoined, MemberLeft
from groupwire.messages.members import LeaveReason
from groupwire.net import MembershipLost, MulticastReceiver, MulticastSender

pytestmark = pytest.mark.usefixtures("no_leaks")

TIGHT = SubscribeConfig(queue=20_000)
DATA = bytes(1000)


def test_a_publisher_is_used_inside(group: str) -> None:
    async def work() -> None:
        probe = aio.publish(group, name="probe")
        assert probe.name == "probe"
        assert probe.dropped == {}
        early: list[Callable[[], object]] = [
            lambda: probe.choice,
            lambda: probe.members,
            lambda: probe.stats,
            lambda: probe.send_now("a", b""),
        ]
        for look in early:
            with pytest.raises(UsageError, match="this publisher is not open"):
                look()
        waits: list[Callable[[], Awaitable[object]]] = [
            lambda: probe.send("a", b""),
            lambda: probe.send_many("a", [b""]),
            lambda: anext(probe.events()),
        ]
        for wait in waits:
            with pytest.raises(UsageError, match="this publisher is not open"):
                await wait()
        assert await probe.close() is None
        async with probe:
            assert probe.choice.reason == "lo was named"
        with pytest.raises(UsageError, match="opens once"):
            await probe.open()

    run(work())


def test_a_subscriber_is_used_inside(group: str) -> None:
    async def work() -> None:
        one = aio.subscribe(group, "a/#", name="one")
        assert (one.name, one.patterns) == ("one", ("a/#",))
        assert (one.dropped, one.superseded, one.waiting) == ({}, 0, 0)
        for look in (lambda: one.choice, lambda: one.members, lambda: one.stats):
            with pytest.raises(UsageError, match="this subscriber is not open"):
                look()
        for wait in (aiter(one), one.batches(), one.everything(), one.links()):
            with pytest.raises(UsageError, match="this subscriber is not open"):
                await anext(wait)
        await one.close()
        async with one:
            assert one.choice.reason == "lo was named"
        with pytest.raises(UsageError, match="opens once"):
            await one.open()

    run(work())


def test_what_is_closed_says_so_and_what_came_can_be_taken(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            sent = await probe.send("a", b"x")
            await sent.received()
            await one.close()
            await one.close()
            assert [m.data async for m in one] == [b"x"]
            assert await probe.close() == Closed()
            assert await probe.close() == Closed()
            with pytest.raises(ClosedError):
                await probe.send("a", b"y")
            with pytest.raises(ClosedError):
                await sent.received()
            assert probe.stats.messages == one.stats.messages == 1
            assert [e async for e in one.links()] == []
            events = [event async for event in probe.events()]
            assert events[-1] == Closed()

    run(work())


def test_closing_waits_for_who_is_here_and_names_who_is_not_done(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(patience=0.2)
        async with (
            aio.subscribe(group, name="quick") as quick,
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, quick, slow)
            await probe.send_many("a", [DATA] * 100)
            assert await probe.close() == Closed(frozenset({"slow"}))
            assert len(await first(aiter(quick), 100)) == 100

    run(work())


def test_who_closes_twice_at_once_has_both_answered(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            both = await asyncio.gather(probe.close(), probe.close())
            assert both == [Closed(), Closed()]

    run(work())


def test_a_farewell_is_heard_by_all(group: str) -> None:
    async def work() -> None:
        async with aio.members(group) as watching:
            async with (
                aio.subscribe(group, name="one"),
                aio.publish(group, name="probe"),
            ):
                await here(watching, "one", "probe")
            await gone(watching, "one", "probe")
            left = [await of_kind(aiter(watching), MemberLeft) for _ in range(2)]
            assert {event.reason for event in left} == {LeaveReason.SAID}

    run(work())


class Spoilt(Exception):  # noqa: N818 - what a program raises
    """What a program raises."""


def test_an_exception_goes_through_and_subscribers_have_what_was_sent(
    group: str,
) -> None:
    async def work() -> None:
        async with aio.subscribe(group, name="one") as one:

            async def spoil() -> None:
                async with aio.publish(group, name="probe") as probe:
                    await met(probe, one)
                    await probe.send("a", b"last words")
                    raise Spoilt

            with pytest.raises(Spoilt):
                await spoil()
            assert [m.data for m in await first(aiter(one), 1)] == [b"last words"]
            await gone(one, "probe")

    run(work())


def test_an_exception_waits_for_nobody_for_long(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(patience=60.0)
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.members(group) as watching,
        ):

            async def spoil() -> None:
                async with aio.publish(group, name="probe", config=config) as probe:
                    await met(probe, slow)
                    await here(watching, "probe")
                    await probe.send_many("a", [DATA] * 100)
                    raise Spoilt

            began = asyncio.get_running_loop().time()
            with pytest.raises(Spoilt):
                await spoil()
            assert asyncio.get_running_loop().time() - began < 3
            await gone(watching, "probe")

    run(work())


def test_an_exception_in_a_subscriber_leaves_too(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:

            async def spoil() -> None:
                async with aio.subscribe(group, name="one") as one:
                    await met(probe, one)
                    raise Spoilt

            with pytest.raises(Spoilt):
                await spoil()
            await gone(probe, "one")

    run(work())


async def cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_who_takes_can_be_cancelled_and_loses_nothing(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            await of_kind(one.everything(), MemberJoined)
            for _ in range(3):
                task: asyncio.Task[object] = asyncio.create_task(one.next_event())
                await asyncio.sleep(0)
                await cancelled(task)
            await probe.send("a", b"x")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await one.next_event()
            assert [m.data for m in await first(aiter(one), 1)] == [b"x"]

    run(work())


def test_who_waits_for_room_or_receipts_can_be_cancelled(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(queue=64 << 10, window=64 << 10, patience=0.5)
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            sent = await probe.send_many("a", [DATA] * 60)

            async def flood() -> None:
                while True:
                    await probe.send("a", DATA)

            flooding: asyncio.Task[object] = asyncio.create_task(flood())
            asking: asyncio.Task[object] = asyncio.create_task(sent.received())
            await asyncio.sleep(0.1)
            assert not flooding.done()
            await cancelled(asking)
            await cancelled(flooding)
            count = probe.stats.messages
            messages = await first(aiter(slow), count)
            assert [m.sequence for m in messages] == list(range(count))

    run(work())


def test_closing_can_be_cancelled_and_leaves(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(patience=60.0)
        async with aio.subscribe(group, name="slow", config=TIGHT) as slow:
            probe = aio.publish(group, name="probe", config=config)
            await probe.open()
            await met(probe, slow)
            sent = await probe.send_many("a", [DATA] * 100)
            asking = asyncio.create_task(sent.received())
            closing: asyncio.Task[object] = asyncio.create_task(probe.close())
            again = asyncio.create_task(probe.close())
            await asyncio.sleep(0.01)
            await cancelled(closing)
            assert await again is None
            assert await probe.close() is None
            assert (await asking).missing == {"slow"}
            with pytest.raises(ClosedError):
                await probe.send("a", DATA)

    run(work())


@pytest.mark.parametrize("make", [aio.publish, aio.subscribe])
def test_cancelling_inside_leaves_and_goes_through(
    group: str, make: Callable[..., Publishing | Subscribing]
) -> None:
    async def work() -> None:
        async with aio.members(group) as watching:

            async def member() -> None:
                async with make(group, name="m"):
                    await asyncio.Event().wait()

            task: asyncio.Task[object] = asyncio.create_task(member())
            await here(watching, "m")
            await cancelled(task)
            await gone(watching, "m")

    run(work())


def test_an_interface_that_is_not_there_is_refused() -> None:
    async def work() -> None:
        for make in (aio.publish, aio.subscribe):
            with pytest.raises(InterfaceError, match="no interface wrong0"):
                async with make("239.1.1.1%wrong0:24698"):
                    pass

    run(work())


def test_what_cannot_be_sent_from_the_first_word_on_is_raised(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise MachineError("network is unreachable")

    monkeypatch.setattr(MulticastSender, "send", refuse)

    async def work() -> None:
        with pytest.raises(MachineError, match="unreachable"):
            async with aio.publish(group):
                pass
        # Who hears only can still hear.
        async with aio.subscribe(group) as one:
            assert one.dropped["interface-refused"] > 0

    run(work())


def test_nothing_stays_open_where_something_is_refused(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MachineError("refused")

    monkeypatch.setattr(MulticastReceiver, "join", refuse)

    async def work() -> None:
        for make in (aio.publish, aio.subscribe, aio.members):
            with pytest.raises(MachineError, match="refused"):
                async with make(group):
                    pass
        monkeypatch.undo()
        monkeypatch.setattr("groupwire.aio.ends.carrying.Running", refuse)
        for make in (aio.publish, aio.subscribe, aio.members):
            with pytest.raises((MachineError, TypeError)):
                async with make(group):
                    pass

    run(work())


def test_memberships_of_this_machine_are_told(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            lost = MembershipLost(one.group, "lo", "the interface is gone")
            one._tell([lost])
            probe._tell([lost])
            assert await first(one.links(), 1) == [lost]
            assert await of_kind(probe.events(), MembershipLost) == lost

    run(work())


def test_events_that_nobody_reads_are_counted_when_they_are_too_many(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.aio.messages.publishing._MOST_EVENTS", 0)
    monkeypatch.setattr("groupwire.aio.messages.subscribing._MOST_EVENTS", 0)

    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            lost = MembershipLost(one.group, "lo", "the interface is gone")
            one._tell([lost])
            probe._tell([lost])
            assert one.dropped["event-queue-full"] == 1
            assert probe.dropped["event-queue-full"] >= 1

    run(work())


def test_the_next_message_may_be_waited_for_in_vain_and_again(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            iterator = aiter(one)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(iterator), 0.01)
            with pytest.raises(TimeoutError):
                await one.next_message(0.01)
            await met(probe, one)
            await probe.send_many("a", [b"1", b"2", b"3"])
            assert (await anext(iterator)).data == b"1"
            message = await one.next_message(5)
            assert message is not None
            assert message.data == b"2"
            assert (await anext(one)).data == b"3"
            await one.close()
            assert await one.next_message() is None
            with pytest.raises(StopAsyncIteration):
                await anext(one)

    run(work())
