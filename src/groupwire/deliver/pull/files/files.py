"""The files of a delivery on their way to the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from errno import ECANCELED
from hashlib import sha256
from heapq import nlargest
from operator import itemgetter

from groupwire.deliver.entries import Manifest
from groupwire.deliver.pull.files.gate import Gate
from groupwire.deliver.pull.files.ledger import Ledger
from groupwire.deliver.pull.files.naming import Naming, is_before
from groupwire.deliver.pull.files.parts import Parts
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.reasons import is_for_now, reason_of
from groupwire.deliver.report import PulledFile
from groupwire.deliver.storage import Examined, Outcome, Status, Storage
from groupwire.deliver.wire.seals import Seal
from groupwire.norm import LATER, Later, ObjectOffer, Sink
from groupwire.norm.receive.events import LossReason, ObjectLost

__all__ = ["Files"]

_MOST_MISMATCHES = 3
_TOLD_HELD = 16
"""Entries of which the sender is told how much is there."""
_MISMATCH = Outcome(Status.MISMATCH, reason="mismatch")
_EMPTY = sha256(b"").digest()
_GOOD = frozenset({Status.STORED, Status.UNCHANGED})


class _Stage(Enum):
    """Where a file is that is neither open nor settled."""

    COMING = auto()
    WHOLE = auto()
    """All of it is here; its digest is not."""
    FINISHING = auto()
    """The disk verifies it."""


@dataclass(slots=True)
class _Coming:
    """A file on its way."""

    object: int
    gate: Gate
    stage: _Stage = _Stage.COMING
    void: bool = False
    """Whether its object turned out to be void while the disk was at it."""
    waits: bool = False
    """Whether a newer object of it waits until it is clear what comes of this one."""


class Files:
    """Takes each file from its object to the disk, and writes down what became of it.

    A file is open until an object of it comes; then it goes through the stages, and is
    settled or open again.
    """

    def __init__(
        self,
        key: int,
        manifest: Manifest,
        run: Run,
        storage: Storage,
        tell: Callable[[PulledFile], None],
    ) -> None:
        self.ledger = Ledger(manifest)
        self.held: tuple[tuple[int, int], ...] = ()
        """Of which entries the most is there of before, and how much."""
        self.lost_unnamed = 0
        """Objects that will not come, and of which nobody knows what they are."""
        self._key = key
        self._run = run
        self._storage = storage
        self._tell = tell
        self._naming = Naming(manifest)
        self._coming: dict[int, _Coming] = {}
        self._parts: dict[int, Parts] = {}
        self._objects: dict[int, int] = {}
        """The latest object of an entry."""
        self._empty: set[int] = set()
        """Empty files of which no object has come."""
        self._mismatches: Counter[int] = Counter()
        self._given_up: set[int] = set()
        self._retry = False
        """Whether an object waits that has a place now."""

    # What the disk says.

    def examined(self, examined: Examined) -> None:
        """Write down what is there already."""
        most = nlargest(_TOLD_HELD, examined.held.items(), key=itemgetter(1))
        self.held = tuple(sorted(most))
        for entry, outcome in examined.settled.items():
            if self._naming.is_file(entry) and not self.ledger.settled(entry):
                self._settle(entry, outcome)
        entries = self.ledger.manifest.entries
        for entry in list(self.ledger.unsettled()):
            if entries[entry].size_bytes == 0:
                self._empty.add(entry)

    @property
    def only_empty_left(self) -> bool:
        """Whether nothing is open but empty files of which no object has come."""
        return bool(self._empty) and self.ledger.left == len(self._empty)

    def make_empty(self) -> None:
        """Make the empty files: nothing needs to come of them."""
        for entry in sorted(self._empty):
            self._make_empty(entry)

    def _make_empty(self, entry: int) -> None:
        try:
            gate = Gate(self._storage.open(self._key, entry))
        except OSError as error:
            if not is_for_now(error):
                self._fail(entry, reason_of(error))
            return
        self._empty.discard(entry)
        self._coming[entry] = _Coming(-1, gate, _Stage.FINISHING)
        self._storage.finish(self._key, entry, _EMPTY)

    def finished(self, entry: int, outcome: Outcome, now: float) -> None:
        """Learn what became of a file that the disk was to verify."""
        if (parts := self._parts.get(entry)) is not None:
            self._parts_finished(entry, parts, outcome)
            return
        coming = self._coming.get(entry)
        if coming is None or coming.stage is not _Stage.FINISHING:
            return
        del self._coming[entry]
        coming.gate.closed = True
        self._retry |= coming.waits or coming.void
        if coming.void:
            if entry in self._given_up:
                self._fail(entry, "changed")
        elif outcome.status is Status.MISMATCH:
            if not coming.waits:
                self._differs(entry, coming.object, now)
        else:
            self._settle(entry, outcome)
            if outcome.status in _GOOD and coming.object >= 0:
                self._run.accept(coming.object, now)

    def _parts_finished(self, entry: int, parts: Parts, outcome: Outcome) -> None:
        if parts.finishing:
            del self._parts[entry]
            # What does not agree cannot be asked for: it was accepted, part by part.
            if outcome.status is Status.MISMATCH:
                outcome = _MISMATCH
            self._settle(entry, outcome)

    def _differs(self, entry: int, number: int, now: float) -> None:
        """Ask for all of a file again, a few times."""
        self._mismatches[entry] += 1
        if self._mismatches[entry] > _MOST_MISMATCHES or number < 0:
            self._settle(entry, _MISMATCH)
        else:
            self._run.again(number, now)

    # What the sender says.

    def offer(self, offer: ObjectOffer) -> Sink | Later | None:
        """Return where an object goes."""
        target = self._naming.target(offer.info)
        if target is None:
            return None
        entry, part = target
        self._naming.note(offer.object, target)
        if self.ledger.settled(entry):
            self._objects[entry] = offer.object
            return None
        if part is not None:
            return self._open_part(entry, part, offer)
        return self._open(entry, offer.object, offer.size_bytes)

    def _open(self, entry: int, number: int, size_bytes: int) -> Sink | Later | None:
        coming = self._coming.get(entry)
        if coming is not None:
            if number < coming.object:
                return None
            if number > coming.object or coming.stage is _Stage.FINISHING:
                # It may be the same, sent once more for somebody else.
                coming.waits = True
                return LATER
            self._stop(entry, coming)
        gate = Gate(self._storage.open(self._key, entry, size_bytes))
        self._coming[entry] = _Coming(number, gate)
        self._empty.discard(entry)
        self._objects[entry] = number
        return gate

    def _stop(self, entry: int, coming: _Coming) -> None:
        """Take nothing more of an object; what has come is kept for the next one."""
        coming.gate.closed = True
        del self._coming[entry]
        self._storage.put_away(self._key, entry)

    def _abort(self, entry: int, coming: _Coming) -> None:
        coming.gate.closed = True
        del self._coming[entry]
        self._storage.discard(self._key, entry)

    def _open_part(
        self, entry: int, part: int, offer: ObjectOffer
    ) -> Sink | Later | None:
        parts = self._parts.setdefault(entry, Parts())
        if not parts.wants(part, offer.object, offer.size_bytes):
            return None
        sink = self._storage.open_part(self._key, entry, part, offer.size_bytes)
        return parts.open(part, offer.object, Gate(sink))

    def received(self, number: int, size_bytes: int, now: float) -> bool:
        """Learn that an object is complete; False if it is of no file."""
        target = self._naming.of(number)
        if target is None:
            return False
        entry, part = target
        if part is not None:
            if (parts := self._parts.get(entry)) is not None:
                if parts.received(part, number, size_bytes):
                    # Else the sender, who keeps a few, could not let go of any.
                    self._run.accept(number, now)
                self._finish_parts(entry, parts)
            return True
        coming = self._coming.get(entry)
        if coming is not None and coming.object == number:
            coming.stage = _Stage.WHOLE
            self._finish(entry, coming)
        return True

    def _finish(self, entry: int, coming: _Coming) -> None:
        digest = self._naming.digest(entry, coming.object)
        if digest is not None and coming.stage is _Stage.WHOLE:
            coming.stage = _Stage.FINISHING
            self._storage.finish(self._key, entry, digest)

    def _finish_parts(self, entry: int, parts: Parts) -> None:
        seal = self._naming.sealed(entry)
        if seal is None or seal.sha256 is None or parts.finishing:
            return
        if parts.complete(seal.size_bytes):
            parts.finishing = True
            self._storage.finish(self._key, entry, seal.sha256)

    def seal(self, seal: Seal, order: int, now: float) -> None:
        """Take in what seals a file, or says that what came of it is void."""
        entry = seal.entry
        if not self._naming.is_file(entry) or not self._naming.seal(seal, order):
            return
        if seal.sha256 is None and seal.object is None:
            self._give_up(entry)
        elif self._naming.is_open(entry):
            self._seal_open(entry)
        elif seal.object is not None and seal.sha256 is None:
            self._void(entry, seal.object)
        elif seal.object is not None:
            self._seal_known(entry, seal.object, seal.sha256, now)

    def _give_up(self, entry: int) -> None:
        """Take in that the sender will not send it any more."""
        self._given_up.add(entry)
        if (coming := self._coming.get(entry)) is not None:
            if coming.stage is _Stage.FINISHING:
                coming.void = True
                return
            self._abort(entry, coming)
        self._forget_parts(entry)
        if self.ledger.digest(entry) is not None:
            self.ledger.reopen(entry)
        if not self.ledger.settled(entry):
            self._fail(entry, "changed")

    def _seal_open(self, entry: int) -> None:
        if not self.ledger.settled(entry):
            parts = self._parts.setdefault(entry, Parts())
            self._finish_parts(entry, parts)

    def _void(self, entry: int, object_id: int) -> None:
        """Throw away what has come of a file; another object follows."""
        coming = self._coming.get(entry)
        if coming is None:
            self._void_settled(entry, object_id)
        elif is_before(object_id, coming.object % (1 << 16)):
            return
        elif coming.stage is _Stage.FINISHING:
            coming.void = True
        else:
            self._abort(entry, coming)
            self._retry = True

    def _void_settled(self, entry: int, object_id: int) -> None:
        number = self._objects.get(entry)
        if number is not None and is_before(object_id, number % (1 << 16)):
            return
        mendable = self.ledger.digest(entry) is not None or entry in set(
            self.ledger.mendable()
        )
        if mendable and self.ledger.settled(entry):
            self.ledger.reopen(entry)
            self._retry = True

    def _seal_known(
        self, entry: int, object_id: int, digest: bytes | None, now: float
    ) -> None:
        coming = self._coming.get(entry)
        if coming is not None:
            self._finish(entry, coming)
            return
        have, number = self.ledger.digest(entry), self._objects.get(entry)
        if have is None or have == digest:
            return
        if number is None or is_before(number, object_id):
            # What was there before is not what is still to come.
            self.ledger.reopen(entry)
        elif number % (1 << 16) == object_id:
            self.ledger.reopen(entry)
            self._run.again(number, now)

    def lost(self, event: ObjectLost, now: float) -> None:
        """Learn that an object will not come."""
        target = self._naming.of(event.object)
        if target is None:
            self.lost_unnamed += event.reason is not LossReason.REFUSED
            return
        entry, part = target
        if event.reason is LossReason.REFUSED:
            # It was not taken because it is here: that is as good as received.
            if self.ledger.digest(entry) is not None:
                self._run.accept(event.object, now)
        elif event.error is not None and event.error.errno == ECANCELED:
            return
        elif not self.ledger.settled(entry):
            self._lose(entry, part, event, now)

    def _lose(
        self, entry: int, part: int | None, event: ObjectLost, now: float
    ) -> None:
        coming = self._coming.get(entry)
        if part is None and coming is not None:
            if coming.object != event.object or coming.stage is not _Stage.COMING:
                return
            self._stop(entry, coming)
            if coming.waits:
                self._retry = True
                return
            if event.error is not None and is_for_now(event.error):
                # Another delivery has it: this one waits for it, or begins anew.
                self._run.again(event.object, now)
                return
        self._forget_parts(entry)
        reason = "gone" if event.error is None else reason_of(event.error)
        self._fail(entry, reason)

    def _forget_parts(self, entry: int) -> None:
        if (parts := self._parts.pop(entry, None)) is not None:
            parts.close()
            self._storage.discard(self._key, entry)

    # What the delivery wants.

    def take_retry(self) -> bool:
        """Return whether objects wait that have a place now; True only once."""
        retry, self._retry = self._retry, False
        return retry

    def reopen_failed(self) -> bool:
        """Want what the sender sends once more; False if that is nothing."""
        found = False
        for entry in self.ledger.mendable():
            if entry not in self._given_up:
                self.ledger.reopen(entry)
                found = True
        return found

    def give_up_open(self) -> None:
        """Fail what is not here yet: nobody sends it."""
        for entry in list(self.ledger.unsettled()):
            coming = self._coming.get(entry)
            if coming is not None and coming.stage is _Stage.FINISHING:
                continue
            if coming is not None:
                self._stop(entry, coming)
            seal = self._naming.sealed(entry)
            void = seal is not None and seal.sha256 is None
            self._forget_parts(entry)
            self._fail(entry, "changed" if void else "gone")

    def _flying(self) -> Iterator[bool]:
        return (parts.finishing for parts in self._parts.values())

    @property
    def finishing(self) -> bool:
        """Whether all that is not settled is with the disk."""
        at_disk = sum(c.stage is _Stage.FINISHING for c in self._coming.values())
        return at_disk + sum(self._flying()) == self.ledger.left

    @property
    def open_ended(self) -> bool:
        """Whether a file of unknown length is not settled."""
        unsettled = self.ledger.unsettled()
        return any(self._naming.is_open(entry) for entry in unsettled)

    @property
    def bytes_have(self) -> int:
        """Of all files, also of those on their way."""
        coming = sum(c.gate.have_bytes for c in self._coming.values())
        parts = sum(p.have_bytes for p in self._parts.values())
        return self.ledger.bytes_settled + coming + parts

    def _fail(self, entry: int, reason: str) -> None:
        self._settle(entry, Outcome(Status.FAILED, reason=reason))

    def _settle(self, entry: int, outcome: Outcome) -> None:
        self._empty.discard(entry)
        self._tell(self.ledger.settle(entry, outcome))
