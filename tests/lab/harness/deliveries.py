"""``groupwire push`` and ``pull`` in hosts, and the trees that they carry."""

from __future__ import annotations

import hashlib
import json
import os
import random
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.lab.harness.commands import Line, Told, start, told
from tests.lab.harness.host import Host
from tests.lab.harness.process import Process

__all__ = [
    "PATIENCE",
    "grow",
    "in_mounts",
    "in_pipe",
    "listing",
    "mixed",
    "noise",
    "pull",
    "pulls",
    "push",
    "pushed",
    "reach",
    "statuses",
]

PATIENCE = 60.0
"""Seconds for a whole delivery on a machine that does other things, too."""

_TIME = 1_700_000_000_123_456_789
_NAMES = (
    "plain.txt",
    "two words",
    "-rf",
    'quote\'s "and" more',
    "back\\slash",
    "100%",
    "*.glob?",
    "$HOME; echo",
    "grün und größer",
    "\N{SNOWMAN}\N{GRINNING FACE}",
    "l" * 200,
    ".hidden",
)


# Commands


def pull(host: Host, into: Path, *arguments: str, name: str = "") -> Process:
    """Start a member, and return it when it has joined."""
    return _joined([start(host, *_pull(into, name or into.name), *arguments)])[0]


def pulls(hosts: Iterable[Host], root: Path, *arguments: str) -> list[Process]:
    """Start a member on each host, into m1, m2, ... below ``root``, named so."""
    directories = [(host, root / f"m{n}") for n, host in enumerate(hosts, 1)]
    return _joined(
        [start(host, *_pull(into, into.name), *arguments) for host, into in directories]
    )


def in_mounts(host: Host, mounts: str, into: Path, *arguments: str) -> Process:
    """Start a member in mounts of its own, which a line for the shell makes."""
    command = [sys.executable, "-m", "groupwire", *_pull(into, into.name), "--json"]
    script = f'{mounts} && exec "$@"'
    shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    return _joined([host.popen(*shell, "sh", *command, *arguments)])[0]


def in_pipe(host: Host, out: Path, *, name: str) -> Process:
    """Start a member that writes to its standard output, which is a file here."""
    command = [sys.executable, "-m", "groupwire", "pull", "--into", "-", "-n", name]
    member = host.popen("sh", "-c", f'exec "$@" >{out}', "sh", *command)
    host.wait_for("239.255.42.99")
    return member


def push(host: Host, *arguments: str | Path, stdin: bytes | None = None) -> Process:
    """Start a sender."""
    return start(host, "push", *map(str, arguments), stdin=stdin)


def pushed(
    host: Host,
    *arguments: str | Path,
    stdin: bytes | None = None,
    within: float = PATIENCE,
) -> Told:
    """Push to the end."""
    return told(push(host, *arguments, stdin=stdin), within=within)


def reach(process: Process, bytes_: int) -> Line:
    """Return the first line of progress with so many bytes."""
    while True:
        line: Line = json.loads(process.line('"progress"'))
        if line["bytes"] >= bytes_:
            return line


def statuses(answered: Told) -> dict[str, str]:
    """Return the status of each member that signed or was given up."""
    return {line["member"]: line["status"] for line in answered.all("receipt")}


def _pull(into: Path, name: str) -> Sequence[str]:
    return ("pull", "--into", str(into), "--name", name)


def _joined(members: list[Process]) -> list[Process]:
    for member in members:
        member.line('"joined"')
    return members


# Trees


def noise(path: Path, size: int, *, seed: int = 1) -> Path:
    """Write a file that cannot be compressed."""
    dice = random.Random(seed)
    with path.open("wb") as file:
        while size > 0:
            size -= file.write(dice.randbytes(min(size, 1 << 20)))
    return path


def mixed(root: Path, files: int, *, seed: int = 4) -> Path:
    """Make a tree of small files: nested, empty, sparse, with odd names and modes."""
    dice = random.Random(seed)
    places = [root, *(root / f"d{n}" / "deep" / "er" for n in range(8))]
    for place in places:
        place.mkdir(parents=True)
    (root / "nothing in it").mkdir()
    for number in range(files):
        path = dice.choice(places) / f"{number} {dice.choice(_NAMES)}"
        grow(path, dice.choice((0, 1, 1399, 1400, 1401, 4096, 20_000)), dice)
        path.chmod(dice.choice((0o644, 0o600, 0o755, 0o444)))
    with (root / "sparse").open("wb") as hole:
        hole.truncate(3_000_000)
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, ns=(_TIME, _TIME + len(path.name)))
    return root


def grow(path: Path, size: int, dice: random.Random) -> None:
    path.write_bytes(dice.randbytes(size))


def listing(root: Path) -> dict[str, tuple[object, ...]]:
    """Return all that is to be equal at every member, by relative path."""
    return {
        str(path.relative_to(root)): _entry(path)
        for path in root.rglob("*")
        if ".groupwire" not in path.relative_to(root).parts
    }


def _entry(path: Path) -> tuple[object, ...]:
    about = path.lstat()
    mode = stat.S_IMODE(about.st_mode) | stat.S_IWUSR
    if stat.S_ISDIR(about.st_mode):
        return "directory", mode, about.st_mtime_ns
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "file", mode, about.st_mtime_ns, about.st_size, digest
