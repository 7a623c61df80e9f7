"""What the serving end tells about its own machine: counters, the wire, its errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from groupwire.diagnose.evidence.tables import parse_counters
from groupwire.diagnose.finding import Diagnosis, Severity
from groupwire.diagnose.trials.tap import Tap, udp_payload, udp_to
from groupwire.diagnose.trials.watching import watched
from groupwire.errors import GroupwireError
from groupwire.values import Group, Interface

__all__ = ["Examine", "LookAtOneself", "WireWatch", "reverse_path_drops"]

LOOK_S = 30.0
"""How long a look at oneself counts."""
WIRE_S = 10.0
"""How long the wire is watched after somebody asked: a flood would cost much."""

Examine = Callable[[], Awaitable[Diagnosis]]


def reverse_path_drops() -> int:
    """Return how many packets rp_filter has thrown away so far."""
    with suppress(OSError):
        # Not /proc/net, which is the first thread's network namespace.
        text = Path("/proc/thread-self/net/netstat").read_text("ascii", "replace")
        return parse_counters(text, "", "").reverse_path
    return 0


class LookAtOneself:
    """The errors that the serving machine found at home, looked for now and then."""

    def __init__(self, examine: Examine | None) -> None:
        self.findings: tuple[tuple[str, str], ...] = ()
        self._examine = examine
        self._looked: float | None = None
        self._task: asyncio.Task[None] | None = None

    def refresh(self) -> None:
        """Look again, beside all else, if the last look is old."""
        now = asyncio.get_running_loop().time()
        if self._examine is None or (
            self._looked is not None and now - self._looked < LOOK_S
        ):
            return
        self._looked = now
        self._task = asyncio.ensure_future(self._look(self._examine))

    def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self, examine: Examine) -> None:
        with suppress(GroupwireError, OSError):
            diagnosis = await examine()
            self.findings = tuple(
                (one.code, one.says)
                for one in diagnosis.findings
                if one.severity is Severity.ERROR
            )


class _Note(Protocol):
    def __call__(self, data: bytes, *, outgoing: bool) -> None: ...


class WireWatch:
    """Looks at a group's packets on the wire for a while, where root may."""

    def __init__(
        self, group: Group, interfaces: Sequence[Interface], note: _Note
    ) -> None:
        self._tests = udp_to(group.ip)
        self._interfaces = [one for one in interfaces if not one.loopback]
        self._note = note
        self._open: ExitStack | None = None
        self._timer: asyncio.TimerHandle | None = None

    def renew(self, seconds: float = WIRE_S) -> bool:
        """Look from now on for so long; False where this process may not."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.close)
        if self._open is None:
            self._open = self._opened()
        return self._open is not None

    def close(self) -> None:
        """Look no longer; any number of times."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._open is not None:
            self._open.close()
            self._open = None

    def _opened(self) -> ExitStack | None:
        if not self._interfaces:  # what stays in this host is on no wire
            return None
        try:
            tap = Tap(self._interfaces, self._tests)
        except (OSError, AttributeError):  # not root, or not Linux
            return None
        stack = ExitStack()
        stack.callback(tap.close)
        stack.enter_context(watched((tap, partial(self._read, tap))))
        return stack

    def _read(self, tap: Tap) -> None:
        for tapped in tap.read():
            _, data = udp_payload(tapped.packet)
            self._note(data, outgoing=tapped.outgoing)
