"""Messages from standard input, which may have no end."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from groupwire.cli.plumbing.stdin import read_message
from groupwire.errors import MessageTooLarge, UsageError


@contextmanager
def stdin_is(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[None]:
    with os.fdopen(number) as file:
        monkeypatch.setattr(sys, "stdin", file)
        yield


def test_a_pipe_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"half ")

    async def read() -> bytes:
        def rest() -> None:
            os.write(writing, b"and half\n")
            os.close(writing)

        asyncio.get_running_loop().call_soon(rest)
        return await read_message(100)

    with stdin_is(monkeypatch, reading):
        assert asyncio.run(read()) == b"half and half\n"


def test_a_file_is_read_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "message").write_bytes(b"\x00\xff")
    with stdin_is(monkeypatch, os.open(tmp_path / "message", os.O_RDONLY)):
        assert asyncio.run(read_message(2)) == b"\x00\xff"


def test_an_empty_input_is_an_empty_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with stdin_is(monkeypatch, os.open(os.devnull, os.O_RDONLY)):
        assert asyncio.run(read_message(2)) == b""


def test_an_input_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        stdin_is(monkeypatch, os.open("/dev/zero", os.O_RDONLY)),
        pytest.raises(MessageTooLarge) as raised,
    ):
        asyncio.run(read_message(65_507))
    assert raised.value.limit_bytes == 65_507


def test_a_pipe_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def flood() -> None:
        try:
            while True:
                os.write(writing, b"x" * 10_000)
        except BrokenPipeError:
            os.close(writing)

    thread = threading.Thread(target=flood)
    thread.start()
    with stdin_is(monkeypatch, reading), pytest.raises(MessageTooLarge):
        asyncio.run(read_message(65_507))
    thread.join()


def test_reading_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    async def read() -> None:
        task = asyncio.create_task(read_message(10))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task

    with stdin_is(monkeypatch, reading), pytest.raises(asyncio.CancelledError):
        asyncio.run(read())
    os.close(writing)


@pytest.mark.parametrize("stdin", [None, io.StringIO("no file")])
def test_no_input_is_a_wrong_use(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UsageError, match="no standard input"):
        asyncio.run(read_message(1))


def test_an_input_that_cannot_be_read_is_an_error_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: directory))
    with pytest.raises(IsADirectoryError):
        asyncio.run(read_message(2))
    os.close(directory)
