"""Where mutation begins: what is said on the wire, and the largest of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from random import Random

from tests.norm.wire.messages import EXAMPLES, libnorm

from groupwire.norm.coding import Coding
from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.rate.control import FixedRate, RateControl
from groupwire.norm.rate.tfmcc import TfmccConfig, TfmccRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.commands import (
    CongestionFlag,
    CongestionProbe,
    Flush,
    NodeState,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.extensions import Extensions, ObjectInfo
from groupwire.norm.wire.feedback import FeedbackHead, Nack
from groupwire.norm.wire.head import MessageType, ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)
from groupwire.values import Datagram, KnownFacts, Origin, Transmit

from .mutation import Corpus

__all__ = [
    "CODINGS",
    "CONTROLS",
    "INSTANCE",
    "NODE",
    "RECEIVER",
    "SENDER_AT",
    "Probes",
    "arrived",
    "everything",
    "feedback",
    "primed",
    "sent",
]

NODE, INSTANCE, RECEIVER = 1, 1, 9
"""The sender's as in what was captured from libnorm1."""
SENDER_AT, RECEIVER_AT = Origin("10.0.0.1", 10000), Origin("10.0.0.9", 10000)
CODINGS = (
    Coding(64, 8, 4),
    Coding(64, 8, 4, FecId.SMALL_BLOCK),
    Coding(64, 8, 4, FecId.REED_SOLOMON_M),
)
_GROUP = KnownFacts(ip_address("233.252.0.1"), 1)
_ALONE = KnownFacts(ip_address("10.0.0.1"), 1)
_STATE = SenderState(INSTANCE, 148, 4, 2)
_HEAD = 7, NODE, _STATE
_FEC = FecId.REED_SOLOMON_8
_FEEDBACK = MessageType.NACK, MessageType.ACK


def arrived(
    data: bytes, sender: Origin, *, unicast: bool = False, step: int = 0
) -> Datagram:
    """Return a datagram, by default one to the group."""
    return Datagram(data, sender, 1, _ALONE if unicast else _GROUP, 0, step)


def _fixed() -> RateControl:
    return FixedRate(1e7)


def _adaptive() -> RateControl:
    return AdaptiveRate(AdaptiveConfig(1e7, 1e6))


def _tfmcc() -> RateControl:
    return TfmccRate(TfmccConfig(1400, 1e7))


CONTROLS = _fixed, _adaptive, _tfmcc
"""Of the rate; all but the first one listen to feedback."""


def primed(
    coding: Coding,
    *,
    control: Callable[[], RateControl] = _fixed,
    backoff: int = 4,
    objects: int = 3,
) -> Sender:
    """Return a sender with objects, a stream, and questions that are still open."""
    config = SenderConfig(NODE, INSTANCE, coding, auto_parity=1, backoff=backoff)
    sender = Sender(config, control())
    for n in range(objects):
        size = 1999 if n < 3 else n % 3
        sender.send_object(Random(n).randbytes(size), now=0.0, info=b"info %d" % n)
    stream = sender.open_stream(buffer_bytes=4096, now=0.0)
    sender.write(stream, bytes(1500), now=0.0)
    sender.watermark((RECEIVER, 2, 12), now=0.0)
    sender.request_ack(16, (RECEIVER,), now=0.0)
    return sender


class Probes:
    """Makes old feedback answer the latest probe, lest it is only ever too old."""

    _KIND, _FIELDS = slice(12, 13), slice(14, 24)
    """Of a probe: CONGESTION; its sequence (2) and when it was sent (8)."""
    _ECHO, _EXTENSION, _SEQUENCE = slice(16, 24), slice(24, 26), slice(26, 28)

    def __init__(self) -> None:
        self._latest = bytes(10)

    def hear(self, transmits: Sequence[Transmit]) -> None:
        for transmit in transmits:
            data = transmit.data
            if data[0] & 0xF == MessageType.COMMAND and data[self._KIND] == b"\4":
                self._latest = bytes(data[self._FIELDS])

    def answered(self, data: bytes) -> bytes:
        """Return feedback with the times, and EXT_CC's sequence, of the probe."""
        fresh = bytearray(data)
        if len(fresh) >= self._SEQUENCE.stop:
            fresh[self._ECHO] = self._latest[2:]
            if fresh[self._EXTENSION] == b"\3\3":
                fresh[self._SEQUENCE] = self._latest[:2]
        return bytes(fresh)


@cache
def _exchange(
    coding: Coding, control: Callable[[], RateControl]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return what a sender and a receiver say to each other while a third is lost."""
    dice = Random(1)
    sender = primed(coding, control=control)
    receiver = Receiver(ReceiverConfig(RECEIVER), Random(2))
    said: list[bytes] = []
    answered: list[bytes] = []
    now = 0.0
    while now < 8.0:
        for transmit in sender.poll_transmits():
            data = arrived(bytes(transmit.data), SENDER_AT, step=transmit.segment_bytes)
            said.append(data.data)
            for part in data.parts():
                said.append(part.data)
                if dice.random() > 0.3:
                    receiver.handle_datagram(part, now=now)
        for transmit in receiver.poll_transmits():
            answered.append(bytes(transmit.data))
            sender.handle_datagram(arrived(answered[-1], RECEIVER_AT), now=now)
        now += 0.02
        sender.handle_timeout(now=now)
        receiver.handle_timeout(now=now)
    return tuple(dict.fromkeys(said)), tuple(dict.fromkeys(answered))


def everything() -> Corpus:
    """Return messages of every kind, and rows of three."""
    examples = [message.encode() for message in EXAMPLES.values()]
    captured = [data for _, data in libnorm()]
    rows = [data * 3 for data in (*examples, *captured) if data[0] == 0x12]
    large = [*_largest_said(), *_largest_asked()]
    return Corpus([*examples, *captured, *rows, *_far_off()], large)


def sent(coding: Coding) -> Corpus:
    """Return what a receiver may hear from a sender and from others."""
    said, answered = _exchange(coding, _fixed)
    captured = [data for _, data in libnorm()]
    large = [*_largest_said(), *_largest_asked()]
    return Corpus([*said, *said, *answered, *captured, *_far_off()], large)


def feedback(coding: Coding, control: Callable[[], RateControl]) -> Corpus:
    """Return what a sender may hear from receivers."""
    captured = [data for _, data in libnorm() if data[0] & 0xF in _FEEDBACK]
    return Corpus([*_exchange(coding, control)[1], *captured], list(_largest_asked()))


def _item(number: int, block: int = 0, symbol: int = 0) -> RepairItem:
    return RepairItem(_FEC, number & 0xFFFF, PayloadId(block & 0xFF_FFFF, symbol))


def _asked() -> Iterator[RepairRequest]:
    """Iterate over requests for as much as can be asked for."""
    ranges, items, erasures = RepairForm.RANGES, RepairForm.ITEMS, RepairForm.ERASURES
    most, pair = RepairRequest.MAX_ITEMS - 1, RepairRequest.MAX_ITEMS // 2 - 1
    small = PayloadId(2**32 - 1, 0xFFFF, 0xFFFF)
    for level in RepairLevel:
        yield RepairRequest(ranges, level, (_item(-0x7000), _item(0x7FFF)) * pair)
        yield RepairRequest(ranges, level, (_item(0), _item(3, -1, 255)) * pair)
        yield RepairRequest(ranges, level, (_item(1), _item(1, -1)) * pair)
        yield RepairRequest(ranges, level, (_item(1), _item(1, 0, 255)) * pair)
        yield RepairRequest(items, level, tuple(map(_item, range(most))))
        apart = tuple(_item(1, 2 * n, 2 * n & 0xFF) for n in range(most))
        yield RepairRequest(items, level, apart)
        spread = tuple(_item(n, n, n & 0xFF) for n in range(most))
        yield RepairRequest(items, level, spread)
        wide = RepairItem(FecId.SMALL_BLOCK, 1, small)
        yield RepairRequest(erasures, level, (wide,) * most)
        blocks = tuple(
            RepairItem(FecId.SMALL_BLOCK, 1, PayloadId(n, 0xFFFF)) for n in range(most)
        )
        yield RepairRequest(erasures, level, blocks)
        yield RepairRequest(items, level, ())


def _largest_asked() -> Iterator[bytes]:
    to = FeedbackHead(NODE, INSTANCE, 5, 600_000)
    for request in _asked():
        yield Nack(7, 12, to, (request,)).encode()
    empty = RepairRequest(RepairForm.ITEMS, RepairLevel.OBJECT, ())
    yield Nack(7, 12, to, (empty,) * RepairRequest.MAX_ITEMS).encode()


def _largest_said() -> Iterator[bytes]:
    """Iterate over what a sender says with the most in it."""
    place = _FEC, 1, PayloadId(0, 0)
    yield Flush(*_HEAD, *place, tuple(range(16_000))).encode()
    yield Squelch(*_HEAD, *place, tuple(range(Squelch.MAX_INVALID))).encode()
    nodes = tuple(
        NodeState(n, CongestionFlag.RTT, 0, n) for n in range(CongestionProbe.MAX_NODES)
    )
    yield CongestionProbe(*_HEAD, 3, 5, 600_000, 0x2005, nodes).encode()
    for request in _asked():
        yield RepairAdvertisement(*_HEAD, (request,)).encode()


def _far_off() -> Iterator[bytes]:
    """Iterate over symbols of objects that nobody can hold."""
    for size in (2**48 - 1, 2**32, 2**24, 2**20, 0):
        for segment, block, parity in ((1, 1, 0), (1, 128, 127), (65_000, 250, 5)):
            fti = ObjectInfo(_FEC, size, segment, block, parity)
            yield from _far(fti)


def _far(fti: ObjectInfo) -> Iterator[bytes]:
    """Iterate over symbols of an object, as far from each other as can be."""
    data = Data(*_HEAD, ObjectFlag(0), _FEC, 1, PayloadId(0, 0), b"x", Extensions(fti))
    for number, block, symbol in ((1, 0, 0), (1, -1, 0), (0x7FFF, 2**19, 1), (2, 1, 9)):
        where = PayloadId(block & 0xFF_FFFF, symbol)
        message = replace(data, object_id=number, payload_id=where)
        yield message.encode()
        yield replace(message, flags=ObjectFlag.STREAM).encode()
        yield replace(message, flags=ObjectFlag.INFO).encode()
