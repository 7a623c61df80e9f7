"""A thread that does one thing after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from groupwire.run.disk.mailbox import Mailbox

__all__ = ["Worker"]


class Worker:
    """Does what it is given in order, in a thread that begins with the first.

    What fails there is told to the loop's exception handler.
    """

    def __init__(self, name: str, mailbox: Mailbox) -> None:
        self._name = f"groupwire-{name}"
        self._mailbox = mailbox
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Have something done."""
        self._queue.put(work)
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name=self._name, daemon=True
            )
            self._thread.start()

    def close(self, patience_s: float) -> None:
        """End behind what it was given; what hangs is waited for only so long."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(patience_s)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception as error:
                self._mailbox.fail(error)
