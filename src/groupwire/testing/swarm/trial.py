"""One trial: a scenario played in a lab, and what has to be true of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import assert_never

from groupwire.errors import UsageError
from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.rate.control import FixedRate, RateControl
from groupwire.norm.rate.tfmcc import TfmccConfig, TfmccRate
from groupwire.norm.receive.config import Join
from groupwire.norm.send.events import (
    MemberDropped,
    NodeAcknowledged,
    RoomFreed,
    SenderEvent,
    WatermarkEnded,
)
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.testing.lab import Lab, Member, StuckError
from groupwire.testing.swarm.application import Truth, digest
from groupwire.testing.swarm.scenario import Life, Pace, Scenario
from groupwire.testing.swarm.seat import Seat

__all__ = ["Outcome", "Trial"]

_LONGEST_S = 20_000.0
"""Of virtual time: whoever has not ended by then hangs."""
_MOST_LINES = 1_000_000
"""Of the log: whoever is that busy will not end either."""
_LOOK_S, _LOOK_SHARE = 0.1, 0.01
"""How long until it is looked again whether all is over; a share of the time so far."""


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
        self._pieces = _pieces(self._messages, scenario.config.coding.segment_bytes)
        self._unwritten: deque[tuple[bytes, bool]] = deque()
        """What of the stream has found no room so far."""
        self._stream = 0
        self._truth = Truth(
            scenario.config.first_object,
            tuple(rng.randbytes(size) for size in scenario.sizes),
            b"".join(self._messages) if self._messages else None,
        )
        self._instance = scenario.config.instance
        self._status: dict[int, AckStatus] = {}
        self._dropped: set[int] = set()
        """Nodes that the sender has named as too slow."""
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
            self._play()
        except StuckError as error:
            self._wrongs.append(f"stuck: {error}")
        except Exception as error:  # whatever a core raises, its seed is to be told
            self._wrongs.append(f"raises {type(error).__name__}: {error}")
        self._judge()
        return self._outcome()

    def _play(self) -> None:
        """Let time pass until all is over, looking now and then whether it is."""
        clock = self.lab.clock
        while not self._done():
            idle, busy = clock.next_due is None, self.lab.log.count >= _MOST_LINES
            if idle or busy or clock.now >= _LONGEST_S:
                self._wrongs.append(f"hangs: {self._unsettled()}")
                return
            self.lab.run(clock.now + max(_LOOK_S, _LOOK_SHARE * clock.now))

    # The sender.

    def _start_sender(self) -> None:
        scenario = self.scenario
        config = replace(scenario.config, instance=self._instance)
        core = Sender(config, _control(scenario))
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
            size = self.scenario.buffer_bytes
            self._stream = core.open_stream(buffer_bytes=size, now=now)
            self._unwritten = deque(self._pieces)
            self._write_on(core, now)
        else:
            self._ask(core, now)

    def _write_on(self, core: Sender, now: float) -> None:
        """Write as much as there is room for; what is refused is tried again."""
        while self._unwritten:
            piece, ends = self._unwritten[0]
            try:
                core.write(self._stream, piece, now=now, message_ends=ends)
            except UsageError:
                return  # RoomFreed will tell
            self._unwritten.popleft()
        core.end_stream(self._stream, now=now)
        self._ask(core, now)

    def _ask(self, core: Sender, now: float) -> None:
        core.watermark([life.node for life in self.scenario.lives], now=now)

    def _restart_sender(self) -> None:
        assert self._sender is not None, "it was started before"
        self._sender.crash()
        self._instance = (self._instance + 1) & 0xFFFF
        self._ended = False
        self._start_sender()

    def _hear_sender(self, event: SenderEvent) -> None:
        if isinstance(event, RoomFreed):
            self.lab.clock.at(self.lab.clock.now, self._go_on, self._instance)
        elif isinstance(event, WatermarkEnded):
            self._ended = True
            self._status = dict(event.status)
        elif isinstance(event, MemberDropped):
            self._dropped.add(event.node)
        elif isinstance(event, NodeAcknowledged):
            self._check_ack(self._seats.get(event.node), event.node)

    def _go_on(self, instance: int) -> None:
        assert self._sender is not None, "it was started before"
        if instance == self._instance and self._unwritten:
            self._sender.do(self._write_on)

    def _check_ack(self, seat: Seat | None, node: int) -> None:
        """Hold an acknowledgement against what is accepted."""
        if any(other.slipped_feedback for other in self._seats.values()):
            return  # wrong bits may have made it up
        if seat is None:
            self._wrongs.append(f"r{node}: acknowledged before it was there")
            return
        if seat.life.silent:
            self._wrongs.append(f"{seat.name}: acknowledged though it is silent")
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
        # Whom nobody hears gives up what it never knew to exist, and tells nothing; and
        # one wrong bit in an object's number is a leap over more than can be named.
        life = seat.life
        unheard = life.silent or life.up.loss > 0.5 or life.node in self._dropped
        return bool(unheard or self._slipped(seat)) and not seat.lacks

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
            if seat.life.silent and seat.said:
                self._wrongs.append(f"{seat.name}: said something though it is silent")
            if self._slipped(seat):
                continue
            if seat.application.refused:
                self._wrongs.append(f"{seat.name}: a digest is wrong without a reason")
            if not self._named(seat):
                wrong = "neither complete nor named as failed"
                self._wrongs.append(f"{seat.name}: {wrong}")
            if self._promised(seat):
                self._judge_promised(seat)

    def _slipped(self, seat: Seat) -> int:
        """Return how many wrong datagrams may have reached a receiver."""
        assert self._sender is not None, "it was started before"
        return seat.slipped + self._sender.up.slipped

    def _promised(self, seat: Seat) -> bool:
        """Return whether a receiver was promised everything."""
        named = seat.life.node in self._dropped
        return seat.there and self.scenario.fair(seat.life) and not named

    def _named(self, seat: Seat) -> bool:
        """Return whether a receiver has all, or somebody knows that it has not."""
        if not seat.there or seat.life.silent:
            return True
        application, node = seat.application, seat.life.node
        wanted = [(self._instance, number) for number in self._wanted(seat)]
        if application.accepted.issuperset(wanted) or application.lost:
            return True
        failed = self._status.get(node) is AckStatus.FAILURE
        return failed or node in self._dropped

    def _judge_promised(self, seat: Seat) -> None:
        accepted = seat.application.accepted
        for number in self._wanted(seat):
            if (self._instance, number) not in accepted:
                self._wrongs.append(f"{seat.name}: {number} has not come")
        status = self._status.get(seat.life.node)
        prompt = self.scenario.prompt(seat.life)
        if prompt and status is not AckStatus.SUCCESS:
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


def _pieces(messages: Sequence[bytes], size: int) -> Sequence[tuple[bytes, bool]]:
    """Cut messages into what fits into any buffer; tell which piece ends one."""
    return [
        (message[at : at + size], at + size >= len(message))
        for message in messages
        for at in range(0, max(1, len(message)), size)
    ]


def _control(scenario: Scenario) -> RateControl:
    rate, packet = scenario.rate_bytes_per_s, scenario.config.coding.segment_bytes
    match scenario.pace:
        case Pace.FIXED:
            return FixedRate(rate)
        case Pace.ADAPTIVE:
            return AdaptiveRate(
                AdaptiveConfig(rate, rate / 4, drop_below_bytes_per_s=rate / 4)
            )
        case Pace.TFMCC:
            return TfmccRate(TfmccConfig(packet, rate, min(175.0, rate)))
        case _:
            assert_never(scenario.pace)
