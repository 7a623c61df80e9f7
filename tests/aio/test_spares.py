"""Asking sockets are used again, and nobody notices but the clock."""

import asyncio
import gc
import os
import sys

import pytest
from tests.aio.places import Foreign, run, until

from groupwire import aio
from groupwire.aio import PeerConfig, spares

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second takes a moment."""
    monkeypatch.setattr(spares, "_KEPT_S", 0.02)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def asked(group: str, foreign: Foreign, **how: object) -> tuple[str, int]:
    """Ask, answer, and return who asked."""
    asking = asyncio.ensure_future(_whole(group, **how))
    await asyncio.sleep(0)
    _, asker = await asyncio.to_thread(foreign.hear)
    foreign.say(b"ack", asker)
    assert (await asking) == [b"ack"]
    return asker


async def _whole(group: str, **how: object) -> list[bytes]:
    result = await aio.ask(group, b"?", first=1, **how)  # type: ignore[arg-type]
    return [answer.data for answer in result.answers]


def test_questions_in_a_row_open_two_sockets_and_have_a_port_each(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        await asked(group, foreign)
        before = descriptors()
        ports = {(await asked(group, foreign))[1] for _ in range(20)}
        assert descriptors() <= before + 1
        assert len(ports) == 20

    run(work())


def test_a_late_answer_to_the_last_question_never_counts_for_the_next(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        for _ in range(5):
            last = await asked(group, foreign)
            foreign.say(b"late", last)
            await asyncio.sleep(0)
            foreign.say(b"later", last)
            async with aio.ask(group, b"?", stall=0.05) as answers:
                assert [answer.data async for answer in answers] == []
            foreign.hear()

    run(work())


@pytest.mark.alone
@pytest.mark.usefixtures("quick")
def test_what_nobody_uses_is_closed(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        before = descriptors()
        for _ in range(3):
            await asked(group, foreign)
        assert descriptors() > before
        await until(lambda: descriptors() == before)
        await asked(group, foreign)  # and it goes on as before

    run(work())


def test_another_way_to_send_takes_another_socket(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        for ttl in (1, 2, 1, 2):
            await asked(group, foreign, config=PeerConfig(ttl=ttl))
            await asyncio.sleep(0)
            spare = spares._local.spare
            assert spare is not None
            assert spare._aim is not None
            assert spare._aim.config.ttl_hops == ttl
            assert len(spare._ready) == 1

    run(work())


def test_a_hundred_questions_at_once_leave_two_sockets(group: str) -> None:
    async def work() -> None:
        await aio.ask(group, b"?", stall=0.01)
        await asyncio.sleep(0)
        before = descriptors()
        await asyncio.gather(*(_whole(group, stall=0.01) for _ in range(100)))
        await asyncio.sleep(0)
        assert descriptors() <= before + 1

    run(work())


def test_a_cancelled_question_leaves_none(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        before = descriptors()
        asking = asyncio.ensure_future(_whole(group))
        await asyncio.to_thread(foreign.hear)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert descriptors() == before

    run(work())


def test_a_system_that_keeps_its_ports_gets_a_new_socket_each_time(
    group: str, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.net.sender.release_port", lambda _: False)

    async def work() -> None:
        before = descriptors()
        await asked(group, foreign)
        await asyncio.sleep(0)
        assert descriptors() == before
        await asked(group, foreign)

    run(work())


def test_a_loop_that_ends_without_a_word_leaves_none(
    group: str, foreign: Foreign
) -> None:
    before = descriptors()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asked(group, foreign))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    del loop
    gc.collect()
    assert descriptors() == before


_FORKING = """
import asyncio, os, sys
from groupwire import aio

async def asked():
    result = await aio.ask(sys.argv[1], b"?", first=1, timeout=5)
    return len(result.answers)

async def work():
    assert [await asked() for _ in range(3)] == [1, 1, 1]
    child = os.fork()
    if child == 0:
        os._exit(0 if asyncio.run(asked()) == 1 else 1)
    status = os.waitpid(child, 0)[1]
    return [status, *[await asked() for _ in range(4)]]

def alone():
    asyncio.events._set_running_loop(None)

os.register_at_fork(after_in_child=alone)
print(asyncio.run(work()))
"""


def test_a_forked_child_asks_for_itself_and_its_parent_goes_on(group: str) -> None:
    async def work() -> None:
        async with aio.open(group, on_message=lambda message: message.answer(b"ack")):
            program = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _FORKING, group, stdout=asyncio.subprocess.PIPE
            )
            told, _ = await program.communicate()
            assert told.decode().strip() == "[0, 1, 1, 1, 1]"

    run(work())
