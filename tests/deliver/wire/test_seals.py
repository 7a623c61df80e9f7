import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.deliver.limits import MAX_ENTRIES, MAX_FILE_BYTES
from groupwire.deliver.wire.seals import (
    MAX_SEAL_BYTES,
    MAX_SEALS,
    PART_BYTES,
    Seal,
    decode_seals,
    encode_seals,
    parse_part,
    part_info,
)
from groupwire.errors import DecodeError

SEALS = st.builds(
    Seal,
    st.integers(0, MAX_ENTRIES - 1),
    st.none() | st.integers(0, 0xFFFF),
    st.none() | st.binary(min_size=32, max_size=32),
    st.integers(0, MAX_FILE_BYTES),
)
ROW = [1, 2, "ab" * 32, 3]
LONGEST = Seal(MAX_ENTRIES - 1, 0xFFFF, b"\xff" * 32, MAX_FILE_BYTES)


def content(seals: object, delivery: object = "0" * 16) -> bytes:
    return json.dumps({"id": delivery, "seals": seals}).encode()


def reason(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_seals(data)
    return caught.value.reason


@given(st.integers(0, 2**64 - 1), st.lists(SEALS, max_size=4).map(tuple))
def test_what_is_written_reads_as_the_same(
    delivery: int, seals: tuple[Seal, ...]
) -> None:
    assert decode_seals(encode_seals(delivery, seals)) == (delivery, seals)


def test_it_is_json_as_on_the_page() -> None:
    seals = Seal(1, 2, b"\xab" * 32, 3), Seal(4, None, None, 0)
    data = encode_seals(0, seals)
    assert json.loads(data) == json.loads(content([ROW, [4, None, None, 0]]))
    assert decode_seals(data) == (0, seals)


def test_as_many_of_the_longest_as_are_allowed_fit() -> None:
    data = encode_seals(2**64 - 1, [LONGEST] * MAX_SEALS)
    assert len(decode_seals(data)[1]) == MAX_SEALS


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_read_or_junk(data: bytes) -> None:
    with suppress(DecodeError):
        decode_seals(data)
    parse_part(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b" " * (MAX_SEAL_BYTES + 1), "deliver-size"),
        (b"", "word-json"),
        (b"[" * MAX_SEAL_BYTES, "word-json"),
        (b"[]", "word-json"),
        (b"{}", "word-list"),
        (content([], 7), "word-id"),
        (content([0] * (MAX_SEALS + 1)), "word-list"),
        (content([ROW[:3]]), "word-list"),
        (content([[*ROW, 1]]), "word-list"),
        (content([[MAX_ENTRIES, *ROW[1:]]]), "word-number"),
        (content([[1, 0x10000, *ROW[2:]]]), "word-number"),
        (content([[1, 2, "xy", 3]]), "deliver-digest"),
        (content([[1, 2, None, -1]]), "word-number"),
        (content([[1, 2, None, None]]), "word-number"),
    ],
)
def test_junk_is_refused_for_what_is_wrong_with_it(data: bytes, why: str) -> None:
    assert reason(data) == why


@given(st.integers(0, MAX_ENTRIES - 1), st.integers(0, (1 << 48) // PART_BYTES - 1))
def test_a_part_says_where_it_belongs(entry: int, number: int) -> None:
    assert parse_part(part_info(entry, number)) == (entry, number)


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"gw-part",
        b"gw-part 1",
        b"gw-part 1 ",
        b"gw-part 01 1",
        b"gw-part 1 2 3",
        b"gw-part -1 2",
        b"gw-part 1 2\n",
        b"gw-part 1000000 2",
        b"gw-part 1 67108864",
        b"gw-part 1 999999999",
        b"gw-seal",
    ],
)
def test_what_is_no_part_is_none(info: bytes) -> None:
    assert parse_part(info) is None
