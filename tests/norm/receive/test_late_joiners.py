"""Who joins late wants what the sender still keeps, and counts nothing else as lost."""

from __future__ import annotations

import pytest

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import ObjectLost, ObjectReceived, ReceiverEvent
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import SenderEvent, WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab

WINDOW = ReceiverConfig(2, join=Join.WINDOW)


class Group:
    """A sender that keeps five objects, and who hears it from the sixth on."""

    def __init__(self, seed: int, before: int, *, loss: float = 0.0) -> None:
        self.lab = Lab(seed)
        self.sent: list[SenderEvent] = []
        self.heard: list[ReceiverEvent] = []
        self.sender = self.lab.add(
            "sender",
            Sender(SenderConfig(1, 7, kept_objects=5), FixedRate(1e6)),
            on_event=self.sent.append,
        )
        self.send(before)
        self.lab.run(10)
        self.lab.add(
            "receiver",
            Receiver(WINDOW, self.lab.rng("receiver")),
            down=Faults(loss=loss),
            on_event=self.heard.append,
        )

    def send(self, count: int) -> None:
        for _ in range(count):
            self.sender.do(lambda core, now: core.send_object(bytes(9000), now=now))
            self.lab.run(self.lab.clock.now + 1)

    def acknowledged(self) -> bool:
        """Ask for a watermark, and return whether it was reached."""
        self.sender.do(lambda core, now: core.watermark([2], now=now))
        self.lab.run(self.lab.clock.now + 10)
        (ended,) = [e for e in self.sent if isinstance(e, WatermarkEnded)]
        return ended.status[2] is AckStatus.SUCCESS

    @property
    def received(self) -> list[int]:
        return sorted(e.object for e in self.heard if isinstance(e, ObjectReceived))

    @property
    def lost(self) -> list[ObjectLost]:
        return [e for e in self.heard if isinstance(e, ObjectLost)]


@pytest.mark.parametrize("before", [0, 3, 5, 9])
def test_what_a_sender_never_had_or_keeps_no_more_is_not_lost(before: int) -> None:
    group = Group(1, before)
    group.send(1)
    assert group.acknowledged()
    assert group.received == list(range(max(0, before - 4), before + 1))
    assert not group.lost
