"""Runs a command's coroutine, and ends it by cancellation when that is wanted.

Wanted by SIGINT, by SIGTERM, and by a reader of stdout who went away. A cancelled
command leaves its groups and writes its ``end`` on the way out. The handlers are plain
ones and not the loop's: they must also reach a command that waits in a write for a
reader who has stopped reading.
"""

from __future__ import annotations

import asyncio
import select
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from groupwire.cli.exits import ExitCode, report, verdict
from groupwire.cli.render.out import Out

__all__ = ["ending", "run"]

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}

_GRACE_S = 0.5
"""A reader that takes nothing for so long is not waited for after a signal."""


def run(command: Coroutine[Any, Any, int], out: Out) -> int:
    """Run to the end and return the exit code; what the command raises goes through."""
    watch = _Watch(out)
    guarded = watch.guard(command)
    before = {number: signal.signal(number, watch) for number in _CODES}
    code = int(ExitCode.DONE)
    try:
        with asyncio.Runner() as runner:
            code = runner.run(guarded)
    except (asyncio.CancelledError, KeyboardInterrupt):
        pass  # the watch knows why
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        guarded.close()
        command.close()
    return code if watch.code is None else watch.code


@contextmanager
def ending(
    begun: Callable[[], bool], end: Callable[[], None]
) -> Generator[None, None, None]:
    """Call ``end`` at the end, however it comes; not if it failed before it began."""
    try:
        yield
    except asyncio.CancelledError:
        end()
        raise
    except Exception:
        if begun():
            end()
        raise
    end()


class _Watch:
    """The first signal cancels; a second one breaks off, and one in a stuck write."""

    def __init__(self, out: Out) -> None:
        self.code: ExitCode | None = None
        self._out = out
        self._task: asyncio.Task[Any] | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        again = self.code is not None
        self.code = _CODES[signal.Signals(number)]
        if again or self._task is None or self._out.stuck():
            raise KeyboardInterrupt
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def guard(self, command: Coroutine[Any, Any, int]) -> int:
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_tell)
        with self._reader_watched(loop):
            try:
                return await self._settled(command)
            except KeyboardInterrupt:
                # Caught inside its task: outside, asyncio would log it as lost.
                return ExitCode.INTERRUPTED

    async def _settled(self, command: Coroutine[Any, Any, int]) -> int:
        """Run it, then wait for the reader: not for long where it is to end."""
        try:
            code = await command
        except asyncio.CancelledError:
            if self.code in _CODES.values():
                self._out.settle(_GRACE_S)
            raise
        except Exception:
            self._out.settle()
            raise
        self._out.settle()
        return code

    @contextmanager
    def _reader_watched(
        self, loop: asyncio.AbstractEventLoop
    ) -> Generator[None, None, None]:
        pipe = self._out.pipe()
        if pipe is None:
            yield
            return
        loop.add_reader(pipe, self._reader_gone, loop, pipe)
        try:
            yield
        finally:
            loop.remove_reader(pipe)

    def _reader_gone(self, loop: asyncio.AbstractEventLoop, pipe: int) -> None:
        loop.remove_reader(pipe)
        poll = select.poll()
        poll.register(pipe, 0)
        if poll.poll(0) and self.code is None and self._task is not None:
            self.code = ExitCode.DONE
            self._task.cancel()


def _tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, Exception):
        report(verdict(error), error)
