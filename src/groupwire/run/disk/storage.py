"""The disk of a member, off the event loop: a store, and threads that serve it."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, Protocol

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.storage import Examined, Outcome, PartSink, Status
from groupwire.deliver.store.parts.contest import Contest
from groupwire.deliver.store.store import Digester, Part, Placing, SmallPart, Store
from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.run.disk.mailbox import Mailbox
from groupwire.run.disk.worker import Worker
from groupwire.run.disk.writer import BufferedSink, File, Writer

__all__ = ["DiskStorage", "OnConcluded", "OnExamined", "OnFinished"]

_PATIENCE_S = 10.0
"""A disk that hangs holds the end up only so long."""
_FOREIGN = -1
"""Foreign objects are kept apart from entries."""

_Place = tuple[int, int, int]
"""Delivery, entry, or the number of a foreign object behind ``_FOREIGN``."""


class OnExamined(Protocol):
    """Hears what a member has already: ``Pull.handle_examined``."""

    def __call__(self, key: int, examined: Examined, /) -> None:
        """Take that in."""
        ...


class OnFinished(Protocol):
    """Hears what became of a file: ``Pull.handle_finished``."""

    def __call__(self, key: int, entry: int, outcome: Outcome, /) -> None:
        """Take that in."""
        ...


class OnConcluded(Protocol):
    """Hears that a delivery is on the disk: ``Pull.handle_concluded``."""

    def __call__(self, key: int, failed: Mapping[int, str], /) -> None:
        """Take that in."""
        ...


class _Finishing(NamedTuple):
    """A file that has come, on its way to its name."""

    key: int
    number: int
    """Of the entry, or of the foreign object."""
    sender: str
    entry: Entry | None
    """None for a foreign object, which has a ``name`` instead."""
    name: str
    expected: bytes | None
    part: Part
    digester: Digester
    error: OSError | None = None
    """What writing it came to."""


@dataclass(slots=True)
class _Delivery:
    manifest: Manifest
    sender: str
    total_bytes: int | None = None
    """With what has changed meanwhile; None as long as nothing has."""
    sizes: dict[int, int] = field(default_factory=dict[int, int])
    """Of what has another size than in the manifest."""

    def resize(self, entry: int, size_bytes: int) -> int:
        """Note the size that a file has now; return that of all."""
        if self.total_bytes is None:
            self.total_bytes = self.manifest.total_bytes or 0
        before = self.sizes.get(entry, self.manifest.entries[entry].size_bytes or 0)
        self.sizes[entry] = size_bytes
        self.total_bytes += size_bytes - before
        return self.total_bytes


class DiskStorage:
    """Implements :class:`groupwire.deliver.storage.Storage` over a store.

    All callbacks come in the loop's thread. ``on_pressure`` says True when more arrives
    than the disk takes, so that sockets are read no further, and False when it has
    caught up. ``sender_of`` names the sender of a delivery for the store's record.
    """

    def __init__(  # noqa: PLR0913 - one for each answer, wired once
        self,
        store: Store,
        *,
        loop: asyncio.AbstractEventLoop,
        on_examined: OnExamined,
        on_finished: OnFinished,
        on_concluded: OnConcluded,
        on_pressure: Callable[[bool], None],
        sender_of: Callable[[int], str] | None = None,
    ) -> None:
        self._store = store
        self._on_examined = on_examined
        self._on_finished = on_finished
        self._on_concluded = on_concluded
        self._sender_of = sender_of or _anybody
        self._mailbox = Mailbox(loop)
        self._examiner = Worker("examiner", self._mailbox)
        self._placer = Worker("placer", self._mailbox)
        self._writer = Writer(
            later=loop.call_later,
            post=self._mailbox.post,
            on_pressure=on_pressure,
            checkpoints=self._placer,
        )
        self._deliveries: dict[int, _Delivery] = {}
        self._files: dict[_Place, File | SmallPart] = {}
        self._foreign: dict[int, int] = {}
        """Bytes of the objects that a foreign sender has begun, by delivery."""
        self._closing: Counter[str] = Counter()
        """By path, what is being closed and may be opened again."""
        self._opened_last: dict[str, _Place] = {}
        """By path, if it is large; it may have been closed since."""
        self._contest = Contest(loop.time)
        self._finishing: deque[_Finishing] = deque()
        self._closed = False

    # Storage.

    @property
    def holds(self) -> bool:
        """Whether there is anything in the directory already."""
        try:
            return self._store.holds
        except OSError:
            return False

    def examine(self, key: int, manifest: Manifest) -> None:
        """Look what is there."""
        self._deliveries[key] = _Delivery(manifest, self._sender_of(key))
        self._examiner.do(partial(self._examine, key, self._deliveries[key]))

    def open(self, key: int, entry: int, size_bytes: int | None = None) -> PartSink:
        """Open where an examined file goes. Raises OSError."""
        path = self._entry(key, entry).path
        self.put_away(key, entry)
        self._take_over(key, path)
        if path in self._closing:
            # Beside the old part a new one would begin with nothing.
            raise BlockingIOError(errno.EAGAIN, "it is being closed")
        part = self._store.open(self._resized(key, entry, size_bytes), delivery=key)
        if not isinstance(part, SmallPart):
            self._opened_last[path] = key, 0, entry
        return self._opened((key, 0, entry), part)

    def open_part(self, key: int, entry: int, number: int, size_bytes: int) -> PartSink:
        """Open where a part of a file of unknown length goes. Raises OSError."""
        file = self._unsized(key, entry)
        base = number * PART_BYTES
        return BufferedSink(file, self._writer, base=base, size_bytes=size_bytes)

    def open_foreign(self, key: int, number: int, size_bytes: int) -> PartSink:
        """Open where an object of a foreign sender goes. Raises OSError."""
        self.discard_foreign(key, number)
        before = self._foreign.get(key, 0)
        part = self._store.open_foreign(
            size_bytes,
            before_bytes=before,
            open_bytes=self._open_bytes(),
            delivery=key,
        )
        self._foreign[key] = before + size_bytes
        return self._opened((key, _FOREIGN, number), part)

    def finish(self, key: int, entry: int, sha256: bytes) -> None:
        """Verify, make durable, rename."""
        try:
            self._open_empty(key, entry)
        except OSError as error:
            outcome = Outcome(Status.FAILED, reason=reason_of(error))
            self._tell(key, entry, outcome)
            return
        self._end((key, 0, entry), sha256, "")

    def finish_foreign(self, key: int, number: int, name: str) -> None:
        """Do the same without a digest to compare."""
        self._end((key, _FOREIGN, number), None, name)

    def discard(self, key: int, entry: int) -> None:
        """Throw away what has come of a file."""
        self._discard((key, 0, entry))

    def put_away(self, key: int, entry: int) -> None:
        """Close what has come of a file; it is kept for when it comes again."""
        file = self._taken_out((key, 0, entry))
        if file is not None:
            self._keep(file, self._entry(key, entry).path)

    def discard_foreign(self, key: int, number: int) -> None:
        """Throw away what has come of an object of a foreign sender."""
        self._discard((key, _FOREIGN, number))

    def conclude(self, key: int) -> None:
        """Make directories, links, modes, behind all files that were to be finished.

        It is known until it is abandoned: files may be opened once more.
        """
        delivery = self._deliveries.get(key)
        if delivery is not None:
            self._placer.do(partial(self._conclude, key, delivery))

    def abandon(self, key: int) -> None:
        """Leave a delivery; what is incomplete is kept for the next."""
        for place in [place for place in self._files if place[0] == key]:
            if place[1] == _FOREIGN:
                self._discard(place)
            else:
                self.put_away(key, place[2])
        self._deliveries.pop(key, None)
        self._foreign.pop(key, None)
        left = [path for path, last in self._opened_last.items() if last[0] == key]
        for path in left:
            del self._opened_last[path]

    # Its end.

    def close(self, patience_s: float = _PATIENCE_S) -> None:
        """Keep what is incomplete, and end the threads; any number of times.

        It waits for the disk: call it in a thread.
        """
        if self._closed:
            return
        self._closed = True
        self._mailbox.close()
        for key in {place[0] for place in self._files}:
            self.abandon(key)
        self._writer.close(patience_s)
        self._examiner.close(patience_s)
        self._placer.close(patience_s)
        self._store.close()

    # The loop's thread.

    def _entry(self, key: int, entry: int) -> Entry:
        return self._deliveries[key].manifest.entries[entry]

    def _open_bytes(self) -> int:
        """Return what is still to come of the foreign objects that are open."""
        parts = (
            file if isinstance(file, SmallPart) else file.part
            for place, file in self._files.items()
            if place[1] == _FOREIGN
        )
        return sum(part.missing_bytes for part in parts)

    def _resized(self, key: int, entry: int, size_bytes: int | None) -> Entry:
        """Return an entry with the size that it has now. Raises OSError."""
        found, told = self._entry(key, entry), self._deliveries[key]
        if size_bytes is None or found.size_bytes is None:
            return found
        if size_bytes == found.size_bytes and entry not in told.sizes:
            return found
        total = told.resize(entry, size_bytes)
        if size_bytes > found.size_bytes:
            # Growing is no way round the limit, which was compared with the manifest.
            self._store.check_size(total)
        return replace(found, size_bytes=size_bytes, sha256=None)

    def _unsized(self, key: int, entry: int) -> File:
        """Return where the parts of a file of unknown length go. Raises OSError."""
        place = key, 0, entry
        file = self._files.get(place)
        if not isinstance(file, File):
            part = self._store.open(self._entry(key, entry), delivery=key)
            file = self._files[place] = File(part)
        return file

    def _open_empty(self, key: int, entry: int) -> None:
        """Open a file of unknown length of which no part has come. Raises OSError.

        It goes through memory, for there may be no place for one more that is open.
        """
        place, found = (key, 0, entry), self._entry(key, entry)
        if found.size_bytes is None and place not in self._files:
            empty = replace(found, size_bytes=0)
            self._opened(place, self._store.open(empty, delivery=key))

    def _opened(self, place: _Place, part: Part) -> PartSink:
        if isinstance(part, SmallPart):
            self._files[place] = part
            return part
        file = self._files[place] = File(part)
        held = tuple(part.held)
        if held:
            self._writer.follow(file)
        return BufferedSink(file, self._writer, held=held)

    def _taken_out(self, place: _Place) -> File | SmallPart | None:
        """Return what is open there, which it is no more."""
        file = self._files.pop(place, None)
        self._contest.forget(file)
        return file

    def _end(self, place: _Place, sha256: bytes | None, name: str) -> None:
        file = self._taken_out(place)
        key, kind, number = place
        if file is None:
            self._tell(key, number, Outcome(Status.FAILED, reason="gone"))
            return
        part = file if isinstance(file, SmallPart) else file.part
        finishing = _Finishing(
            key,
            number,
            self._sender_of(key),
            self._entry(key, number) if kind != _FOREIGN else None,
            name,
            sha256,
            part,
            Digester(part) if isinstance(file, SmallPart) else file.digester,
        )
        if isinstance(file, SmallPart):
            self._hand_over(finishing)
        else:
            self._writer.end(file, partial(self._written, file, finishing))

    def _take_over(self, key: int, path: str) -> None:
        """Close what another delivery has of a file, if nothing more comes of it."""
        place = self._opened_last.get(path)
        file = None if place is None else self._files.get(place)
        if place is None or place[0] == key or not isinstance(file, File):
            return
        if file.part.complete or file.pending:
            return  # it only waits for its digest, or for the disk
        if self._contest.lost(file, file.part.have_bytes):
            # Who loses it wants it still, and asks for it again.
            file.error = BlockingIOError(errno.EAGAIN, "another delivery has it")
            self.put_away(place[0], place[2])

    def _discard(self, place: _Place) -> None:
        file = self._taken_out(place)
        if isinstance(file, SmallPart):
            self._placer.do(file.discard)
        elif file is not None:
            file.error = OSError("thrown away")
            self._writer.end(file, partial(self._placer.do, file.part.discard))

    def _keep(self, file: File | SmallPart, path: str) -> None:
        if isinstance(file, SmallPart):
            self._placer.do(file.close)
            return
        self._closing[path] += 1
        close = partial(self._close_part, file.part, path)
        self._writer.end(file, partial(self._placer.do, close))

    def _closed_part(self, path: str) -> None:
        self._closing[path] -= 1
        if not self._closing[path]:
            del self._closing[path]

    # Threads.

    def _close_part(self, part: Part, path: str) -> None:
        try:
            part.close()
        finally:  # or it is never opened again
            self._mailbox.post(partial(self._closed_part, path))

    def _tell(self, key: int, entry: int, outcome: Outcome) -> None:
        self._mailbox.post(partial(self._on_finished, key, entry, outcome))

    def _written(self, file: File, finishing: _Finishing) -> None:
        self._hand_over(finishing._replace(error=file.error))

    def _hand_over(self, finishing: _Finishing) -> None:
        self._finishing.append(finishing)
        self._placer.do(self._place_all)

    def _examine(self, key: int, delivery: _Delivery) -> None:
        manifest, examined = delivery.manifest, None
        try:
            examined = self._store.examine(manifest, delivery.sender)
        except OSError as error:
            examined = _refused(manifest, reason_of(error))
        finally:  # whatever it was: somebody waits
            told = examined or _refused(manifest, "io-error")
            self._mailbox.post(partial(self._on_examined, key, told))

    def _place_all(self) -> None:
        """Place all that have come meanwhile: many cost little more than one."""
        todo: dict[str, list[tuple[_Finishing, Placing]]] = {}
        while self._finishing:
            one = self._finishing.popleft()
            placing = self._placing_of(one)
            if isinstance(placing, Outcome):
                self._tell(one.key, one.number, placing)
            else:
                todo.setdefault(one.sender, []).append((one, placing))
        for sender, pairs in todo.items():
            outcomes = self._placed([placing for _, placing in pairs], sender)
            for (one, _), outcome in zip(pairs, outcomes, strict=True):
                self._tell(one.key, one.number, outcome)

    def _placing_of(self, one: _Finishing) -> Placing | Outcome:
        """Return it in any case: who waits for the outcome waits for ever."""
        try:
            return self._placing(one)
        except Exception as error:
            return self._failed(error)

    def _placed(self, placings: list[Placing], sender: str) -> Sequence[Outcome]:
        try:
            return self._store.place_many(placings, sender)
        except Exception as error:
            return [self._failed(error)] * len(placings)

    def _failed(self, error: Exception) -> Outcome:
        if isinstance(error, OSError):
            return Outcome(Status.FAILED, reason=reason_of(error))
        self._mailbox.fail(error)
        return Outcome(Status.FAILED, reason="io-error")

    def _placing(self, one: _Finishing) -> Placing | Outcome:
        """Return what is to be placed, or what became of it already."""
        error = one.error
        if error is None:
            try:
                digest = one.digester.digest()
            except OSError as failure:
                error = failure
            else:
                if one.entry is not None:
                    return Placing(one.part, one.entry, digest, one.expected)
                return self._store.place_foreign(one.part, one.name, digest, one.sender)
        one.part.close()
        return Outcome(Status.FAILED, reason=reason_of(error))

    def _conclude(self, key: int, delivery: _Delivery) -> None:
        failed = self._store.conclude(delivery.manifest, delivery.sender)
        self._mailbox.post(partial(self._on_concluded, key, failed))


def _refused(manifest: Manifest, reason: str) -> Examined:
    failed = Outcome(Status.FAILED, reason=reason)
    files = [n for n, e in enumerate(manifest.entries) if e.kind is Kind.FILE]
    return Examined(dict.fromkeys(files, failed))


def _anybody(_: int) -> str:
    return ""
