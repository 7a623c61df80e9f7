"""One function of the bench in a process of its own, on a host of the bench's network.

The function gets the pipe first and its arguments after it; both sides speak pickled
values. Everything that is measured runs in such a process, so that one variant's
threads, caches and imports do not weigh on another's.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Concatenate, Self

from .network import Host

__all__ = ["Worker"]

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_S = 60.0


class Worker:
    """A running process; ``close`` ends it, whatever it does."""

    def __init__(
        self,
        target: Callable[Concatenate[Connection, ...], None],
        *arguments: object,
        host: Host,
        under: Sequence[str] = (),
    ) -> None:
        ours, theirs = socket.socketpair()
        self._name = f"{target.__module__}.{target.__name__}"
        self._pipe = Connection(ours.detach())
        with theirs:
            self._process = subprocess.Popen(
                [*under, sys.executable, "-m", "bench.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT,
            )
        path = None if host.namespace is None else host.path
        self._pipe.send((path, target.__module__, target.__name__, arguments))

    def receive(self) -> Any:
        """Return the next value that the process sends."""
        if not self._pipe.poll(_PATIENCE_S):
            raise TimeoutError(f"{self._name} was silent for {_PATIENCE_S:.0f} s")
        try:
            return self._pipe.recv()
        except EOFError:
            raise RuntimeError(f"{self._name} has died") from None

    def ask(self, *arguments: object) -> Any:
        """Send a value and return what comes back."""
        self.tell(*arguments)
        return self.receive()

    def tell(self, *arguments: object) -> None:
        """Send a value and go on."""
        self._pipe.send(arguments)

    def close(self) -> None:
        self._pipe.close()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
            return
        self._process.kill()
        self._process.wait()

    def finish(self) -> None:
        """Let the process end by itself, as it does when its pipe is closed."""
        self._pipe.close()
        self._process.wait(_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
