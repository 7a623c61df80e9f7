"""What can be said after a command, and what the texts mean."""

from __future__ import annotations

from groupwire.cli.options.common import Where, duration, tone

__all__ = ["Where", "duration", "tone"]
