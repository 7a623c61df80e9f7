"""What becomes of messages for which there is no room, at both ends."""

from __future__ import annotations

import asyncio

import pytest
from tests.aio.messages.places import first, met, of_kind, payloads, soon
from tests.aio.places import run

from groupwire import aio
from groupwire.aio import Full, PublishConfig, SubscribeConfig
from groupwire.aio.messages.message import Receipt
from groupwire.errors import ClosedError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Batch,
    CaughtUp,
    Gap,
    Lagging,
    LostTold,
    MessagesDropped,
    NotTaken,
    QueueFilled,
)

pytestmark = pytest.mark.usefixtures("no_leaks")

DATA = bytes(1000)
SMALL = 64 << 10
"""Bytes of the smallest window; a queue of so much is soon full."""
TIGHT = SubscribeConfig(queue=20_000)
DEAF = SubscribeConfig(queue=20_000, receive_buffer=20_000)
"""What it does not read, the kernel does not keep either."""


def narrow(full: Full = Full.WAIT, **more: object) -> PublishConfig:
    """Return the config of a publisher that cannot get rid of much."""
    options: dict[str, object] = {
        "queue": SMALL,
        "window": SMALL,
        "segment": 1400,
        "full": full,
        "patience": 60.0,
        **more,
    }
    return PublishConfig(**options)  # type: ignore[arg-type]


async def fill(publisher: aio.Publishing, count: int = 1000) -> int:
    """Send until one does not find room; return how many did."""
    for number in range(count):
        try:
            sent = await publisher.send("a", b"%06d" % number + DATA, timeout=0.05)
        except QueueFull:
            return number
        if sent.sequence < 0:
            return number
    raise AssertionError("there is room for ever")


@pytest.mark.parametrize("many", [False, True])
def test_what_is_cancelled_was_not_sent(group: str, many: bool) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            # As much as leaves in one turn of the loop: the next one waits for it.
            await probe.send("a", bytes(300_000))
            second = probe.send_many("a", [DATA]) if many else probe.send("a", DATA)
            assert second.send(None) is None
            with pytest.raises(asyncio.CancelledError):
                second.throw(asyncio.CancelledError())
            assert probe.stats.messages == 1

    run(work())


def test_a_sender_waits_and_is_told_after_its_time(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=narrow()) as probe,
        ):
            await met(probe, slow)
            taken = await fill(probe)
            with pytest.raises(QueueFull, match="room for"):
                await probe.send_many("a", [DATA] * 70, timeout=0)
            with pytest.raises(QueueFull):
                probe.send_now("a", DATA)
            waiting = asyncio.create_task(probe.send("a", b"last", timeout=5))
            messages = await first(aiter(slow), taken + 1)
            assert [m.sequence for m in messages] == list(range(taken + 1))
            assert (await waiting).sequence == taken
            assert messages[-1].data == b"last"
            assert probe.dropped.get("queue-full") is None

    run(work())


def test_a_reader_that_is_slow_is_told_so_in_its_place(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=narrow(patience=0.2)) as probe,
        ):
            await met(probe, slow)
            await fill(probe)
            filled = await of_kind(slow.everything(), QueueFilled)
            assert filled.queued_bytes > TIGHT.queue

    run(work())


def test_the_newest_are_dropped_counted_and_told(group: str) -> None:
    async def work() -> None:
        config = narrow(Full.DROP_NEWEST)
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            taken = await fill(probe)
            sent = await probe.send_many("a", [DATA] * 70)
            assert sent.sequence == -1
            assert await sent.received() == Receipt(frozenset(), frozenset({"slow"}))
            assert (await sent.received(by=["x"])).missing == {"x"}
            assert probe.dropped["queue-full"] == 71
            messages = await first(aiter(slow), taken)
            assert [m.sequence for m in messages] == list(range(taken))
            told = await of_kind(probe.events(), MessagesDropped)
            assert told == MessagesDropped(Delivery.RELIABLE, 71)
            assert (await probe.send("a", b"behind")).sequence == taken + 71
            gap = await of_kind(slow.everything(), Gap)
            assert (gap.lost, gap.exact) == (71, True)
            assert [m.data for m in await first(aiter(slow), 1)] == [b"behind"]

    run(work())


@pytest.mark.parametrize("full", [Full.WAIT, Full.DROP_OLDEST])
def test_the_oldest_that_are_dropped_count_where_nobody_is_there(
    group: str, full: Full
) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe", config=narrow(full)) as probe:
            await probe.wait_for()
            for _ in range(500):
                await probe.send("a", DATA)
        told = [e async for e in probe.events() if isinstance(e, MessagesDropped)]
        lost = sum(event.messages for event in told)
        assert probe.dropped["queue-full"] == lost > 0

    run(work())


def test_what_was_dropped_is_told_at_the_end_too(group: str) -> None:
    async def work() -> None:
        config = narrow(Full.DROP_NEWEST, patience=0.1)
        async with aio.subscribe(group, name="slow", config=TIGHT) as slow:
            async with aio.publish(group, name="probe", config=config) as probe:
                await met(probe, slow)
                await fill(probe)
            told = [e async for e in probe.events() if isinstance(e, MessagesDropped)]
            assert sum(event.messages for event in told) == 1
            assert (await of_kind(slow.everything(), Gap)).lost == 1

    run(work())


def test_the_oldest_make_room_and_are_told(group: str) -> None:
    async def work() -> None:
        config = narrow(Full.DROP_OLDEST)
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            for number in range(400):
                sent = await probe.send("a", b"%06d" % number + DATA)
                assert sent.sequence == number
            got: list[int] = []
            lost = 0
            async for event in slow.everything():
                if isinstance(event, Gap):
                    lost += event.lost
                elif isinstance(event, Batch):
                    got += [int(data[:6]) for data in event.payloads]
                    if got[-1] == 399:
                        break
            assert got == sorted(got)
            assert len(got) + lost == 400
            assert lost > 100
            assert probe.stats.dropped == lost
            told = await of_kind(probe.events(), MessagesDropped)
            assert 0 < told.messages <= lost

    run(work())


def test_a_publisher_may_raise_at_once(group: str) -> None:
    async def work() -> None:
        config = narrow(Full.RAISE)
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            taken = await fill(probe)
            assert len(await first(aiter(slow), taken)) == taken

    run(work())


def test_a_subscriber_may_drop_the_oldest(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(queue=50_000, full=Full.DROP_OLDEST)
        async with (
            aio.subscribe(group, name="slow", config=config) as slow,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, slow)
            sent = None
            for number in range(500):
                sent = await probe.send("a", b"%06d" % number + DATA)
                await asyncio.sleep(0)
            assert sent is not None
            assert (await sent.received()).received == {"slow"}
            lost, got = 0, []
            async for event in slow.everything():
                if isinstance(event, NotTaken):
                    assert (event.publisher.name, event.delivery) == (
                        "probe",
                        Delivery.RELIABLE,
                    )
                    lost += event.messages
                elif isinstance(event, Batch):
                    got += event.payloads
                    if got[-1].startswith(b"000499"):
                        break
            assert len(got) * 1000 <= 50_000
            assert len(got) + lost == 500
            assert slow.dropped["queue-full"] == lost
            assert [int(data[:6]) for data in got] == list(range(lost, 500))
            told = 0
            async for news in probe.events():
                if isinstance(news, LostTold):
                    assert (news.member.name, news.why) == ("slow", "queue-full")
                    told += news.messages
                    if told == lost:
                        break

    run(work())


def test_a_subscriber_may_drop_the_newest(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(queue=50_000, full=Full.DROP_NEWEST)
        async with (
            aio.subscribe(group, name="slow", config=config) as slow,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, slow)
            for number in range(200):
                await probe.send("a", b"%06d" % number + DATA)
                await asyncio.sleep(0)
            await soon(lambda: slow.stats.messages == 200)
            kept = 200 - slow.dropped["queue-full"]
            batches: list[Batch] = []
            async for event in slow.everything():
                if isinstance(event, NotTaken):
                    assert event.messages == 200 - kept
                    break
                if isinstance(event, Batch):
                    batches.append(event)
            numbers = [int(data[:6]) for data in payloads(batches)]
            assert numbers == list(range(kept))
            await probe.send("a", b"again")
            assert [m.data for m in await first(aiter(slow), 1)] == [b"again"]

    run(work())


def test_of_the_latest_a_slow_reader_has_the_newest(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(delivery=Delivery.LATEST)
        async with (
            aio.subscribe(group, name="slow") as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            for number in range(100):
                sent = await probe.send("a", str(number).encode())
                await asyncio.sleep(0.001)
            await sent.received()
            (message,) = await first(aiter(slow), 1)
            assert message.data == b"99"
            assert slow.superseded + probe.stats.superseded == 99

    run(work())


def test_who_lags_is_named_and_waited_for_no_more(group: str) -> None:
    async def work() -> None:
        config = narrow(patience=0.3)
        async with (
            aio.subscribe(group, name="slow", config=DEAF) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            sent = None
            for number in range(800):
                sent = await probe.send("a", b"%06d" % number + DATA)
            lagging = await of_kind(probe.events(), Lagging)
            assert lagging.member.name == "slow"
            assert lagging.bytes_behind > 0
            assert sent is not None
            assert (await sent.received()).missing == {"slow"}
            lost, got = 0, 0
            async for event in slow.everything():
                if isinstance(event, Gap):
                    lost += event.lost
                elif isinstance(event, Batch):
                    got += len(event.payloads)
                    if event.payloads[-1].startswith(b"000799"):
                        break
            assert got + lost == 800
            assert lost > 0
            while lost > 0:
                told = await of_kind(probe.events(), LostTold)
                assert (told.member.name, told.why) == ("slow", "gap")
                lost -= told.messages
            assert lost == 0

    run(work())


def test_who_catches_up_is_waited_for_again(group: str) -> None:
    async def work() -> None:
        config = PublishConfig(patience=0.2)
        async with (
            aio.subscribe(group, name="slow", config=TIGHT) as slow,
            aio.publish(group, name="probe", config=config) as probe,
        ):
            await met(probe, slow)
            sent = await probe.send_many("a", [DATA] * 100)
            assert (await sent.received()).missing == {"slow"}
            await of_kind(probe.events(), Lagging)
            await first(aiter(slow), 100)
            caught_up = await of_kind(probe.events(), CaughtUp)
            assert caught_up.member.name == "slow"
            assert (await sent.received()).received == {"slow"}

    run(work())


def test_closing_ends_the_waiting_for_room(group: str) -> None:
    async def work() -> None:
        config = narrow(patience=0.2)
        async with aio.subscribe(group, name="slow", config=TIGHT) as slow:
            async with aio.publish(group, name="probe", config=config) as probe:
                await met(probe, slow)
                await fill(probe)
                waiting = [
                    asyncio.create_task(probe.send("a", DATA * 60)) for _ in range(3)
                ]
                await asyncio.sleep(0)
            for task in waiting:
                with pytest.raises(ClosedError):
                    await task

    run(work())
