"""Commands under test, and the rest of their world: plain sockets on loopback."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.ports import free_port

__all__ = [
    "COMMAND",
    "GROUP",
    "Caller",
    "broken_pipe",
    "calling",
    "first_event",
    "free_port",
    "on_loopback",
    "running",
    "told",
]

GROUP = "239.255.42.99"
COMMAND = (sys.executable, "-m", "groupwire")


def on_loopback(port: int) -> list[str]:
    """Return the words that lead a command to loopback and nowhere else."""
    return ["-g", f"{GROUP}:{port}", "-i", "lo"]


def told(text: str) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def running(*words: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a command; it is ended with the context."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_event(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the first JSON line."""
    assert process.stdout is not None
    event: dict[str, Any] = json.loads(process.stdout.readline())
    return event


@dataclass
class Caller:
    """A stranger's program: plain datagrams to the group, answers counted."""

    answers: list[bytes] = field(default_factory=list)


@contextmanager
def calling(port: int, *messages: bytes) -> Iterator[Caller]:
    """Multicast ``messages`` over and over, until the context is left."""
    caller, stop = Caller(), threading.Event()
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(
        socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1")
    )

    def call() -> None:
        while not stop.is_set():
            for message in messages:
                out.sendto(message, (GROUP, port))
            while select.select([out], [], [], 0.02)[0]:
                caller.answers.append(out.recv(65_535))

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield caller
    finally:
        stop.set()
        thread.join()
        with out:
            while select.select([out], [], [], 0)[0]:
                caller.answers.append(out.recv(65_535))


@contextmanager
def broken_pipe() -> Iterator[int]:
    """Return a descriptor that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)
