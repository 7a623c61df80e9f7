"""A rate control alone, round by round: probes go out, and made-up reports come in."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.norm.rate.control import RateControl, Report


@dataclass
class Pipe:
    """A path as numbers: what arrives of a rate, what is lost, how long it takes."""

    capacity: float
    rtt_s: float = 0.02
    loss: float = 0.0
    queue_bytes: float = 100_000.0
    standing: float = 0.0
    """What waits now."""

    def carry(self, rate: float, seconds: float) -> tuple[float, float, float]:
        """Return what arrives per second, the fraction lost, and the round trip."""
        entered = rate * (1 - self.loss) * seconds
        room = self.queue_bytes - self.standing + self.capacity * seconds
        taken = min(entered, room)
        left = min(self.standing + taken, self.capacity * seconds)
        self.standing += taken - left
        lost = 1 - taken / (rate * seconds) if rate else 0.0
        return left / seconds, lost, self.rtt_s + self.standing / self.capacity


class Rounds:
    """Probes at the control's own interval, or at a given one."""

    def __init__(self, control: RateControl, *, now: float = 1000.0) -> None:
        self.control = control
        self.now = now
        self.probe = 0
        for sequence in range(2):
            self.control.probed(sequence, busy=True, now=self.now)
            self.probe = sequence

    def pass_by(
        self,
        *,
        busy: bool = True,
        seconds: float | None = None,
        sent_bytes: int | None = None,
    ) -> float:
        """Let a round go by and return how long it was."""
        if seconds is None:
            seconds = self.control.probe_interval(0.02)
        self.now += seconds
        self.probe = (self.probe + 1) & 0xFFFF
        self.control.probed(self.probe, busy=busy, now=self.now, sent_bytes=sent_bytes)
        return seconds

    def report(
        self,
        node: int,
        rate: float,
        *,
        loss: float = 0.0,
        rtt_s: float | None = 0.02,
        probe: int | None = None,
        measured: bool = True,
        knows_rtt: bool = True,
        slow_start: bool = False,
        leaving: bool = False,
    ) -> None:
        """Let a member report on the latest probe."""
        report = Report(
            node,
            rtt_s,
            loss,
            rate,
            self.probe if probe is None else probe,
            measured=measured,
            knows_rtt=knows_rtt,
            slow_start=slow_start,
            leaving=leaving,
        )
        self.control.heard(report, now=self.now)

    def flow(self, node: int, pipe: Pipe, rounds: int) -> list[float]:
        """Send through a pipe for some rounds; return the rate after each."""
        rates: list[float] = []
        for _ in range(rounds):
            rate = self.control.rate
            seconds = self.pass_by()
            arrived, lost, rtt_s = pipe.carry(rate, seconds)
            self.report(node, arrived, loss=lost, rtt_s=rtt_s)
            rates.append(self.control.rate)
        return rates
