"""Which files are sent, and in which order: all, or what somebody wants."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence

__all__ = ["MOST_RANGES", "Offer"]

MOST_RANGES = 1024
"""Who wants more of them gets everything; members tell 256."""


class Offer:
    """Files that wait to be sent, each once, until it is to be sent again."""

    def __init__(self, files: Iterable[int]) -> None:
        self._unasked = sorted(files)
        """What was never to be sent yet, in the order of the manifest."""
        self._queue: deque[int] = deque()
        self._queued: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._queue)

    def __contains__(self, entry: int) -> bool:
        return entry in self._queued

    def want(self, wants: Sequence[range] | None) -> list[int]:
        """Send what a member lacks, None is everything; return what is new of it.

        Ranges ascend. Every member says so again and again: what is not new costs no
        more than to look for each range.
        """
        if wants is None or len(wants) > MOST_RANGES:
            new, self._unasked = self._unasked, []
        else:
            new = self._cut(wants)
        self._append(new)
        return new

    def again(self, entries: Iterable[int]) -> None:
        """Send files once more."""
        new = [n for n in entries if n not in self._queued]
        for entry in new:
            self._ask(entry)
        self._append(new)

    def drop(self, entry: int) -> None:
        """Do not send a file."""
        self._ask(entry)
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

    def _cut(self, wants: Sequence[range]) -> list[int]:
        """Take what lies in ranges out of what was never to be sent."""
        new: list[int] = []
        kept: list[int] = []
        unasked, at = self._unasked, 0
        for wanted in wants:
            low = bisect_left(unasked, wanted.start, at)
            high = bisect_left(unasked, wanted.stop, low)
            if low < high:
                new += unasked[low:high]
                kept += unasked[at:low]
                at = high
        if new:
            self._unasked = kept + unasked[at:]
        return new

    def _ask(self, entry: int) -> None:
        """Note that a file was to be sent."""
        at = bisect_left(self._unasked, entry)
        if self._unasked[at : at + 1] == [entry]:
            del self._unasked[at]

    def _append(self, entries: list[int]) -> None:
        self._queue += entries
        self._queued.update(entries)
