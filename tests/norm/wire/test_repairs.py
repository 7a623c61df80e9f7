import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import requests

from groupwire.errors import DecodeError
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
    decode_requests,
)

_ITEM = RepairItem(FecId.REED_SOLOMON_8, 3, PayloadId(2, 63))
_MOST = RepairRequest.MAX_ITEMS


@given(st.lists(requests(8), max_size=5))
def test_requests_come_back_as_they_were(asked: list[RepairRequest]) -> None:
    data = b"head" + b"".join(request.encode() for request in asked)
    assert decode_requests(data, 4) == tuple(asked)


@given(st.lists(requests(16), max_size=5))
def test_requests_over_the_large_field_come_back_as_they_were(
    asked: list[RepairRequest],
) -> None:
    data = b"".join(request.encode(16) for request in asked)
    assert decode_requests(data, 0, 16) == tuple(asked)


def test_a_range_has_the_layout_of_rfc_5740() -> None:
    """§4.3.1: form, flags, length, then fec_id, a reserved byte, object, place."""
    last = RepairItem(FecId.SMALL_BLOCK, 4, PayloadId(5, 6, 64))
    asked = RepairRequest(
        RepairForm.RANGES, RepairLevel.BLOCK | RepairLevel.INFO, (_ITEM, last)
    )
    data = bytes.fromhex("02 06 0014 05000003 0000023f 81000004 00000005 0040 0006")
    assert asked.encode() == data
    assert decode_requests(data, 0) == (asked,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("01 01 00", "norm-repair-cut"),
        ("01 01 0008 05000003 000002", "norm-repair-cut"),
        ("01 01 0007 05000003 0000023f", "norm-repair-cut"),
        ("01 01 0003 05000003 0000023f", "norm-repair-cut"),
        ("01 01 0008 81000003 0000023f 00000000", "norm-repair-cut"),
        ("00 01 0008 05000003 0000023f", "norm-repair-form"),
        ("04 01 0008 05000003 0000023f", "norm-repair-form"),
        ("01 01 0008 06000003 0000023f", "norm-fec-id"),
        ("02 01 0008 05000003 0000023f", "norm-repair-range"),
    ],
)
def test_what_is_no_request_says_why(data: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_requests(bytes.fromhex(data), 0)
    assert caught.value.reason == reason


def of_items(form: RepairForm, count: int) -> RepairRequest:
    return RepairRequest(form, RepairLevel.SEGMENT, (_ITEM,) * count)


@pytest.mark.parametrize("form", [RepairForm.ITEMS, RepairForm.RANGES])
def test_of_a_long_request_as_much_is_read_as_may_be(form: RepairForm) -> None:
    assert decode_requests(of_items(form, _MOST + 6).encode(), 0) == (
        of_items(form, _MOST),
    )


def test_of_many_requests_as_much_is_read_as_may_be() -> None:
    """Each request counts as one item more; a half range is none."""
    first, then = of_items(RepairForm.ITEMS, _MOST - 4), of_items(RepairForm.RANGES, 8)
    assert decode_requests(first.encode() + then.encode(), 0) == (
        first,
        of_items(RepairForm.RANGES, 2),
    )
    empty = of_items(RepairForm.ITEMS, 0)
    assert len(decode_requests(empty.encode() * (_MOST + 9), 0)) == _MOST
