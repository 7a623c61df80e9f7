"""What a sender asks its receivers: how a run has arrived (docs/howto/measuring.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from groupwire.errors import DecodeError

__all__ = ["LoadQuestion"]

_WRITTEN = re.compile(rb"gw-load 1 ([0-9a-f]{16})( end)? *", re.ASCII)
_PADDED_BYTES = 1000
"""Beyond the link an answer is hardly longer than its question: so that a report
gets through, the question is as long as the longest of them."""


@dataclass(frozen=True, slots=True)
class LoadQuestion:
    """Asks for the report of a run; ``last``: nothing more of it will come."""

    run: int
    last: bool = False

    def encode(self) -> bytes:
        """Return the text, filled up with spaces."""
        text = f"gw-load 1 {self.run:016x}{' end' if self.last else ''}"
        return text.encode().ljust(_PADDED_BYTES)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read it; DecodeError for any other message."""
        found = _WRITTEN.fullmatch(data)
        if found is None:
            raise DecodeError("load-no-question")
        return cls(int(found[1], 16), found[2] is not None)
