"""Rates, parts and times as people read them."""

from __future__ import annotations

__all__ = ["bits", "in_time", "percent"]

_STEPS = ((1e9, "Gb/s"), (1e6, "Mb/s"), (1e3, "kb/s"))


def bits(per_second: float) -> str:
    """Return ``12.3 Mb/s``."""
    for factor, unit in _STEPS:
        if per_second >= factor * 0.9995:
            return f"{per_second / factor:.3g} {unit}"
    return f"{per_second:.0f} b/s"


def percent(part: float) -> str:
    """Return ``0.25 %``; what is more than nothing is not shown as 0."""
    if 0 < part < 0.0001:
        return "<0.01 %"
    return f"{100 * part:.3g} %"


def in_time(seconds: float | None) -> str:
    """Return ``42 us``, ``1.8 ms``, ``2.5 s``; ``-`` for what is not known."""
    if seconds is None:
        return "-"
    size = abs(seconds)
    if size < 0.000_999_5:
        return f"{seconds * 1e6:.0f} us"
    if size < 0.999_5:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"
