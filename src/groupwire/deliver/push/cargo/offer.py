"""Which files are sent, and in which order: all, or what somebody wants."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

__all__ = ["Offer"]


class Offer:
    """Files that wait to be sent, each once, until it is to be sent again."""

    def __init__(self, files: Iterable[int]) -> None:
        self._unasked = dict.fromkeys(files)
        """What was never to be sent yet, in the order of the manifest."""
        self._queue: deque[int] = deque()
        self._queued: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._queue)

    def __contains__(self, entry: int) -> bool:
        return entry in self._queued

    def want(self, wants: tuple[range, ...] | None) -> list[int]:
        """Send what a member lacks, None is everything; return what is new of it."""
        if wants is None:
            new = list(self._unasked)
        else:
            new = [n for n in self._unasked if any(n in r for r in wants)]
        self._append(new)
        return new

    def again(self, entries: Iterable[int]) -> None:
        """Send files once more."""
        self._append([n for n in entries if n not in self._queued])

    def drop(self, entry: int) -> None:
        """Do not send a file."""
        self._unasked.pop(entry, None)
        if entry in self._queued:
            self._queued.remove(entry)
            self._queue.remove(entry)

    @property
    def next(self) -> int:
        """What is to be sent next."""
        return self._queue[0]

    def sent(self) -> None:
        """Go on to the one after it."""
        self._queued.remove(self._queue.popleft())

    def _append(self, entries: list[int]) -> None:
        for entry in entries:
            self._unasked.pop(entry, None)
        self._queue += entries
        self._queued.update(entries)
