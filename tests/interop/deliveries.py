"""``push`` and ``pull`` in hosts, in one group with the reference implementation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from random import Random

from tests.interop.norm import GROUP, LIBNORM, PORT, receiver
from tests.lab.harness import Host, Process
from tests.lab.harness.commands import Told, start

__all__ = [
    "by_name",
    "contents",
    "digest",
    "digests",
    "libnorm",
    "node",
    "pull",
    "push",
    "settled",
    "stored",
]

_WHERE = ("-g", f"{GROUP}:{PORT}")


def push(host: Host, *words: object) -> Process:
    """Start a push of paths, with options."""
    return start(host, "push", *_WHERE, *map(str, words))


def pull(host: Host, into: Path, *options: object) -> Process:
    """Start a pull, and return it when it has joined."""
    words = ("--into", into, "--name", host.name, *options)
    process = start(host, "pull", *_WHERE, *map(str, words))
    process.line('"joined"')
    return process


def libnorm(host: Host, *options: object) -> Process:
    """Start a receiver of the reference implementation, as it is called by default."""
    return receiver(host, LIBNORM, "--node", node(host), *options)


def node(host: Host) -> int:
    """Return the id that the reference implementation takes: the host's address."""
    return int(IPv4Address(host.v4))


def contents(size: int, *names: str) -> dict[str, bytes]:
    """Return what ``norm_peer`` sends by these names."""
    return {name: Random(number).randbytes(size) for number, name in enumerate(names)}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: digest(data) for name, data in files.items()}


def by_name(received: Told) -> dict[str, str]:
    """Return the digests of the files that the reference implementation received."""
    files = [line for line in received.all("object") if line["kind"] == "FILE"]
    return {bytes.fromhex(line["info"]).decode(): line["sha256"] for line in files}


def settled(pulled: Told) -> dict[str, tuple[str, str]]:
    """Return status or reason, and digest, of each file that a pull told of."""
    return {
        line["path"]: (line["reason"] or line["status"], line["sha256"])
        for line in pulled.all("file")
    }


def stored(directory: Path) -> dict[str, bytes]:
    """Return the files that a pull has stored."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".groupwire" not in path.parts
    }
