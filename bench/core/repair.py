"""How often a packet is sent until a group has all, each receiver losing by itself.

The real cores in a simulated network; every DATA message counts, whatever it repairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import ObjectReceived, ReceiverEvent
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.head import Head, MessageType
from groupwire.testing import Faults, Lab
from groupwire.values import Transmit

__all__ = ["BLOCK", "LOSS", "Sent", "measure", "with_parity", "without_parity"]

BLOCK, LOSS = 64, 0.2
_CODING = Coding(segment_bytes=64, block=BLOCK, parity=96)
_DELAY_S = 0.005
_RATE = 1e6
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Sent:
    """DATA messages for each packet of the object, over some seeds."""

    mean: float
    low: float
    high: float
    expected: float
    """The least that any protocol with this code can do with, in the mean."""
    without_parity: float
    """The same where only the lost packets themselves can be sent again."""
    blocks: int
    seeds: list[int]


def measure(receivers: int, blocks: int, seeds: Sequence[int]) -> Sent:
    """Send an object of so many blocks once for each seed."""
    found = [_per_packet(receivers, blocks, seed) for seed in seeds]
    return Sent(
        fmean(found),
        min(found),
        max(found),
        with_parity(receivers),
        without_parity(receivers),
        blocks,
        list(seeds),
    )


def _per_packet(receivers: int, blocks: int, seed: int) -> float:
    lab = Lab(seed, coalesce=True)
    complete: list[ReceiverEvent] = []

    def on_event(event: ReceiverEvent) -> None:
        if isinstance(event, ObjectReceived):
            complete.append(event)

    config = SenderConfig(1, 7, _CODING, members=receivers, initial_grtt_s=2 * _DELAY_S)
    core = _Counting(config, FixedRate(_RATE))
    sender = lab.add("sender", core, up=Faults(delay_s=_DELAY_S))
    for number in range(receivers):
        lab.add(
            f"receiver {number}",
            Receiver(ReceiverConfig(100 + number), lab.rng(f"receiver {number}")),
            down=Faults(loss=LOSS),
            up=Faults(delay_s=_DELAY_S),
            on_event=on_event,
        )
    data = Random(seed).randbytes(blocks * BLOCK * _CODING.segment_bytes)
    sender.do(lambda core, now: core.send_object(data, now=now))
    if not lab.run(_PATIENCE_S, done=lambda: len(complete) == receivers):
        raise RuntimeError(f"{receivers} receivers, seed {seed}: not complete")
    return core.data_messages / (blocks * BLOCK)


class _Counting(Sender):
    data_messages = 0

    def poll_transmits(self) -> Sequence[Transmit]:
        transmits = super().poll_transmits()
        for transmit in transmits:
            if Head.decode(memoryview(transmit.data)).kind is MessageType.DATA:
                step = transmit.segment_bytes or len(transmit.data)
                self.data_messages += -(-len(transmit.data) // step)
        return transmits


def with_parity(receivers: int) -> float:
    """Return the mean of the most that any receiver needs until BLOCK have arrived.

    Each needs as many transmissions as a negative binomial has it; the group needs
    what the unluckiest of them needs.
    """
    expected, passed = float(BLOCK), 0.0
    sent, probability = BLOCK, (1 - LOSS) ** BLOCK
    while passed**receivers < 1 - 1e-9:
        passed += probability
        expected += 1 - passed**receivers
        sent += 1
        probability *= (sent - 1) * LOSS / (sent - BLOCK)
    return expected / BLOCK


def without_parity(receivers: int) -> float:
    """Return how often one packet is sent until the last receiver has it."""
    expected, lost = 0.0, 1.0
    while lost > 1e-12:
        expected += 1 - (1 - lost) ** receivers
        lost *= LOSS
    return expected
