"""What is known when a delivery is offered or waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Opening"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Where and how; ``title`` to ``problems`` are the sender's."""

    group: str
    """As it was named."""
    interfaces: Sequence[str]
    reason: str
    """Why these interfaces."""
    name: str
    """Of this end."""
    ttl: int = 1
    title: str = ""
    files: int = 0
    total_bytes: int | None = None
    problems: Sequence[str] = ()
    """Paths that were named and cannot be delivered."""
    into: str = ""
    """Where a pull puts files."""

    def where(self) -> dict[str, Any]:
        """Return the keys that both ends have."""
        return {
            "group": self.group,
            "interfaces": list(self.interfaces),
            "reason": self.reason,
            "name": self.name,
        }
