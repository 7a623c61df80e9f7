"""Messages from publishers to subscribers of one process, over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.aio.messages.places import first, here, met, of_kind, payloads, soon
from tests.aio.places import run

from groupwire import aio
from groupwire.aio import PublishConfig, SubscribeConfig
from groupwire.aio.messages.message import Receipt
from groupwire.errors import MessageTooLarge, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, MemberJoined
from groupwire.messages.members import Role
from groupwire.messages.rules import StartAt

pytestmark = pytest.mark.usefixtures("no_leaks")

_OLDER_S = 0.05
"""Who comes at the same time as a publisher may be there before it, or not."""


def test_every_subscriber_has_every_message_in_order(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.subscribe(group, name="two") as two,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one, two)
            for number in range(500):
                sent = await probe.send("room/1", str(number).encode())
            assert (sent.sequence, sent.delivery) == (499, Delivery.RELIABLE)
            both = frozenset({"one", "two"})
            assert await sent.received() == Receipt(both, frozenset())
            for subscriber in (one, two):
                messages = await first(aiter(subscriber), 500)
                assert [int(m.data) for m in messages] == list(range(500))
                assert [m.sequence for m in messages] == list(range(500))
                last = messages[-1]
                assert (last.topic, last.publisher.name) == ("room/1", "probe")
                assert (last.delivery, last.last_value) == (Delivery.RELIABLE, False)
                assert repr(last) == "<Message room/1: 3 bytes from probe>"
                assert subscriber.stats.messages == 500

    run(work())


def test_who_was_there_before_has_the_first_message(group: str) -> None:
    async def work() -> None:
        async with aio.subscribe(group, name="one") as one:
            async with aio.publish(group, name="probe") as probe:
                await probe.send("a", b"first")
            assert [m.data for m in await first(aiter(one), 1)] == [b"first"]

    run(work())


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        (("room/+/temperature",), [b"t1", b"t2"]),
        (("room/#",), [b"t1", b"h1", b"t2"]),
        (("room/1/humidity", "door"), [b"h1", b"d"]),
        ((), [b"t1", b"h1", b"t2", b"d"]),
    ],
)
def test_only_what_is_subscribed_to_comes(
    group: str, patterns: Sequence[str], wanted: list[bytes]
) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, *patterns, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            await probe.send("room/1/temperature", b"t1")
            await probe.send("room/1/humidity", b"h1")
            await probe.send("room/2/temperature", b"t2")
            await (await probe.send("door", b"d")).received()
            messages = await first(aiter(one), len(wanted))
            assert [m.data for m in messages] == wanted
            assert one.stats.skipped == 4 - len(wanted)

    run(work())


def test_any_bytes_are_a_message_and_nothing_else(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            large = bytes(range(256)) * 4096
            for data in (b"", bytearray(b"array"), memoryview(b"view"), large):
                await probe.send("odd /\u00e4/\U0001f600", data)
            messages = await first(aiter(one), 4)
            assert [m.data for m in messages] == [b"", b"array", b"view", large]
            assert messages[0].topic == "odd /\u00e4/\U0001f600"
            with pytest.raises(UsageError, match="data is a str"):
                await probe.send("a", "text")  # type: ignore[arg-type]
            with pytest.raises(UsageError, match="payloads is one message"):
                await probe.send_many("a", b"abc")  # type: ignore[arg-type]
            with pytest.raises(UsageError, match="payloads is empty"):
                await probe.send_many("a", [])
            with pytest.raises(UsageError, match="a topic is a str"):
                await probe.send(b"a", b"x")  # type: ignore[arg-type]
            with pytest.raises(MessageTooLarge):
                await probe.send("a", bytes((16 << 20) + 1))
            for topic in ("", "a/+", "#", "a\0", "x" * 1025):
                with pytest.raises(UsageError):
                    await probe.send(topic, b"")

    run(work())


def test_many_are_handed_over_at_once_and_taken_in_batches(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            data = [str(number).encode() for number in range(1000)]
            sent = await probe.send_many("a", data)
            assert sent.sequence == 999
            batches: list[Batch] = []
            async for batch in one.batches():
                batches.append(batch)
                if batch.sequence + len(batch.payloads) == 1000:
                    break
            assert payloads(batches) == data
            assert len(batches) < 100
            assert probe.send_now("a", b"now").sequence == 1000
            event = await one.next_event()
            assert isinstance(event, Batch)
            assert event.payloads == [b"now"]
            assert one.waiting == 0

    run(work())


def test_a_delay_bound_makes_batches_of_single_messages(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(delay=0.1)
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, one)
            began = asyncio.get_running_loop().time()
            for number in range(20):
                await probe.send("a", str(number).encode())
                await asyncio.sleep(0)
            (batch,) = await first(one.batches(), 1)
            assert len(batch.payloads) == 20
            assert asyncio.get_running_loop().time() - began >= 0.1

    run(work())


def test_what_is_left_of_a_batch_is_the_next_ones(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            await probe.send_many("a", [b"1", b"2", b"3"])
            assert [m.data for m in await first(aiter(one), 1)] == [b"1"]
            assert [m.data for m in await first(aiter(one), 2)] == [b"2", b"3"]

    run(work())


@pytest.mark.parametrize("delivery", list(Delivery))
def test_each_delivery_arrives_and_says_so(group: str, delivery: Delivery) -> None:
    async def work() -> None:
        config = PublishConfig(delivery=delivery)
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, one)
            sent = await probe.send("a", b"x")
            (message,) = await first(aiter(one), 1)
            assert message.delivery is delivery
            if delivery is Delivery.BESTEFFORT:
                with pytest.raises(UsageError, match="nobody acknowledges"):
                    await sent.received()
            else:
                assert (await sent.received()).received == {"one"}

    run(work())


def test_a_late_one_begins_with_what_is_sent_then(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            await probe.send("a", b"before")
            await asyncio.sleep(_OLDER_S)
            async with aio.subscribe(group, name="late") as late:
                await met(probe, late)
                await probe.send("a", b"after")
                assert [m.data for m in await first(aiter(late), 1)] == [b"after"]

    run(work())


def test_a_late_one_begins_with_the_last_values(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(start_at=StartAt.LAST_VALUE)
        async with aio.publish(group, name="probe") as probe:
            await probe.send_many("a", [b"old", b"last a"])
            await probe.send("b", b"last b", delivery=Delivery.LATEST)
            await probe.send("c", b"unwanted")
            await asyncio.sleep(_OLDER_S)
            async with aio.subscribe(group, "a", "b", name="l", config=config) as late:
                messages = await first(aiter(late), 2)
                assert {m.data for m in messages} == {b"last a", b"last b"}
                assert all(m.last_value for m in messages)

    run(work())


def test_a_late_one_begins_with_the_whole_window(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(start_at=StartAt.WINDOW)
        async with aio.publish(group, name="probe") as probe:
            await probe.send_many("a", [b"0", b"1", b"2"])
            await asyncio.sleep(_OLDER_S)
            async with aio.subscribe(group, name="late", config=config) as late:
                messages = await first(aiter(late), 3)
                assert [m.data for m in messages] == [b"0", b"1", b"2"]
                assert not any(m.last_value for m in messages)

    run(work())


def test_both_ends_hear_who_comes_and_goes(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            async with aio.subscribe(group, name="one") as one:
                joined = await of_kind(probe.events(), MemberJoined)
                assert (joined.member.name, joined.member.role) == (
                    "one",
                    Role.SUBSCRIBER,
                )
                came = await of_kind(one.everything(), MemberJoined)
                assert came.member.role is Role.PUBLISHER
                assert [m.name for m in one.members] == ["probe"]
                assert [m.name for m in probe.members] == ["one"]
            await soon(lambda: not probe.members)

    run(work())


def test_a_publisher_that_comes_back_is_another_life(group: str) -> None:
    async def work() -> None:
        lives: set[int] = set()
        async with aio.subscribe(group, name="one") as one:
            for life in (b"first", b"second"):
                async with aio.publish(group, name="probe") as probe:
                    await met(probe, one)
                    await probe.send("a", life)
                    lives |= {member.id for member in one.members}
        assert len(lives) == 2

    run(work())


def test_two_publishers_of_one_name_are_told_apart(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as left,
            aio.publish(group, name="probe") as right,
        ):
            await soon(lambda: len(one.members) == 2)
            await soon(lambda: len(left.members) == len(right.members) == 2)
            for number in range(100):
                await left.send("a", b"left %d" % number)
                await right.send("a", b"right %d" % number)
            messages = await first(aiter(one), 200)
            for side in (b"left", b"right"):
                data = [m.data for m in messages if m.data.startswith(side)]
                assert data == [b"%s %d" % (side, n) for n in range(100)]
            labels = {str(m.publisher) for m in messages}
            assert "probe" in labels
            assert len(labels) == 2
            assert len({m.publisher.id for m in messages}) == 2

    run(work())


def test_who_publishes_and_subscribes_hears_itself_too(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="robot") as ear,
            aio.publish(group, name="robot") as mouth,
        ):
            await here(mouth, "robot")
            await mouth.send("a", b"echo")
            assert [m.data for m in await first(aiter(ear), 1)] == [b"echo"]

    run(work())


def test_two_tasks_take_each_message_once(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            taken: list[bytes] = []

            async def take() -> None:
                async for batch in one.batches():
                    taken.extend(batch.payloads)

            tasks = [asyncio.create_task(take()) for _ in range(2)]
            for number in range(50):
                await probe.send("a", str(number).encode())
                await asyncio.sleep(0)
            await soon(lambda: len(taken) == 50)
            await one.close()
            await asyncio.gather(*tasks)
            assert sorted(map(int, taken)) == list(range(50))

    run(work())
