"""What a receiver says of rate and round trip, and when (RFC 5740 §5.5.2.2)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from random import Random

from groupwire.norm.backoff import random_backoff
from groupwire.norm.receive.loss import LossMeter
from groupwire.norm.wire.commands import CongestionFlag, CongestionProbe
from groupwire.norm.wire.extensions import CongestionFeedback
from groupwire.norm.wire.head import SenderState
from groupwire.norm.wire.quantise import pack_rate, pack_rtt, unpack_rate, unpack_rtt

__all__ = ["CongestionSpeaker"]

_LEAST_BACKOFF = 4
"""RFC 5740 §5.5.2.2: a small K for NACKs is not one for congestion feedback."""
_LOSS_RANGE = 65_535
_RTT, _START = int(CongestionFlag.RTT), int(CongestionFlag.START)
_MEASURED = int(CongestionFlag.MEASURED)
"""Plain numbers, because somebody waits for what is said with them."""
_HEAD_BYTES = 32
"""Of a DATA message with its FTI: the sender's rate counts them, too."""
_SHORTEST_SPAN_S = 0.002
_OLD_PROBES = 256
"""So many of the latest are known for old, doubled or late."""
_REST = 10
"""RFC 4654 §4.3.1: after so many silent round trips the sender may start slowly."""
_BIAS = 0.25
"""How much of the waiting time depends on the rate: the slow speak first."""


class CongestionSpeaker:
    """Answers probes: at once when the sender wants it, else by lot.

    What is told of a probe is what arrived between it and the probe before, so that
    the sender can compare it with what it sent then.
    """

    def __init__(self, node: int, rng: Random) -> None:
        self._node = node
        self._rng = rng
        self._meter = LossMeter()
        self._probe: CongestionProbe | None = None
        self._heard_at = 0.0
        self._arrived_at = self._grtt_s = 0.0
        self._rtt: float | None = None
        self._spans: deque[tuple[int, float]] = deque(maxlen=2)
        """Bytes and seconds between the last probes."""
        self._loss = 0.0
        self._held_until = -1e9
        self._packet = 1000.0
        self.deadline: float | None = None
        """When to send an ACK of this kind."""

    @property
    def lost(self) -> int:
        """How many packets of the sender were lost so far."""
        return self._meter.lost

    def count(
        self, sequences: Sequence[int], size_bytes: int, state: SenderState, now: float
    ) -> None:
        """Take packets of the sender in."""
        count = len(sequences)
        self._grtt_s = state.grtt_s
        rtt = self._rtt if self._rtt is not None else state.grtt_s
        if now - self._arrived_at > _REST * max(rtt, state.grtt_s):
            self._meter.rested()
        self._arrived_at = now
        size_bytes += _HEAD_BYTES * count
        self._packet += 0.1 * (size_bytes / count - self._packet)
        self._meter.heard(sequences, size_bytes, rtt, now)

    def follows(self, sequence: int) -> bool:
        """Return whether a packet is the next one, and no gap is to be looked at."""
        return self._meter.follows(sequence)

    def went_on(self, size_bytes: int, now: float) -> None:
        """Take a packet in that is the next one, as :meth:`count` would."""
        if now - self._arrived_at > _REST * max(self._rtt or 0.0, self._grtt_s):
            self._meter.rested()
        self._arrived_at = now
        size_bytes += _HEAD_BYTES
        self._packet += 0.1 * (size_bytes - self._packet)
        self._meter.went_on(size_bytes, now)

    def probed(self, probe: CongestionProbe, now: float) -> None:
        """Take a probe in and plan the answer."""
        if self._probe is not None:
            if (self._probe.probe - probe.probe) & 0xFFFF < _OLD_PROBES:
                return
            self._measure(now)
        self._probe, self._heard_at = probe, now
        flags = self._told(probe)
        if probe.rate is None:
            return
        if flags & (CongestionFlag.CLR | CongestionFlag.PLR):
            self.deadline = now
        elif self.deadline is None and now >= self._held_until:
            self.deadline = now + self._backoff(probe.sender, unpack_rate(probe.rate))

    def _told(self, probe: CongestionProbe) -> CongestionFlag:
        """Return what the sender takes this receiver for."""
        for node in probe.nodes:
            if node.node == self._node:
                if node.flags & CongestionFlag.RTT:
                    self._trip(unpack_rtt(node.rtt), probe.sender.grtt_s)
                return node.flags
        return CongestionFlag(0)

    def _trip(self, rtt_s: float, grtt_s: float) -> None:
        if self._rtt is None:
            self._meter.round_trip_known(rtt_s / grtt_s)
        self._rtt = rtt_s

    def _backoff(self, state: SenderState, rate: float) -> float:
        """Return how long to wait: by lot, and less the less arrives (RFC 4654 §4.5).

        The bias is that of the article on TFMCC, as the reference implementation has.
        """
        longest = max(_LEAST_BACKOFF, state.backoff) * state.grtt_s
        share = self._arriving / rate if rate else 1.0
        biased = (min(max(share, 0.5), 0.9) - 0.5) / 0.4
        drawn = random_backoff(longest, state.members, self._rng)
        return _BIAS * biased * longest + (1 - _BIAS) * drawn

    def overheard(self, feedback: CongestionFeedback, now: float) -> None:
        """Be silent if another receiver's rate is lower, or about as low."""
        probe = self._probe
        if probe is None or self.deadline is None or self.deadline <= now:
            return
        if self._rtt is None and feedback.flags & CongestionFlag.RTT:
            return
        own, other = self._feedback(probe).rate, feedback.rate
        if unpack_rate(own) >= 0.9 * unpack_rate(other):
            self._hold(probe.sender, now)

    def echo(self, now: float) -> tuple[int, int]:
        """Return the probe's time, moved on by how long it was held; zeros for none."""
        if self._probe is None:
            return 0, 0
        held_us = round((now - self._heard_at) * 1e6)
        seconds, micros = divmod(self._probe.sent_us + held_us, 1_000_000)
        return (self._probe.sent_s + seconds) & 0xFFFF_FFFF, micros

    def feedback(self, now: float) -> CongestionFeedback | None:
        """Return the extension for whatever is sent now; None before any probe."""
        probe = self._probe
        if probe is None:
            return None
        self._hold(probe.sender, now)
        return self._feedback(probe)

    def _hold(self, state: SenderState, now: float) -> None:
        self.deadline = None
        self._held_until = now + max(_LEAST_BACKOFF, state.backoff) * state.grtt_s

    def _feedback(self, probe: CongestionProbe) -> CongestionFeedback:
        flags = 0 if self._rtt is None else _RTT
        rtt = self._rtt if self._rtt is not None else probe.sender.grtt_s
        rate, loss = self._arriving, self._loss
        if probe.measure:
            flags |= _MEASURED
        elif not self._meter.events:
            flags |= _START
            rate, loss = 2 * rate, 0.0
        else:
            loss = self._meter.events
            rate = friendly_rate(loss, rtt, self._packet)
        return CongestionFeedback(
            probe.probe,
            flags,
            pack_rtt(rtt),
            min(_LOSS_RANGE, int(loss * _LOSS_RANGE)),
            pack_rate(rate),
        )

    @property
    def _arriving(self) -> float:
        """Bytes per second between the last probes, or the last two pairs for TFMCC."""
        spans = list(self._spans)
        if self._probe is not None and self._probe.measure:
            spans = spans[-1:]
        size, seconds = 0, 0.0
        for span_bytes, span_s in spans:
            size += span_bytes
            seconds += span_s
        return size / seconds if seconds else 0.0

    def _measure(self, now: float) -> None:
        """Close the span that a probe ends; what is too short is no rate."""
        if now - self._heard_at < _SHORTEST_SPAN_S:
            return
        size, span, self._loss = self._meter.report(now)
        self._spans.append((size, span))


def friendly_rate(loss: float, rtt_s: float, packet_bytes: float) -> float:
    """Return TCP's rate in bytes per second (RFC 5740 §5.5.2, RFC 4654 §2)."""
    root = math.sqrt(2 * loss / 3)
    timeouts = 12 * math.sqrt(3 * loss / 8) * loss * (1 + 32 * loss * loss)
    return packet_bytes / (rtt_s * (root + timeouts))
