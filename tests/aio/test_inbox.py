import asyncio

import pytest
from tests.aio.places import run

from groupwire.aio.inbox import Inbox


def test_what_is_put_is_taken_in_order() -> None:
    async def work() -> None:
        inbox: Inbox[int] = Inbox()
        assert inbox.put(1)
        assert inbox.put(2)
        assert len(inbox) == 2
        assert [await inbox.take(), await inbox.take()] == [1, 2]

    run(work())


def test_a_full_inbox_takes_nothing_in() -> None:
    inbox: Inbox[int] = Inbox(1)
    assert inbox.put(1)
    assert not inbox.put(2)


def test_closing_ends_every_waiter() -> None:
    async def work() -> None:
        inbox: Inbox[int] = Inbox()
        waiting = asyncio.gather(*(inbox.take() for _ in range(3)))
        await asyncio.sleep(0)
        inbox.close()
        assert await waiting == [None, None, None]
        assert not inbox.put(1)

    run(work())


def test_one_item_ends_one_waiter() -> None:
    async def work() -> None:
        inbox: Inbox[int] = Inbox()
        tasks = [asyncio.create_task(inbox.take()) for _ in range(3)]
        await asyncio.sleep(0)
        inbox.put(7)
        inbox.put(8)
        inbox.close()
        assert sorted(await asyncio.gather(*tasks), key=str) == [7, 8, None]

    run(work())


def test_a_cancelled_taker_leaves_the_item_to_the_next() -> None:
    async def work() -> None:
        inbox: Inbox[int] = Inbox()
        task = asyncio.create_task(inbox.take())
        await asyncio.sleep(0)
        inbox.put(7)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await inbox.take() == 7

    run(work())
