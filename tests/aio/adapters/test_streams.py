"""asyncio's own streams over a group: what they can, and what they say at the end."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest
from tests.aio.places import run, until

from groupwire import aio
from groupwire.aio.adapters.streams import _ended, stream_from, stream_to
from groupwire.aio.pipes import PipeBroken, PipeConfig
from groupwire.errors import NotDelivered


async def fill(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write until there is an exception."""
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


def test_lines_and_bytes_are_read_as_they_were_written(group: str) -> None:
    async def write() -> tuple[str, ...]:
        async with stream_to(group, interface="lo", ttl=0) as writer:
            writer.write(b"one\n")
            writer.writelines([b"two\n", b"", b"three"])
            await writer.drain()
            assert writer.can_write_eof()
            assert not writer.is_closing()
            pipe = writer.get_extra_info("pipe")
        return pipe.report.received

    async def read() -> list[bytes]:
        async with stream_from(group, name="screen") as reader:
            line = await reader.readline()
            exact = await reader.readexactly(4)
            return [line, exact, await reader.read(), await reader.read()]

    async def work() -> tuple[list[bytes], tuple[str, ...]]:
        one, other = await asyncio.gather(read(), write())
        return one, other

    assert run(work()) == ([b"one\n", b"two\n", b"three", b""], ("screen",))


def test_much_is_written_no_faster_than_it_is_read(group: str) -> None:
    data = os.urandom(1 << 20) * 24
    most = 0

    async def write() -> None:
        nonlocal most
        async with stream_to(group) as writer:
            for at in range(0, len(data), 1 << 16):
                writer.write(data[at : at + (1 << 16)])
                most = max(most, writer.transport.get_write_buffer_size())
                await writer.drain()

    async def read() -> bytes:
        parts: list[bytes] = []
        async with stream_from(group) as reader:
            while part := await reader.read(1 << 16):
                parts.append(part)
        return b"".join(parts)

    async def work() -> bytes:
        return (await asyncio.gather(read(), write()))[0]

    assert run(work()) == data
    assert most <= (1 << 18) + (1 << 16)


def test_who_does_not_read_holds_the_writer_up(group: str) -> None:
    async def work() -> bool:
        config = PipeConfig(window=1 << 16)
        async with stream_from(group) as reader:
            async with stream_to(group, config=config) as writer:
                writer.transport.set_write_buffer_limits(high=1 << 16)
                assert writer.transport.get_write_buffer_limits() == (1 << 14, 1 << 16)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(fill(writer, bytes(1 << 16)), 1)
                reading = asyncio.create_task(reader.read())
                await writer.drain()
                writer.write_eof()
                await writer.wait_closed()
                assert writer.is_closing()
            return len(await reading) > 1 << 20

    assert run(work())


def test_a_writer_that_fails_leaves_a_pipe_without_an_end(group: str) -> None:
    async def write() -> None:
        async with stream_to(group) as writer:
            writer.write(b"half")
            await writer.drain()
            await asyncio.sleep(0.2)
            raise ZeroDivisionError

    async def read() -> None:
        async with stream_from(group) as reader:
            assert await reader.readexactly(4) == b"half"
            with pytest.raises(PipeBroken):
                await reader.read()
            read_all.append(True)

    read_all: list[bool] = []

    async def work() -> object:
        return (await asyncio.gather(read(), write(), return_exceptions=True))[1]

    assert isinstance(run(work()), ZeroDivisionError)
    assert read_all


def test_a_pipe_without_readers_breaks_for_who_writes(group: str) -> None:
    async def work() -> None:
        reading = stream_from(group)
        await reading.__aenter__()
        async with stream_to(group) as writer:
            await reading.__aexit__(None, None, None)
            with pytest.raises(BrokenPipeError):
                await fill(writer, b"x")
            writer.write(b"nobody has it")
            await until(writer.is_closing)

    with pytest.raises(BrokenPipeError):
        run(work())


def test_nobody_in_time_is_said(group: str) -> None:
    async def work() -> None:
        async with stream_to(group, config=PipeConfig(wait=0.2)):
            pass

    with pytest.raises(NotDelivered, match=r"no reader came within 0\.2 s"):
        run(work())


def test_streams_are_found_in_aio() -> None:
    assert aio.stream_from is stream_from
    assert aio.stream_to is stream_to


def test_the_command_reads_what_a_stream_writes(group: str) -> None:
    async def work() -> tuple[bytes, tuple[str, ...]]:
        command = (sys.executable, "-m", "groupwire", "pipe", "--receive", "-g", group)
        reading = await asyncio.create_subprocess_exec(
            *command,
            *("--name", "screen", "--quiet"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        async with stream_to(group) as writer:
            writer.write(b"any bytes\0\xff")
            pipe = writer.get_extra_info("pipe")
        out, _ = await reading.communicate()
        assert reading.returncode == 0
        return out, pipe.report.received

    assert run(work()) == (b"any bytes\0\xff", ("screen",))


def test_who_is_cancelled_while_a_stream_is_left_is_cancelled() -> None:
    async def work() -> None:
        may_end = asyncio.Event()

        async def slow_to_end() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await may_end.wait()

        feeding = asyncio.create_task(slow_to_end())
        await asyncio.sleep(0)
        leaving = asyncio.create_task(_ended(feeding))
        await asyncio.sleep(0)
        leaving.cancel()
        may_end.set()
        await asyncio.wait([leaving, feeding])
        assert feeding.cancelled()
        assert leaving.cancelled()

    run(work())
