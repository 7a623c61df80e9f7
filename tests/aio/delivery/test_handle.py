"""How a delivery is awaited, entered, iterated and ended: a core that says little."""

import asyncio

import pytest
from tests.aio.delivery.cores import FakeHandle
from tests.aio.places import Foreign, run, until

from groupwire.errors import InterfaceError, MachineError, UsageError
from groupwire.net import MembershipLost, MulticastSender

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_it_is_awaited_for_its_result(group: str) -> None:
    async def work() -> None:
        handle = FakeHandle(group)
        asyncio.get_running_loop().call_later(0.01, handle.say, "a", "b")
        asyncio.get_running_loop().call_later(0.02, lambda: handle.say("c", last=True))
        assert await handle == ["a", "b", "c"]
        assert handle.let_go == 1
        assert handle.core.stopped == []

    run(work())


def test_events_come_as_they_happen_until_the_end(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with FakeHandle(group) as handle:
            assert foreign.hear()[0] == b"hello"
            assert handle.choice.reason == "lo was named"
            foreign.say(b"heard")
            seen: list[object] = []
            async for event in handle:
                seen.append(event)
                if event == "heard":
                    handle.say("last", last=True)
            assert seen == [0.0, "heard", "last"]
            assert await handle.finished() == ["heard", "last"]

    run(work())


def test_progress_comes_while_somebody_reads_it(group: str) -> None:
    async def work() -> None:
        async with FakeHandle(group, progress_s=0.01) as handle:
            told = [event async for event in _first(handle, 3)]
            assert told == [0.0, 0.0, 0.0]
            for _ in range(5):
                await asyncio.sleep(0.01)
            assert handle._inbox is not None
            assert len(handle._inbox) == 1

    run(work())


def test_stopping_ends_it_in_good_order(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with FakeHandle(group) as handle:
            handle.stop()
            handle.stop()
            assert await handle.finished() == ["ended"]
            assert handle.core.stopped == ["stopped"]
        assert [foreign.hear()[0] for _ in range(2)] == [b"hello", b"bye"]

    run(work())


def test_leaving_it_says_goodbye(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with FakeHandle(group) as handle:
            pass
        assert handle.core.stopped == ["interrupted"]
        assert [foreign.hear()[0] for _ in range(2)] == [b"hello", b"bye"]
        assert await handle.finished() == ["ended"]
        assert [event async for event in handle] == [0.0, "ended"]
        handle.stop()

    run(work())


def test_cancelling_goes_through_and_keeps_what_is_known(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        handle = FakeHandle(group)

        async def waiting() -> None:
            await handle

        task = asyncio.create_task(waiting())
        await until(lambda: handle._running)
        foreign.say(b"known")
        await until(lambda: handle.noted)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert handle.result == ["known", "ended"]
        assert [foreign.hear()[0] for _ in range(3)] == [b"hello", b"known", b"bye"]

    run(work())


def test_who_waits_too_can_be_cancelled_alone(group: str) -> None:
    async def work() -> None:
        async with FakeHandle(group) as handle:
            waiting = asyncio.create_task(handle.finished())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            handle.say("a", last=True)
            assert await handle.finished() == ["a"]

    run(work())


def test_it_runs_once_and_is_iterated_inside(group: str) -> None:
    async def work() -> None:
        handle = FakeHandle(group)
        for early in (lambda: handle.choice, lambda: handle.progress):
            with pytest.raises(UsageError, match="has not begun"):
                early()
        with pytest.raises(UsageError, match="has not begun"):
            await handle.finished()
        with pytest.raises(UsageError, match="not entered"):
            await anext(aiter(handle))
        assert handle.dropped == {}
        handle.stop()
        async with handle:
            pass
        with pytest.raises(UsageError, match="was begun"):
            await handle

    run(work())


def test_what_cannot_be_opened_is_raised_at_once() -> None:
    async def work() -> None:
        with pytest.raises(InterfaceError):
            await FakeHandle("239.1.1.1%wrong0:22973")

    run(work())


def test_what_cannot_be_sent_from_the_first_word_on_is_raised(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise MachineError("network is unreachable")

    monkeypatch.setattr(MulticastSender, "send", refuse)

    async def work() -> None:
        handle = FakeHandle(group)
        with pytest.raises(MachineError, match="unreachable"):
            await handle
        assert handle.dropped["interface-refused"] == 2

    run(work())


def test_events_of_the_links_come_too(group: str) -> None:
    async def work() -> None:
        async with FakeHandle(group) as handle:
            lost = MembershipLost(handle.group, "lo", "the interface is gone")
            handle._tell([lost])
            assert [e async for e in _first(handle, 2)] == [0.0, lost]

    run(work())


def test_what_nobody_reads_is_counted_when_it_is_too_much(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.aio.delivery.handle._MOST_EVENTS", 3)

    async def work() -> None:
        async with FakeHandle(group) as handle:
            handle.say(*"abcde", last=True)
            await handle.finished()
            assert handle.dropped["event-queue-full"] == 3
            assert handle.result == [*"abcde"]

    run(work())


async def _first(handle: FakeHandle, count: int):  # type: ignore[no-untyped-def]
    async for event in handle:
        yield event
        count -= 1
        if not count:
            return
