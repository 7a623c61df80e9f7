from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.norm.stream_header import STREAM_HEADER_BYTES, StreamHeader


@given(st.binary(max_size=100), st.integers(0, 2**32 - 1), st.data())
def test_a_header_comes_back_as_it_was(
    content: bytes, offset: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(content)))
    header = StreamHeader(len(content), start, offset)
    symbol = header.encode() + content + b"filled"
    assert StreamHeader.decode(symbol) == header
    assert header.ends == (not content)


def test_a_header_has_the_layout_of_rfc_5740() -> None:
    """§4.2.1: length, start of a message counted from 1, offset."""
    header = StreamHeader(0x40, 1, 0x01020304)
    assert header.encode() == bytes.fromhex("0040 0001 01020304")
    assert len(header.encode()) == STREAM_HEADER_BYTES


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("0001 0001 000000", "norm-stream-cut"),
        ("0002 0001 00000000 61", "norm-stream-length"),
        ("0001 0002 00000000 61", "norm-stream-message"),
        ("0000 0001 00000000 61", "norm-stream-message"),
    ],
)
def test_a_header_that_lies_says_why(symbol: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        StreamHeader.decode(bytes.fromhex(symbol))
    assert caught.value.reason == reason


@given(st.binary(max_size=20))
def test_junk_is_a_decode_error_and_nothing_else(junk: bytes) -> None:
    with suppress(DecodeError):
        StreamHeader.decode(junk)
