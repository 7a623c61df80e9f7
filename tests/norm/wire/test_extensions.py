from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions, ObjectInfo
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes

BYTE, SHORT = st.integers(0, 255), st.integers(0, 0xFFFF)
INFOS = st.one_of(
    st.builds(
        ObjectInfo,
        st.just(FecId.REED_SOLOMON_8),
        st.integers(0, 2**48 - 1),
        SHORT,
        BYTE,
        BYTE,
    ),
    st.builds(
        ObjectInfo,
        st.just(FecId.REED_SOLOMON_M),
        st.integers(0, 2**48 - 1),
        SHORT,
        SHORT,
        SHORT,
        st.sampled_from([8, 16]),
        BYTE,
    ),
    st.builds(
        ObjectInfo,
        st.just(FecId.SMALL_BLOCK),
        st.integers(0, 2**48 - 1),
        SHORT,
        SHORT,
        SHORT,
        instance=SHORT,
    ),
)
FEEDBACK = st.builds(CongestionFeedback, SHORT, BYTE, BYTE, SHORT, SHORT)


@given(st.none() | INFOS, st.none() | FEEDBACK, st.none() | SHORT)
def test_extensions_come_back_as_they_were(
    info: ObjectInfo | None, feedback: CongestionFeedback | None, rate: int | None
) -> None:
    told = Extensions(info, feedback, rate)
    data = told.encode()
    assert len(data) % 4 == 0
    fec_id = info.fec_id if info else FecId.REED_SOLOMON_8
    assert Extensions.decode(data, 0, len(data), fec_id) == told


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


@pytest.mark.parametrize(
    ("fec_id", "field_bits", "told", "data"),
    [
        (FecId.REED_SOLOMON_8, 8, PayloadId(0x010203, 4), "01020304"),
        (FecId.REED_SOLOMON_M, 8, PayloadId(0x010203, 4), "01020304"),
        (FecId.REED_SOLOMON_M, 16, PayloadId(0x0102, 0x0304), "01020304"),
        (FecId.SMALL_BLOCK, 8, PayloadId(1, 2, 64), "0000000100400002"),
    ],
)
def test_a_payload_id_has_the_layout_of_its_scheme(
    fec_id: FecId, field_bits: int, told: PayloadId, data: str
) -> None:
    raw = bytes.fromhex(data)
    assert told.encode(fec_id, field_bits) == raw
    assert PayloadId.decode(b"xx" + raw, 2, fec_id, field_bits) == told
    assert len(raw) == payload_id_bytes(fec_id)
    with pytest.raises(DecodeError, match="norm-payload-id-cut"):
        PayloadId.decode(raw[:-1], 0, fec_id, field_bits)
