import tracemalloc
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import EXAMPLES, libnorm

from groupwire.errors import DecodeError
from groupwire.norm.wire.batch import (
    Segments,
    alike,
    build_segments,
    parse_segments,
    symbol_key,
)
from groupwire.norm.wire.extensions import Extensions, ObjectInfo
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId

FTI = Extensions(ObjectInfo(FecId.REED_SOLOMON_8, 1_000_000, 1400, 64, 8))
FIRST = Data(
    0,
    11,
    SenderState(0x1234, 148, 4, 2),
    ObjectFlag.FILE,
    FecId.REED_SOLOMON_8,
    3,
    PayloadId(0, 0),
    b"",
    FTI,
)
ROW = 45


def row(
    count: int, size: int, *, first: Data = FIRST, sequence: int = 7, last: int = 0
) -> list[Data]:
    """Return messages of one object, the last one ``last`` bytes shorter."""
    return [
        replace(
            first,
            sequence=(sequence + n) & 0xFFFF,
            payload_id=PayloadId(n // 8, n % 8),
            payload=bytes([n & 0xFF]) * (size - (last if n == count - 1 else 0)),
        )
        for n in range(count)
    ]


def build(messages: list[Data]) -> bytearray:
    """Build them all at once."""
    first = replace(messages[0], sequence=0, payload_id=PayloadId(0, 0), payload=b"")
    return build_segments(
        first.encode(),
        messages[0].sequence,
        [m.payload_id.block << 8 | m.payload_id.symbol for m in messages],
        [m.payload for m in messages],
    )


def joined(messages: list[Data]) -> bytes:
    return b"".join(message.encode() for message in messages)


def step(messages: list[Data]) -> int:
    return len(messages[0].encode())


def listed(segments: Segments | None) -> list[Data]:
    """Return the messages that a row stands for."""
    assert segments is not None
    return [
        replace(
            segments.common,
            sequence=sequence,
            payload_id=PayloadId(key >> 16, key & 0xFFFF),
            payload=bytes(payload),
        )
        for sequence, key, payload in zip(*segments[1:], strict=True)
    ]


ROWS = st.builds(
    row,
    st.integers(2, 60),
    st.integers(0, 30),
    first=st.sampled_from([FIRST, replace(FIRST, extensions=Extensions())]),
    sequence=st.integers(0, 0xFFFF),
)


@given(ROWS)
def test_a_row_is_built_and_read_as_its_messages_are_one_by_one(
    messages: list[Data],
) -> None:
    data = build(messages)
    assert data == joined(messages)
    whole = parse_segments(bytes(data), step(messages))
    assert listed(whole) == messages
    assert listed(parse_segments(memoryview(data), step(messages))) == messages


@given(st.integers(2, 60), st.integers(1, 30), st.data())
def test_the_last_of_a_row_may_be_shorter(
    count: int, size: int, data: st.DataObject
) -> None:
    messages = row(count, size, last=data.draw(st.integers(1, size)))
    assert build(messages) == joined(messages)


@pytest.mark.parametrize("size", [0, 1, 30])
def test_one_message_is_a_row_of_one(size: int) -> None:
    messages = row(1, size)
    assert listed(parse_segments(joined(messages), step(messages))) == messages


def test_a_row_that_is_cut_is_read_one_by_one() -> None:
    messages = row(ROW, 30, last=7)
    assert parse_segments(joined(messages), step(messages)) is None


@pytest.mark.parametrize("sequence", [0xFFFF, 0xFFFF - ROW + 1, 0xFFFF - ROW + 2])
def test_sequence_numbers_wrap_within_a_row(sequence: int) -> None:
    messages = row(ROW, 4, sequence=sequence)
    data = build(messages)
    assert data == joined(messages)
    segments = parse_segments(bytes(data), step(messages))
    assert segments is not None
    assert list(segments.sequences) == [m.sequence for m in messages]


def test_a_key_is_the_same_in_every_scheme() -> None:
    segments = parse_segments(joined(row(9, 4)), step(row(9, 4)))
    assert segments is not None
    assert segments.keys[8] == symbol_key(PayloadId(1, 0)) == 1 << 16
    assert symbol_key(PayloadId(2**32 - 1, 0xFFFF, 64)) == 2**48 - 1


@pytest.mark.parametrize("first", [0, 200, 211, 212, 230, 255])
def test_keys_follow_each_other_where_the_symbols_of_a_block_do(first: int) -> None:
    """Payload ids of 24 and 8 bits go on from block to block; keys leave a gap."""
    messages = [
        replace(FIRST, payload_id=PayloadId(9 + at // 256, at % 256), payload=b"abcd")
        for at in range(first, first + ROW)
    ]
    segments = parse_segments(joined(messages), step(messages))
    assert segments is not None
    assert isinstance(segments.keys, range) == (first + ROW <= 256)
    assert listed(segments) == [replace(m, sequence=0) for m in messages]


def test_a_row_longer_than_the_kernel_makes_is_read_one_by_one() -> None:
    longest = row(128, 4)
    assert len(listed(parse_segments(joined(longest), step(longest)))) == 128
    longer = row(129, 4)
    assert parse_segments(joined(longer), step(longer)) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(FIRST, object_id=4),
        replace(FIRST, source=12),
        replace(FIRST, sender=SenderState(0x1235, 148, 4, 2)),
        replace(FIRST, sender=SenderState(0x1234, 149, 4, 2)),
        replace(FIRST, flags=ObjectFlag.FILE | ObjectFlag.REPAIR),
        replace(FIRST, fec_id=FecId.REED_SOLOMON_M),
        replace(
            FIRST,
            extensions=Extensions(
                ObjectInfo(FecId.REED_SOLOMON_8, 1_000_001, 1400, 64, 8)
            ),
        ),
    ],
    ids=["object", "source", "instance", "grtt", "flags", "scheme", "fti"],
)
def test_messages_that_differ_are_no_row(other: Data) -> None:
    messages = row(9, 16)
    messages[5] = replace(other, payload=bytes(16))
    assert parse_segments(joined(messages), step(messages)) is None


def test_a_message_of_another_kind_among_them_is_no_row() -> None:
    messages = row(9, 16)
    data = bytearray(joined(messages))
    data[5 * step(messages)] = 0x11
    assert parse_segments(bytes(data), step(messages)) is None


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"DATA"}))
def test_what_is_no_data_of_one_byte_symbols_is_no_row(name: str) -> None:
    data = EXAMPLES[name].encode()
    assert parse_segments(data * 3, len(data)) is None


def test_a_row_whose_first_is_junk_is_refused() -> None:
    with pytest.raises(DecodeError, match="norm-version"):
        parse_segments(b"\x22" * 90, 30)


@given(
    st.sampled_from([*libnorm(), *((n, m.encode()) for n, m in EXAMPLES.items())]),
    st.integers(1, 5),
    st.data(),
)
def test_a_row_with_junk_in_it_is_a_decode_error_and_nothing_else(
    vector: tuple[str, bytes], count: int, data: st.DataObject
) -> None:
    whole = bytearray(vector[1] * count)
    for at in data.draw(st.lists(st.integers(1, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    size = data.draw(st.sampled_from([len(vector[1]), 8, 20, 32]) | st.integers(0, 200))
    with suppress(DecodeError):
        segments = parse_segments(bytes(whole), size)
        if segments is not None:
            parts = [bytes(whole[at : at + size]) for at in range(0, len(whole), size)]
            assert listed(segments) == [decode(part) for part in parts]


def test_payloads_are_read_where_they_lie() -> None:
    messages = row(ROW, 30)
    memory = bytearray(joined(messages))
    segments = parse_segments(memory, step(messages))
    assert segments is not None
    memory[-1] = 0xAB
    assert segments.payloads[-1][-1] == 0xAB


def test_payloads_are_copied_once_into_a_row() -> None:
    messages = row(ROW, 1400)
    build(messages)
    ids, payloads = list(range(ROW)), [m.payload for m in messages]
    header = FIRST.encode()
    tracemalloc.start()
    data = build_segments(header, 0, ids, payloads)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data) <= peak < 1.2 * len(data)


def test_a_row_of_one_kind_is_not_cut() -> None:
    data = memoryview(build(row(ROW, 1400, last=100)))
    step = len(row(1, 1400)[0].encode())
    whole, last = alike(data, step)
    assert len(whole) == (ROW - 1) * step
    assert len(last) == step - 100


def test_a_row_is_cut_where_data_and_repairs_meet() -> None:
    data, repairs = row(3, 500), row(2, 500, first=replace(FIRST, flags=_REPAIR))
    encoded = [m.encode() for m in (*data, *repairs, *data)]
    step = len(encoded[0])
    runs = list(alike(memoryview(b"".join(encoded)), step))
    assert [len(run) // step for run in runs] == [3, 2, 3]
    assert b"".join(runs) == b"".join(encoded)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_whatever_is_cut_stays_in_order(junk: bytes, step: int) -> None:
    assert b"".join(alike(memoryview(junk), step)) == junk


_REPAIR = ObjectFlag.FILE | ObjectFlag.REPAIR
