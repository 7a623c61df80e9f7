"""How soon a small group with the low-latency profile has, repairs and acknowledges."""

from __future__ import annotations

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import ReceiverEvent, StreamReceived
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import SenderEvent, WatermarkEnded
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab

ONE_WAY_S = 0.0005
GRTT_S = 2 * ONE_WAY_S
NODES = (11, 12)


class Pair:
    """A sender with the profile and two receivers, past the first probes."""

    def __init__(self) -> None:
        self.lab = Lab(1)
        lan = Faults(delay_s=ONE_WAY_S)
        config = SenderConfig.low_latency(1, 7)
        self.acknowledged: list[float] = []
        self.sender = self.lab.add(
            "sender", Sender(config, FixedRate(1e8)), on_event=self._hear
        )
        self.heard: list[float] = []
        self.members = [
            self.lab.add(
                f"r{node}",
                Receiver(ReceiverConfig(node), self.lab.rng(f"{node}")),
                up=lan,
                down=lan,
                on_event=self._receive,
            )
            for node in NODES
        ]
        self.stream: int = self.sender.do(
            lambda core, now: core.open_stream(buffer_bytes=1 << 20, now=now)
        )
        self.say(b"first")
        self.lab.run(2.0)
        self.heard.clear()

    def _hear(self, event: SenderEvent) -> None:
        if isinstance(event, WatermarkEnded):
            self.acknowledged.append(self.lab.clock.now)

    def _receive(self, event: ReceiverEvent) -> None:
        if isinstance(event, StreamReceived):
            self.heard.append(self.lab.clock.now)

    def say(self, message: bytes) -> float:
        """Send a message at once; return when."""
        self.sender.do(lambda core, now: core.write(self.stream, message, now=now))
        self.sender.do(lambda core, now: core.flush(self.stream, now=now))
        return self.lab.clock.now


def test_a_lone_message_is_there_in_one_way_and_acknowledged_in_two_round_trips() -> (
    None
):
    pair = Pair()
    at = pair.say(b"lone")
    pair.sender.do(lambda core, now: core.watermark(NODES, now=now))
    pair.lab.run(at + 1.0)
    assert max(pair.heard) - at <= 1.1 * ONE_WAY_S
    assert pair.acknowledged[0] - at <= 2.5 * GRTT_S


def test_a_lone_message_that_is_lost_is_repaired_by_its_flush() -> None:
    pair = Pair()
    pair.members[0].cut(up=False)
    at = pair.say(b"lone")
    pair.members[0].cut(up=False, down=False)
    pair.lab.run(at + 1.0)
    assert len(pair.heard) == 2
    # The next flush is two round trips behind the one that was lost, too.
    assert max(pair.heard) - at <= 5 * GRTT_S


def test_a_gap_is_repaired_in_two_round_trips_from_when_it_shows() -> None:
    pair = Pair()
    pair.members[0].cut(up=False)
    pair.say(b"lost")
    pair.members[0].cut(up=False, down=False)
    at = pair.say(b"shows the gap")
    pair.lab.run(at + 1.0)
    assert len(pair.heard) == 3  # at one of them both come at once
    assert max(pair.heard) - at <= 2.5 * GRTT_S
