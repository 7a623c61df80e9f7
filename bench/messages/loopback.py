"""Loopback with a route for groups, and with packets lost on it when asked."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from ..network import Network

__all__ = ["losing", "ready"]

_RULES = """
table inet bench_messages {{
  chain input {{
    type filter hook input priority 0;
    iifname "lo" numgen random mod 1000 < {per_mille} counter drop
  }}
}}
"""


def ready(network: Network) -> bool:
    """Let groups be reached by loopback; False where that is not ours to change."""
    if network.private:
        _run("ip", "route", "replace", "224.0.0.0/4", "dev", "lo")
        _run("ip", "link", "set", "lo", "multicast", "on")
    return network.private


@contextmanager
def losing(percent: float) -> Iterator[None]:
    """Lose packets of everybody one by one, whatever they carry."""
    _run("ip", "link", "set", "lo", "gso_max_segs", "1")
    _run("nft", "-f", "-", text=_RULES.format(per_mille=round(percent * 10)))
    try:
        yield
    finally:
        _run("nft", "delete", "table", "inet", "bench_messages")
        _run("ip", "link", "set", "lo", "gso_max_segs", "65535")


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
