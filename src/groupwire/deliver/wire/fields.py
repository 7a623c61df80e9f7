"""Reads JSON of strangers: every value is what it has to be, or DecodeError."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn, cast

from groupwire.deliver.limits import MAX_ENTRIES
from groupwire.errors import DecodeError

__all__ = [
    "UNPRINTABLE",
    "UNPRINTABLE_IN_NAMES",
    "delivery_of",
    "delivery_text",
    "digest_of",
    "entry_of",
    "items_of",
    "json_bytes",
    "json_object",
    "json_of",
    "json_text",
    "number_of",
    "text_of",
    "truth_of",
]

_CONTROLS = "\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = "\u200b-\u200d\u2060-\u2065\ufeff"
UNPRINTABLE = re.compile(f"[{_CONTROLS}{_BIDI}{_UNSEEN}]")
"""Control characters, what breaks lines, what no UTF-8 can hold, what turns the
direction of writing, and what takes no room: nobody reads what it says."""
UNPRINTABLE_IN_NAMES = re.compile(f"[{_CONTROLS}{_BIDI}]")
"""Names keep what takes no room: people's scripts and emoji are joined by it."""
_DELIVERY = re.compile("[0-9a-f]{16}")
_DIGEST = re.compile("[0-9a-f]{64}")


def json_bytes(value: object) -> bytes:
    """Write JSON as short as it goes."""
    return _WRITER.encode(value).encode()


def json_text(text: str) -> str:
    """Write a string as JSON, which is much quicker than any other value."""
    return _WRITER.encode(text)


def json_of(data: bytes) -> object:
    """Read JSON; what nests too deep, or is no number, is junk too."""
    try:
        text = data.decode().strip(" \t\r\n")
        value, end = cast("tuple[object, int]", _READER.raw_decode(text))
    except (ValueError, RecursionError):
        raise DecodeError("deliver-json") from None
    if end != len(text):
        raise DecodeError("deliver-json")
    return value


def json_object(data: bytes) -> Mapping[str, object]:
    """Read a JSON object."""
    value = json_of(data)
    if not isinstance(value, dict):
        raise DecodeError("deliver-json")
    return cast("Mapping[str, object]", value)


def items_of(value: object, most: int) -> list[object]:
    """Read a list of at most so many."""
    if not isinstance(value, list) or len(cast("list[object]", value)) > most:
        raise DecodeError("deliver-list")
    return cast("list[object]", value)


def number_of(value: object, least: int, most: int) -> int:
    """Read a number; true and 1.0 are none."""
    if type(value) is not int or not least <= value <= most:
        raise DecodeError("deliver-number")
    return value


def entry_of(value: object) -> int:
    """Read the number of an entry."""
    return number_of(value, 0, MAX_ENTRIES - 1)


def truth_of(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise DecodeError("deliver-truth")
    return value


def text_of(value: object, most: int) -> str:
    """Read at most so many characters of printable text."""
    if not isinstance(value, str) or len(value) > most or UNPRINTABLE.search(value):
        raise DecodeError("deliver-text")
    return value


def delivery_text(delivery: int) -> str:
    """Write the id of a delivery."""
    return f"{delivery:016x}"


def delivery_of(value: object) -> int:
    """Read the id of a delivery."""
    if not isinstance(value, str) or not _DELIVERY.fullmatch(value):
        raise DecodeError("deliver-id")
    return int(value, 16)


def digest_of(value: object) -> bytes:
    """Read a SHA-256 in hex."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise DecodeError("deliver-digest")
    return bytes.fromhex(value)


def _refuse(_: str) -> NoReturn:
    raise ValueError


_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_READER = json.JSONDecoder(parse_constant=_refuse)
"""NaN and Infinity are no JSON."""
