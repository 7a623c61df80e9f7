from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import Extensions, ObjectInfo
from groupwire.norm.wire.head import Head, ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId

from .test_head import STATES

SHORT, FLAGS = st.integers(0, 0xFFFF), st.builds(ObjectFlag, st.integers(0, 63))
DATA = st.builds(
    Data,
    SHORT,
    st.integers(0, 0xFFFF_FFFF),
    STATES,
    FLAGS,
    st.just(FecId.REED_SOLOMON_8),
    SHORT,
    st.builds(PayloadId, st.integers(0, 0xFF_FFFF), st.integers(0, 255)),
    st.binary(max_size=40),
    st.sampled_from(
        [Extensions(), Extensions(ObjectInfo(FecId.REED_SOLOMON_8, 9, 4, 2, 1))]
    ),
)
INFO = st.builds(
    Info,
    SHORT,
    st.integers(0, 0xFFFF_FFFF),
    STATES,
    FLAGS,
    st.sampled_from(FecId),
    SHORT,
    st.binary(max_size=40),
)
EXAMPLE = Data(
    7,
    11,
    SenderState(0x1234, 148, 4, 2),
    ObjectFlag.INFO | ObjectFlag.FILE,
    FecId.REED_SOLOMON_8,
    3,
    PayloadId(2, 63),
    b"a segment",
    Extensions(ObjectInfo(FecId.REED_SOLOMON_8, 1_000_000, 1400, 64, 8)),
)


@given(DATA | INFO)
def test_a_message_comes_back_as_it_was(message: Data | Info) -> None:
    data = message.encode()
    assert type(message).decode(Head.decode(data), data) == message


def test_a_segment_with_its_fti_begins_with_32_bytes_of_header() -> None:
    data = EXAMPLE.encode()
    assert data.hex() == (
        "12080007"
        "0000000b"
        "12349442"
        "14050003"
        "0000023f"
        "40030000"
        "000f4240"
        "05784008" + b"a segment".hex()
    )


@pytest.mark.parametrize("size", range(len(EXAMPLE.encode()) - 9))
def test_a_message_cut_in_its_header_is_refused(size: int) -> None:
    data = EXAMPLE.encode()[:size]
    with pytest.raises(DecodeError):
        Data.decode(Head.decode(data), data)


@given(st.binary(max_size=80), st.sampled_from([0x11, 0x12]))
def test_junk_is_a_decode_error_and_nothing_else(junk: bytes, first: int) -> None:
    data = bytes([first]) + junk
    with suppress(DecodeError):
        head = Head.decode(data)
        (Info if first == 0x11 else Data).decode(head, data)


def test_a_scheme_that_nobody_speaks_is_refused() -> None:
    data = bytearray(EXAMPLE.encode())
    data[13] = 6
    with pytest.raises(DecodeError, match="norm-fec-id"):
        Data.decode(Head.decode(data), bytes(data))
