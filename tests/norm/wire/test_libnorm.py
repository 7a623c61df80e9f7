"""What the reference implementation says on the wire, captured by tests.interop."""

import pytest
from tests.norm.wire.messages import libnorm

from groupwire.norm.wire.commands import (
    ApplicationCommand,
    CongestionProbe,
    Flush,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.feedback import Ack, AckType, Nack, Watermark
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.message import Message, decode
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId

VECTORS = dict(libnorm())
_KINDS: dict[str, type[Message]] = {
    "ACK": Ack,
    "CMD APPLICATION": ApplicationCommand,
    "CMD CC": CongestionProbe,
    "CMD FLUSH": Flush,
    "CMD REPAIR_ADV": RepairAdvertisement,
    "CMD SQUELCH": Squelch,
    "DATA": Data,
    "INFO": Info,
    "NACK": Nack,
    "stream DATA": Data,
}
_CC, _CC_BYTES, _RESERVED_BYTES = b"\x03\x03", 12, 2


def expected(data: bytes, message: Message) -> bytes:
    """Return what we write: the same, but for EXT_CC's reserved field.

    RFC 5740 §4.3 has zeros there. The reference puts the lower half of a loss of 32
    bits into it, in NACKs the half that counts; in advertisements it is what happened
    to be in memory. Readers ignore it.
    """
    if not isinstance(message, Nack | Ack | RepairAdvertisement):
        return data
    end = data[1] * 4
    assert data[end - _CC_BYTES : end].startswith(_CC)
    return data[: end - _RESERVED_BYTES] + bytes(_RESERVED_BYTES) + data[end:]


@pytest.mark.parametrize("name", VECTORS)
def test_a_message_is_understood_and_written_to_the_same_bytes(name: str) -> None:
    data = VECTORS[name]
    message = decode(data)
    kind = max((k for k in _KINDS if name.startswith(k)), key=len)
    assert type(message) is _KINDS[kind]
    assert message.encode() == expected(data, message)


@pytest.mark.parametrize("fec_id", FecId)
def test_an_object_is_described_alike_in_every_scheme(fec_id: FecId) -> None:
    """4,999 bytes in segments of 64, blocks of 8 with 4 parity symbols."""
    info = decode(VECTORS[f"INFO with FTI, fec {fec_id}"])
    data = decode(VECTORS[f"DATA with FTI, fec {fec_id}"])
    assert isinstance(info, Info)
    assert isinstance(data, Data)
    assert info.payload == b"an object"
    assert info.extensions == data.extensions
    told = info.extensions.info
    assert told is not None
    assert told.fec_id is data.fec_id is fec_id
    assert (told.size_bytes, told.segment_bytes) == (4999, 64)
    assert (told.block, told.parity, told.field_bits) == (8, 4, 8)
    assert (data.payload_id.block, data.payload_id.symbol) == (0, 0)
    assert data.payload_id.block_length == (8 if fec_id is FecId.SMALL_BLOCK else 0)
    assert data.flags & ObjectFlag.INFO
    assert len(data.payload) == 64


@pytest.mark.parametrize("fec_id", FecId)
def test_an_acknowledgement_is_the_position_that_was_asked_for(fec_id: FecId) -> None:
    flush = decode(VECTORS[f"CMD FLUSH with a list, fec {fec_id}"])
    ack = decode(VECTORS[f"ACK FLUSH with EXT_CC, fec {fec_id}"])
    assert isinstance(flush, Flush)
    assert isinstance(ack, Ack)
    assert ack.ack_type == AckType.FLUSH
    assert ack.source in flush.nodes
    mark = Watermark.decode(ack.payload)
    asked = Watermark(flush.fec_id, flush.object_id, flush.payload_id)
    assert mark.is_at(asked)
    # The block is shortened; with fec_id 129 the reference receiver denies it.
    assert (mark == asked) is (fec_id is not FecId.SMALL_BLOCK)
    assert mark.encode() == ack.payload
