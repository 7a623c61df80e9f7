"""A sender on a clock of its own, and what receivers would say to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any, TypeVar

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.rate.control import FixedRate, RateControl
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.content import BytesSource, ObjectContent
from groupwire.norm.send.events import SenderEvent
from groupwire.norm.send.outgoing import Content, ObjectHead, Outgoing
from groupwire.norm.send.sender import Sender
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.wire.commands import Flush
from groupwire.norm.wire.feedback import Ack, AckType, FeedbackHead, Nack, Watermark
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.message import Message, decode
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)
from groupwire.values import Datagram, KnownFacts, Origin, Transmit

NODE, INSTANCE, RECEIVER = 1, 7, 9
SMALL = Coding(segment_bytes=10, block=4, parity=3)
"""Blocks of at most 40 bytes, so that a test can count symbols by hand."""
GRTT = 0.1
FAST, SETTLE = 1e9, 1e-5
SLOW = 4000.0
"""Bytes a second: fewer than a hundred of the small datagrams."""
_TO_GROUP = KnownFacts(ip_address("233.252.0.1"), 1)
_TO_SENDER = KnownFacts(ip_address("10.0.0.1"), 1)
_LATE = 1e-9
MessageT = TypeVar("MessageT")


def numbered(size_bytes: int) -> bytes:
    """Return bytes no two stretches of which are alike."""
    return b"".join(n.to_bytes(3, "big") for n in range(size_bytes))[:size_bytes]


def config(**changes: Any) -> SenderConfig:
    # Neither holds nor patience unless a test is about them.
    quick = {"hold": 0.0, "patience_cycles": 0.0}
    wanted = {"coding": SMALL, "initial_grtt_s": GRTT, **quick, **changes}
    return SenderConfig(NODE, INSTANCE, **wanted)


def outgoing(
    data: bytes = b"",
    number: int = 0,
    *,
    coding: Coding = SMALL,
    content: Content | None = None,
    info: bytes | None = None,
    auto_parity: int = 0,
) -> Outgoing:
    """Return an object on its way out, of bytes unless its content is given."""
    partition = Partition.of(len(data), coding.segment_bytes, coding.block)
    content = content or ObjectContent(BytesSource(data), partition)
    flags = ObjectFlag.STREAM if isinstance(content, StreamContent) else ObjectFlag(0)
    head = ObjectHead(flags, coding.object_info(len(data)), info)
    code = ReedSolomon(coding.block, coding.parity)
    return Outgoing(number, content, code, head=head, auto_parity=auto_parity)


def datagrams(transmits: Iterable[Transmit]) -> list[bytes]:
    """Take rows apart, as the kernel does."""
    parts: list[bytes] = []
    for transmit in transmits:
        data, step = bytes(transmit.data), transmit.segment_bytes
        step = step or len(data)
        parts += [data[at : at + step] for at in range(0, len(data), step)]
    return parts


def decoded(transmits: Iterable[Transmit], field_bits: int = 8) -> list[Message]:
    return [decode(data, field_bits) for data in datagrams(transmits)]


def place(data: Data) -> tuple[int, int, int]:
    """Return object, block and symbol."""
    return data.object_id, data.payload_id.block, data.payload_id.symbol


def item(number: int, block: int = 0, symbol: int = 0) -> RepairItem:
    where = PayloadId(block, symbol)
    return RepairItem(FecId.REED_SOLOMON_8, number & 0xFFFF, where)


def lacks(number: int, block: int, *symbols: int) -> RepairRequest:
    """Return a request for symbols of a block."""
    items = tuple(item(number, block, symbol) for symbol in symbols)
    return RepairRequest(RepairForm.ITEMS, RepairLevel.SEGMENT, items)


def lacks_blocks(number: int, first: int, last: int) -> RepairRequest:
    items = (item(number, first), item(number, last))
    return RepairRequest(RepairForm.RANGES, RepairLevel.BLOCK, items)


def lacks_objects(first: int, last: int | None = None) -> RepairRequest:
    items = (item(first), item(first if last is None else last))
    return RepairRequest(RepairForm.RANGES, RepairLevel.OBJECT, items)


def lacks_info(number: int) -> RepairRequest:
    return RepairRequest(RepairForm.ITEMS, RepairLevel.INFO, (item(number),))


def nack(*requests: RepairRequest, node: int = RECEIVER) -> Nack:
    return Nack(0, node, FeedbackHead(NODE, INSTANCE), requests)


def ack(flush: Flush, node: int = RECEIVER) -> Ack:
    """Return what acknowledges a flush's watermark."""
    mark = Watermark(flush.fec_id, flush.object_id, flush.payload_id)
    to = FeedbackHead(NODE, INSTANCE)
    return Ack(0, node, to, AckType.FLUSH, 0, mark.encode(flush.field_bits))


class Stage:
    """A sender whose time goes on as it asks for; what it sends is read and kept."""

    def __init__(
        self, rate: float = FAST, control: RateControl | None = None, **changes: Any
    ) -> None:
        self.config = config(**changes)
        self.sender = Sender(self.config, control or FixedRate(rate))
        self.now = 100.0
        self.began = self.now
        self.heard: list[tuple[float, Message]] = []
        """Times since the beginning, and messages."""
        self.events: list[SenderEvent] = []
        self.times: list[tuple[float, SenderEvent]] = []

    @property
    def elapsed(self) -> float:
        return self.now - self.began

    def call(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call one of the sender's verbs now."""
        result = verb(*args, now=self.now, **kwargs)
        self._drain()
        return result

    def do(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a verb, and let pass what a few kilobytes take at the fast rate."""
        result = self.call(verb, *args, **kwargs)
        self.run(SETTLE)
        return result

    def send(self, data: bytes, **kwargs: Any) -> int:
        number: int = self.do(self.sender.send_object, data, **kwargs)
        return number

    def hear(self, message: Nack | Ack, *, unicast: bool = False) -> None:
        facts = _TO_SENDER if unicast else _TO_GROUP
        origin = Origin("10.0.0.9", 5000)
        datagram = Datagram(message.encode(), origin, 1, facts)
        self.do(self.sender.handle_datagram, datagram)

    def nack(
        self, *requests: RepairRequest, node: int = RECEIVER, unicast: bool = False
    ) -> None:
        self.hear(nack(*requests, node=node), unicast=unicast)

    def run(self, seconds: float) -> None:
        """Let time pass, and give the sender its turn whenever it asked for one."""
        end = self.now + seconds
        turns = 0
        while (due := self.sender.poll_timeout()) is not None and due <= end + _LATE:
            turns = 0 if due > self.now else turns + 1
            assert turns < 10_000, "the sender wants its turn again and again"
            self.now = max(self.now, due)
            self.call(self.sender.handle_timeout)
        self.now = max(self.now, end)

    def _drain(self) -> None:
        bits = self.config.coding.field_bits
        for message in decoded(self.sender.poll_transmits(), bits):
            self.heard.append((self.elapsed, message))
        for event in self.sender.poll_events():
            self.events.append(event)
            self.times.append((self.elapsed, event))

    # What has been sent.

    def of(self, kind: type[MessageT]) -> list[MessageT]:
        return [message for _, message in self.heard if isinstance(message, kind)]

    def times_of(self, kind: type[Any]) -> list[float]:
        return [time for time, message in self.heard if isinstance(message, kind)]

    def take(self, kind: type[MessageT]) -> list[MessageT]:
        """Return what was sent of a kind since everything was last taken."""
        taken = self.of(kind)
        self.heard.clear()
        return taken

    def places(self) -> list[tuple[int, int, int]]:
        """Return object, block and symbol of all data, and forget them."""
        return [place(data) for data in self.take(Data)]

    def happened(self, kind: type[MessageT]) -> list[MessageT]:
        return [event for event in self.events if isinstance(event, kind)]
