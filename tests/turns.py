"""Tests run beside each other, those that measure time alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

__all__ = ["turn"]


@contextmanager
def turn(door: Path, room: Path, *, alone: bool) -> Iterator[None]:
    """Stay in the room with others, or alone; two files are locked for it.

    Who wants to be alone waits in the door until all have left, so nobody comes in
    before; no stream of others can keep it waiting.
    """
    with ExitStack() as staying:
        with _locked(door, fcntl.LOCK_EX):
            how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
            staying.enter_context(_locked(room, how))
        yield


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        # A child that was forked meanwhile has the descriptor, too.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
