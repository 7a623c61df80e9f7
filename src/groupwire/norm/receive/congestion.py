"""What a receiver says of rate and round trip, and when (RFC 5740 §5.5.2.2)."""

from __future__ import annotations

import math
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


class CongestionSpeaker:
    """Answers probes: at once when the sender wants it, else by lot."""

    def __init__(self, node: int, rng: Random) -> None:
        self._node = node
        self._rng = rng
        self._meter = LossMeter()
        self._probe: CongestionProbe | None = None
        self._heard_at = 0.0
        self._rtt: float | None = None
        self._rate = (0.0, 0.0)
        self._measured_at = -1e9
        self._held_until = -1e9
        self._packet = 1000.0
        self.deadline: float | None = None
        """When to send an ACK of this kind."""

    def count(
        self, sequences: Sequence[int], size_bytes: int, state: SenderState, now: float
    ) -> None:
        """Take packets of the sender in."""
        rtt = self._rtt if self._rtt is not None else state.grtt_s
        self._packet += 0.1 * (size_bytes / len(sequences) - self._packet)
        self._meter.heard(sequences, size_bytes, rtt, now)

    def probed(self, probe: CongestionProbe, now: float) -> None:
        """Take a probe in and plan the answer."""
        self._probe, self._heard_at = probe, now
        flags = CongestionFlag(0)
        for node in probe.nodes:
            if node.node == self._node:
                flags = node.flags
                if flags & CongestionFlag.RTT:
                    self._rtt = unpack_rtt(node.rtt)
        if probe.rate is None:
            return
        if flags & (CongestionFlag.CLR | CongestionFlag.PLR):
            self.deadline = now
        elif now >= self._held_until:
            state = probe.sender
            longest = max(_LEAST_BACKOFF, state.backoff) * state.grtt_s
            self.deadline = now + random_backoff(longest, state.members, self._rng)

    def overheard(self, feedback: CongestionFeedback, now: float) -> None:
        """Be silent if another receiver's rate is lower, or about as low."""
        if self.deadline is None or self._probe is None or self.deadline <= now:
            return
        if self._rtt is None and feedback.flags & CongestionFlag.RTT:
            return
        own, other = unpack_rate(self._feedback(now).rate), unpack_rate(feedback.rate)
        if own > 0.9 * other:
            self._hold(now)

    def echo(self, now: float) -> tuple[int, int]:
        """Return the probe's time, moved on by how long it was held; zeros for none."""
        if self._probe is None:
            return 0, 0
        held_us = round((now - self._heard_at) * 1e6)
        seconds, micros = divmod(self._probe.sent_us + held_us, 1_000_000)
        return (self._probe.sent_s + seconds) & 0xFFFF_FFFF, micros

    def feedback(self, now: float) -> CongestionFeedback | None:
        """Return the extension for whatever is sent now; None before any probe."""
        if self._probe is None:
            return None
        self._hold(now)
        return self._feedback(now)

    def _hold(self, now: float) -> None:
        self.deadline = None
        if self._probe is not None:
            state = self._probe.sender
            hold = max(_LEAST_BACKOFF, state.backoff) * state.grtt_s
            self._held_until = now + hold

    def _feedback(self, now: float) -> CongestionFeedback:
        probe = self._probe
        assert probe is not None, "called only with a probe"
        flags = CongestionFlag(0) if self._rtt is None else CongestionFlag.RTT
        rtt = self._rtt if self._rtt is not None else probe.sender.grtt_s
        self._measure(now, rtt)
        rate, loss = self._rate
        if probe.measure:
            flags |= CongestionFlag.MEASURED
        elif not self._meter.events:
            flags |= CongestionFlag.START
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

    def _measure(self, now: float, rtt: float) -> None:
        """Measure over at least a round trip, so that a burst is no rate."""
        if now - self._measured_at >= max(rtt, 1e-3):
            self._rate = self._meter.report(now)
            self._measured_at = now


def friendly_rate(loss: float, rtt_s: float, packet_bytes: float) -> float:
    """Return TCP's rate in bytes per second (RFC 5740 §5.5.2, RFC 4654 §2)."""
    root = math.sqrt(2 * loss / 3)
    timeouts = 12 * math.sqrt(3 * loss / 8) * loss * (1 + 32 * loss * loss)
    return packet_bytes / (rtt_s * (root + timeouts))
