"""Lines of standard input, as they come."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from groupwire.cli.plumbing import lines as module
from groupwire.cli.plumbing.lines import read_lines
from groupwire.errors import MessageTooLarge, UsageError

Monkey = pytest.MonkeyPatch


def stdin_is(monkeypatch: Monkey, number: int) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: number))


async def gathered(found: AsyncIterator[list[bytes]]) -> list[list[bytes]]:
    return [lines async for lines in found]


def read_from_file(
    monkeypatch: Monkey, path: Path, data: bytes, limit: int = 100
) -> list[list[bytes]]:
    path.write_bytes(data)
    number = os.open(path, os.O_RDONLY)
    stdin_is(monkeypatch, number)
    try:
        return asyncio.run(gathered(read_lines(limit)))
    finally:
        os.close(number)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a\nb\n", [[b"a", b"b"]]),
        (b"a\n\nb", [[b"a", b""], [b"b"]]),
        (b"\n", [[b""]]),
        (b"\x00\xff\r\n", [[b"\x00\xff\r"]]),
    ],
)
def test_a_file_is_lines_without_their_ends(
    data: bytes, lines: list[list[bytes]], monkeypatch: Monkey, tmp_path: Path
) -> None:
    assert read_from_file(monkeypatch, tmp_path / "file", data) == lines


def test_lines_go_over_chunks(monkeypatch: Monkey, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_CHUNK", 4)
    found = read_from_file(monkeypatch, tmp_path / "file", b"ab\ncdefghijkl\nm\nno")
    assert found == [[b"ab"], [b"cdefghijkl"], [b"m"], [b"no"]]


def test_a_line_that_is_too_long_is_told_with_what_to_do(
    monkeypatch: Monkey, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 16)
    with pytest.raises(MessageTooLarge, match="end lines"):
        read_from_file(monkeypatch, tmp_path / "file", b"a\n" + b"b" * 101)


def test_what_comes_by_a_pipe_is_given_at_once(monkeypatch: Monkey) -> None:
    reading, writing = os.pipe()
    stdin_is(monkeypatch, reading)

    async def read() -> list[list[bytes]]:
        found = []
        os.write(writing, b"one\ntwo\nthr")
        async for lines in read_lines(100):
            found.append(lines)
            if len(found) == 1:
                os.write(writing, b"ee\n")
            else:
                os.close(writing)
        return found

    assert asyncio.run(read()) == [[b"one", b"two"], [b"three"]]
    os.close(reading)


def test_a_signal_ends_the_waiting(monkeypatch: Monkey) -> None:
    reading, writing = os.pipe()
    stdin_is(monkeypatch, reading)

    async def read() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await gathered(read_lines(100))
        assert not asyncio.get_running_loop().remove_reader(reading)

    asyncio.run(read())
    os.close(reading)
    os.close(writing)


def test_what_somebody_else_has_read_is_waited_for(monkeypatch: Monkey) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    stdin_is(monkeypatch, reading)
    read, reads = os.read, []

    def steals(number: int, size: int) -> bytes:
        reads.append(number)
        if len(reads) == 1:
            raise BlockingIOError
        return read(number, size)

    monkeypatch.setattr(module.os, "read", steals)
    os.write(writing, b"line\n")
    os.close(writing)
    assert asyncio.run(gathered(read_lines(100))) == [[b"line"]]
    os.close(reading)


def test_without_standard_input_it_is_told(monkeypatch: Monkey) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="no standard input"):
        asyncio.run(gathered(read_lines(100)))
