"""Bounds of a rate."""

from __future__ import annotations

import pytest

from groupwire.errors import UsageError
from groupwire.norm.rate.bounds import check_bounds


@pytest.mark.parametrize("bounds", [(1.0, 1.0, 1.0), (1.0, 2.0, 3.0)])
def test_bounds_in_order_are_taken(bounds: tuple[float, float, float]) -> None:
    check_bounds(*bounds)


@pytest.mark.parametrize(
    "bounds", [(0.0, 1.0, 2.0), (-1.0, 1.0, 2.0), (2.0, 1.0, 3.0), (1.0, 3.0, 2.0)]
)
def test_bounds_out_of_order_are_refused(bounds: tuple[float, float, float]) -> None:
    floor, start, ceiling = bounds
    with pytest.raises(UsageError, match=f"start at {start} between {floor} and"):
        check_bounds(floor, start, ceiling)
