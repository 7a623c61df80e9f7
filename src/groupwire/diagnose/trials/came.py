"""What came for the group while the doctor looked, as values."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["Came"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One interface: what its card saw, and what a program was given of it."""

    interface: str
    join_error: int = 0
    """The system's error number where it refused the join, else 0."""
    port_taken: bool = False
    """Another program holds the port for itself alone."""
    heard: int = 0
    """Datagrams of the group that a program was given."""
    tests: int = 0
    """Those of them that were a doctor's tests, of this one or another."""
    dropped: int = 0
    """Datagrams for which the doctor's own socket had no room: it reads slowly, too."""
    on_wire: int | None = None
    """Those that reached the interface; None: only root may look there."""
    sources: tuple[IPv4Address | IPv6Address, ...] = ()
    """Who sent them, as far as they were kept."""
    unheard: tuple[IPv4Address | IPv6Address, ...] = ()
    """Those of them who were seen on the wire alone."""
    watched_s: float = 0.0
    reverse_path: int = 0
    """What rp_filter threw away meanwhile, on all interfaces."""
