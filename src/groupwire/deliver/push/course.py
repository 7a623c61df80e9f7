"""Where a push stands: what all its parts have to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from groupwire.deliver.words import CallPhase

__all__ = ["Course", "Stage"]


class Stage(Enum):
    """GATHER, then SEND; digests come first where somebody has something."""

    NEW = auto()
    GATHER = auto()
    DIGEST = auto()
    SEND = auto()
    OVER = auto()


@dataclass(slots=True)
class Course:
    """The stage, and the time as far as it has been told."""

    stage: Stage = Stage.NEW
    offering: bool = False
    """Whether only what somebody wants is sent."""
    examining: bool = False
    """Whether somebody has yet to say what it wants."""
    stirred: bool = True
    """Whether something was said that changes who is waited for."""
    now: float = 0.0
    started_at: float | None = None
    awake: float = 0.0
    """Seconds in which the sender was awake."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first call."""
        return 0.0 if self.started_at is None else self.now - self.started_at

    @property
    def begun(self) -> bool:
        """Whether the roll-call is over."""
        return self.stage in {Stage.SEND, Stage.OVER}

    @property
    def running(self) -> bool:
        """Whether there is something to do."""
        return self.stage not in {Stage.NEW, Stage.OVER}

    @property
    def phase(self) -> CallPhase:
        """The phase that a call tells."""
        if not self.begun:
            return CallPhase.GATHER
        asks = self.offering and self.examining
        return CallPhase.OFFER if asks else CallPhase.SEND
