"""What a sender is told at its beginning."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding

__all__ = ["SenderConfig"]


@dataclass(frozen=True, slots=True)
class SenderConfig:
    """Who sends, how it codes, how patient it is. Times are seconds.

    ``node`` and ``instance`` are the sender's name on the wire; the instance is drawn
    anew at each start, so that receivers never mix two runs.
    """

    node: int
    instance: int
    coding: Coding = field(default_factory=Coding)
    auto_parity: int = 0
    """Parity symbols sent behind each block without being asked for."""
    backoff: int = 4
    """K: receivers wait up to K round trips before they ask (0 to 15). 0 is for small
    groups: no waiting, and receivers ask as soon as a gap shows. 8 for feedback by
    unicast from tens of thousands, whom a NACK silences later."""
    members: int = 1000
    """How many receivers there may be; scales their random waiting."""
    initial_grtt_s: float = 0.1
    shortest_grtt_s: float = 1e-4
    packet_bytes: int | None = None
    """How long packets are taken for, whose time on the way bounds the round trip from
    below; None: as long as a segment."""
    robust: int = 20
    """How often flushes and polls are repeated before the silent are given up."""
    patience_s: float = 2.0
    """A node fails no sooner than this after it was first asked."""
    patience_cycles: float = 5.0
    """Nor sooner than so many repair cycles: in each one NACK may be lost."""
    kept_objects: int = 256
    hold: float = 4.0
    """Repair cycles for which what was sent or asked for is kept at least, though
    something newer wants its room. 0 to give up the oldest at once."""
    kept_bytes: int = 1 << 40
    """Of objects, for repair; the newest one is kept always."""
    more_follows: bool = False
    """Whether more objects may come at any time, until the sender finishes: then
    flushes come later and more rarely, as behind an open stream."""
    first_object: int = 0
    """The number of the first object; on the wire numbers wrap at 65,536."""
    gather_s: float = 0.0
    """So long the rate is waited for at least, where it is: what it lets through by
    then leaves together."""
    idle_probe_s: float = 30.0
    """The longest silence between probes when there is nothing to send."""

    def __post_init__(self) -> None:
        if not 1 <= self.node <= 0xFFFF_FFFE:
            raise UsageError(
                f"{self.node} is no node id", fix="use 1 to 4294967294, not 0"
            )
        if not 0 <= self.instance <= 0xFFFF:
            raise UsageError(f"{self.instance} is no instance", fix="use 0 to 65535")
        if not 0 <= self.backoff <= 15:
            raise UsageError(f"no backoff of {self.backoff}", fix="use 0 to 15")
        if not 1 <= self.kept_objects <= 0x4000:
            raise UsageError(
                f"{self.kept_objects} objects cannot be kept", fix="use 1 to 16384"
            )
        self._check_counts()

    def _check_counts(self) -> None:
        if self.robust < 1:
            raise UsageError(f"nothing can be said {self.robust} times", fix="use 1")
        if self.members < 1:
            raise UsageError(f"no group has {self.members} members", fix="use 1")
        if self.hold < 0:
            raise UsageError(f"nothing is held {self.hold} cycles", fix="use 0 or more")
        if self.gather_s < 0:
            raise UsageError(f"nobody waits {self.gather_s} s", fix="use 0 or more")
        if self.auto_parity < 0:
            raise UsageError(f"no {self.auto_parity} parity symbols", fix="use 0")
        if self.first_object < 0:
            raise UsageError(f"{self.first_object} is no number", fix="use 0 or more")
        shortest = min(self.initial_grtt_s, self.shortest_grtt_s)
        if shortest <= 0:
            raise UsageError(f"no round trip of {shortest} s", fix="use more than 0")

    @property
    def cycle_grtts(self) -> int:
        """How many round trips a repair cycle takes at most.

        Receivers wait up to K and hold off K + 2, and the sender has a turn of its own.
        """
        return 2 * self.backoff + 3

    @classmethod
    def low_latency(cls, node: int, instance: int, *, members: int = 10) -> Self:
        """Return the profile for small groups whose members are known by name.

        Receivers ask at once, the sender repairs at once; blocks are short, so that
        little waits for what was lost.
        """
        config = cls(node, instance, Coding(block=16, parity=8))
        return replace(config, backoff=0, members=members, initial_grtt_s=0.01)
