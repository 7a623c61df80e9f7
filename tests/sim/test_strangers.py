"""A million datagrams of strangers: bounded memory, and the honest go on."""

from __future__ import annotations

import os
import resource
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from groupwire.norm.coding import Coding
from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.rate.control import FixedRate, RateControl
from groupwire.norm.rate.tfmcc import TfmccConfig, TfmccRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import ObjectLost, ObjectReceived, SenderKey
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.commands import (
    AckRequest,
    CongestionFlag,
    CongestionProbe,
    EndOfTransmission,
    Flush,
    NodeState,
    Squelch,
    decode_command,
)
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions, ObjectInfo
from groupwire.norm.wire.feedback import Ack, FeedbackHead, Nack
from groupwire.norm.wire.head import Head, MessageType, ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)
from groupwire.values import Datagram, Origin, Transmit

COUNT = int(os.environ.get("STRANGERS", "200000"))
"""A million has been tried: STRANGERS=1000000 make sim."""
MOST_BYTES = 64 << 20
HONEST = Origin("10.0.0.1", 10_000)
"""Of strangers, one in so many is the honest sender's."""
RECEIVER = 5
TURN = 8
"""What is due is done after so many datagrams: time hardly passes meanwhile."""
ONE_IN = 200
INFO = ObjectInfo(FecId.REED_SOLOMON_8, 1 << 20, 1000, 16, 16)


def resident_bytes() -> int:
    """Return how much memory this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def forged(rng: Random, count: int) -> Iterator[Datagram]:
    """Iterate over what senders would say that there are not: most say one thing only.

    Some come from one address and claim many objects or streams; some have the honest
    sender's address and another node id, or its id at another address.
    """
    for number in range(count):
        origin = Origin(
            f"10.{number >> 16 & 255}.{number >> 8 & 255}.9", number & 0xFFFF
        )
        source, instance, object_id = rng.randrange(1, 1 << 32), number & 0xFFFF, 0
        match rng.randrange(4):
            case 0:
                origin, instance, source = Origin("10.9.9.9", 9), 9, 9
                object_id = number & 0xFFFF  # one new object after the other
                if rng.random() < 0.001:
                    object_id = rng.randrange(1 << 16)
            case 1:
                origin = HONEST
            case 2:
                source, instance = 1, 7
            case _:
                pass
        yield Datagram(_message(rng, source, instance, object_id), origin)


def _message(rng: Random, source: int, instance: int, object_id: int) -> bytes:
    state = SenderState(instance, 100, 4, 0)
    if rng.random() < 0.1:
        return _command(rng, source, state, object_id)
    flags = rng.choice((ObjectFlag(0), ObjectFlag.STREAM, ObjectFlag.INFO))
    extensions = Extensions(INFO)
    fec_id = FecId.REED_SOLOMON_8
    if rng.random() < 0.1:
        info = Info(0, source, state, flags, fec_id, object_id, b"i" * 500, extensions)
        return info.encode()
    where = PayloadId(rng.randrange(60), rng.randrange(32))
    payload = b"p" * (1008 if flags & ObjectFlag.STREAM else 1000)
    data = Data(0, source, state, flags, fec_id, object_id, where, payload, extensions)
    return data.encode()


def _command(rng: Random, source: int, state: SenderState, object_id: int) -> bytes:
    """Return what would end, move or hurry a transfer if it were believed."""
    head = rng.randrange(1 << 16), source, state
    place = PayloadId(rng.randrange(1 << 24), rng.randrange(256))
    fec_id = FecId.REED_SOLOMON_8
    told: Squelch | EndOfTransmission | Flush | AckRequest | CongestionProbe
    match rng.randrange(5):
        case 0:
            invalid = tuple(rng.randrange(1 << 16) for _ in range(rng.randrange(9)))
            told = Squelch(*head, fec_id, rng.randrange(1 << 16), place, (0, *invalid))
        case 1:
            told = EndOfTransmission(*head)
        case 2:
            told = Flush(*head, fec_id, object_id, place, (RECEIVER, rng.randrange(99)))
        case 3:
            nodes = RECEIVER, rng.randrange(1, 99)
            told = AckRequest(*head, rng.randrange(256), rng.randrange(256), nodes)
        case _:
            flags = CongestionFlag(rng.randrange(256))
            clr = NodeState(RECEIVER, flags, rng.randrange(256), rng.randrange(1 << 16))
            when = rng.randrange(1 << 32), rng.randrange(1_000_000)
            probe, rate = rng.randrange(1 << 16), rng.randrange(1 << 16)
            measure = rng.random() < 0.5
            told = CongestionProbe(*head, probe, *when, rate, (clr,), measure)
    return told.encode()


class Honest:
    """The sender that is meant: it says one thing in so many of the strangers'."""

    def __init__(self, content: bytes) -> None:
        coding = Coding(segment_bytes=1000, block=16, parity=16)
        self._core = Sender(SenderConfig(1, 7, coding), FixedRate(1e6))
        self._core.send_object(content, now=0.0)
        self._said: deque[bytes] = deque()
        self.now = 0.0

    def speak(self) -> Datagram:
        """Return the next datagram, whenever it is due."""
        while not self._said:
            self.now = max(self.now, self._core.poll_timeout() or self.now)
            self._core.handle_timeout(now=self.now)
            self._take()
        return Datagram(self._said.popleft(), HONEST)

    def hear(self, data: bytes) -> None:
        self._core.handle_datagram(Datagram(data, Origin("10.0.0.2", 1)), now=self.now)
        self._take()

    def _take(self) -> None:
        for transmit in self._core.poll_transmits():
            step = transmit.segment_bytes or len(transmit.data)
            data = bytes(transmit.data)
            self._said += [data[a : a + step] for a in range(0, len(data), step)]


def is_honest(key: SenderKey) -> bool:
    return (key.origin, key.source, key.instance) == (HONEST, 1, 7)


def test_a_receiver_takes_bounded_memory_and_the_honest_transfer_goes_on() -> None:
    rng = Random("strangers")
    content = rng.randbytes(500_000)
    receiver, honest = Receiver(ReceiverConfig(RECEIVER), Random(1)), Honest(content)
    received: list[bytes] = []
    before = resident_bytes()
    for number, datagram in enumerate(forged(rng, COUNT)):
        receiver.handle_datagram(datagram, now=honest.now)
        if number % ONE_IN == 0 and not received:
            receiver.handle_datagram(honest.speak(), now=honest.now)
        if number % TURN == 0:
            receiver.handle_timeout(now=honest.now)
        for transmit in receiver.poll_transmits():
            honest.hear(bytes(transmit.data))
        for event in receiver.poll_events():
            if isinstance(event, ObjectReceived) and is_honest(event.sender):
                assert isinstance(event.sink, MemorySink)
                received.append(event.sink.data)
            assert not isinstance(event, ObjectLost) or not is_honest(event.sender)
    assert received == [content]
    assert resident_bytes() - before <= MOST_BYTES


CONTROLS: dict[str, Callable[[], RateControl]] = {
    "fixed": lambda: FixedRate(1e9),
    "adaptive": lambda: AdaptiveRate(AdaptiveConfig(1e9)),
    "tfmcc": lambda: TfmccRate(TfmccConfig(1000, 1e9)),
}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_sender_takes_bounded_memory_whoever_speaks_to_it(control: str) -> None:
    rng = Random(f"strangers/{control}")
    coding = Coding(segment_bytes=1000, block=16, parity=16)
    rate = CONTROLS[control]()
    sender = Sender(SenderConfig(1, 7, coding), rate)
    for number in range(16):
        sender.send_object(bytes(100_000), now=number / 10)
    sender.watermark(range(100, 200), now=2.0)
    sender.poll_transmits()
    probes = Probes()
    before = resident_bytes()
    for number in range(COUNT // 4):
        now = 2.0 + number * 5e-3
        data = _feedback(rng, probes)
        sender.handle_datagram(Datagram(data, HONEST), now=now)
        sender.handle_timeout(now=now)
        probes.hear(sender.poll_transmits())
        sender.poll_events()
    assert resident_bytes() - before <= MOST_BYTES
    assert 0 < rate.rate <= 1.25e9
    assert probes.heard > 1


class Probes:
    """What strangers have heard of the sender: enough to be taken seriously."""

    def __init__(self) -> None:
        self.heard = self.latest = 0
        self.echo = 0, 0

    def hear(self, transmits: Iterable[Transmit]) -> None:
        for transmit in transmits:
            data = memoryview(transmit.data)
            head = Head.decode(data)
            if head.kind is not MessageType.COMMAND or transmit.segment_bytes:
                continue
            command = decode_command(head, data)
            if isinstance(command, CongestionProbe):
                self.heard += 1
                self.latest = command.probe
                self.echo = command.sent_s, command.sent_us


def _feedback(rng: Random, probes: Probes) -> bytes:
    # Some speak once only, some again and again.
    node = rng.randrange(1, 1 << 32) if rng.random() < 0.5 else rng.randrange(100, 200)
    echo = probes.echo if rng.random() < 0.8 else (rng.randrange(9), 0)
    to = FeedbackHead(1, 7 if rng.random() < 0.9 else 8, *echo)
    more = Extensions(feedback=_of_the_rate(rng, probes.latest))
    if rng.random() < 0.5:
        kind = rng.choice((1, 2, 16))
        return Ack(0, node, to, kind, 0, extensions=more).encode()
    item = RepairItem(
        FecId.REED_SOLOMON_8,
        rng.randrange(1 << 16),
        PayloadId(rng.randrange(1 << 24), rng.randrange(256)),
    )
    request = RepairRequest(RepairForm.ITEMS, rng.choice(tuple(RepairLevel)), (item,))
    return Nack(0, node, to, (request,), extensions=more).encode()


def _of_the_rate(rng: Random, probe: int) -> CongestionFeedback | None:
    if rng.random() < 0.1:
        return None
    if rng.random() < 0.2:
        probe = rng.randrange(1 << 16)
    flags, rtt = rng.randrange(256), rng.randrange(256)
    loss, rate = rng.randrange(1 << 16), rng.randrange(1 << 16)
    return CongestionFeedback(probe, flags, rtt, loss, rate)
