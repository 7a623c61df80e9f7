"""A sender's messages and an ear for them, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import ReceiverEvent, SenderFound, SenderKey
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import SinkFor
from groupwire.norm.stream_header import StreamHeader
from groupwire.norm.wire.commands import (
    AckRequest,
    ApplicationCommand,
    CongestionProbe,
    EndOfTransmission,
    Flush,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.feedback import Ack, FeedbackHead, Nack
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.quantise import pack_rtt, unpack_rtt
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)
from groupwire.values import Datagram, Origin

__all__ = [
    "ANOTHER",
    "CODING",
    "GRTT_S",
    "ME",
    "NODE",
    "SENDER",
    "Ear",
    "Object",
    "Source",
    "asked",
    "request",
    "stream_symbol",
]

CODING = Coding(segment_bytes=16, block=4, parity=2)
"""Small enough to write symbols down by hand."""
SENDER = Origin("10.0.0.1", 10_000)
OTHER = Origin("10.0.0.3", 10_000)
NODE, INSTANCE, ME, ANOTHER = 1, 7, 9, 11
GRTT_S = unpack_rtt(pack_rtt(0.1))
"""What receivers make of 0.1 seconds."""
PLAIN = ObjectFlag(0)

EventT = TypeVar("EventT", bound=ReceiverEvent)


@dataclass
class Object:
    """An object, cut and protected as its sender does it."""

    data: bytes
    number: int = 0
    flags: ObjectFlag = PLAIN
    coding: Coding = CODING

    @property
    def partition(self) -> Partition:
        coding = self.coding
        return Partition.of(len(self.data), coding.segment_bytes, coding.block)

    def symbol(self, block: int, symbol: int) -> bytes:
        """Return a source symbol, or behind them a parity symbol."""
        partition, step = self.partition, self.coding.segment_bytes
        length = partition.length(block)
        at = partition.offset(block)
        source = [self.data[at + n * step :][:step] for n in range(length)]
        if symbol < length:
            return source[symbol]
        code = ReedSolomon(self.coding.block, self.coding.parity)
        size = max(map(len, source))
        return code.encode(source, [symbol - length], size)[0]


def stream_symbol(data: bytes, *, message_start: int = 0, offset: int = 0) -> bytes:
    """Return a source symbol of a stream."""
    return StreamHeader(len(data), message_start, offset).encode() + data


@dataclass
class Source:
    """A sender that says what it is told to."""

    instance: int = INSTANCE
    node: int = NODE
    backoff: int = 4
    coding: Coding = CODING
    grtt_s: float = 0.1
    sequence: int = field(default=0, init=False)

    @property
    def state(self) -> SenderState:
        return SenderState(self.instance, pack_rtt(self.grtt_s), self.backoff, 0)

    def data(
        self,
        number: int,
        block: int,
        symbol: int,
        payload: bytes,
        *,
        size: int,
        flags: ObjectFlag = PLAIN,
        told: bool = True,
    ) -> bytes:
        """Return DATA, with an FTI if it is to be ``told``."""
        fti = self.coding.object_info(size) if told else None
        return Data(
            *self._head(),
            flags,
            self.coding.fec_id,
            number & 0xFFFF,
            PayloadId(block & 0xFF_FFFF, symbol),
            payload,
            Extensions(fti),
        ).encode()

    def symbol(self, of: Object, block: int, symbol: int) -> bytes:
        """Return DATA with a symbol of an object."""
        payload = of.symbol(block, symbol)
        size = len(of.data)
        return self.data(of.number, block, symbol, payload, size=size, flags=of.flags)

    def block(self, of: Object, block: int, *, but: Iterable[int] = ()) -> list[bytes]:
        """Return DATA with all source symbols of a block, but some."""
        wanted = [n for n in range(of.partition.length(block)) if n not in but]
        return [self.symbol(of, block, n) for n in wanted]

    def whole(self, of: Object) -> list[bytes]:
        """Return DATA with all source symbols of an object."""
        blocks = range(of.partition.blocks)
        return [message for block in blocks for message in self.block(of, block)]

    def stream(
        self, block: int, symbol: int, payload: bytes, *, number: int = 0
    ) -> bytes:
        """Return DATA of a stream of which four blocks are kept."""
        size = 4 * self.coding.block * self.coding.segment_bytes
        flags = ObjectFlag.STREAM
        return self.data(number, block, symbol, payload, size=size, flags=flags)

    def info(
        self,
        number: int,
        text: bytes,
        *,
        size: int,
        flags: ObjectFlag = ObjectFlag.INFO,
        told: bool = True,
    ) -> bytes:
        """Return INFO."""
        fti = self.coding.object_info(size) if told else None
        return Info(
            *self._head(),
            flags,
            self.coding.fec_id,
            number & 0xFFFF,
            text,
            Extensions(fti),
        ).encode()

    def flush(self, number: int, block: int, symbol: int, *nodes: int) -> bytes:
        """Return FLUSH, asking some nodes to acknowledge."""
        place = self._place(number, block, symbol)
        return Flush(*self._head(), *place, nodes).encode()

    def squelch(self, number: int, *invalid: int, block: int = 0) -> bytes:
        """Return SQUELCH."""
        return Squelch(*self._head(), *self._place(number, block, 0), invalid).encode()

    def advertise(self, *requests: RepairRequest, limited: bool = False) -> bytes:
        """Return REPAIR_ADV."""
        return RepairAdvertisement(*self._head(), requests, limited).encode()

    def probe(
        self, *, sent_s: int = 0, sent_us: int = 0, rate: int | None = None
    ) -> bytes:
        """Return CC, which asks for answers if it tells a rate."""
        return CongestionProbe(*self._head(), 1, sent_s, sent_us, rate).encode()

    def request_ack(self, ack_type: int, ack_id: int, *nodes: int) -> bytes:
        """Return ACK_REQ."""
        return AckRequest(*self._head(), ack_type, ack_id, nodes).encode()

    def command(self, content: bytes) -> bytes:
        """Return APPLICATION."""
        return ApplicationCommand(*self._head(), content).encode()

    def end(self) -> bytes:
        """Return EOT."""
        return EndOfTransmission(*self._head()).encode()

    def _place(
        self, number: int, block: int, symbol: int
    ) -> tuple[FecId, int, PayloadId]:
        where = PayloadId(block & 0xFF_FFFF, symbol)
        return self.coding.fec_id, number & 0xFFFF, where

    def _head(self) -> tuple[int, int, SenderState]:
        self.sequence = (self.sequence + 1) & 0xFFFF
        return self.sequence, self.node, self.state


def request(
    level: RepairLevel,
    first: tuple[int, int, int],
    last: tuple[int, int, int] | None = None,
) -> RepairRequest:
    """Return a request of one item or range, by object, block and symbol."""
    places = [first] if last is None else [first, last]
    items = tuple(
        RepairItem(CODING.fec_id, number & 0xFFFF, PayloadId(block, symbol))
        for number, block, symbol in places
    )
    form = RepairForm.ITEMS if last is None else RepairForm.RANGES
    return RepairRequest(form, level, items)


def asked(feedback: Iterable[Nack | Ack]) -> list[str]:
    """Return what the NACKs ask for, such as ``segment 0:1:3``, ``block 0:1-2``."""
    words: list[str] = []
    for nack in feedback:
        if isinstance(nack, Nack):
            for of in nack.requests:
                words += _items(of)
    return words


def _items(of: RepairRequest) -> list[str]:
    names = [_name(of.level, item) for item in of.items]
    level = of.level.name or ""
    if of.form is RepairForm.ITEMS:
        return [f"{level.lower()} {name}" for name in names]
    pairs = zip(names[::2], names[1::2], strict=True)
    return [f"{level.lower()} {a}-{b.split(':')[-1]}" for a, b in pairs]


def _name(level: RepairLevel, item: RepairItem) -> str:
    where = item.payload_id
    parts = [item.object_id, where.block, where.symbol]
    deep = {RepairLevel.SEGMENT: 3, RepairLevel.BLOCK: 2}.get(level, 1)
    return ":".join(map(str, parts[:deep]))


class Ear:
    """A receiver on a clock of its own, and what it says."""

    def __init__(
        self,
        *,
        join: Join = Join.OBJECT,
        seed: int = 1,
        sink_for: SinkFor | None = None,
        join_for: Callable[[SenderKey], Join] | None = None,
        config: ReceiverConfig | None = None,
    ) -> None:
        self.now = 0.0
        config = config or ReceiverConfig(ME, join=join)
        self.core = Receiver(config, Random(seed), sink_for=sink_for, join_for=join_for)
        self.key = SenderKey(SENDER, NODE, INSTANCE)
        self.datagrams: list[tuple[bytes, Origin | None]] = []
        """Sent, with where to."""
        self._said: list[Nack | Ack] = []
        self._events: list[ReceiverEvent] = []

    def hear(self, *messages: bytes | Sequence[bytes], origin: Origin = SENDER) -> None:
        """Let datagrams arrive now."""
        for message in messages:
            for data in [message] if isinstance(message, bytes) else message:
                self.core.handle_datagram(Datagram(data, origin), now=self.now)
                self._drain()

    def hear_row(self, *messages: bytes) -> None:
        """Let datagrams arrive at once, as UDP_GRO hands them over."""
        step = len(messages[0])
        row = Datagram(b"".join(messages), SENDER, segment_bytes=step)
        self.core.handle_datagram(row, now=self.now)
        self._drain()

    def hear_nack(self, *requests: RepairRequest, source: int = ANOTHER) -> None:
        """Let another receiver ask the sender for something."""
        nack = Nack(1, source, FeedbackHead(NODE, INSTANCE), requests)
        self.hear(nack.encode(), origin=OTHER)

    def wait(self, seconds: float) -> None:
        """Let time pass, and whatever is due happen."""
        until = self.now + seconds
        while (due := self.core.poll_timeout()) is not None and due <= until:
            self.now = max(self.now, due)
            self.core.handle_timeout(now=self.now)
            self._drain()
        self.now = until

    def do(self) -> None:
        """Take out what verbs of the core have brought."""
        self._drain()

    def said(self) -> list[Nack | Ack]:
        """Return what it has sent since this was last asked."""
        said, self._said = self._said, []
        return said

    def events(self) -> list[ReceiverEvent]:
        """Return what has happened since, but for senders found."""
        events, self._events = self._events, []
        return [e for e in events if not isinstance(e, SenderFound)]

    def _drain(self) -> None:
        for transmit in self.core.poll_transmits():
            data = bytes(transmit.data)
            self.datagrams.append((data, transmit.to))
            message = decode(data)
            assert isinstance(message, Nack | Ack)
            self._said.append(message)
        self._events += self.core.poll_events()
