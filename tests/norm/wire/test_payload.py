import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import PLACES, Place

from groupwire.errors import DecodeError
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes


@given(PLACES, st.binary(max_size=4))
def test_a_payload_id_comes_back_as_it_was(place: Place, before: bytes) -> None:
    fec_id, bits, told = place
    data = before + told.encode(fec_id, bits)
    assert PayloadId.decode(data, len(before), fec_id, bits) == told


@pytest.mark.parametrize(
    ("fec_id", "field_bits", "told", "data"),
    [
        (FecId.REED_SOLOMON_8, 8, PayloadId(0x010203, 4), "01020304"),
        (FecId.REED_SOLOMON_8, 16, PayloadId(0x010203, 4), "01020304"),
        (FecId.REED_SOLOMON_M, 8, PayloadId(0x010203, 4), "01020304"),
        (FecId.REED_SOLOMON_M, 16, PayloadId(0x0102, 0x0304), "01020304"),
        (FecId.SMALL_BLOCK, 8, PayloadId(1, 2, 64), "0000000100400002"),
        (FecId.SMALL_BLOCK, 16, PayloadId(1, 2, 64), "0000000100400002"),
    ],
)
def test_a_payload_id_has_the_layout_of_its_scheme(
    fec_id: FecId, field_bits: int, told: PayloadId, data: str
) -> None:
    """RFC 5510 §4.2.1 and §5.2.1, RFC 5445 §2.2.1; the field counts in one alone."""
    raw = bytes.fromhex(data)
    assert told.encode(fec_id, field_bits) == raw
    assert PayloadId.decode(b"xx" + raw, 2, fec_id, field_bits) == told
    assert len(raw) == payload_id_bytes(fec_id)
    with pytest.raises(DecodeError, match="norm-payload-id-cut"):
        PayloadId.decode(raw[:-1], 0, fec_id, field_bits)


@pytest.mark.parametrize("byte", range(256))
def test_three_schemes_are_spoken(byte: int) -> None:
    if byte in {2, 5, 129}:
        assert FecId.read(byte) == byte
    else:
        with pytest.raises(DecodeError, match="norm-fec-id"):
            FecId.read(byte)
