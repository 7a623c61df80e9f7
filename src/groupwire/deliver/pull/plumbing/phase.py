"""How far a delivery is at a member, and where it can go from there."""

from __future__ import annotations

from enum import Enum, auto

from groupwire.errors import UsageError

__all__ = ["BEFORE", "Phase"]


class Phase(Enum):
    """How far a delivery is here."""

    ANNOUNCED = auto()
    """Its manifest is not here yet."""
    EXAMINING = auto()
    """The disk looks what is there already."""
    TAKING = auto()
    CONCLUDING = auto()
    """The disk makes directories, links and modes."""
    SIGNING = auto()
    OVER = auto()

    def to(self, phase: Phase) -> Phase:
        """Return the next one, if it can be that."""
        if phase not in _ALLOWED[self]:
            raise UsageError(
                f"cannot go from {self.name} to {phase.name}",
                fix="see docs/delivery.md",
            )
        return phase


_ALLOWED = {
    Phase.ANNOUNCED: frozenset({Phase.EXAMINING, Phase.OVER}),
    Phase.EXAMINING: frozenset({Phase.TAKING, Phase.OVER}),
    Phase.TAKING: frozenset({Phase.CONCLUDING, Phase.OVER}),
    Phase.CONCLUDING: frozenset({Phase.SIGNING, Phase.TAKING, Phase.OVER}),
    Phase.SIGNING: frozenset({Phase.TAKING, Phase.OVER}),
    Phase.OVER: frozenset[Phase](),
}

BEFORE = frozenset({Phase.ANNOUNCED, Phase.EXAMINING})
"""Nothing is known of what is there already."""
