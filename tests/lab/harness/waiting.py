"""Waiting for a fact, with a deadline: the only place in the lab that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["PATIENCE", "until"]

PATIENCE = 20.0
"""Seconds after which a fact is said never to come; a busy machine is slow."""

_T = TypeVar("_T")


def until(fact: Callable[[], _T], what: str, *, within: float = PATIENCE) -> _T:
    """Return the first true value of ``fact``; AssertionError names ``what``."""
    deadline = time.monotonic() + within
    pause = 0.002
    while not (value := fact()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return value
