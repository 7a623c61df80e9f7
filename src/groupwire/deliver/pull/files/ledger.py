"""What became of each entry of a delivery here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from groupwire.deliver.digest import receipt_digest
from groupwire.deliver.entries import Kind, Manifest
from groupwire.deliver.report import PulledFile
from groupwire.deliver.storage import Outcome, Status
from groupwire.deliver.words import Failure, Receipt
from groupwire.norm.intervals import Intervals

__all__ = ["Ledger"]

_TOLD_FILES = 10_000
"""Of those that are there, in the report; all that failed are."""
_TOLD_RANGES = 256
"""Of entries that are wanted; more do not fit into a datagram."""
_MENDABLE = frozenset({"gone", "changed"})
"""Failures that the sender can mend (docs/delivery.md §5.3)."""
_GOOD = frozenset({Status.STORED, Status.UNCHANGED})


class Ledger:
    """Files are settled one by one, directories and links at the end."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.bytes_settled = 0
        self.left = manifest.files
        """Files of which nothing is decided yet."""
        self._digests: dict[int, tuple[bytes, int]] = {}
        """Of what is there, with its size."""
        self._unchanged: set[int] = set()
        self._failed: dict[int, PulledFile] = {}
        self._told: deque[PulledFile] = deque(maxlen=_TOLD_FILES)
        self._settled = Intervals()
        for number, entry in enumerate(manifest.entries):
            if entry.kind is not Kind.FILE:
                self._settled.add(number, number)

    def settle(self, entry: int, outcome: Outcome) -> PulledFile:
        """Write down what became of a file."""
        told = self._told_of(entry, outcome)
        self.left -= 1
        self._settled.add(entry, entry)
        if outcome.status in _GOOD:
            self._digests[entry] = outcome.sha256 or b"", told.size_bytes
            self.bytes_settled += told.size_bytes
            if outcome.status is Status.UNCHANGED:
                self._unchanged.add(entry)
            self._told.append(told)
        else:
            self._failed[entry] = told
        return told

    def fail_rest(self, entry: int, reason: str) -> PulledFile:
        """Write down that a directory or a link was not made, or a file spoilt."""
        if entry in self._digests:
            self.reopen(entry)
            return self.settle(entry, Outcome(Status.FAILED, reason=reason))
        told = self._told_of(entry, Outcome(Status.FAILED, reason=reason))
        self._failed[entry] = told
        return told

    def reopen(self, entry: int) -> None:
        """Want a file again that was settled."""
        self.left += 1
        self._settled.remove(entry, entry)
        _, size = self._digests.pop(entry, (b"", 0))
        self.bytes_settled -= size
        self._unchanged.discard(entry)
        self._failed.pop(entry, None)

    def settled(self, entry: int) -> bool:
        """Return whether it is decided what becomes of an entry."""
        return entry in self._settled

    def digest(self, entry: int) -> bytes | None:
        """Return the digest of a file that is there."""
        return self._digests.get(entry, (None, 0))[0]

    def mendable(self) -> list[int]:
        """Return which files the sender may send once more."""
        entries = self.manifest.entries
        return [
            number
            for number, told in self._failed.items()
            if told.reason in _MENDABLE and entries[number].kind is Kind.FILE
        ]

    def unsettled(self) -> Iterator[int]:
        """Iterate over the files of which nothing is decided."""
        for low, high in self._settled.gaps(0, len(self.manifest.entries) - 1):
            yield from range(low, high + 1)

    def wants(self) -> tuple[range, ...] | None:
        """Return what is lacking, None where that is too long to tell."""
        if len(self._settled) > _TOLD_RANGES:
            return None
        gaps = self._settled.gaps(0, len(self.manifest.entries) - 1)
        return tuple(range(low, high + 1) for low, high in gaps)

    def receipt(self, node: int, lost: int) -> Receipt:
        """Return what this member signs for (docs/delivery.md §5.1)."""
        entries = self.manifest.entries
        files = [(entries[n].path, sha) for n, (sha, _) in self._digests.items()]
        failed = [Failure(n, told.reason) for n, told in self._failed.items()]
        return Receipt(
            delivery=self.manifest.delivery,
            node=node,
            files=len(files),
            unchanged=len(self._unchanged),
            bytes_have=self.bytes_settled,
            lost=lost,
            sha256=receipt_digest(files),
            failed=tuple(failed),
        )

    @property
    def unchanged(self) -> int:
        """How many files were there before."""
        return len(self._unchanged)

    @property
    def stored(self) -> int:
        """How many files have come."""
        return len(self._digests) - len(self._unchanged)

    @property
    def failed(self) -> int:
        """How many entries are not there and will not be."""
        return len(self._failed)

    @property
    def told(self) -> tuple[PulledFile, ...]:
        """The latest files, and all that failed."""
        return (*self._told, *self._failed.values())

    def _told_of(self, entry: int, outcome: Outcome) -> PulledFile:
        size = self.manifest.entries[entry].size_bytes
        good = outcome.status in _GOOD
        return PulledFile(
            path=self.manifest.entries[entry].path,
            size_bytes=outcome.size_bytes if good or size is None else size,
            sha256=(outcome.sha256 or b"").hex(),
            status=outcome.status if good else Status.FAILED,
            reason=outcome.reason,
        )
