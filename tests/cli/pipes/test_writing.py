"""What is written to standard output is waited for, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from tests.aio.places import run

from groupwire.cli.pipes import writing


class Slow:
    """Writes when it is told to."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.written: list[bytes] = []

    async def write_many(self, buffers: Sequence[memoryview]) -> None:
        await self.may.wait()
        self.written += map(bytes, buffers)


@pytest.mark.parametrize("live", [None, 10.0])
def test_who_stops_waiting_for_a_write_can_wait_again(
    live: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        slow, shown = Slow(), cast(Any, None)
        monkeypatch.setattr(writing, "Outlet", lambda: slow)
        sink = writing.writing(live, shown)
        await sink.write([memoryview(b"all")], 3)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await sink.finish()
        assert slow.written == []
        slow.may.set()
        await sink.finish()
        assert slow.written == [b"all"]

    run(work())


@pytest.mark.parametrize("live", [None, 10.0])
def test_what_waits_behind_a_write_is_written_though_its_waiting_is_ended(
    live: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        slow, shown = Slow(), cast(Any, None)
        monkeypatch.setattr(writing, "Outlet", lambda: slow)
        sink = writing.writing(live, shown)
        await sink.write([memoryview(b"first")], 5)
        behind = asyncio.create_task(sink.write([memoryview(b"last")], 9))
        await asyncio.sleep(0)
        behind.cancel()
        await asyncio.wait([behind])
        slow.may.set()
        await sink.finish()
        assert slow.written == [b"first", b"last"]

    run(work())


def test_what_comes_soon_is_written_later_together_unless_it_is_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        slow, shown = Slow(), cast(Any, None)
        slow.may.set()
        monkeypatch.setattr(writing, "Outlet", lambda: slow)
        monkeypatch.setattr(writing, "_APART_S", 1000.0)
        sink = writing.writing(None, shown)
        await sink.write([memoryview(b"first")], 5)
        soon = asyncio.create_task(sink.write([memoryview(b"soon")], 9))
        for _ in range(10):
            await asyncio.sleep(0)
        assert slow.written == [b"first"]
        soon.cancel()
        await asyncio.wait([soon])
        much = bytes(1 << 19)
        await sink.write([memoryview(much)], 9 + len(much))
        for _ in range(10):
            await asyncio.sleep(0)
        assert slow.written == [b"first", b"soon", much]
        await sink.finish()

    run(work())
