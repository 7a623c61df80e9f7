"""A command ends by cancellation, says its last word, and has its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Generator

import pytest

from groupwire.cli.plumbing.signals import ending, run
from groupwire.cli.render.out import Out, Tone


class Command:
    """Waits for ever, and keeps a diary."""

    def __init__(self) -> None:
        self.diary: list[str] = []

    async def wait(self) -> int:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.diary.append("left")
        return 0

    async def signalled(self, number: int) -> int:
        asyncio.get_running_loop().call_soon(signal.raise_signal, number)
        return await self.wait()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_cancels_and_the_command_cleans_up(number: int, code: int) -> None:
    command = Command()
    assert run(command.signalled(number), Out(Tone())) == code
    assert command.diary == ["left"]


def test_a_command_that_ends_by_itself_keeps_its_code() -> None:
    async def ends() -> int:
        return 1

    assert run(ends(), Out(Tone())) == 1


def test_what_a_command_raises_goes_through() -> None:
    async def fails() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fails(), Out(Tone()))


def test_handlers_are_put_back() -> None:
    async def ends() -> int:
        return 0

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run(ends(), Out(Tone()))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_second_signal_breaks_off_a_clean_up_that_hangs() -> None:
    async def hangs() -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.get_running_loop().create_future()
        return 0

    assert run(hangs(), Out(Tone())) == 143


@contextlib.contextmanager
def unread(monkeypatch: pytest.MonkeyPatch) -> Generator[int, None, None]:
    """Let stdout be a pipe that nobody reads; yields the reader's end."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe, os.fdopen(reading):
        monkeypatch.setattr(sys, "stdout", pipe)
        yield reading
        monkeypatch.undo()


def interrupt_soon() -> None:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_who_does_not_read_holds_no_command_up(monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command()
    with unread(monkeypatch):
        out = Out(Tone())

        async def writes() -> int:
            for _ in range(100):
                out.line("x" * 10_000)
                await asyncio.sleep(0)
            command.diary.append("done")
            interrupt_soon()
            return 0

        # Its work is done: what it has said waits for its reader.
        assert run(writes(), out) == 130
    assert command.diary == ["done"]


def test_a_signal_ends_a_command_that_nobody_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = Command()
    with unread(monkeypatch) as reading:
        out = Out(Tone())

        async def writes() -> int:
            interrupt_soon()
            out.line("x" * 100_000)
            return await command.wait()

        assert run(writes(), out) == 130
        os.set_blocking(reading, False)
        assert len(os.read(reading, 1 << 20)) >= 4096
    assert command.diary == ["left"]


def test_what_a_slow_reader_has_not_read_yet_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    got: list[bytes] = []
    with unread(monkeypatch) as reading:
        out = Out(Tone())

        def read() -> None:
            while sum(map(len, got)) < 500_050:
                got.append(os.read(reading, 1 << 16))

        async def fails() -> int:
            for _ in range(50):
                out.line("x" * 10_000)
            reader.start()
            raise ZeroDivisionError

        reader = threading.Thread(target=read)
        with pytest.raises(ZeroDivisionError):
            run(fails(), out)
        reader.join()
    assert b"".join(got) == (b"x" * 10_000 + b"\n") * 50


def test_a_signal_frees_a_write_that_nobody_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = Command()
    with unread(monkeypatch) as reading:
        out = Out(Tone(), raw=True)

        async def writes() -> int:
            interrupt_soon()
            try:
                while True:
                    out.payload(b"x" * 10_000)
            finally:
                command.diary.append("left")

        assert run(writes(), out) == 130
        monkeypatch.undo()
        drained = os.dup(reading)
        os.set_blocking(drained, False)
        with contextlib.suppress(BlockingIOError):
            while os.read(drained, 1 << 16):
                pass
        os.close(drained)
    assert command.diary == ["left"]


def test_a_reader_who_goes_away_ends_a_command_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    command = Command()
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)

        async def waits() -> int:
            asyncio.get_running_loop().call_soon(os.close, reading)
            return await command.wait()

        assert run(waits(), Out(Tone())) == 0
    assert command.diary == ["left"]


@pytest.mark.parametrize("error", [None, asyncio.CancelledError, OSError])
def test_the_last_word_is_said_however_it_ends(
    error: type[BaseException] | None,
) -> None:
    said: list[str] = []
    with (
        contextlib.suppress(asyncio.CancelledError, OSError),
        ending(lambda: True, lambda: said.append("end")),
    ):
        if error is not None:
            raise error
    assert said == ["end"]


def test_there_is_no_last_word_where_it_failed_before_the_first() -> None:
    said: list[str] = []
    with (
        pytest.raises(OSError, match="early"),
        ending(lambda: False, lambda: said.append("end")),
    ):
        raise OSError("early")
    assert not said
