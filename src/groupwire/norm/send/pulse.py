"""Probes out, round trips and rates in (RFC 5740 §5.5.1 and §5.5.2)."""

from __future__ import annotations

from groupwire.norm.rate.control import RateControl, Report
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.prober import Prober
from groupwire.norm.wire.commands import (
    CongestionFlag,
    CongestionProbe,
    RepairAdvertisement,
)
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions
from groupwire.norm.wire.feedback import FeedbackHead
from groupwire.norm.wire.quantise import pack_rate, unpack_rate, unpack_rtt

__all__ = ["Pulse"]

_LOSS_RANGE = 65_535
_LEAST_S = 0.5
"""Between probes, where single messages are all that is sent."""
_LOWER = 0.9
"""Who has less than this of a rate that was told speaks up all the same."""


class Pulse:
    """Keeps the group's round trip and the rate up to date."""

    def __init__(self, outbox: Outbox, control: RateControl) -> None:
        self._outbox = outbox
        self._control = control
        self._prober = Prober(outbox.config.idle_probe_s)
        self._spacing_s = 0.0
        self._sent = 0
        """Bytes until the last probe."""
        self._echoed: float | None = None
        """The lowest rate of this round that all have been told of."""
        self._echo_at = 0.0
        self._set_rate()

    @property
    def deadline(self) -> float | None:
        """When the next probe is due."""
        return self._prober.deadline

    def start(self, now: float) -> None:
        """Probe at once; only the first call counts."""
        self._prober.start(now)

    def hurry(self, now: float) -> None:
        """Probe soon, because data begins to flow."""
        self._prober.start(now)
        self._prober.hurry(now, self._interval())

    def stir(self, now: float) -> None:
        """Probe now and then, because a little data flows: none of it waits."""
        self._prober.start(now)
        deadline = self._prober.deadline
        if deadline is None or deadline > now + _LEAST_S:
            self._prober.stir(now, max(self._interval(), _LEAST_S))

    def stop(self) -> None:
        """Probe no more until data flows again."""
        self._prober.stop()

    def expire(self, now: float, *, busy: bool) -> bool:
        """Probe if it is time; True if so."""
        if self._prober.deadline is None or self._prober.deadline > now:
            return False
        self._echoed = None
        self._outbox.grtt.round_over()
        composer = self._outbox.composer
        composer.set_grtt(self._outbox.grtt.seconds)
        seconds, micros = self._prober.stamp(now)
        self._spacing_s = self._outbox.say(
            CongestionProbe(
                composer.number(),
                self._outbox.config.node,
                composer.state,
                self._prober.sequence,
                seconds,
                micros,
                pack_rate(self._control.rate),
                tuple(self._control.nodes()),
                self._control.wants_measured,
            )
        )
        sent, self._sent = self._outbox.bytes_sent - self._sent, self._outbox.bytes_sent
        self._control.probed(self._prober.sequence, busy=busy, now=now, sent_bytes=sent)
        self._prober.sent(now, self._interval(), busy=busy)
        self._set_rate()
        return True

    def hear(
        self,
        node: int,
        echo: FeedbackHead,
        extensions: Extensions,
        now: float,
        *,
        unicast: bool = False,
    ) -> None:
        """Take in what any feedback says of the way to a receiver."""
        trip = self._prober.round_trip(echo, now)
        if trip is not None:
            self._outbox.grtt.heard(trip)
            self._outbox.composer.set_grtt(self._outbox.grtt.seconds)
        feedback = extensions.feedback
        if feedback is None:
            return
        if trip is None and feedback.flags & CongestionFlag.RTT:
            trip = unpack_rtt(feedback.rtt)
        report = Report(
            node,
            trip,
            feedback.loss / _LOSS_RANGE,
            unpack_rate(feedback.rate),
            feedback.sequence,
            measured=bool(feedback.flags & CongestionFlag.MEASURED),
            knows_rtt=bool(feedback.flags & CongestionFlag.RTT),
            slow_start=bool(feedback.flags & CongestionFlag.START),
            leaving=bool(feedback.flags & CongestionFlag.LEAVE),
        )
        self._control.heard(report, now=now)
        self._set_rate()
        if unicast:
            self._tell_all(feedback, now)

    def _tell_all(self, feedback: CongestionFeedback, now: float) -> None:
        """Silence those whose rate is no lower, who did not hear it themselves.

        RFC 5740 §5.5.2.2 and §4.2.3.5; once in a round unless a lower rate is heard.
        """
        rate = unpack_rate(feedback.rate)
        lower = self._echoed is None or rate < _LOWER * self._echoed
        if not lower or now < self._echo_at:
            return
        self._echoed = rate
        composer, node = self._outbox.composer, self._outbox.config.node
        told = Extensions(feedback=feedback)
        self._echo_at = now + self._outbox.say(
            RepairAdvertisement(
                composer.number(), node, composer.state, (), extensions=told
            )
        )

    def _interval(self) -> float:
        """Return when to probe again."""
        wanted = self._control.probe_interval(self._outbox.grtt_s)
        return max(wanted, self._spacing_s)

    def _set_rate(self) -> None:
        outbox, rate = self._outbox, self._control.rate
        outbox.bucket.rate = rate
        config = outbox.config
        packet_bytes = config.packet_bytes or config.coding.segment_bytes
        outbox.grtt.packet_s = packet_bytes / rate
