"""What the bounds of a rate have to be to each other."""

from __future__ import annotations

from groupwire.errors import UsageError

__all__ = ["check_bounds"]


def check_bounds(floor: float, start: float, ceiling: float) -> None:
    """Refuse bounds between which no rate can start."""
    if not 0 < floor <= start <= ceiling:
        raise UsageError(
            f"a rate cannot start at {start} between {floor} and {ceiling}",
            fix="use 0 < floor <= start <= ceiling",
        )
