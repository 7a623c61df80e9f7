"""Who has a say, and may fail to say it."""

import asyncio
from typing import Any

from groupwire.aio.delivery.veto import guarded
from groupwire.deliver.entries import Entry


def test_what_is_said_is_handed_on_and_nobody_need_have_a_say() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        assert guarded(None, loop) is None
        accept = guarded(lambda entry: entry.path == "a", loop)
        assert accept is not None
        assert accept(Entry("a"))
        assert not accept(Entry("b"))

    asyncio.run(work())


def test_who_raises_has_refused_and_the_loop_is_told() -> None:
    problem = RuntimeError("no opinion")
    told: list[Any] = []

    def raises(_: Entry) -> bool:
        raise problem

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        accept = guarded(raises, loop)
        assert accept is not None
        assert not await asyncio.to_thread(accept, Entry("a"))
        await asyncio.sleep(0)

    asyncio.run(work())
    assert told == [problem]
