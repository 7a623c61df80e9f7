"""Lines that wait for a reader."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from groupwire.cli.render import backlog as module
from groupwire.cli.render.backlog import Backlog, backlogs
from groupwire.cli.render.out import Out, Tone

FULL = 1 << 20
"""More than a pipe takes."""


def notice(count: int) -> bytes:
    return f"({count})\n".encode()


@contextmanager
def pipe() -> Generator[tuple[int, int], None, None]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


async def read(reading: int, size: int) -> bytes:
    """Read so much while the loop runs."""
    got = b""
    while len(got) < size:
        await asyncio.sleep(0)
        try:
            got += os.read(reading, 1 << 16)
        except BlockingIOError:
            continue
    return got


def test_what_there_is_room_for_goes_at_once() -> None:
    with pipe() as (reading, writing):
        Backlog(writing, notice).put(b"line\n")
        assert os.read(reading, 100) == b"line\n"


def test_what_waits_goes_when_there_is_room_and_in_order() -> None:
    async def speak(reading: int, backlog: Backlog) -> bytes:
        backlog.put(b"a" * FULL)
        backlog.put(b"b\n")
        return await read(reading, FULL + 2)

    with pipe() as (reading, writing):
        said = asyncio.run(speak(reading, Backlog(writing, notice)))
    assert said == b"a" * FULL + b"b\n"


def test_what_is_too_much_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", FULL)

    async def speak(reading: int, backlog: Backlog) -> bytes:
        backlog.put(b"a" * FULL)
        for _ in range(FULL // 1000):
            backlog.put(b"b" * 1000)
        backlog.put(b"end\n", keep=True)
        said = await read(reading, FULL)
        while not said.endswith(b"end\n"):
            said += await read(reading, 1)
        return said

    with pipe() as (reading, writing):
        said = asyncio.run(speak(reading, Backlog(writing, notice)))
    waited, left_out = said.count(b"b") // 1000, FULL // 1000
    assert said.endswith(f"({left_out - waited})\nend\n".encode())
    assert 0 < waited < left_out


def test_the_end_waits_for_the_reader_and_tells_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)

    async def speak(reading: int, backlog: Backlog) -> None:
        backlog.put(b"a" * FULL, keep=True)
        backlog.put(b"b")
        backlog.flush(0.0)  # nobody reads
        reader = asyncio.get_running_loop().run_in_executor(None, drain, reading)
        backlog.flush()
        assert (await reader).endswith(b"a(1)\n")

    with pipe() as (reading, writing):
        asyncio.run(speak(reading, Backlog(writing, notice)))


def test_who_can_wait_goes_on_when_nearly_all_is_read() -> None:
    async def speak(reading: int, backlog: Backlog) -> None:
        await backlog.drained()  # nothing waits
        backlog.put(b"a" * 3 * FULL, keep=True)
        room = asyncio.create_task(backlog.drained())
        await read(reading, FULL)
        assert not room.done()
        await read(reading, FULL)
        await room
        await read(reading, FULL)

    with pipe() as (reading, writing):
        asyncio.run(speak(reading, Backlog(writing, notice)))


def test_who_waits_for_room_in_vain_is_told_at_the_next_line() -> None:
    async def speak(reading: int, backlog: Backlog) -> None:
        backlog.put(b"a" * 3 * FULL, keep=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await backlog.drained()
        os.close(reading)
        await backlog.drained()
        with pytest.raises(BrokenPipeError):
            backlog.put(b"b")

    reading, writing = os.pipe()
    asyncio.run(speak(reading, Backlog(writing, notice)))
    os.close(writing)


def drain(reading: int) -> bytes:
    os.set_blocking(reading, True)
    got = b""
    while not got.endswith(b"\n"):
        got += os.read(reading, 1 << 16)
    return got


def test_without_a_loop_it_waits_for_the_reader() -> None:
    with pipe() as (reading, writing), ThreadPoolExecutor(1) as pool:
        reader = pool.submit(drain, reading)
        Backlog(writing, notice).put(b"a" * FULL + b"\n")
        assert len(reader.result()) == FULL + 1


def test_a_reader_who_has_gone_is_told_to_the_next_who_writes() -> None:
    async def speak(reading: int, backlog: Backlog) -> None:
        backlog.put(b"a" * FULL)
        os.close(reading)
        await asyncio.sleep(0.01)
        with pytest.raises(BrokenPipeError):
            backlog.put(b"b")

    reading, writing = os.pipe()
    asyncio.run(speak(reading, Backlog(writing, notice)))
    os.close(writing)


def test_streams_of_one_pipe_have_one_and_files_have_none() -> None:
    reading, writing = os.pipe()
    left, right = socket.socketpair()
    with (
        os.fdopen(writing, "w") as first,
        os.fdopen(os.dup(writing), "w") as second,
        os.fdopen(reading),
        open(os.devnull, "w") as file,
        left,
        right,
        left.makefile("w") as link,
    ):
        streams = [first, second, file, link, io.StringIO(), None]
        found = backlogs(streams, notice)
    assert set(found) == {id(first), id(second), id(link)}
    assert found[id(first)] is found[id(second)] is not found[id(link)]


@pytest.mark.parametrize("json_lines", [True, False])
def test_lines_left_out_are_a_line_themselves(
    json_lines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 0)
    with pipe() as (reading, writing), os.fdopen(os.dup(writing), "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        out = Out(Tone(json=json_lines))
        out.event("file", {})
        out.line("a line")
        out.settle()
        said = os.read(reading, 1000).decode()
        if json_lines:
            out.event("end", {})
            assert json.loads(os.read(reading, 1000))["event"] == "end"
    if json_lines:
        told = json.loads(said)
        assert (told["event"], told["lines"]) == ("skipped", 1)
    else:
        assert said == "(2 lines left out: nobody read them)\n"
