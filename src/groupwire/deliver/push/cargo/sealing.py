"""Seals: which are needed, which wait, many in one object (docs/delivery.md §4.3)."""

from __future__ import annotations

from groupwire.deliver.push.cargo.files import Files
from groupwire.deliver.wire.seals import Seal

__all__ = ["Sealing"]

_BATCH = 64
_WAIT_S = 0.2
_LARGEST = 1024
"""Seals of one object, where many wait."""


class Sealing:
    """Gathers seals until there are enough, or the first has waited long enough."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self._waiting: list[Seal] = []
        self._told: dict[int, bytes] = {}
        """Digests that the manifest had."""
        self._sealed: set[int] = set()
        """Files that had a seal: all their objects to come have one."""
        self._kept: dict[int, tuple[Seal, ...]] = {}
        """By the object that has them."""
        self._lost: list[Seal] = []
        """Those whose object is kept no more."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def tell(self, files: Files) -> None:
        """Note what the manifest tells: where it is right, no seal is needed."""
        for entry in files.sized:
            if (digest := files.digest(entry)) is not None:
                self._told[entry] = digest

    def add(self, seal: Seal, *, now: float) -> None:
        """Let a seal wait for others; one that voids something does not wait."""
        if self._is_needless(seal):
            return
        self._sealed.add(seal.entry)
        self._waiting.append(seal)
        due = now if seal.sha256 is None else now + _WAIT_S
        self.deadline = due if self.deadline is None else min(due, self.deadline)

    def _is_needless(self, seal: Seal) -> bool:
        """Return whether the manifest says the same, and no seal has said else."""
        if seal.sha256 is None or seal.entry in self._sealed:
            return False
        return self._told.get(seal.entry) == seal.sha256

    def take(self, *, now: float, last: bool) -> tuple[Seal, ...]:
        """Return what is to be sent now; ``last`` where nothing more is to come soon.

        They still wait until :meth:`sent` says that there was room for them.
        """
        due = self.deadline is not None and self.deadline <= now
        if self._waiting and (last or due or len(self._waiting) >= _BATCH):
            return tuple(self._waiting[:_LARGEST])
        return ()

    def sent(self, object_: int, seals: tuple[Seal, ...]) -> None:
        """Note that the first seals are on their way."""
        self._kept[object_] = seals
        del self._waiting[: len(seals)]
        if not self._waiting:
            self.deadline = None

    def purged(self, object_: int) -> None:
        """Note that NORM keeps an object no more, perhaps one with seals."""
        self._lost += self._kept.pop(object_, ())

    def again(self, files: Files, *, now: float) -> bool:
        """Let the seals that are lost wait once more, as far as they are still true.

        False if there are none.
        """
        lost, self._lost = self._lost, []
        for seal in lost:
            if files.digest(seal.entry) == seal.sha256:
                self.add(seal, now=now)
        return bool(self._waiting)
