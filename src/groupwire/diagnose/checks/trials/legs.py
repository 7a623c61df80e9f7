"""One direction between two doctors, with the names of its ends."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.diagnose.checks.trials.ways import stations
from groupwire.diagnose.trials.seen import PeerSeen, Way

__all__ = ["Leg", "legs_of"]


@dataclass(frozen=True, slots=True)
class Leg:
    """One direction, with the names of its ends."""

    way: Way
    seen: PeerSeen
    there: bool

    @property
    def sender(self) -> str:
        """In the middle of a sentence."""
        return "this host" if self.there else f"the peer {self.seen.address}"

    @property
    def receiver(self) -> str:
        """In the middle of a sentence."""
        return f"the peer {self.seen.address}" if self.there else "this host"

    @property
    def named(self) -> str:
        """The sender, at the beginning of a sentence."""
        return self.sender[0].upper() + self.sender[1:]

    @property
    def arrow(self) -> str:
        """From whom to whom."""
        return f"from {self.sender} to {self.receiver}"

    @property
    def interface(self) -> str:
        """By which the tests leave this host."""
        return self.seen.interface

    @property
    def heard_by(self) -> str | None:
        """The interface of this host that should have heard it."""
        return None if self.there else self.way.interface or self.seen.interface

    @property
    def evidence(self) -> tuple[str, ...]:
        """What passed each station, and that unicast is another matter."""
        return (f"multicast {self.arrow}: {stations(self.way)}", *self.unicast)

    @property
    def unicast(self) -> tuple[str, ...]:
        """That the two can talk at all."""
        return (f"unicast to {self.seen.address} and back works",)

    @property
    def told(self) -> tuple[str, ...]:
        """What the receiver found out about itself."""
        if not self.there:
            return ()
        return tuple(
            f"the peer found {code}: {say}" for code, say in self.seen.findings
        )


def legs_of(seen: PeerSeen) -> list[Leg]:
    """Return the directions that are known."""
    ways = [(seen.there, True), (seen.back, False)]
    return [Leg(way, seen, there) for way, there in ways if way is not None]
