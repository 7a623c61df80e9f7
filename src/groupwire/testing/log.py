"""What happened in a lab, in lines that two runs of one seed have in common."""

from __future__ import annotations

from hashlib import blake2b

__all__ = ["Log"]

_BATCH = 4096


class Log:
    """Counts and digests lines; with ``keep`` they can be read afterwards."""

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self._kept: list[str] = []
        self._batch: list[str] = []
        self._digest = blake2b(digest_size=16)
        self.count = 0

    def write(self, now: float, who: str, what: str) -> None:
        """Add a line."""
        self._batch.append(f"{now:.9f} {who} {what}\n")
        self.count += 1
        if len(self._batch) >= _BATCH:
            self._settle()

    def _settle(self) -> None:
        self._digest.update("".join(self._batch).encode())
        if self._keep:
            self._kept += self._batch
        self._batch.clear()

    @property
    def digest(self) -> str:
        """Of all lines so far."""
        self._settle()
        return self._digest.hexdigest()

    @property
    def text(self) -> str:
        """All lines, where they are kept."""
        self._settle()
        return "".join(self._kept)
