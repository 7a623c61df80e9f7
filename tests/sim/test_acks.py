"""Ten thousand named acknowledgements, and the receive buffer that takes them in."""

from __future__ import annotations

from random import Random

from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import SenderEvent, WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab
from groupwire.values import Datagram

RECEIVERS, FIRST_NODE = 10_000, 100
BUFFER = 256
"""So many small datagrams fit into Linux's default receive buffer of 212,992 bytes."""
PER_DATAGRAM_S = 50e-6
"""What a busy program takes for one of them."""


class Ear(Sender):
    """A sender whose receive buffer is emptied at a busy program's pace."""

    def __init__(self, config: SenderConfig) -> None:
        super().__init__(config, FixedRate(1e7))
        self.waiting = self.longest = 0.0
        self._at = 0.0

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        done = (now - self._at) / PER_DATAGRAM_S
        self.waiting = max(0.0, self.waiting - done) + 1
        self._at = now
        self.longest = max(self.longest, self.waiting)
        super().handle_datagram(datagram, now=now)


def test_ten_thousand_acks_never_overflow_a_default_receive_buffer() -> None:
    lan = Faults(delay_s=0.0005)
    lab = Lab(1)
    coding = Coding(segment_bytes=1400, block=16, parity=16)
    config = SenderConfig(1, 7, coding, members=RECEIVERS, initial_grtt_s=0.01)
    status: dict[int, AckStatus] = {}

    def hear(event: SenderEvent) -> None:
        if isinstance(event, WatermarkEnded):
            status.update(event.status)

    ear = Ear(config)
    sender = lab.add("sender", ear, down=lan, on_event=hear)
    nodes = range(FIRST_NODE, FIRST_NODE + RECEIVERS)
    for node in nodes:
        core = Receiver(ReceiverConfig(node, unicast=True), lab.rng(f"{node}"))
        lab.add(f"r{node}", core, up=lan, down=lan)
    data = Random(1).randbytes(20_000)
    sender.do(lambda core, now: core.send_object(data, now=now))
    sender.do(lambda core, now: core.watermark(nodes, now=now))
    assert lab.run(60.0, done=lambda: bool(status))
    assert set(status.values()) == {AckStatus.SUCCESS}
    assert ear.longest <= BUFFER
