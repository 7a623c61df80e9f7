"""The command with a clock that SIGUSR1 sets back by a day, as an administrator may.

The kernel has no such clock for one program alone, and the machine's own is left alone:
it is Python's that is changed.
"""

from __future__ import annotations

import signal
import sys
import time

from groupwire.__main__ import main

_DAY_S = 86_400


def _set_back(number: int, frame: object) -> None:  # noqa: ARG001 - a handler's form
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() - _DAY_S
    time.time_ns = lambda: nanoseconds() - _DAY_S * 1_000_000_000


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _set_back)
    sys.exit(main())
