"""What the rules of delivery want of the disk of a sender, without touching one.

Nothing here waits: what takes time is answered later, by the ``handle_*`` verb of the
core that is named with it.
"""

from __future__ import annotations

from typing import Protocol

from groupwire.norm import Source

__all__ = ["Shelf"]


class Shelf(Protocol):
    """The files of a sender, by entry of the manifest."""

    def digest(self, entry: int) -> None:
        """Read a file; ``Push.handle_digest`` tells the outcome."""
        ...

    def open(self, entry: int, skip_bytes: int = 0) -> Source:
        """Open a file for sending; it is digested while it is read ahead.

        Of the first ``skip_bytes`` only what is asked for will be sent.

        ``Push.handle_ready`` tells of progress, ``Push.handle_digest`` of the end, once
        all of it was read. A source with ``ready_bytes`` is sent no further than that.
        Raises OSError.
        """
        ...

    def close(self, entry: int) -> None:
        """Let go of a file that is sent and repaired no more."""
        ...
