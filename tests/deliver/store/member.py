"""A member's disk in a temporary directory, and what a sender would have sent to it."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.storage import Examined, Outcome
from groupwire.deliver.store.store import Digester, Placing, Store, StorePolicy

LARGE = os.urandom(200_000)
"""Too much for memory, so that it has a part with a journal."""
NOW_NS = 1_700_000_000_123_456_789


def file(path: str, data: bytes, *, mode: int = 0o644, mtime_ns: int = NOW_NS) -> Entry:
    digest = sha256(data).digest()
    return Entry(path, Kind.FILE, len(data), mode, mtime_ns, digest)


def manifest(*entries: Entry) -> Manifest:
    return Manifest(1, "title", entries)


class Member:
    """A store with shorter words for what a whole delivery takes many calls for."""

    def __init__(self, directory: Path, **policy: object) -> None:
        self.directory = directory
        self.next: Member | None = None
        self.store = Store(directory, StorePolicy(**policy))  # type: ignore[arg-type]

    def examine(self, *entries: Entry, sender: str = "alice") -> Examined:
        return self.store.examine(manifest(*entries), sender)

    def reasons(self, *entries: Entry, sender: str = "alice") -> list[str]:
        """Why each of them is refused; "" for wanted, the status for unchanged."""
        settled = self.examine(*entries, sender=sender).settled
        return [
            (settled[n].reason or settled[n].status.value) if n in settled else ""
            for n in range(len(entries))
        ]

    def receive(self, entry: Entry, data: bytes, *, sender: str = "alice") -> Outcome:
        part = self.store.open(entry)
        for offset in range(0, len(data), 63_000):
            part.write(offset, [data[offset : offset + 63_000]])
        return self.store.place(self.placing(part, entry), sender)

    @staticmethod
    def placing(part: object, entry: Entry) -> Placing:
        digest = Digester(part).digest()  # type: ignore[arg-type]
        return Placing(part, entry, digest, entry.sha256)  # type: ignore[arg-type]

    def take(self, path: str, data: bytes, *, sender: str = "alice") -> Outcome:
        return self.receive(file(path, data), data, sender=sender)

    def conclude(self, *entries: Entry, sender: str = "alice") -> dict[int, str]:
        return self.store.conclude(manifest(*entries), sender)

    @property
    def parts(self) -> list[str]:
        return sorted(os.listdir(self.directory / ".groupwire" / "parts"))

    def again(self, **policy: object) -> Member:
        """What the next pull finds."""
        self.store.close()
        self.next = Member(self.directory, **policy)
        return self.next

    def close(self) -> None:
        self.store.close()
        if self.next is not None:
            self.next.close()


def run_apart(script: str, *arguments: str, unshare: bool = False) -> str:
    """Run Python in a process of its own, where wanted with mounts of its own."""
    command = [sys.executable, "-c", _HEAD + script, *arguments]
    if unshare:
        command = ["unshare", "-m", "--propagation", "private", *command]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_HEAD = """
import os, signal, subprocess, sys
from pathlib import Path
from tests.deliver.store.member import *
"""


def can_mount() -> bool:
    """Whether this user may have mounts of its own."""
    command = ["unshare", "-m", "true"]
    try:
        return os.geteuid() == 0 and not subprocess.run(command, check=False).returncode
    except FileNotFoundError:
        return False
