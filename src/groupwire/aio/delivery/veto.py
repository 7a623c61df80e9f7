"""An application's say in what is taken, which cannot stop a delivery by failing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from groupwire.deliver.entries import Entry

__all__ = ["guarded"]

Accept = Callable[[Entry], bool]


def guarded(accept: Accept | None, loop: asyncio.AbstractEventLoop) -> Accept | None:
    """Return what may be called in any thread: raising is told to the loop, and a no.

    None where nobody has a say.
    """
    if accept is None:
        return None

    def asked(entry: Entry) -> bool:
        try:
            return accept(entry)
        except Exception as error:
            told = {"message": f"nobody decides on {entry.path!r}", "exception": error}
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(loop.call_exception_handler, told)
            return False

    return asked
