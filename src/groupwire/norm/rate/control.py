"""What a rate control is told and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from groupwire.norm.wire.commands import NodeState
from groupwire.norm.wire.quantise import MAX_RTT_S

__all__ = ["FixedRate", "RateControl", "Report", "Slow"]

_MOST_BYTES_PER_S = 1e16
"""No datagram can tell more."""


@dataclass(frozen=True, slots=True)
class Report:
    """One receiver's feedback."""

    node: int
    rtt_s: float | None
    """This round trip; None where the receiver has heard no probe."""
    loss: float
    """Fraction of packets, or of loss events in TFMCC."""
    rate_bytes_per_s: float
    """What arrives there if ``measured``; else what it thinks the rate should be."""
    probe: int
    """The last probe that it has heard."""
    measured: bool = False
    knows_rtt: bool = False
    """Whether its rate is computed with its own round trip, not with the group's."""
    slow_start: bool = False
    leaving: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether its numbers can be what they stand for; infinity and NaN cannot."""
        trips = self.rtt_s is None or 0 <= self.rtt_s <= MAX_RTT_S
        rates = 0 <= self.rate_bytes_per_s <= _MOST_BYTES_PER_S
        return trips and rates and 0 <= self.loss <= 1


@dataclass(frozen=True, slots=True)
class Slow:
    """A member that could not keep up with the floor for long."""

    node: int
    rate_bytes_per_s: float


class RateControl(Protocol):
    """Decides how fast to send from what receivers report."""

    wants_measured: bool
    """Whether receivers are to report what arrives, instead of TFMCC's rate."""

    @property
    def rate(self) -> float:
        """Bytes per second to send now."""
        ...

    def probe_interval(self, grtt_s: float) -> float:
        """Return how long to wait between probes while there is something to send."""
        ...

    def probed(
        self, probe: int, *, busy: bool, now: float, sent_bytes: int | None = None
    ) -> None:
        """Note that a probe has been sent, and whether data is under way.

        ``sent_bytes`` is what was sent since the last one, None where nobody counts.
        """
        ...

    def heard(self, report: Report, *, now: float) -> None:
        """Take a report in; one that is not sound changes nothing."""
        ...

    def nodes(self) -> Sequence[NodeState]:
        """Return what probes tell of receivers, the limiting one first."""
        ...

    def slow(self) -> Sequence[Slow]:
        """Return members that are to be waited for no more; each only once."""
        ...


class FixedRate:
    """The rate that the user names; reports serve the round trip alone."""

    wants_measured = False

    def __init__(self, rate_bytes_per_s: float) -> None:
        self.rate = rate_bytes_per_s

    def probe_interval(self, grtt_s: float) -> float:
        """Return the group's round trip, but 50 ms at least and 1 s at most."""
        return min(max(grtt_s, 0.05), 1.0)

    def probed(
        self, probe: int, *, busy: bool, now: float, sent_bytes: int | None = None
    ) -> None:
        """Do nothing."""

    def heard(self, report: Report, *, now: float) -> None:
        """Do nothing."""

    def nodes(self) -> Sequence[NodeState]:
        """Return nobody."""
        return ()

    def slow(self) -> Sequence[Slow]:
        """Return nobody."""
        return ()
