"""Writes and reads the manifest (docs/delivery.md §3.1).

Whatever a stranger sends, decoding raises DecodeError and nothing else, and takes
memory for what is an entry only: line by line.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.limits import MAX_ENTRIES, MAX_FILE_BYTES, MAX_PATH_BYTES
from groupwire.deliver.wire.fields import digest_of
from groupwire.errors import DecodeError
from groupwire.gather.fields import (
    UNPRINTABLE,
    id_of,
    id_text,
    items_of,
    json_bytes,
    json_object,
    json_of,
    json_text,
    number_of,
    text_of,
)

__all__ = ["MANIFEST_INFO", "MAX_JSON_BYTES", "decode_manifest", "encode_manifest"]

MANIFEST_INFO = b"gw-manifest"
MAX_JSON_BYTES = 64 << 20
MAX_TITLE = 4096
MAX_LINE_BYTES = 64 << 10
"""Path and target, each character of which may be escaped, and the numbers."""
_MAX_MODE = 0o7777
_MIN_TIME, _MAX_TIME = -(1 << 63), (1 << 63) - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = {kind.value: kind for kind in Kind}


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the object's content."""
    head = {
        "gw": "deliver",
        "v": 1,
        "id": id_text(manifest.delivery),
        "title": UNPRINTABLE.sub("?", manifest.title[:MAX_TITLE]),
    }
    lines = [json_bytes(head), *map(_line, manifest.entries)]
    return zlib.compress(b"\n".join(lines))


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest; DecodeError with the reason for junk."""
    head, *lines = _lines(data)
    keys = json_object(head)
    if keys.get("gw") != "deliver":
        raise DecodeError("deliver-other")
    if number_of(keys.get("v"), 0, _MAX_TIME) != 1:
        raise DecodeError("deliver-version")
    delivery = id_of(keys.get("id"))
    title = text_of(keys.get("title", ""), MAX_TITLE)
    return Manifest(delivery, title, tuple(map(_entry, lines)))


def _line(entry: Entry) -> bytes:
    size = "null" if entry.size_bytes is None else entry.size_bytes
    digest = "null" if entry.sha256 is None else f'"{entry.sha256.hex()}"'
    return (
        f'[{json_text(entry.path)},"{entry.kind.value}",{size},{entry.mode},'
        f"{entry.mtime_ns},{digest},{json_text(entry.target)}]"
    ).encode()


def _lines(data: bytes) -> Iterable[bytes]:
    text = _expanded(data)
    if text.count(b"\n") > MAX_ENTRIES:
        raise DecodeError("deliver-entries")
    lines = text.split(b"\n")
    if max(map(len, lines)) > MAX_LINE_BYTES:
        raise DecodeError("deliver-size")
    return lines


def _expanded(data: bytes) -> bytes:
    expander = zlib.decompressobj()
    try:
        text = expander.decompress(data, MAX_JSON_BYTES + 1)
    except zlib.error:
        raise DecodeError("deliver-zlib") from None
    if len(text) > MAX_JSON_BYTES:
        raise DecodeError("deliver-size")
    if not expander.eof or expander.unused_data:
        raise DecodeError("deliver-zlib")
    return text


def _entry(line: bytes) -> Entry:
    row = items_of(json_of(line), 7)
    if len(row) != 7:
        raise DecodeError("word-list")
    path, kind, size, mode, mtime_ns, sha256, target = row
    kind = _kind(kind)
    return Entry(
        _path(path),
        kind,
        None if size is None and kind is Kind.FILE else _size(size),
        number_of(mode, 0, _MAX_MODE),
        number_of(mtime_ns, _MIN_TIME, _MAX_TIME),
        None if sha256 is None else digest_of(sha256),
        _path(target),
    )


def _kind(value: object) -> Kind:
    kind = _KINDS.get(value) if isinstance(value, str) else None
    if kind is None:
        raise DecodeError("deliver-kind")
    return kind


def _size(value: object) -> int:
    return number_of(value, 0, MAX_FILE_BYTES)


def _path(value: object) -> str:
    """Read a name, be it safe or not; names.py judges each by itself."""
    if not isinstance(value, str) or len(value) > MAX_PATH_BYTES:
        raise DecodeError("deliver-path")
    if not value.isascii() and _SURROGATE.search(value):
        raise DecodeError("deliver-path")
    return value
