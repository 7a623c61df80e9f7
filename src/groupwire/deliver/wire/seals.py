"""What seals a file that was digested while it was sent (docs/delivery.md §4.1, §4.3).

Whatever a stranger sends, decoding raises DecodeError and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from groupwire.deliver.limits import MAX_ENTRIES, MAX_FILE_BYTES
from groupwire.deliver.wire.fields import digest_of, entry_of
from groupwire.errors import DecodeError
from groupwire.gather.fields import (
    id_of,
    id_text,
    items_of,
    json_bytes,
    json_object,
    number_of,
)

__all__ = [
    "MAX_SEALS",
    "MAX_SEAL_BYTES",
    "PART_BYTES",
    "SEAL_INFO",
    "Seal",
    "decode_seals",
    "encode_seals",
    "parse_part",
    "part_info",
]

SEAL_INFO = b"gw-seal"
PART_BYTES = 4 << 20
MAX_SEALS = 10_000
"""Of one object."""
MAX_SEAL_BYTES = 1 << 20
"""So many of the longest seals take less."""
_MAX_OBJECT = 0xFFFF
_MAX_PARTS = (MAX_FILE_BYTES + 1) // PART_BYTES
_PART = re.compile(rb"gw-part (0|[1-9][0-9]{0,6}) (0|[1-9][0-9]{0,7})")


@dataclass(frozen=True, slots=True)
class Seal:
    """The digest of what was sent of an entry."""

    entry: int
    object: int | None
    """NORM's number of what it seals; None for a file of unknown length."""
    sha256: bytes | None
    """None: the object is void, the file changed while it was sent."""
    size_bytes: int


def encode_seals(delivery: int, seals: Iterable[Seal]) -> bytes:
    """Return the object's content; at most MAX_SEALS fit."""
    rows = [
        [s.entry, s.object, s.sha256.hex() if s.sha256 else None, s.size_bytes]
        for s in seals
    ]
    return json_bytes({"id": id_text(delivery), "seals": rows})


def decode_seals(data: bytes) -> tuple[int, tuple[Seal, ...]]:
    """Read the delivery and its seals; DecodeError with the reason for junk."""
    if len(data) > MAX_SEAL_BYTES:
        raise DecodeError("deliver-size")
    keys = json_object(data)
    seals = tuple(map(_seal, items_of(keys.get("seals"), MAX_SEALS)))
    return id_of(keys.get("id")), seals


def part_info(entry: int, number: int) -> bytes:
    """Return the INFO of a part of a file of unknown length."""
    return b"gw-part %d %d" % (entry, number)


def parse_part(info: bytes) -> tuple[int, int] | None:
    """Return entry and number, or None where this is no part's INFO."""
    match = _PART.fullmatch(info)
    if match is None:
        return None
    entry, number = int(match[1]), int(match[2])
    return (entry, number) if entry < MAX_ENTRIES and number < _MAX_PARTS else None


def _seal(value: object) -> Seal:
    row = items_of(value, 4)
    if len(row) != 4:
        raise DecodeError("word-list")
    entry, number, sha256, size = row
    return Seal(
        entry_of(entry),
        None if number is None else number_of(number, 0, _MAX_OBJECT),
        None if sha256 is None else digest_of(sha256),
        number_of(size, 0, MAX_FILE_BYTES),
    )
