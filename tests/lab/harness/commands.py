"""The command ``groupwire`` in a host, told and read as JSON lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.lab.harness.host import Host
from tests.lab.harness.process import Process
from tests.lab.harness.waiting import PATIENCE

__all__ = ["Told", "receive", "send", "start", "told"]

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    lines: list[Line]
    errors: str

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
    process = start(host, "receive", *arguments)
    process.line('"joined"')
    return process


def send(host: Host, *arguments: str, stdin: bytes | None = None) -> Told:
    """Run ``groupwire send`` to its end."""
    return told(start(host, "send", *arguments, stdin=stdin))
