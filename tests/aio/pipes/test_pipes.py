"""Both ends of a pipe in one process, over loopback."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from tests.aio.messages.places import soon
from tests.aio.places import Foreign, run

from groupwire import aio
from groupwire.aio.inbox import Inbox
from groupwire.aio.messages import Publishing
from groupwire.aio.pipes import (
    PipeBroken,
    PipeConfig,
    PipeReceiving,
    PipeReport,
    PipeSending,
    pipe_from,
    pipe_to,
)
from groupwire.errors import ClosedError, UsageError
from groupwire.gather import Kind, Tagged
from groupwire.messages.events import MemberJoined, TakesNoMore
from groupwire.messages.members import Role
from groupwire.messages.piping.events import OtherSender, Outcome, SenderFound
from groupwire.messages.wire.speech import encode_word
from groupwire.messages.wire.words import Here

pytestmark = pytest.mark.usefixtures("no_leaks")


def to(group: str, name: str = "tx", **more: Any) -> PipeSending:
    return pipe_to(group, config=PipeConfig(name=name, **more))


def of(group: str, name: str = "rx", **more: Any) -> PipeReceiving:
    return pipe_from(group, config=PipeConfig(name=name, **more))


async def whole(pipe: PipeReceiving) -> bytes:
    return b"".join([bytes(chunk) async for chunk in pipe])


async def written(pipe: PipeSending, *pieces: bytes) -> None:
    for piece in pieces:
        await pipe.write(piece)


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
def test_every_reader_has_every_byte(group: str, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)

    async def work() -> None:
        async with of(group, "one") as one, of(group, "two") as two:
            reading = [asyncio.create_task(whole(pipe)) for pipe in (one, two)]
            async with to(group, start_with=2) as pipe:
                assert await pipe.begin()
                await pipe.write(data)
                report = await pipe.finish()
            assert report.complete
            assert sorted(report.received) == ["one", "two"]
            assert (report.bytes, report.missing) == (size, {})
            assert await asyncio.gather(*reading) == [data, data]
            assert one.intake.outcome is Outcome.COMPLETE

    run(work())


def test_who_is_tired_of_reading_loses_nothing(group: str) -> None:
    data = Random(7).randbytes(2_000_000)

    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(one)
            beginning = asyncio.create_task(pipe.begin())
            sending = asyncio.create_task(after(beginning, pipe, data))
            got = bytearray()
            async for chunk in one:
                got += chunk
                break
            got += b"".join(await one.read())
            while len(got) < len(data):
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.001):
                        got += await anext(one)
            assert [bytes(chunk) async for chunk in one] == []
            assert (await sending).complete
            assert got == data

    run(work())


async def after(
    beginning: asyncio.Task[bool], pipe: PipeSending, data: bytes
) -> PipeReport:
    await beginning
    await pipe.write(data)
    return await pipe.finish()


def test_the_sender_waits_for_the_first_reader(group: str) -> None:
    async def work() -> None:
        async with to(group) as pipe:
            beginning = asyncio.create_task(pipe.begin())
            await asyncio.sleep(0.1)
            assert not beginning.done()
            async with of(group) as one:
                reading = asyncio.create_task(whole(one))
                assert await beginning
                await pipe.write(b"first")
                assert (await pipe.finish()).received == ("rx",)
                assert await reading == b"first"

    run(work())


def test_nobody_may_come(group: str) -> None:
    async def work() -> None:
        async with to(group, wait=0.1) as pipe:
            assert not await pipe.begin()
            with pytest.raises(UsageError, match="not begun"):
                await pipe.write(b"x")
            with pytest.raises(UsageError, match="not begun"):
                await pipe.finish()
        async with of(group, wait=0.1) as one:
            with pytest.raises(PipeBroken, match="nobody sends"):
                await whole(one)

    run(work())


def test_who_is_expected_and_never_comes_is_missing(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group, expect="rx,ry", wait=0.3) as pipe:
            reading = asyncio.create_task(whole(one))
            assert await pipe.begin()
            report = await pipe.finish()
            assert await reading == b""
            assert not report.complete
            assert report.missing == {"ry": "absent"}

    run(work())


def test_with_nobody_to_wait_for_it_begins_at_once(group: str) -> None:
    async def work() -> None:
        async with to(group, start_with=0) as pipe:
            assert await pipe.begin()
            await pipe.write(bytes(1_000_000))
            report = await pipe.finish()
            assert report.complete
            assert report.received == ()

    run(work())


def test_a_late_reader_is_told_what_it_lacks(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            early = asyncio.create_task(whole(one))
            await pipe.begin()
            await pipe.write(b"first")
            async with of(group, "late") as two:
                reading = asyncio.create_task(whole(two))
                await soon(lambda: len(pipe.audience.reading) == 2)
                await asyncio.sleep(0.1)  # it has heard of the sender
                await pipe.write(b"second")
                report = await pipe.finish()
                assert await reading == b"second"
            assert await early == b"firstsecond"
            assert two.intake.begun_at == 5
            assert (report.received, report.late) == (("rx",), ("late",))

    run(work())


def test_a_sender_that_breaks_off_breaks_the_pipe(group: str) -> None:
    async def work() -> None:
        async with of(group) as one:
            reading = asyncio.create_task(whole(one))
            async with to(group) as pipe:
                await pipe.begin()
                await pipe.write(b"half")
            with pytest.raises(PipeBroken) as broken:
                await reading
            assert broken.value.outcome is Outcome.LEFT
            assert "before the end" in str(broken.value)

    run(work())


def test_where_every_reader_has_gone_the_pipe_is_broken(group: str) -> None:
    async def work() -> None:
        async with to(group) as pipe:
            async with of(group) as one:
                reading = asyncio.create_task(one.read())
                await pipe.begin()
                await pipe.write(b"x")
                assert b"".join(await reading) == b"x"
                one.enough("no space left on device")
            with pytest.raises(BrokenPipeError):
                await written(pipe, *[bytes(1_000_000)] * 40)
            assert dict(pipe.report.missing) == {"rx": "no space left on device"}

    run(work())


def test_a_reader_that_takes_nothing_holds_the_sender_up(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            reading = asyncio.create_task(one.read())
            await pipe.begin()
            writing = asyncio.create_task(pipe.write(bytes(40_000_000)))
            taken = sum(map(len, await reading))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await asyncio.shield(writing)
            assert not writing.done()
            held = pipe.bytes
            assert held < 30_000_000
            while taken < 40_000_000:
                taken += sum(map(len, await one.read()))
            await writing
            finishing = asyncio.create_task(pipe.finish())
            assert await one.read() == []
            one.enough()
            assert (await finishing).complete

    run(work())


def test_a_write_that_is_cancelled_leaves_a_whole_pipe(group: str) -> None:
    data = Random(3).randbytes(40_000_000)

    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            first = asyncio.create_task(one.read())
            await pipe.begin()
            writing = asyncio.create_task(pipe.write(data))
            got = b"".join(await first)
            await standing(pipe)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            written = pipe.bytes
            assert 0 < written < len(data)
            reading = asyncio.create_task(whole(one))
            await pipe.write(b"behind it")
            report = await pipe.finish()
            assert (report.bytes, report.complete) == (written + 9, True)
            assert got + await reading == data[:written] + b"behind it"

    run(work())


async def standing(pipe: PipeSending) -> None:
    """Return when nothing more is written."""
    before = -1
    while pipe.bytes != before:  # the test's own limit ends it otherwise
        before = pipe.bytes
        await asyncio.sleep(0.3)


def test_writes_of_two_tasks_follow_each_other_whole(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            reading = asyncio.create_task(whole(one))
            await pipe.begin()
            pieces = [bytes([number]) * 400_000 for number in (1, 2, 3)]
            await asyncio.gather(*map(pipe.write, pieces))
            assert (await pipe.finish()).complete
            assert await reading == b"".join(pieces)

    run(work())


def test_behind_its_end_nothing_is_written(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            reading = asyncio.create_task(whole(one))
            await pipe.begin()
            with pytest.raises(UsageError, match="has begun"):
                await pipe.begin()
            report = await pipe.finish()
            with pytest.raises(UsageError, match="has ended"):
                await pipe.write(b"x")
            assert (await pipe.finish()).received == report.received == ("rx",)
            assert await reading == b""

    run(work())


def test_who_subscribes_beside_a_pipe_is_no_reader(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, "$pipe/+", name="plain") as plain,
            to(group, wait=0.5) as pipe,
        ):
            assert not await pipe.begin()
            async with (
                to(group, "second") as second,
                of(group, sender_name="second") as one,
            ):
                reading = asyncio.create_task(whole(one))
                assert await second.begin()
                await second.write(b"x")
                report = await second.finish()
                assert (report.received, report.missing) == (("rx",), {})
                assert await reading == b"x"
            assert await plain.next_message() is not None

    run(work())


def test_who_subscribes_beside_a_pipe_and_never_reads_does_not_hold_its_end_up(
    group: str,
) -> None:
    tight = aio.SubscribeConfig(queue=20_000)

    async def work() -> None:
        async with (
            aio.subscribe(group, "$pipe/+", name="plain", config=tight),
            of(group) as one,
            to(group) as pipe,
        ):
            reading = asyncio.create_task(whole(one))
            assert await pipe.begin()
            await pipe.write(bytes(500_000))
            assert (await pipe.finish()).complete
            assert await reading == bytes(500_000)

    run(work())


def test_two_readers_with_one_name_are_two(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, of(group) as two:
            reading = [asyncio.create_task(whole(pipe)) for pipe in (one, two)]
            async with to(group, start_with=2) as pipe:
                assert await pipe.begin()
                await pipe.write(b"x")
                report = await pipe.finish()
            assert len(report.received) == 2
            assert report.complete
            assert await asyncio.gather(*reading) == [b"x", b"x"]

    run(work())


def test_without_a_number_all_who_are_here_before_are_readers(group: str) -> None:
    async def work() -> None:
        async with of(group, "one") as one, of(group, "two") as two:
            reading = [asyncio.create_task(whole(pipe)) for pipe in (one, two)]
            async with to(group) as pipe:
                assert await pipe.begin()
                await pipe.write(b"x")
                report = await pipe.finish()
            assert sorted(report.received) == ["one", "two"]
            assert await asyncio.gather(*reading) == [b"x", b"x"]

    run(work())


@pytest.mark.parametrize("known", [{"start_with": 1}, {"expect": 1}, {"expect": "rx"}])
def test_who_knows_how_many_read_waits_for_no_others(
    group: str, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait_for(_: Publishing) -> bool:
        raise AssertionError

    async def work() -> None:
        monkeypatch.setattr(Publishing, "wait_for", wait_for)
        async with of(group) as one, to(group, **known) as pipe:
            reading = asyncio.create_task(whole(one))
            assert await pipe.begin()
            await pipe.write(b"x")
            assert (await pipe.finish()).received == ("rx",)
            assert await reading == b"x"

    run(work())


def test_who_comes_behind_the_end_holds_nobody_up(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            first = asyncio.create_task(one.read())
            await pipe.begin()
            await pipe.write(b"x")
            finishing = asyncio.create_task(pipe.finish())
            await first
            assert await one.read() == []
            # It has all, and is slow to write it: meanwhile another one comes.
            async with of(group, "late"):
                async for event in pipe.events():
                    if isinstance(event, MemberJoined) and event.member.name == "late":
                        break
                one.enough()
                assert (await finishing).received == ("rx",)

    run(work())


def test_events_that_nobody_reads_are_counted(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            full: Inbox[object] = Inbox(0)
            for end in (one, pipe):
                monkeypatch.setattr(end, "_events", full)
            reading = asyncio.create_task(whole(one))
            await pipe.begin()
            await pipe.finish()
            await reading
            for end in (one, pipe):
                assert end.dropped["event-queue-full"] == full.lost >= 2

    run(work())


def test_who_waits_for_readers_is_told_what_broke(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with to(group) as pipe:
            beginning = asyncio.create_task(pipe.begin())
            await asyncio.sleep(0)

            def broken(*_: object) -> None:
                raise RuntimeError("broken")

            monkeypatch.setattr(pipe.audience, "take", broken)
            async with of(group):
                with pytest.raises(RuntimeError, match="broken"):
                    await beginning
            with pytest.raises(RuntimeError, match="broken"):
                await pipe.begin()

    run(work())


def test_who_waits_for_readers_is_told_of_the_end(group: str) -> None:
    async def work() -> None:
        pipe = to(group)
        with pytest.raises(UsageError, match="not open"):
            await pipe.begin()
        async with pipe:
            beginning = asyncio.create_task(pipe.begin())
            await asyncio.sleep(0)
        with pytest.raises(ClosedError):
            await beginning

    run(work())


def test_a_reader_that_never_reads_is_left(group: str) -> None:
    async def work() -> None:
        async with (
            of(group, "idle") as idle,
            of(group) as one,
            to(group, start_with=2, patience=0.5) as pipe,
        ):
            first = asyncio.create_task(idle.read())
            reading = asyncio.create_task(whole(one))
            await pipe.begin()
            await pipe.write(bytes(30_000_000))
            report = await pipe.finish()
            assert (report.received, report.missing) == (("rx",), {"idle": "lagging"})
            assert len(await reading) == 30_000_000
            await first

    run(work())


def test_the_second_sender_is_told_that_nobody_takes_it(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group) as pipe:
            reading = asyncio.create_task(whole(one))
            await pipe.begin()
            async with to(group, "second", wait=0.3) as second:
                assert not await second.begin()
                await one_of(second.events(), TakesNoMore)
            await pipe.write(b"x")
            assert (await pipe.finish()).complete
            assert await reading == b"x"
        events = [event async for event in one.events()]
        kinds = [type(event) for event in events]
        assert kinds == [SenderFound, OtherSender]

    run(work())


async def one_of(events: Any, kind: type) -> Any:
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(kind)


def test_the_sender_may_be_named(group: str) -> None:
    async def work() -> None:
        async with of(group, sender_name="second") as one, to(group, wait=0.3) as pipe:
            reading = asyncio.create_task(whole(one))
            assert not await pipe.begin()
            async with to(group, "second") as second:
                assert await second.begin()
                await second.write(b"x")
                assert (await second.finish()).complete
            assert await reading == b"x"

    run(work())


def test_a_live_pipe_waits_for_nobody(group: str) -> None:
    async def work() -> None:
        async with of(group, live=1.0) as one, to(group, live=1.0) as pipe:
            reading = asyncio.create_task(whole(one))
            assert await pipe.begin()
            await soon(lambda: pipe.audience.reading)
            await asyncio.sleep(0.1)
            for number in range(50):
                await pipe.write(bytes([number]) * 3000)
                await asyncio.sleep(0.002)
            report = await pipe.finish()
            assert report.complete
            assert len(await reading) == 150_000
            assert one.intake.live
            assert one.intake.skipped_bytes == 0

    run(work())


def test_what_waits_too_long_of_a_live_pipe_is_skipped(group: str) -> None:
    async def work() -> None:
        async with of(group) as one, to(group, live=0.01, rate=2e6, start_with=1) as w:
            reading = asyncio.create_task(whole(one))
            await w.begin()
            await w.write(bytes(1_500_000))
            report = await w.finish()
            assert report.skipped_bytes > 100_000
            got = len(await reading)
            assert got + one.intake.skipped_bytes == 1_500_000
            assert one.intake.skipped_bytes >= report.skipped_bytes

    run(work())


def test_strangers_neither_hold_a_pipe_up_nor_break_it(group: str) -> None:
    rng = Random(5)
    data = rng.randbytes(300_000)

    async def work() -> None:
        with Foreign(group) as foreign:
            async with of(group) as one, to(group, patience=1.0) as pipe:
                reading = asyncio.create_task(whole(one))
                # Somebody who says that he reads, and does not.
                ghost = Here(77, Role.SUBSCRIBER, 4711, every_ms=60_000, pipe=True)
                said = Tagged(Kind.MESSAGE, 1, encode_word(ghost), name="ghost")
                foreign.say(said.encode())
                assert await pipe.begin()
                for number in range(0, len(data), 10_000):
                    foreign.say(rng.randbytes(200))
                    foreign.say(bytes([0x12, 8]) + rng.randbytes(100))
                    await pipe.write(data[number : number + 10_000])
                report = await pipe.finish()
                assert (report.received, report.missing) == (("rx",), {})
                assert await reading == data

    run(work())


@pytest.mark.parametrize(
    "wrong",
    [
        {"live": 0.0},
        {"wait": -1.0},
        {"patience": 0.0},
        {"rate": 0.0},
        {"start_with": -1},
        {"expect": "10.0.0.1"},
    ],
)
def test_what_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PipeConfig(**wrong)


def test_how_many_are_waited_for() -> None:
    assert PipeConfig().first_readers == 1
    assert PipeConfig(live=1.0).first_readers == 0
    assert PipeConfig(expect="a,b").first_readers == 2
    assert PipeConfig(expect=3, start_with=1).first_readers == 1


def test_the_usual_group_has_a_port_of_its_own() -> None:
    assert pipe_to().group.port == pipe_from().group.port == 10_005
    assert aio is not None


def test_what_is_named_goes_before_the_config_of_a_pipe(group: str) -> None:
    config = PipeConfig(name="a", ttl=3, window=1 << 20)
    named = PipeConfig(name="b", interface=0, ttl=0, window=1 << 20)
    for end in (pipe_to, pipe_from):
        assert end(group, name="b", interface=0, ttl=0, config=config).config == named
