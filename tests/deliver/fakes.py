"""A disk and a shelf of files in memory, for cores on virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from errno import EMFILE, ENOSPC
from hashlib import sha256

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.pull import Pull
from groupwire.deliver.push import Push
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.norm.intervals import Intervals

PullAnswer = Callable[[Pull, float], None]
PushAnswer = Callable[[Push, float], None]


class MemoryFile:
    """A file on its way: its bytes, and which of them are there."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.there = Intervals()
        self.fails: OSError | None = None

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        if self.fails is not None:
            raise self.fails
        whole = b"".join(parts)
        if offset + len(whole) > len(self.data):
            self.data.extend(bytes(offset + len(whole) - len(self.data)))
        self.data[offset : offset + len(whole)] = whole
        if whole:
            self.there.add(offset, offset + len(whole) - 1)

    def read(self, offset: int, size_bytes: int) -> bytes:
        return bytes(self.data[offset : offset + size_bytes])

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        return [(first, last - first + 1) for first, last in self.there]

    @property
    def have_bytes(self) -> int:
        return sum(last - first + 1 for first, last in self.there)


class MemoryStorage:
    """A member's directory; it answers through ``later``, or when it is told to."""

    def __init__(self, later: Callable[[PullAnswer], None] | None = None) -> None:
        self.disk: dict[str, bytes] = {}
        self.partial: dict[tuple[object, ...], MemoryFile] = {}
        self.refused: dict[str, str] = {}
        """By path, the reason."""
        self.spoilt: Counter[str] = Counter()
        """By path, how often wrong bits get into it."""
        self.full: set[str] = set()
        self.crowded: set[str] = set()
        """Paths, and objects, for which there is no descriptor."""
        self.unmade: dict[int, str] = {}
        """Entries that cannot be concluded."""
        self.calls: Counter[str] = Counter()
        self.abandoned: list[int] = []
        self.waiting: list[PullAnswer] = []
        self._later = self.waiting.append if later is None else later
        self._manifests: dict[int, Manifest] = {}
        self._open: dict[tuple[int, int], MemoryFile] = {}
        self._parts: dict[tuple[int, int], dict[int, MemoryFile]] = {}

    def settle(self, pull: Pull, now: float) -> None:
        """Answer all that was asked."""
        while self.waiting:
            self.waiting.pop(0)(pull, now)

    @property
    def holds(self) -> bool:
        return bool(self.disk) or any(f.have_bytes for f in self.partial.values())

    def examine(self, key: int, manifest: Manifest) -> None:
        self.calls["examine"] += 1
        self._manifests[key] = manifest
        settled: dict[int, Outcome] = {}
        for number, entry in enumerate(manifest.entries):
            if (outcome := self._examined(entry)) is not None:
                settled[number] = outcome
        held = {n: self._prefix(e) for n, e in enumerate(manifest.entries)}
        held = {n: size for n, size in held.items() if size and n not in settled}
        examined = Examined(settled, sum(held.values()), held)
        self._later(lambda pull, now: pull.handle_examined(key, examined, now=now))

    def _prefix(self, entry: Entry) -> int:
        identity = entry.path, entry.size_bytes, entry.mtime_ns, entry.sha256
        file = self.partial.get(identity, MemoryFile())
        return file.there.first_gap() if file.there else 0

    def _examined(self, entry: Entry) -> Outcome | None:
        if entry.path in self.refused:
            return Outcome(Status.FAILED, reason=self.refused[entry.path])
        have = self.disk.get(entry.path)
        if have is None or entry.kind is not Kind.FILE or entry.sha256 is None:
            return None
        digest = sha256(have).digest()
        if digest != entry.sha256:
            return None
        return Outcome(Status.UNCHANGED, digest, len(have))

    def open(self, key: int, entry: int, size_bytes: int | None = None) -> MemoryFile:
        self.calls["open"] += 1
        what = self._manifests[key].entries[entry]
        if what.path in self.full:
            raise OSError(ENOSPC, "full")
        if what.path in self.crowded:
            raise OSError(EMFILE, "too many open files")
        size = what.size_bytes if size_bytes is None else size_bytes
        identity = what.path, size, what.mtime_ns, what.sha256
        file = self.partial.setdefault(identity, MemoryFile())
        self._open[key, entry] = file
        return file

    def open_part(
        self, key: int, entry: int, number: int, size_bytes: int
    ) -> MemoryFile:
        self.calls["open_part"] += 1
        if self._manifests[key].entries[entry].path in self.full:
            raise OSError(ENOSPC, "full")
        assert size_bytes <= PART_BYTES
        file = self._parts.setdefault((key, entry), {})[number] = MemoryFile()
        return file

    def open_foreign(self, key: int, number: int, size_bytes: int) -> MemoryFile:
        self.calls["open_foreign"] += 1
        assert size_bytes >= 0
        if f"object-{number}" in self.full:
            raise OSError(ENOSPC, "full")
        if f"object-{number}" in self.crowded:
            raise OSError(EMFILE, "too many open files")
        file = self._open[key, number] = MemoryFile()
        return file

    def finish(self, key: int, entry: int, digest: bytes) -> None:
        self.calls["finish"] += 1
        what = self._manifests[key].entries[entry]
        data = self._content(key, entry)
        if self.spoilt[what.path] > 0:
            self.spoilt[what.path] -= 1
            data += b"!"
        real = sha256(data).digest()
        if real == digest:
            self.disk[what.path] = data
            outcome = Outcome(Status.STORED, real, len(data))
        else:
            outcome = Outcome(Status.MISMATCH, real, len(data))
        self._drop(key, entry)
        self._later(
            lambda pull, now: pull.handle_finished(key, entry, outcome, now=now)
        )

    def _content(self, key: int, entry: int) -> bytes:
        if (parts := self._parts.get((key, entry))) is not None:
            return b"".join(bytes(parts[n].data) for n in sorted(parts))
        file = self._open.get((key, entry))
        return b"" if file is None else bytes(file.data)

    def _drop(self, key: int, entry: int) -> None:
        self._parts.pop((key, entry), None)
        file = self._open.pop((key, entry), None)
        for identity in [i for i, f in self.partial.items() if f is file]:
            del self.partial[identity]

    def finish_foreign(self, key: int, number: int, name: str) -> None:
        self.calls["finish_foreign"] += 1
        if name in self.refused:
            outcome = Outcome(Status.FAILED, reason=self.refused[name])
        else:
            data = self.disk[name] = bytes(self._open.pop((key, number)).data)
            outcome = Outcome(Status.STORED, sha256(data).digest(), len(data))
        self._later(
            lambda pull, now: pull.handle_finished(key, number, outcome, now=now)
        )

    def discard(self, key: int, entry: int) -> None:
        self.calls["discard"] += 1
        self._drop(key, entry)

    def put_away(self, key: int, entry: int) -> None:
        self.calls["put_away"] += 1
        self._open.pop((key, entry), None)

    def discard_foreign(self, key: int, number: int) -> None:
        self.calls["discard_foreign"] += 1
        self._open.pop((key, number), None)

    def conclude(self, key: int) -> None:
        self.calls["conclude"] += 1
        failed = dict(self.unmade)
        self._later(lambda pull, now: pull.handle_concluded(key, failed, now=now))

    def abandon(self, key: int) -> None:
        self.calls["abandon"] += 1
        self.abandoned.append(key)


@dataclass
class MemorySource:
    """A file that is read for sending."""

    data: bytes
    ready_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.ready_bytes = len(self.data)

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read(self, offset: int, size_bytes: int) -> bytes:
        return self.data[offset : offset + size_bytes]


class MemoryShelf:
    """A sender's files; ``changes`` says what each is later, in order."""

    def __init__(
        self,
        files: Sequence[bytes],
        later: Callable[[PushAnswer], None],
        *,
        changes: Mapping[int, Sequence[bytes]] | None = None,
    ) -> None:
        self._files = list(files)
        self._later = later
        self._changes = {n: list(c) for n, c in (changes or {}).items()}
        self.opened: Counter[int] = Counter()
        self.closed: Counter[int] = Counter()
        self.skipped: dict[int, int] = {}

    def digest(self, entry: int) -> None:
        data = self._files[entry]
        digest = sha256(data).digest()
        self._later(
            lambda push, now: push.handle_digest(entry, digest, len(data), now=now)
        )

    def open(self, entry: int, skip_bytes: int = 0) -> MemorySource:
        self.opened[entry] += 1
        self.skipped[entry] = skip_bytes
        source = MemorySource(self._files[entry])
        changed = bool(self._changes.get(entry))
        if changed:
            self._files[entry] = self._changes[entry].pop(0)
        digest = None if changed else sha256(source.data).digest()
        size = len(source.data)

        def tell(push: Push, now: float) -> None:
            push.handle_digest(entry, digest, size, changed=changed, now=now)

        self._later(tell)
        return source

    def close(self, entry: int) -> None:
        self.closed[entry] += 1


def manifest_of(
    files: Mapping[str, bytes],
    *,
    delivery: int = 0xABCDEF,
    title: str = "things",
    digests: bool = False,
    unknown: Sequence[str] = (),
) -> Manifest:
    """Return the manifest of some files; a path that ends with a slash is one dir."""
    entries: list[Entry] = []
    for path, data in files.items():
        if path.endswith("/"):
            entries.append(Entry(path[:-1], Kind.DIRECTORY, 0, 0o755))
            continue
        digest = sha256(data).digest() if digests else None
        size = None if path in unknown else len(data)
        entries.append(Entry(path, Kind.FILE, size, mtime_ns=7, sha256=digest))
    return Manifest(delivery, title, tuple(entries))
