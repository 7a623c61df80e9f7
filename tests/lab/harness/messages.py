"""Publishers and subscribers in hosts, and what each has told."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from typing import Any

from tests.lab.harness.host import Host
from tests.lab.harness.process import Process

__all__ = ["Line", "numbers", "publish", "reach", "seen", "subscribe", "terminate"]

Line = dict[str, Any]
WITHIN = 20.0


def subscribe(host: Host, name: str, *arguments: str) -> Process:
    """Start a subscriber, and return it when it has joined."""
    return _ready(_start(host, "subscribe", "--name", name, *arguments))


def publish(host: Host, name: str, *arguments: str, ready: bool = True) -> Process:
    """Start a publisher, and return it when all whom it expects are here."""
    process = _start(host, "publish", "--name", name, *arguments)
    return _ready(process) if ready else process


def reach(subscriber: Process, last: int, *, within: float = WITHIN) -> None:
    """Wait until a subscriber has a number, or one behind it."""
    told = [line for line in seen(subscriber) if line["event"] == "messages"]
    if any(line["last"] >= last for line in told):
        return
    while True:
        line = json.loads(subscriber.line('"event": "messages"', within=within))
        if line["last"] >= last:
            return


def seen(process: Process, *events: str) -> list[Line]:
    """Return what a program has told so far, of these events or of all."""
    lines: Iterable[Line] = map(json.loads, process.lines)
    return [line for line in lines if not events or line["event"] in events]


def numbers(subscriber: Process, life: str | None = None) -> list[int]:
    """Return the messages that a subscriber has, in their order."""
    found: list[int] = []
    for line in seen(subscriber, "messages"):
        assert line["whole"], line
        if life in {None, line["life"]}:
            found += range(line["first"], line["last"] + 1)
    return found


def terminate(process: Process) -> None:
    """Have a program leave, and read all that it tells until then."""
    process.signal(signal.SIGTERM)
    assert process.finish() == 0, process.errors


def _start(host: Host, *arguments: str) -> Process:
    return host.python("-m", "tests.lab.harness.talkers", *arguments)


def _ready(process: Process) -> Process:
    process.line('"event": "ready"')
    return process
