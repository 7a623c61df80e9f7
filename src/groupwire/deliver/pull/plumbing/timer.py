"""The earliest of several deadlines."""

from __future__ import annotations

__all__ = ["earliest"]


def earliest(*deadlines: float | None) -> float | None:
    """Return it, None where nothing is due."""
    return min((due for due in deadlines if due is not None), default=None)
