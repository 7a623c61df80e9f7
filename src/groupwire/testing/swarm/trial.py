"""One trial: a scenario played in a lab, and what has to be true of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import Join
from groupwire.norm.send.events import NodeAcknowledged, SenderEvent, WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.testing.lab import Lab, Member, StuckError
from groupwire.testing.swarm.application import Truth, digest
from groupwire.testing.swarm.scenario import Life, Scenario
from groupwire.testing.swarm.seat import Seat

__all__ = ["Outcome", "Trial"]

_LONGEST_S = 20_000.0
"""Of virtual time: whoever has not ended by then hangs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial. Without ``wrongs`` all that was promised was kept."""

    seed: int
    wrongs: tuple[str, ...]
    seconds: float
    """Virtual ones."""
    delivered: int
    lost: int
    """Objects that receivers named as lost."""
    refused: int
    """Objects with a wrong digest: mutilated on a link, unnoticed by a checksum."""
    datagrams: int
    digest: str
    """Of the log: the same for the same seed."""


class Trial:
    """Plays a scenario to its end and looks whether what NORM promises was kept."""

    def __init__(self, scenario: Scenario, *, keep_log: bool = False) -> None:
        self.scenario = scenario
        self.lab = Lab(scenario.seed, keep_log=keep_log)
        self._wrongs: list[str] = []
        rng = Random(f"contents/{scenario.seed}")
        self._messages = [rng.randbytes(size) for size in scenario.messages]
        self._truth = Truth(
            scenario.config.first_object,
            tuple(rng.randbytes(size) for size in scenario.sizes),
            b"".join(self._messages) if self._messages else None,
        )
        self._instance = scenario.config.instance
        self._status: dict[int, AckStatus] = {}
        self._ended = False
        self._seats: dict[int, Seat] = {}
        self._sender: Member[Sender] | None = None

    def run(self) -> Outcome:
        """Play it."""
        clock = self.lab.clock
        self._start_sender()
        for life in self.scenario.lives:
            clock.at(life.begins_s, self._seat, life)
        if self.scenario.restart_s is not None:
            clock.at(self.scenario.restart_s, self._restart_sender)
        try:
            if not self.lab.run(_LONGEST_S, done=self._done):
                self._wrongs.append(f"hangs: {self._unsettled()}")
        except StuckError as error:
            self._wrongs.append(f"stuck: {error}")
        self._judge()
        return self._outcome()

    # The sender.

    def _start_sender(self) -> None:
        scenario = self.scenario
        config = replace(scenario.config, instance=self._instance)
        core = Sender(config, FixedRate(scenario.rate_bytes_per_s))
        if self._sender is None:
            self._sender = self.lab.add(
                "sender", core, up=scenario.sender_up, on_event=self._hear_sender
            )
        else:
            self._sender.restart(core)
        self._sender.do(self._send_all)

    def _send_all(self, core: Sender, now: float) -> None:
        for data in self._truth.objects:
            core.send_object(data, now=now, info=digest(data))
        if self._messages:
            stream = core.open_stream(buffer_bytes=1 << 20, now=now)
            for message in self._messages:
                core.write(stream, message, now=now)
            core.end_stream(stream, now=now)
        core.watermark([life.node for life in self.scenario.lives], now=now)

    def _restart_sender(self) -> None:
        assert self._sender is not None, "it was started before"
        self._sender.crash()
        self._instance = (self._instance + 1) & 0xFFFF
        self._ended = False
        self._start_sender()

    def _hear_sender(self, event: SenderEvent) -> None:
        if isinstance(event, WatermarkEnded):
            self._ended = True
            self._status = dict(event.status)
        elif isinstance(event, NodeAcknowledged):
            seat = self._seats[event.node]
            for number in self._wanted(seat):
                if (self._instance, number) not in seat.application.accepted:
                    self._wrongs.append(f"{seat.name}: acknowledged without {number}")

    # The receivers.

    def _seat(self, life: Life) -> None:
        self._seats[life.node] = Seat(self.lab, life, self._truth)

    def _wanted(self, seat: Seat) -> range:
        """Return the objects of this instance that a receiver is to have."""
        first, count = 0, self._truth.count
        if seat.life.join is not Join.WINDOW:
            first = seat.joined.get(self._instance, count)
        return range(first, count)

    def _settled(self, seat: Seat) -> bool:
        if not seat.there:
            return seat.life.back_s is None
        account = seat.application.accounted
        if all(account(self._instance, number) for number in self._wanted(seat)):
            return True
        # Whom nobody hears gives up what it never knew to exist, and tells nothing.
        return seat.life.up.loss == 1.0 and not seat.lacks

    def _done(self) -> bool:
        if not self._ended or len(self._seats) < len(self.scenario.lives):
            return False
        restart_s = self.scenario.restart_s
        if restart_s is not None and self.lab.clock.now <= restart_s:
            return False
        return all(self._settled(seat) for seat in self._seats.values())

    def _unsettled(self) -> list[str]:
        waiting = [s.name for s in self._seats.values() if not self._settled(s)]
        return waiting if self._ended else [*waiting, "sender"]

    # What has to be true.

    def _judge(self) -> None:
        for seat in self._seats.values():
            self._wrongs += seat.application.wrongs
            slipped = seat.slipped
            if seat.application.refused and not slipped:
                self._wrongs.append(f"{seat.name}: a digest is wrong without a reason")
            if slipped or not seat.there or not seat.life.fair:
                continue
            accepted = seat.application.accepted
            for number in self._wanted(seat):
                if (self._instance, number) not in accepted:
                    self._wrongs.append(f"{seat.name}: {number} has not come")
            status = self._status.get(seat.life.node)
            if seat.life.steady and status is not AckStatus.SUCCESS:
                self._wrongs.append(f"{seat.name}: has all, and counts as {status}")

    def _outcome(self) -> Outcome:
        applications = [seat.application for seat in self._seats.values()]
        return Outcome(
            self.scenario.seed,
            tuple(self._wrongs),
            self.lab.clock.now,
            sum(len(a.accepted) for a in applications),
            sum(len(a.lost) for a in applications),
            sum(a.refused for a in applications),
            sum(self.lab.sent.values()),
            self.lab.log.digest,
        )
