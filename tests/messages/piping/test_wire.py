"""A pipe's messages come back as they were written; junk is DecodeError."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.messages.piping.wire import (
    BEGIN,
    DATA,
    END,
    PATTERN,
    Begin,
    End,
    chunk_of,
    decode_begin,
    decode_end,
    encode_begin,
    encode_chunk,
    encode_end,
)
from groupwire.messages.topics import Patterns, checked_topic


@given(st.integers(0, (1 << 63) - 1), st.binary(max_size=100))
def test_a_chunk_comes_back(place: int, data: bytes) -> None:
    assert chunk_of(encode_chunk(place, memoryview(data))) == (place, data)


@pytest.mark.parametrize("live", [True, False])
def test_a_beginning_comes_back(live: bool) -> None:
    assert decode_begin(encode_begin(Begin(live))) == Begin(live)


def test_an_end_comes_back() -> None:
    assert decode_end(encode_end(End(1 << 40))) == End(1 << 40)


@pytest.mark.parametrize("topic", [BEGIN, DATA, END])
def test_only_who_wants_a_pipe_has_its_messages(topic: str) -> None:
    checked_topic(topic)
    assert Patterns((PATTERN,)).matches(topic)
    assert not Patterns(("#", "+/+")).matches(topic)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "word-json"),
        (json.dumps({"gw": "messages", "v": 1}).encode(), "pipe-other"),
        (json.dumps({"gw": "pipe", "v": 2}).encode(), "pipe-version"),
    ],
)
def test_junk_is_told_by_its_reason(payload: bytes, reason: str) -> None:
    for decode in (decode_begin, decode_end):
        with pytest.raises(DecodeError) as found:
            decode(payload)
        assert found.value.reason == reason


def test_a_chunk_without_its_place_is_junk() -> None:
    with pytest.raises(DecodeError):
        chunk_of(b"1234567")


@given(st.binary(max_size=60))
def test_whatever_comes_raises_nothing_else(payload: bytes) -> None:
    for decode in (decode_begin, decode_end, chunk_of):
        with suppress(DecodeError):
            decode(payload)
