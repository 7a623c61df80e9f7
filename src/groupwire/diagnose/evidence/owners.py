"""Which process holds a socket: ``/proc/PID/fd`` names sockets by their inode.

Root sees all processes, anybody else only their own.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from groupwire.diagnose.evidence.surroundings import Owner

__all__ = ["MAX_DESCRIPTORS", "MAX_WORD", "find_owners"]

MAX_DESCRIPTORS = 200_000
"""So many descriptors are looked at, of all processes together: about a second."""

MAX_WORD = 64
"""Characters of a word of a program's command line that are shown."""


def find_owners(
    inodes: Iterable[int], proc: Path = Path("/proc")
) -> dict[int, tuple[Owner, ...]]:
    """Return the holders of these sockets, as far as they may be seen."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: defaultdict[int, dict[int, Owner]] = defaultdict(dict)
    if not wanted:
        return {}
    for looked, (pid, link) in enumerate(_descriptors(proc)):
        if looked >= MAX_DESCRIPTORS:
            break
        if (inode := wanted.get(link)) is not None:
            found[inode][pid] = Owner(pid, _name(proc / str(pid)))
    return {inode: tuple(owners.values()) for inode, owners in found.items()}


def _descriptors(proc: Path) -> Iterator[tuple[int, str]]:
    """Iterate over all descriptors; processes come and go meanwhile."""
    with suppress(OSError):
        for name in sorted(filter(str.isdigit, os.listdir(proc)), key=int):
            folder = f"{proc}/{name}/fd"
            with suppress(OSError):
                for descriptor in os.listdir(folder):
                    with suppress(OSError):
                        yield int(name), os.readlink(f"{folder}/{descriptor}")


def _name(process: Path) -> str:
    """Return the program's name, for Python the script's or module's."""
    words: list[str] = []
    with suppress(OSError):
        text = (process / "cmdline").read_bytes()[:4096].decode("utf-8", "replace")
        words = [word[:MAX_WORD] for word in text.split("\0") if word]
    if not words:
        with suppress(OSError):
            return (process / "comm").read_text("utf-8", "replace").strip()
        return "?"
    return _told(words)


def _told(words: list[str]) -> str:
    """Return ``python groupwire`` for ``/usr/bin/python3 -m groupwire receive``."""
    name = Path(words[0]).name
    if not name.startswith("python") or len(words) < 2:
        return name
    if "-c" in words[:4]:
        return f"{name} -c"
    module = words.index("-m") + 1 if "-m" in words else 0
    if 0 < module < len(words):
        return f"{name} -m {words[module]}"
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    return f"{name} {Path(script).name}".rstrip()
