"""Ports that no other test uses, in this run or in another on the same machine."""

from __future__ import annotations

import os
import socket
from itertools import cycle

__all__ = ["free_port"]

# Below those that the kernel gives away (32768 and on): a port that it lent a moment
# ago may be anybody's by the time the test uses it.
_FIRST, _SHARE, _WORKERS = 11_000, 1_000, 20
_STEP = 3
"""Some tests use the next one or two, too."""


def _share() -> range:
    """Return the ports of this worker, of those that pytest-xdist runs side by side."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + worker % _WORKERS * _SHARE
    return range(first, first + _SHARE - _STEP + 1, _STEP)


def _from_anywhere(ports: range) -> cycle[int]:
    """Begin where another run on this machine hardly begins."""
    start = os.getpid() % len(ports)
    return cycle([*ports[start:], *ports[:start]])


_ports = _from_anywhere(_share())


def free_port() -> int:
    """Return the next port of this worker's that nobody on this machine uses."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    """Tell whether it and its neighbours can be bound, by nobody but us."""
    try:
        for number in range(port, port + _STEP):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind(("", number))
    except OSError:
        return False
    return True
