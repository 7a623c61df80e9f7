"""What a sender commands besides sending objects (RFC 5740 §4.2.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import ClassVar, Self, TypeAlias

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.head import Head, MessageType, SenderState
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes
from groupwire.norm.wire.repairs import RepairRequest, decode_requests

__all__ = [
    "AckRequest",
    "ApplicationCommand",
    "Command",
    "CommandType",
    "CongestionFlag",
    "CongestionProbe",
    "EndOfTransmission",
    "Flush",
    "NodeState",
    "RepairAdvertisement",
    "Squelch",
    "decode_command",
]

MAX_NODES = 16_384
"""Read of one list; no datagram holds more."""
_STATE_END = Head.LAYOUT.size + SenderState.LAYOUT.size
_POSITION = struct.Struct("!BBH")
_PLAIN = struct.Struct("!BxH")
_NONE = Extensions()


class CommandType(IntEnum):
    """The byte behind the sender's state."""

    FLUSH = 1
    END_OF_TRANSMISSION = 2
    SQUELCH = 3
    CONGESTION = 4
    REPAIR_ADVERTISEMENT = 5
    ACK_REQUEST = 6
    APPLICATION = 7


class CongestionFlag(IntFlag):
    """The state of a receiver in congestion control, RFC 5740 §4.2.3.4."""

    CLR = 0x01
    """The current limiting receiver."""
    PLR = 0x02
    """A potential limiting receiver."""
    RTT = 0x04
    """Its round-trip time has been measured."""
    START = 0x08
    """No loss seen yet: slow start."""
    LEAVE = 0x10
    """About to leave; not to be chosen as CLR."""
    MEASURED = 0x40
    """Ours: the rate is what arrives, the loss that of packets (docs/norm.md)."""


_flags = lru_cache(maxsize=256)(CongestionFlag)


@dataclass(frozen=True, slots=True)
class Flush:
    """All up to here has been sent; who lacks something asks, who is listed acks.

    | 1 1 | fec_id 1 | object 2 | payload id | nodes 4 each |
    """

    TYPE: ClassVar = CommandType.FLUSH

    sequence: int
    source: int
    sender: SenderState
    fec_id: FecId
    object_id: int
    payload_id: PayloadId
    nodes: tuple[int, ...] = ()
    """Who is asked to acknowledge."""
    field_bits: int = 8

    def encode(self) -> bytes:
        """Return the datagram."""
        return _positioned(self, struct.pack(f"!{len(self.nodes)}I", *self.nodes))

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview, field_bits: int = 8) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        place = _position(head, data, field_bits)
        nodes = _list(data, head.header_bytes, "I", MAX_NODES)
        return cls(*_sender(head, data), *place, nodes, field_bits)


@dataclass(frozen=True, slots=True)
class Squelch:
    """Nothing before this point can be repaired, nor the objects that are listed.

    | 3 1 | fec_id 1 | object 2 | payload id | invalid objects 2 each |
    """

    TYPE: ClassVar = CommandType.SQUELCH
    MAX_INVALID: ClassVar = 1024
    """Read of one list: who asks for another one is told again."""

    sequence: int
    source: int
    sender: SenderState
    fec_id: FecId
    object_id: int
    payload_id: PayloadId
    invalid: tuple[int, ...] = ()
    field_bits: int = 8

    def encode(self) -> bytes:
        """Return the datagram."""
        return _positioned(self, struct.pack(f"!{len(self.invalid)}H", *self.invalid))

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview, field_bits: int = 8) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        place = _position(head, data, field_bits)
        invalid = _list(data, head.header_bytes, "H", cls.MAX_INVALID)
        return cls(*_sender(head, data), *place, invalid, field_bits)


@dataclass(frozen=True, slots=True)
class EndOfTransmission:
    """The sender is gone for good and repairs nothing more.

    | 2 1 | 0 3 |
    """

    TYPE: ClassVar = CommandType.END_OF_TRANSMISSION

    sequence: int
    source: int
    sender: SenderState

    def encode(self) -> bytes:
        """Return the datagram."""
        return _command(self, _PLAIN.pack(self.TYPE, 0))

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        _fields(head, data, _PLAIN)
        return cls(*_sender(head, data))


@dataclass(frozen=True, slots=True)
class NodeState:
    """One receiver in a congestion probe.

    | node 4 | flags 1 | rtt 1 | rate 2 |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!IBBH")

    node: int
    flags: CongestionFlag
    rtt: int
    """Quantised."""
    rate: int
    """Quantised."""


@dataclass(frozen=True, slots=True)
class CongestionProbe:
    """NORM_CMD(CC): a time to be sent back, and the state of some receivers.

    | 4 1 | 0 1 | cc_sequence 2 | seconds 4 | microseconds 4 | EXT_RATE | nodes 8 each |
    """

    TYPE: ClassVar = CommandType.CONGESTION
    MAX_NODES: ClassVar = 1024
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("!BxHII")

    sequence: int
    source: int
    sender: SenderState
    probe: int
    sent_s: int
    sent_us: int
    rate: int | None = None
    """The sender's rate, quantised; with it receivers answer (RFC 5740 §5.5.2)."""
    nodes: tuple[NodeState, ...] = ()
    measure: bool = False
    """Whether receivers that know it are to report what arrives."""

    def encode(self) -> bytes:
        """Return the datagram."""
        fields = self._LAYOUT.pack(self.TYPE, self.probe, self.sent_s, self.sent_us)
        nodes = b"".join(
            NodeState.LAYOUT.pack(n.node, n.flags, n.rtt, n.rate) for n in self.nodes
        )
        told = Extensions(rate=self.rate, measure=self.measure)
        return _command(self, fields, told, nodes)

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        _, probe, sent_s, sent_us = _fields(head, data, cls._LAYOUT)
        at, end = _STATE_END + cls._LAYOUT.size, head.header_bytes
        told = Extensions.decode(data, at, end)
        rest = data[end:]
        if len(rest) % NodeState.LAYOUT.size:
            raise DecodeError("norm-list-cut")
        rest = rest[: cls.MAX_NODES * NodeState.LAYOUT.size]
        return cls(
            *_sender(head, data),
            probe,
            sent_s,
            sent_us,
            told.rate,
            tuple(
                NodeState(node, _flags(flags), rtt, rate)
                for node, flags, rtt, rate in NodeState.LAYOUT.iter_unpack(rest)
            ),
            told.measure,
        )


@dataclass(frozen=True, slots=True)
class RepairAdvertisement:
    """What the sender has been asked for by unicast, told to all.

    | 5 1 | flags 1 | 0 2 | EXT_CC | repair requests |
    """

    TYPE: ClassVar = CommandType.REPAIR_ADVERTISEMENT
    LIMIT: ClassVar = 0x01
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("!BBxx")

    sequence: int
    source: int
    sender: SenderState
    requests: tuple[RepairRequest, ...]
    limited: bool = False
    """More was asked for than one datagram holds."""
    extensions: Extensions = _NONE
    field_bits: int = 8

    def encode(self) -> bytes:
        """Return the datagram."""
        fields = self._LAYOUT.pack(self.TYPE, self.LIMIT if self.limited else 0)
        requests = b"".join(r.encode(self.field_bits) for r in self.requests)
        return _command(self, fields, self.extensions, requests)

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview, field_bits: int = 8) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        _, flags = _fields(head, data, cls._LAYOUT)
        at, end = _STATE_END + cls._LAYOUT.size, head.header_bytes
        return cls(
            *_sender(head, data),
            decode_requests(data, end, field_bits),
            bool(flags & cls.LIMIT),
            Extensions.decode(data, at, end),
            field_bits,
        )


@dataclass(frozen=True, slots=True)
class AckRequest:
    """The application asks the listed receivers for an acknowledgement of its own.

    | 6 1 | 0 1 | ack type 1 | ack id 1 | nodes 4 each |
    """

    TYPE: ClassVar = CommandType.ACK_REQUEST
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("!BxBB")

    sequence: int
    source: int
    sender: SenderState
    ack_type: int
    ack_id: int
    nodes: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the datagram."""
        fields = self._LAYOUT.pack(self.TYPE, self.ack_type, self.ack_id)
        nodes = struct.pack(f"!{len(self.nodes)}I", *self.nodes)
        return _command(self, fields, _NONE, nodes)

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        _, ack_type, ack_id = _fields(head, data, cls._LAYOUT)
        nodes = _list(data, head.header_bytes, "I", MAX_NODES)
        return cls(*_sender(head, data), ack_type, ack_id, nodes)


@dataclass(frozen=True, slots=True)
class ApplicationCommand:
    """What the application commands, at most one segment.

    | 7 1 | 0 3 | content |
    """

    TYPE: ClassVar = CommandType.APPLICATION

    sequence: int
    source: int
    sender: SenderState
    content: bytes

    def encode(self) -> bytes:
        """Return the datagram."""
        return _command(self, _PLAIN.pack(self.TYPE, 0), _NONE, self.content)

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        _fields(head, data, _PLAIN)
        return cls(*_sender(head, data), bytes(data[head.header_bytes :]))


Command: TypeAlias = (
    Flush
    | EndOfTransmission
    | Squelch
    | CongestionProbe
    | RepairAdvertisement
    | AckRequest
    | ApplicationCommand
)

_PLAIN_COMMANDS: dict[
    int,
    type[EndOfTransmission | CongestionProbe | AckRequest | ApplicationCommand],
] = {
    CommandType.END_OF_TRANSMISSION: EndOfTransmission,
    CommandType.CONGESTION: CongestionProbe,
    CommandType.ACK_REQUEST: AckRequest,
    CommandType.APPLICATION: ApplicationCommand,
}
_REPAIR_COMMANDS: dict[int, type[Flush | Squelch | RepairAdvertisement]] = {
    CommandType.FLUSH: Flush,
    CommandType.SQUELCH: Squelch,
    CommandType.REPAIR_ADVERTISEMENT: RepairAdvertisement,
}


def decode_command(
    head: Head, data: bytes | memoryview, field_bits: int = 8
) -> Command:
    """Read a command of any type; DecodeError for junk and for unknown types."""
    if len(data) <= _STATE_END:
        raise DecodeError("norm-command-cut")
    kind = data[_STATE_END]
    if (plain := _PLAIN_COMMANDS.get(kind)) is not None:
        return plain.decode(head, data)
    if (repair := _REPAIR_COMMANDS.get(kind)) is not None:
        return repair.decode(head, data, field_bits)
    raise DecodeError("norm-command-type")


def _command(
    command: Command,
    fields: bytes,
    extensions: Extensions = _NONE,
    payload: bytes = b"",
) -> bytes:
    """Return the whole datagram round the fields of one type."""
    header = fields + extensions.encode()
    size = _STATE_END + len(header)
    head = Head(MessageType.COMMAND, size, command.sequence, command.source)
    return b"".join((head.encode(), command.sender.encode(), header, payload))


def _positioned(command: Flush | Squelch, payload: bytes) -> bytes:
    """Return a command that begins with a transmission position."""
    fields = _POSITION.pack(command.TYPE, command.fec_id, command.object_id)
    where = command.payload_id.encode(command.fec_id, command.field_bits)
    return _command(command, fields + where, _NONE, payload)


def _sender(head: Head, data: bytes | memoryview) -> tuple[int, int, SenderState]:
    """Read what all commands begin with."""
    return head.sequence, head.source, SenderState.decode(data)


def _fields(
    head: Head, data: bytes | memoryview, layout: struct.Struct
) -> tuple[int, ...]:
    """Read the fields of one type, which must lie within the header."""
    if head.header_bytes < _STATE_END + layout.size:
        raise DecodeError("norm-command-cut")
    return layout.unpack_from(data, _STATE_END)


def _position(
    head: Head, data: bytes | memoryview, field_bits: int
) -> tuple[FecId, int, PayloadId]:
    """Read the transmission position of a FLUSH or SQUELCH."""
    _, scheme, object_id = _fields(head, data, _POSITION)
    fec_id = FecId.read(scheme)
    at = _STATE_END + _POSITION.size
    if head.header_bytes < at + payload_id_bytes(fec_id):
        raise DecodeError("norm-command-cut")
    return fec_id, object_id, PayloadId.decode(data, at, fec_id, field_bits)


def _list(data: bytes | memoryview, at: int, code: str, most: int) -> tuple[int, ...]:
    """Read equal numbers up to the end, but not more than ``most``."""
    count, rest = divmod(len(data) - at, struct.calcsize("!" + code))
    if rest:
        raise DecodeError("norm-list-cut")
    return struct.unpack_from(f"!{min(count, most)}{code}", data, at)
