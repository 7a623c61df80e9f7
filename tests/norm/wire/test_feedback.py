import pytest
from hypothesis import given
from tests.norm.wire.messages import (
    ACKS,
    ASKING,
    EXAMPLES,
    PLACES,
    Place,
    field_bits,
)

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions
from groupwire.norm.wire.feedback import Ack, AckType, FeedbackHead, Nack, Watermark
from groupwire.norm.wire.head import Head
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)

_TO = FeedbackHead(11, 0x1234, 5, 600_000)
_FEEDBACK = Extensions(feedback=CongestionFeedback(3, 4, 148, 100, 0x5D24))
_NACKS = ASKING.filter(lambda message: isinstance(message, Nack))


@given(_NACKS | ACKS)
def test_feedback_comes_back_as_it_was(message: Nack | Ack) -> None:
    data = message.encode()
    head = Head.decode(data)
    if isinstance(message, Nack):
        assert Nack.decode(head, data, field_bits(message)) == message
    else:
        assert Ack.decode(head, data) == message


def test_a_nack_has_the_layout_of_rfc_5740() -> None:
    """§4.3.1."""
    item = RepairItem(FecId.REED_SOLOMON_8, 3, PayloadId(2, 63))
    asked = RepairRequest(RepairForm.ITEMS, RepairLevel.SEGMENT, (item,))
    assert Nack(7, 9, _TO, (asked,), _FEEDBACK).encode() == bytes.fromhex(
        "14090007 00000009 0000000b 1234 0000 00000005 000927c0"
        "0303 0003 04 94 0064 5d24 0000"
        "01 01 0008 05 00 0003 0000023f"
    )


def test_an_ack_has_the_layout_of_rfc_5740() -> None:
    """§4.3.2; the position that was asked for follows."""
    mark = Watermark(FecId.REED_SOLOMON_8, 3, PayloadId(2, 63))
    assert Ack(7, 9, _TO, AckType.FLUSH, 1, mark.encode()).encode() == bytes.fromhex(
        "15060007 00000009 0000000b 1234 0201 00000005 000927c0 05 00 0003 0000023f"
    )


@given(PLACES)
def test_a_watermark_comes_back_as_it_was(place: Place) -> None:
    mark = Watermark(place.fec_id, 3, place.payload_id)
    assert Watermark.decode(mark.encode(place.field_bits), place.field_bits) == mark


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "norm-watermark-cut"),
        ("050000", "norm-watermark-cut"),
        ("05000003 000002", "norm-watermark-cut"),
        ("05000003 0000023f 00", "norm-watermark-cut"),
        ("81000003 0000023f", "norm-watermark-cut"),
        ("06000003 0000023f", "norm-fec-id"),
    ],
)
def test_what_is_no_watermark_says_why(data: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        Watermark.decode(bytes.fromhex(data))
    assert caught.value.reason == reason


def test_a_watermark_is_where_another_is_whatever_they_say_of_the_block() -> None:
    scheme = FecId.SMALL_BLOCK
    mark = Watermark(scheme, 3, PayloadId(2, 6, 7))
    assert mark.is_at(Watermark(scheme, 3, PayloadId(2, 6, 64)))
    assert not mark.is_at(Watermark(FecId.REED_SOLOMON_8, 3, PayloadId(2, 6, 7)))
    assert not mark.is_at(Watermark(scheme, 4, PayloadId(2, 6, 7)))
    assert not mark.is_at(Watermark(scheme, 3, PayloadId(1, 6, 7)))
    assert not mark.is_at(Watermark(scheme, 3, PayloadId(2, 5, 7)))


@pytest.mark.parametrize("name", ["NACK", "ACK"])
def test_feedback_with_a_header_too_short_is_refused(name: str) -> None:
    data = bytearray(EXAMPLES[name].encode())
    data[1] = 5
    with pytest.raises(DecodeError, match="norm-feedback-cut"):
        type(EXAMPLES[name]).decode(Head.decode(data), bytes(data))
