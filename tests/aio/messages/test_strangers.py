"""What others send to the port, and what a busy program does not hear in time."""

from __future__ import annotations

import asyncio
import time
from random import Random

import pytest
from tests.aio.messages.places import first, here, met, soon
from tests.aio.places import Foreign, run

from groupwire import aio, sync
from groupwire.messages import roster
from groupwire.messages.events import MemberJoined, MemberLeft


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_packets_of_junk_stop_nothing(
    group: str, foreign: Foreign, seed: int
) -> None:
    rng = Random(seed)

    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
            aio.members(group) as watching,
        ):
            await met(probe, one)
            heard: list[bytes] = [foreign.hear()[0] for _ in range(3)]
            for number in range(10_000):
                foreign.say(_junk(rng, heard))
                if number % 100 == 0:
                    await probe.send("a", str(number).encode())
                    await asyncio.sleep(0)
            messages = await first(aiter(one), 100)
            assert [int(m.data) for m in messages] == list(range(0, 10_000, 100))
            assert sum(one.dropped.values()) > 1000
            assert {m.name for m in probe.members} >= {"one"}
            assert {m.name for m in watching.members} >= {"one", "probe"}

    run(work())


def _junk(rng: Random, heard: list[bytes]) -> bytes:
    """Return bytes of any kind: noise, NORM's head before noise, bent words."""
    kind = rng.randrange(3)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 200))
    if kind == 1:
        head = bytes([rng.choice((0x11, 0x12, 0x13, 0x14, 0x15)), rng.randrange(16)])
        return head + rng.randbytes(rng.randrange(200))
    bent = bytearray(rng.choice(heard))
    for _ in range(rng.randrange(1, 4)):
        bent[rng.randrange(len(bent))] = rng.randrange(256)
    return bytes(bent)


def test_who_was_blocked_calls_nobody_silent(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "_SILENT_INTERVALS", 1)

    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.members(group) as watching,
        ):
            await here(one, "other")
            await here(watching, "one", "other")
            time.sleep(2.5)  # noqa: ASYNC251 - a program that blocks its loop
            await asyncio.sleep(0.3)
            for session in (one, watching):
                await session.close()
            events = [event async for event in one.everything()]
            events += [event async for event in watching]
            others = [e for e in events if isinstance(e, MemberJoined | MemberLeft)]
            assert [type(e) for e in others if e.member.name == "other"] == [
                MemberJoined,
                MemberJoined,
            ]

    with sync.publish(group, name="other"):  # in a thread of its own
        run(work())


def test_who_takes_long_lets_others_have_their_turn(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="one") as one,
            aio.publish(group, name="probe") as probe,
        ):
            await met(probe, one)
            for number in range(100):
                await probe.send(f"topic/{number}", b"x")
            await soon(lambda: one.stats.messages == 100)
            turns = taken = 0

            async def turn() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            turning = asyncio.create_task(turn())
            async for _ in one:
                taken += 1
                time.sleep(0.01)  # noqa: ASYNC251 - a program that takes its time
                if taken == 100:
                    break
            turning.cancel()
            assert turns > 10

    run(work())
