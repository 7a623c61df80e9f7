"""Reads JSON of strangers: every value is what it has to be, or DecodeError."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar, cast

from groupwire.errors import DecodeError

__all__ = [
    "MAX_WORD_BYTES",
    "UNPRINTABLE",
    "UNPRINTABLE_IN_NAMES",
    "filled",
    "id_of",
    "id_text",
    "items_of",
    "json_bytes",
    "json_object",
    "json_of",
    "json_text",
    "number_of",
    "text_of",
    "truth_of",
    "word_bytes",
    "word_of",
]

_CONTROLS = "\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = "\u200b-\u200d\u2060-\u2065\ufeff"
UNPRINTABLE = re.compile(f"[{_CONTROLS}{_BIDI}{_UNSEEN}]")
"""Control characters, what breaks lines, what no UTF-8 can hold, what turns the
direction of writing, and what takes no room: nobody reads what it says."""
UNPRINTABLE_IN_NAMES = re.compile(f"[{_CONTROLS}{_BIDI}]")
"""Names keep what takes no room: people's scripts and emoji are joined by it."""
MAX_WORD_BYTES = 9000
"""No link carries more in one datagram."""
_WordT = TypeVar("_WordT")
_ID = re.compile("[0-9a-f]{16}")
_FILLED_BYTES = 400
"""With what stands before it, more than 412."""


def json_bytes(value: object) -> bytes:
    """Write JSON as short as it goes."""
    return _WRITER.encode(value).encode()


def word_bytes(form: str, say: str, keys: Mapping[str, object]) -> bytes:
    """Write a word of a form, such as ``messages``: what it says, and its keys."""
    return json_bytes({"gw": form, "v": 1, "say": say, **keys})


def word_of(
    payload: bytes,
    form: str,
    readers: Mapping[str, Callable[[Mapping[str, object]], _WordT]],
) -> _WordT:
    """Read a word of a form by the reader of what it says."""
    if len(payload) > MAX_WORD_BYTES:
        raise DecodeError(f"{form}-size")
    keys = json_object(payload)
    if keys.get("gw") != form:
        raise DecodeError(f"{form}-other")
    if number_of(keys.get("v"), 0, (1 << 63) - 1) != 1:
        raise DecodeError(f"{form}-version")
    say = keys.get("say")
    read = readers.get(say) if isinstance(say, str) else None
    if read is None:
        raise DecodeError(f"{form}-say")
    return read(keys)


def json_text(text: str) -> str:
    """Write a string as JSON, which is much quicker than any other value."""
    return _WRITER.encode(text)


def json_of(data: bytes) -> object:
    """Read JSON; what nests too deep, or is no number, is junk too."""
    try:
        text = data.decode().strip(" \t\r\n")
        value, end = cast("tuple[object, int]", _READER.raw_decode(text))
    except (ValueError, RecursionError):
        raise DecodeError("word-json") from None
    if end != len(text):
        raise DecodeError("word-json")
    return value


def json_object(data: bytes) -> Mapping[str, object]:
    """Read a JSON object."""
    value = json_of(data)
    if not isinstance(value, dict):
        raise DecodeError("word-json")
    return cast("Mapping[str, object]", value)


def items_of(value: object, most: int) -> list[object]:
    """Read a list of at most so many."""
    if not isinstance(value, list) or len(cast("list[object]", value)) > most:
        raise DecodeError("word-list")
    return cast("list[object]", value)


def number_of(value: object, least: int, most: int) -> int:
    """Read a number; true and 1.0 are none."""
    if type(value) is not int or not least <= value <= most:
        raise DecodeError("word-number")
    return value


def truth_of(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise DecodeError("word-truth")
    return value


def text_of(value: object, most: int) -> str:
    """Read at most so many characters of printable text."""
    if not isinstance(value, str) or len(value) > most or UNPRINTABLE.search(value):
        raise DecodeError("word-text")
    return value


def id_text(number: int) -> str:
    """Write 64 random bits."""
    return f"{number:016x}"


def id_of(value: object) -> int:
    """Read 64 random bits in hex."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise DecodeError("word-id")
    return int(value, 16)


def filled(payload: bytes) -> bytes:
    """Make an object that goes to the group long enough for foreign NORM receivers.

    NRL's implementation takes the second byte of the tagged form for the length of a
    header, 412 bytes, and what is shorter spoils the datagram behind it.
    """
    fill = b"." * (_FILLED_BYTES - len(payload))
    return payload[:-1] + b',"fill":"' + fill + b'"}' if fill else payload


def _refuse(_: str) -> NoReturn:
    raise ValueError


_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_READER = json.JSONDecoder(parse_constant=_refuse)
"""NaN and Infinity are no JSON."""
