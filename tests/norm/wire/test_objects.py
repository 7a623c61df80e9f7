from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import OBJECTS, field_bits

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import Extensions, ObjectInfo
from groupwire.norm.wire.head import Head, ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId

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


@given(OBJECTS)
def test_a_message_comes_back_as_it_was(message: Data | Info) -> None:
    data = message.encode()
    head = Head.decode(data)
    if isinstance(message, Data):
        assert Data.decode(head, data, field_bits(message)) == message
    else:
        assert Info.decode(head, data) == message


def test_an_info_has_no_place() -> None:
    info = Info(
        7, 11, EXAMPLE.sender, EXAMPLE.flags, FecId.SMALL_BLOCK, 3, b"what it is"
    )
    data = bytes.fromhex("11040007 0000000b 12349442 14810003") + b"what it is"
    assert info.encode() == data
    assert Info.decode(Head.decode(data), data) == info


def test_a_payload_is_not_copied() -> None:
    memory = bytearray(EXAMPLE.encode())
    view = memoryview(memory)
    message = Data.decode(Head.decode(view), view)
    memory[-1] ^= 0xFF
    assert message.payload[-1] == ord("t") ^ 0xFF


@pytest.mark.parametrize(("kind", "words"), [(0x11, 3), (0x12, 4)])
def test_a_header_too_short_for_its_object_is_refused(kind: int, words: int) -> None:
    data = bytes([kind, words]) + EXAMPLE.encode()[2:]
    with pytest.raises(DecodeError, match="norm-header-length"):
        (Info if kind == 0x11 else Data).decode(Head.decode(data), data)


@pytest.mark.parametrize("kind", [0x11, 0x12])
def test_a_message_that_ends_before_its_object_is_refused(kind: int) -> None:
    data = bytes([kind, 2]) + EXAMPLE.encode()[2:15]
    with pytest.raises(DecodeError, match="norm-object-cut"):
        (Info if kind == 0x11 else Data).decode(Head.decode(data), data)


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
