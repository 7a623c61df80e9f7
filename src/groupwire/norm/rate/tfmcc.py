"""NORM-CC, the rate control that foreign receivers expect (RFC 5740 §5.5.2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from groupwire.norm.numbers import unwrap
from groupwire.norm.rate.bounds import check_bounds
from groupwire.norm.rate.control import Report, Slow
from groupwire.norm.wire.commands import CongestionFlag, NodeState
from groupwire.norm.wire.quantise import MIN_RTT_S, pack_rate, pack_rtt

__all__ = ["TfmccConfig", "TfmccRate"]

_MOST_MEMBERS = 1024
_TOLD_MEMBERS = 16
_PLR_MEMBERS = 3
_PLR_RATE = 1.25
"""A member whose rate is so near to the limiting one's may be the next."""
_TIE = 1.1
_OLD_ROUNDS, _GONE_ROUNDS = 4, 20
"""Rounds of silence after which the rate is halved, and the CLR is given up."""
_SHORTEST_ROUND_S, _LONGEST_ROUND_S = 0.001, 30.0


@dataclass(frozen=True, slots=True)
class TfmccConfig:
    """What RFC 5740 leaves to the implementation; rates in bytes per second."""

    packet_bytes: int = 1400
    """The nominal packet; the rate grows by one per round trip."""
    start_bytes_per_s: float = 1400.0
    """R_init: a segment per second (RFC 5740 §5.5.2.3)."""
    floor_bytes_per_s: float = 175.0
    """RFC 4654 §3.3: a packet every eight seconds."""
    ceiling_bytes_per_s: float = 1.25e9

    def __post_init__(self) -> None:
        floor, start = self.floor_bytes_per_s, self.start_bytes_per_s
        check_bounds(floor, start, self.ceiling_bytes_per_s)


class _Member:
    """What a receiver has said last."""

    __slots__ = ("leaving", "loss", "node", "probe", "rate", "rtt_s", "told")

    def __init__(self, node: int) -> None:
        self.node = node
        self.rtt_s: float | None = None
        self.rate = 0.0
        self.loss = 0.0
        self.probe = -1
        self.leaving = False
        self.told = False
        """Whether it knows its round trip."""

    def trip(self, rtt_s: float, weight: float) -> None:
        """Smooth the round trip (RFC 5740 §5.5.2.3)."""
        if self.rtt_s is None:
            self.rtt_s = rtt_s
        else:
            self.rtt_s += weight * (rtt_s - self.rtt_s)


class TfmccRate:
    """Sends as fast as TCP would to the limiting receiver (CLR), by its equation."""

    wants_measured = False

    def __init__(self, config: TfmccConfig | None = None) -> None:
        self._config = config or TfmccConfig()
        self._rate = self._config.start_bytes_per_s
        self._members: OrderedDict[int, _Member] = OrderedDict()
        self._clr: _Member | None = None
        self._slow_start = True
        self._lowest: float | None = None
        """Of the rates reported in this round of slow start."""
        self._grtt = 0.5
        self._probe = 0
        self._silent_from = 0
        """The probe since which the CLR has been silent; all, where there is none."""
        self._raised_by = -1

    @property
    def rate(self) -> float:
        """Bytes per second to send now."""
        return self._rate

    def probe_interval(self, grtt_s: float) -> float:
        """Return the CLR's round trip, and no less than a packet takes (§5.5.2.1)."""
        self._grtt = grtt_s
        trip = self._clr.rtt_s if self._clr is not None else None
        packet_s = self._config.packet_bytes / self._rate
        interval = max(trip if trip is not None else grtt_s, packet_s)
        return min(max(interval, _SHORTEST_ROUND_S), _LONGEST_ROUND_S)

    def probed(
        self,
        probe: int,
        *,
        busy: bool,
        now: float,
        sent_bytes: int | None = None,  # noqa: ARG002 - TFMCC needs the rate alone
    ) -> None:
        """End a round: raise in slow start, halve where nothing is to send or heard."""
        del now
        self._probe = unwrap(probe, self._probe, 16)
        lowest, self._lowest = self._lowest, None
        if not busy:
            self._rest()
            return
        if self._slow_start and lowest is not None:
            self._set(lowest)
        if self._probe - self._silent_from > _OLD_ROUNDS:
            self._grow_old()

    def heard(self, report: Report, *, now: float) -> None:
        """Take a report in; one of an old probe changes nothing."""
        del now
        if not report.is_sound:
            return
        probe = unwrap(report.probe, self._probe, 16)
        member = self._member(report.node)
        if report.rtt_s is not None:
            limits = member is self._clr
            member.trip(report.rtt_s, 0.1 if limits else 0.5)
        if probe > self._probe or probe < member.probe:
            return
        member.probe, member.leaving = probe, report.leaving
        member.told = report.knows_rtt
        member.loss, member.rate = report.loss, self._rate_of(member, report)
        if self._clr in {None, member}:
            self._silent_from = self._probe
        if report.slow_start and self._slow_start:
            self._hear_slow_start(member)
        elif not report.slow_start:
            self._slow_start = False
        if not self._slow_start:
            self._adjust(member)

    def nodes(self) -> Sequence[NodeState]:
        """Return the CLR, who still has to learn its round trip, and the slowest."""
        others = [m for m in self._members.values() if m is not self._clr]
        others.sort(key=lambda m: (m.told, -m.loss if not m.told else m.rate))
        told = others[: _TOLD_MEMBERS - 1]
        near = [m for m in told if self._is_near(m)][:_PLR_MEMBERS]
        states = [
            self._state(m, CongestionFlag.PLR if m in near else CongestionFlag(0))
            for m in told
        ]
        if self._clr is not None:
            states.insert(0, self._state(self._clr, CongestionFlag.CLR))
        return states

    def slow(self) -> Sequence[Slow]:
        """Return nobody: TFMCC waits for all."""
        return ()

    # How it is done.

    def _rate_of(self, member: _Member, report: Report) -> float:
        """Correct a rate that is of the group's round trip (RFC 4654 §3.3)."""
        rate = report.rate_bytes_per_s
        if not report.knows_rtt and not report.slow_start and member.rtt_s:
            rate *= self._grtt / max(member.rtt_s, MIN_RTT_S)
        return rate

    def _hear_slow_start(self, member: _Member) -> None:
        if member.leaving or not member.rate:
            return
        if self._lowest is None or member.rate < self._lowest:
            self._lowest = member.rate
        if self._clr is None or member.rate < self._clr.rate:
            self._clr = member

    def _adjust(self, member: _Member) -> None:
        """Follow the CLR, or choose another one (RFC 4654 §3.3)."""
        clr = self._clr
        if member is clr and member.leaving:
            self._clr = self._next_clr()
        elif member is clr:
            self._approach(member)
        elif not member.leaving and (clr is None or self._limits_more(member, clr)):
            self._clr = member
            self._silent_from = self._probe
            self._approach(member)

    def _limits_more(self, member: _Member, clr: _Member) -> bool:
        """Return whether it is the slower one; of equals, the farther one is."""
        if member.rate < min(self._rate, clr.rate):
            return True
        equal = member.rate < _TIE * clr.rate and clr.rate < _TIE * member.rate
        return equal and (member.rtt_s or 0.0) > (clr.rtt_s or 0.0)

    def _approach(self, clr: _Member) -> None:
        """Fall to the CLR's rate at once, rise by a packet per round trip."""
        if clr.rate <= self._rate:
            self._set(clr.rate)
        elif clr.probe > self._raised_by:
            self._raised_by = clr.probe
            step = self._config.packet_bytes / max(clr.rtt_s or self._grtt, 1e-3)
            self._set(min(clr.rate, self._rate + step))

    def _grow_old(self) -> None:
        """Halve in each round of silence; at last give the CLR up."""
        self._set(self._rate / 2)
        if self._probe - self._silent_from < _GONE_ROUNDS:
            return
        if self._clr is not None:
            self._members.pop(self._clr.node, None)
        self._clr = self._next_clr()
        self._silent_from = self._probe
        self._slow_start = self._clr is None

    def _next_clr(self) -> _Member | None:
        """Return the slowest of those heard lately, None for nobody."""
        since = self._probe - _GONE_ROUNDS
        heard = [m for m in self._members.values() if m.probe > since and not m.leaving]
        return min(heard, key=lambda m: m.rate, default=None)

    def _rest(self) -> None:
        """Forget the rate while there is nothing to send; then start slowly again."""
        self._silent_from = self._probe
        start = self._config.start_bytes_per_s
        self._set(max(self._rate / 2, min(self._rate, start)))
        if self._rate <= start:
            self._slow_start = True

    def _set(self, rate: float) -> None:
        config = self._config
        self._rate = min(
            max(rate, config.floor_bytes_per_s), config.ceiling_bytes_per_s
        )

    def _member(self, node: int) -> _Member:
        member = self._members.get(node)
        if member is None:
            member = self._members[node] = _Member(node)
            if len(self._members) > _MOST_MEMBERS:
                self._members.popitem(last=False)
        self._members.move_to_end(node)
        return member

    def _is_near(self, member: _Member) -> bool:
        clr = self._clr
        return clr is not None and 0 < member.rate < _PLR_RATE * clr.rate

    def _state(self, member: _Member, flags: CongestionFlag) -> NodeState:
        if member.rtt_s is not None:
            flags |= CongestionFlag.RTT
        rtt = member.rtt_s if member.rtt_s is not None else self._grtt
        return NodeState(member.node, flags, pack_rtt(rtt), pack_rate(member.rate))
