"""The command ``groupwire`` in a host, told and read as JSON lines."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.lab.harness.host import Host
from tests.lab.harness.process import Process
from tests.lab.harness.waiting import PATIENCE

__all__ = [
    "Line",
    "Told",
    "message",
    "receive",
    "receive_on",
    "send",
    "start",
    "stop",
    "told",
]

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    lines: list[Line]
    errors: str

    def __str__(self) -> str:
        """Show all of it, for a test that fails."""
        lines = [str(line) for line in self.lines]
        return "\n".join([f"exit code {self.code}", *lines, self.errors])

    def all(self, event: str) -> list[Line]:
        return [line for line in self.lines if line["event"] == event]

    @property
    def sent(self) -> Line:
        return self.all("sent")[0]

    @property
    def senders(self) -> list[str]:
        """The addresses that answered, without their ports, in order."""
        return sorted(a["sender"].rpartition(":")[0] for a in self.all("answer"))

    @property
    def end(self) -> Line:
        """The last line, which has to be ``end``."""
        assert self.lines[-1]["event"] == "end", self
        return self.lines[-1]


def start(host: Host, *arguments: str, stdin: bytes | None = None) -> Process:
    """Start the command with ``--json``."""
    return host.python("-m", "groupwire", *arguments, "--json", stdin=stdin)


def told(process: Process, *, within: float = PATIENCE) -> Told:
    """Wait for the end of a command and read all that it said."""
    code = process.finish(within=within)
    lines = [json.loads(line) for line in process.lines]
    return Told(code, lines, process.errors)


def receive(host: Host, *arguments: str) -> Process:
    """Start a receiver, and return it when it has joined."""
    return receive_on([host], *arguments)[0]


def receive_on(hosts: Iterable[Host], *arguments: str) -> list[Process]:
    """Start a receiver on each host, and return them when all have joined."""
    processes = [start(host, "receive", *arguments) for host in hosts]
    for process in processes:
        process.line('"joined"')
    return processes


def message(receiver: Process) -> Line:
    """Return the next message that a receiver tells of."""
    line: Line = json.loads(receiver.line('"message"'))
    return line


def stop(receiver: Process) -> Told:
    """Interrupt a receiver, as Ctrl-C does, and read all that it said."""
    receiver.signal(signal.SIGINT)
    return told(receiver)


def send(host: Host, *arguments: str, stdin: bytes | None = None) -> Told:
    """Run ``groupwire send`` to its end."""
    return told(start(host, "send", *arguments, stdin=stdin))
