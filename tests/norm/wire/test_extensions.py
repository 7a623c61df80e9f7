from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import EXTENSIONS, FTIS

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions, ObjectInfo
from groupwire.norm.wire.payload import FecId


@given(st.sampled_from(FecId).flatmap(FTIS.__getitem__), EXTENSIONS)
def test_extensions_come_back_as_they_were(info: ObjectInfo, rest: Extensions) -> None:
    told = replace(rest, info=info)
    data = told.encode()
    assert len(data) % 4 == 0
    assert Extensions.decode(b"xx" + data, 2, 2 + len(data), info.fec_id) == told


@pytest.mark.parametrize(
    ("told", "data"),
    [
        (
            ObjectInfo(FecId.REED_SOLOMON_8, 0x0102_03040506, 1400, 64, 8),
            "40 03 0102 03040506 0578 40 08",
        ),
        (
            ObjectInfo(FecId.REED_SOLOMON_M, 1_000_000, 1400, 64, 8, 16, 1),
            "40 04 0000 000f4240 10 01 0578 0040 0008",
        ),
        (
            ObjectInfo(FecId.SMALL_BLOCK, 1_000_000, 1400, 64, 8, instance=2),
            "40 04 0000 000f4240 0002 0578 0040 0008",
        ),
    ],
)
def test_an_fti_has_the_layout_of_its_scheme(told: ObjectInfo, data: str) -> None:
    """RFC 5510 §4.2.2 and §5.2.2 with parity for max_n, RFC 5445 §2.2.2."""
    raw = bytes.fromhex(data)
    assert told.encode() == raw
    assert ObjectInfo.decode(raw, 0, told.fec_id) == told
    with pytest.raises(DecodeError, match="norm-fti-cut"):
        ObjectInfo.decode(raw[:-1], 0, told.fec_id)


def test_congestion_feedback_has_the_layout_of_rfc_5740() -> None:
    told = Extensions(feedback=CongestionFeedback(3, 4, 148, 100, 0x5D24))
    assert told.encode() == bytes.fromhex("03 03 0003 04 94 0064 5d24 0000")


def test_the_rate_and_the_wish_for_measurement_are_one_word_each() -> None:
    told = Extensions(rate=0x2005, measure=True)
    assert told.encode() == bytes.fromhex("80 00 2005 c7 00 0000")


def test_an_fti_is_read_only_where_the_scheme_is_told() -> None:
    data = Extensions(ObjectInfo(FecId.REED_SOLOMON_8, 1, 2, 3, 4), rate=7).encode()
    assert Extensions.decode(data, 0, len(data)) == Extensions(rate=7)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("40 02 0000 000f4240", "norm-fti-cut"),
        ("40 02 0000 000f4240 0578 40 08", "norm-fti-length"),
        ("40 04 0000 000f4240 0578 40 08 00000000", "norm-fti-length"),
        ("03 02 0003 04 94 0064", "norm-cc-cut"),
        ("03 02 0003 04 94 0064 5d24 0000", "norm-cc-length"),
        ("03 04 0003 04 94 0064 5d24 0000 00000000", "norm-cc-length"),
    ],
)
def test_an_extension_of_the_wrong_length_is_refused(data: str, reason: str) -> None:
    raw = bytes.fromhex(data)
    with pytest.raises(DecodeError) as caught:
        Extensions.decode(raw, 0, len(raw), FecId.REED_SOLOMON_8)
    assert caught.value.reason == reason


def test_the_reference_implementations_fti_is_read() -> None:
    """A 1 MB object, 1400-byte segments, 64 source and 8 parity symbols."""
    data = bytes.fromhex("40 03 0000 000f4240 0578 40 08")
    assert Extensions.decode(data, 0, 12, FecId.REED_SOLOMON_8).info == ObjectInfo(
        FecId.REED_SOLOMON_8, 1_000_000, 1400, 64, 8
    )


@given(st.binary(max_size=64), st.sampled_from([None, *FecId]))
def test_junk_is_a_decode_error_and_nothing_else(
    data: bytes, fec_id: FecId | None
) -> None:
    with suppress(DecodeError):
        Extensions.decode(data, 0, len(data), fec_id)


def test_what_is_not_known_is_skipped() -> None:
    unknown = b"\x05\x02" + bytes(6) + b"\xf0abc"
    data = unknown + Extensions(rate=7).encode()
    assert Extensions.decode(data, 0, len(data)) == Extensions(rate=7)


@pytest.mark.parametrize("data", [b"\x05\0\0\0", b"\x05\x02\0\0", b"\x80\0"])
def test_a_length_that_leads_nowhere_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="norm-extension-cut"):
        Extensions.decode(data, 0, len(data))
