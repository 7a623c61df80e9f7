"""A storage without a disk: the one file of a delivery leaves through a function.

It is written in order while it arrives, and verified at the end: what does not agree
with its digest then has left all the same, and the outcome says so.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from groupwire.aio.delivery.emitting import Emitter, Spool, Spooling
from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.store.policy import StorePolicy
from groupwire.run.disk.mailbox import Mailbox
from groupwire.run.disk.storage import OnConcluded, OnExamined, OnFinished
from groupwire.run.disk.worker import Worker

__all__ = ["Output", "OutputStorage"]

_PATIENCE_S = 10.0
"""Who decides what is taken and hangs holds the end up only so long."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where the one file of a delivery goes, in place of a directory.

    ``write`` takes the bytes in order; it is called in a thread and may block.
    """

    write: Callable[[bytes], Any]


class OutputStorage:
    """Implements :class:`groupwire.deliver.storage.Storage` over an output."""

    def __init__(  # noqa: PLR0913 - keyword-only
        self,
        output: Output,
        *,
        loop: asyncio.AbstractEventLoop,
        policy: StorePolicy,
        on_examined: OnExamined,
        on_finished: OnFinished,
        on_concluded: OnConcluded,
        on_pressure: Callable[[bool], None],
        on_broken: Callable[[Exception], None],
    ) -> None:
        self._policy = policy
        self._on_examined = on_examined
        self._on_finished = on_finished
        self._on_concluded = on_concluded
        self._on_broken = on_broken
        self._key: int | None = None
        """The delivery that has the output; one at a time."""
        self._examining: set[int] = set()
        self._size_bytes = 0
        self._torn = False
        """Whether something has left of which the rest never will."""
        self._mailbox = Mailbox(loop)
        self._examiner = Worker("examiner", self._mailbox)
        post = self._mailbox.post
        self._spooling = Spooling(policy.keep_free_bytes, policy.max_bytes)
        self._emitter = Emitter(
            output.write,
            self._spooling,
            failed=lambda error: post(partial(self._break, error)),
            pressed=lambda pressed: post(partial(on_pressure, pressed)),
        )

    @property
    def holds(self) -> bool:
        """Nothing is here before."""
        return False

    def examine(self, key: int, manifest: Manifest) -> None:
        """Take a delivery of one file, where none is being written."""
        self._examining.add(key)
        self._examiner.do(partial(self._examine, key, manifest))

    def open(self, key: int, entry: int, size_bytes: int | None = None) -> Spool:
        """Open the file. Raises OSError."""
        size = self._size_bytes if size_bytes is None else size_bytes
        return self.open_part(key, entry, 0, size)

    def open_part(self, key: int, entry: int, number: int, size_bytes: int) -> Spool:  # noqa: ARG002 - one file
        """Open a part of it. Raises OSError."""
        if key != self._key or self._torn:
            raise OSError(errno.EBUSY, "the output is another delivery's")
        return self._emitter.open(number, size_bytes)

    def open_foreign(self, key: int, number: int, size_bytes: int) -> Spool:  # noqa: ARG002 - of one object
        """Open the object of a foreign sender, where no file is being written."""
        if self._key is not None or self._torn:
            raise OSError(errno.EBUSY, "the output takes one file")
        spool = self._emitter.open(0, size_bytes)
        self._key = key
        return spool

    def finish(self, key: int, entry: int, sha256: bytes) -> None:
        """Tell whether what has left agrees with its digest, once all has."""
        self._emitter.finish(self._telling(key, entry, sha256))

    def finish_foreign(self, key: int, number: int, name: str) -> None:  # noqa: ARG002 - its name goes nowhere
        """Tell the digest of what has left, once all has."""
        self._emitter.finish(self._telling(key, number, None))

    def discard(self, key: int, entry: int) -> None:
        """Forget what has not left. Where something has, no more will."""
        if key == self._key and not self._emitter.discard():
            self._tear(key, entry)

    def put_away(self, key: int, entry: int) -> None:
        """Do nothing: what comes again takes its place."""

    def discard_foreign(self, key: int, number: int) -> None:
        """Do nothing, for the same reason."""

    def conclude(self, key: int) -> None:
        """Let the next delivery have the output."""
        self._examining.discard(key)
        if key == self._key:
            self._key = None
        self._mailbox.post(partial(self._on_concluded, key, dict[int, str]()))

    def abandon(self, key: int) -> None:
        """Leave a delivery; the next begins only if nothing of this one has left."""
        self._examining.discard(key)
        if key == self._key:
            self._torn = not self._emitter.discard() or self._torn
            self._key = None

    def close(self) -> None:
        """Write nothing more; any number of times.

        It waits for who is asked what is taken: call it in a thread.
        """
        self._mailbox.close()
        self._emitter.close()
        self._examiner.close(_PATIENCE_S)

    # In a thread of its own: who decides may take his time.

    def _examine(self, key: int, manifest: Manifest) -> None:
        files = [n for n, e in enumerate(manifest.entries) if e.kind is Kind.FILE]
        reason = "unsupported"
        if len(files) == 1:
            reason = self._refusal(manifest.entries[files[0]])
        refused = dict.fromkeys(files, reason) if reason else {}
        self._mailbox.post(partial(self._claim, key, manifest, refused))

    def _refusal(self, entry: Entry) -> str:
        size = entry.size_bytes or 0
        try:
            self._spooling.check(size, size)
        except OSError as error:
            return reason_of(error)
        accept = self._policy.accept
        return "" if accept is None or accept(entry) else "vetoed"

    # In the loop's thread again.

    def _claim(self, key: int, manifest: Manifest, refused: Mapping[int, str]) -> None:
        """Let a delivery have the output, unless it was left or is too late."""
        if key not in self._examining:
            return
        self._examining.discard(key)
        wanted = manifest.files > len(refused)
        if wanted and (self._key is not None or self._torn):
            files = (n for n, e in enumerate(manifest.entries) if e.kind is Kind.FILE)
            refused = dict.fromkeys(files, "unsupported")
        elif wanted:
            self._key = key
            self._size_bytes = manifest.total_bytes or 0
        settled = {n: Outcome(Status.FAILED, reason=r) for n, r in refused.items()}
        self._on_examined(key, Examined(settled))

    def _telling(
        self, key: int, entry: int, wanted: bytes | None
    ) -> Callable[[bytes, int], None]:
        def done(sha256: bytes, size_bytes: int) -> None:
            outcome = Outcome(Status.STORED, sha256, size_bytes)
            if wanted not in {None, sha256}:
                outcome = Outcome(Status.FAILED, sha256, size_bytes, "changed")
            self._mailbox.post(partial(self._on_finished, key, entry, outcome))

        return done

    def _tear(self, key: int, entry: int) -> None:
        self._torn = True
        outcome = Outcome(Status.FAILED, reason="changed")
        self._mailbox.post(partial(self._on_finished, key, entry, outcome))

    def _break(self, error: Exception) -> None:
        self._torn = True
        self._on_broken(error)
