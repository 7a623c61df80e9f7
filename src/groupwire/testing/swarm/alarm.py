"""Ends what takes too long, however deep inside a call that may be."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import PurePath
from types import FrameType

__all__ = ["OverdueError", "alarm"]


class OverdueError(BaseException):
    """Time is over; no Exception, lest it be taken for an error of what is played."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


@contextmanager
def alarm(seconds: float) -> Generator[None, None, None]:
    """Raise OverdueError inside after so long; nothing happens where signals lack."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(_signal: int, frame: FrameType | None) -> None:
    if frame is None:
        raise OverdueError("nowhere")
    code = frame.f_code
    place = f"{PurePath(code.co_filename).name}:{frame.f_lineno}"
    raise OverdueError(f"{code.co_qualname} ({place})")
