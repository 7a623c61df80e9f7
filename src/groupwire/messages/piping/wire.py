"""What a pipe's messages look like (docs/messages.md §8)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from groupwire.errors import DecodeError
from groupwire.gather.fields import json_bytes, json_object, number_of, truth_of

__all__ = [
    "BEGIN",
    "DATA",
    "END",
    "PATTERN",
    "Begin",
    "End",
    "chunk_of",
    "decode_begin",
    "decode_end",
    "encode_begin",
    "encode_chunk",
    "encode_end",
]

BEGIN, DATA, END = "$pipe/begin", "$pipe/data", "$pipe/end"
"""No pattern that begins with a wildcard matches them."""
PATTERN = "$pipe/+"
_PLACE = struct.Struct("!Q")
_MOST = (1 << 63) - 1


class Begin(NamedTuple):
    """A pipe is about to begin."""

    live: bool = False
    """Whether what is lost is skipped."""


class End(NamedTuple):
    """A pipe has come to its end."""

    size_bytes: int


def encode_chunk(place: int, data: bytes | memoryview) -> bytes:
    """Return a chunk: the place of its first byte in the pipe, and the bytes."""
    return b"".join((_PLACE.pack(place), data))


def chunk_of(payload: bytes) -> tuple[int, memoryview]:
    """Return a chunk's place and its bytes, not copied; DecodeError for none."""
    if len(payload) < _PLACE.size:
        raise DecodeError("pipe-cut")
    (place,) = _PLACE.unpack_from(payload)
    return place, memoryview(payload)[_PLACE.size :]


def encode_begin(begin: Begin) -> bytes:
    """Return a beginning."""
    return json_bytes({"gw": "pipe", "v": 1, "live": begin.live})


def decode_begin(payload: bytes) -> Begin:
    """Read a beginning; DecodeError for junk."""
    return Begin(truth_of(_said(payload).get("live", False)))


def encode_end(end: End) -> bytes:
    """Return an end."""
    return json_bytes({"gw": "pipe", "v": 1, "bytes": end.size_bytes})


def decode_end(payload: bytes) -> End:
    """Read an end; DecodeError for junk."""
    return End(number_of(_said(payload).get("bytes"), 0, _MOST))


def _said(payload: bytes) -> dict[str, object]:
    keys = json_object(payload)
    if keys.get("gw") != "pipe":
        raise DecodeError("pipe-other")
    if number_of(keys.get("v"), 0, _MOST) != 1:
        raise DecodeError("pipe-version")
    return dict(keys)
