"""Where on its way a group's datagram is lost: from what passed each station."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from groupwire.diagnose.trials.seen import Way

__all__ = ["Sizes", "Station", "lost_at", "sizes", "stations"]


class Station(Enum):
    """Where the tests of one way ended."""

    ARRIVED = auto()
    """All of them, or some."""
    REFUSED = auto()
    """The sender's system would not send them, and says so."""
    SENDER = auto()
    """The sender's host: taken, and not seen to leave."""
    NETWORK = auto()
    """Seen to leave or taken, and not seen before the receiver's host."""
    RECEIVER = auto()
    """The receiver's host: seen before it, and not heard."""
    SOMEWHERE = auto()
    """Nobody could look at the wires."""


def lost_at(way: Way) -> Station:
    """Return where all tests of a way were lost; ARRIVED where not all were."""
    if way.heard:
        return Station.ARRIVED
    if way.error or not way.sent:
        return Station.REFUSED
    # What rp_filter threw away has come as far as that.
    if _passed(way, way.reached) or way.reverse_path >= len(way.sent):
        return Station.RECEIVER
    if way.left is not None and not _passed(way, way.left):
        return Station.SENDER
    return Station.SOMEWHERE if way.reached is None else Station.NETWORK


def _passed(way: Way, seen: tuple[int, ...] | None) -> bool:
    return seen is not None and any(number in seen for number in way.sent)


def stations(way: Way) -> str:
    """Say what passed each station, as far as anybody could look."""
    parts = [f"{len(way.sent)} sent"]
    if way.left is not None:
        parts.append(f"{_count(way, way.left)} left the sender's host")
    if way.reached is not None:
        parts.append(f"{_count(way, way.reached)} reached the receiver's host")
    parts.append(f"{len(way.heard)} heard by its socket")
    return ", ".join(parts)


def _count(way: Way, seen: tuple[int, ...]) -> int:
    return sum(number in seen for number in way.sent)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The largest size that passes, and the smallest that does not; in payload."""

    passes_bytes: int
    lost_bytes: int


def sizes(way: Way) -> Sizes | None:
    """Return where size decides; None: it does not, or small ones are lost, too."""
    there = {one.number for one in way.arrived}
    if not way.heard:
        return None
    passing = {size for number, size in way.sizes if number in there}
    lost = {size for _, size in way.sizes} - passing
    most = max(passing, default=0)
    beyond = [size for size in lost if size > most]
    # A small one among larger ones that pass was lost by chance.
    return Sizes(most, min(beyond)) if beyond else None
