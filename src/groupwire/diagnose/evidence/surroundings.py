"""All that this machine tells about multicast at one moment, as values."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.values import Interface

__all__ = ["Surroundings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """One moment of this machine."""

    interfaces: tuple[Interface, ...] = ()
