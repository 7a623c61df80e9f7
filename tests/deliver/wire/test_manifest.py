import json
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.limits import MAX_ENTRIES, MAX_FILE_BYTES, MAX_PATH_BYTES
from groupwire.deliver.wire.manifest import (
    MAX_JSON_BYTES,
    MAX_LINE_BYTES,
    decode_manifest,
    encode_manifest,
)
from groupwire.errors import DecodeError

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
"""Unsafe ones travel like all others; they are judged one by one."""
TIMES = st.integers(-(2**63), 2**63 - 1)
SIZES = st.integers(0, MAX_FILE_BYTES)
MODES = st.integers(0, 0o7777)
DIGESTS = st.none() | st.binary(min_size=32, max_size=32)
ENTRIES = st.one_of(
    st.builds(
        Entry, NAMES, st.just(Kind.FILE), st.none() | SIZES, MODES, TIMES, DIGESTS
    ),
    st.builds(Entry, NAMES, st.just(Kind.DIRECTORY), st.just(0), MODES, TIMES),
    st.builds(
        Entry,
        NAMES,
        st.just(Kind.LINK),
        st.just(0),
        MODES,
        TIMES,
        st.none(),
        NAMES,
    ),
)
MANIFESTS = st.builds(
    Manifest,
    st.integers(0, 2**64 - 1),
    st.text(st.characters(categories=["L", "Nd"]), max_size=20),
    st.lists(ENTRIES, max_size=5).map(tuple),
)
HEAD = {"gw": "deliver", "v": 1, "id": "0" * 16, "title": "photos"}
ROW = ["a/b", "f", 3, 0o644, 1_700_000_000_000_000_000, "ab" * 32, ""]


def packed(*lines: object) -> bytes:
    return zlib.compress(b"\n".join(json.dumps(line).encode() for line in lines))


def with_row(place: int, value: object) -> bytes:
    return packed(HEAD, [*ROW[:place], value, *ROW[place + 1 :]])


def reason(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_manifest(data)
    return caught.value.reason


@settings(max_examples=200)
@given(MANIFESTS)
def test_what_is_written_reads_as_the_same(manifest: Manifest) -> None:
    assert decode_manifest(encode_manifest(manifest)) == manifest


def test_it_is_lines_of_json_as_on_the_page() -> None:
    entry = Entry("a/b", Kind.FILE, 3, 0o644, 1_700_000_000_000_000_000, b"\xab" * 32)
    manifest = Manifest(0, "photos", (entry,))
    lines = zlib.decompress(encode_manifest(manifest)).split(b"\n")
    assert [json.loads(line) for line in lines] == [HEAD, ROW]
    assert decode_manifest(packed(HEAD, ROW)) == manifest


def test_names_need_not_be_ascii() -> None:
    manifest = Manifest(1, "\xe9t\xe9", (Entry("\xe9/\U0001f600"),))
    assert decode_manifest(encode_manifest(manifest)) == manifest


def test_a_title_that_cannot_be_printed_is_mended_and_cut() -> None:
    manifest = Manifest(1, "a\n\ud800" + "b" * 5000, ())
    title = decode_manifest(encode_manifest(manifest)).title
    assert title == ("a??" + "b" * 5000)[:4096]


def test_a_name_of_the_longest_kind_fits_its_line() -> None:
    entry = Entry("\1" * MAX_PATH_BYTES, Kind.LINK, target="\1" * MAX_PATH_BYTES)
    manifest = Manifest(1, "", (entry,))
    assert decode_manifest(encode_manifest(manifest)) == manifest


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_read_or_junk(data: bytes) -> None:
    for junk in (data, zlib.compress(data), zlib.compress(json.dumps(HEAD).encode())):
        with suppress(DecodeError):
            decode_manifest(junk)


@settings(max_examples=100)
@given(MANIFESTS, st.data())
def test_a_damaged_byte_is_read_or_junk(
    manifest: Manifest, data: st.DataObject
) -> None:
    raw = bytearray(zlib.decompress(encode_manifest(manifest)))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError):
        decode_manifest(zlib.compress(bytes(raw)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "deliver-zlib"),
        (b"junk", "deliver-zlib"),
        (packed(HEAD)[:-1], "deliver-zlib"),
        (packed(HEAD) + b"x", "deliver-zlib"),
        (zlib.compress(b""), "word-json"),
        (packed([]), "word-json"),
        (packed(HEAD | {"gw": "x"}), "deliver-other"),
        (packed(HEAD | {"v": 2}), "deliver-version"),
        (packed(HEAD | {"v": None}), "word-number"),
        (packed(HEAD | {"id": "0"}), "word-id"),
        (packed(HEAD | {"title": "\n"}), "word-text"),
        (packed(HEAD, {}), "word-list"),
        (packed(HEAD, ROW[:6]), "word-list"),
        (packed(HEAD, [*ROW, 1]), "word-list"),
        (zlib.compress(json.dumps(HEAD).encode() + b"\n["), "word-json"),
        (zlib.compress(json.dumps(HEAD).encode() + b"\n"), "word-json"),
        (with_row(0, 1), "deliver-path"),
        (with_row(0, "x" * (MAX_PATH_BYTES + 1)), "deliver-path"),
        (with_row(0, "\ud800"), "deliver-path"),
        (with_row(1, "x"), "deliver-kind"),
        (with_row(1, ["f"]), "deliver-kind"),
        (with_row(2, -1), "word-number"),
        (with_row(2, MAX_FILE_BYTES + 1), "word-number"),
        (with_row(2, 1.5), "word-number"),
        (with_row(3, 0o10000), "word-number"),
        (with_row(3, True), "word-number"),
        (with_row(4, 1 << 63), "word-number"),
        (with_row(4, -(1 << 63) - 1), "word-number"),
        (with_row(5, "ab"), "deliver-digest"),
        (with_row(6, None), "deliver-path"),
        (packed(HEAD, ["a", "d", None, *ROW[3:]]), "word-number"),
    ],
)
def test_junk_is_refused_for_what_is_wrong_with_it(data: bytes, why: str) -> None:
    assert reason(data) == why


def test_a_bomb_is_not_unpacked() -> None:
    packer = zlib.compressobj()
    chunk = bytes(1 << 20)
    parts = [packer.compress(chunk) for _ in range(MAX_JSON_BYTES // len(chunk))]
    exact = b"".join([*parts, packer.copy().flush()])
    more = b"".join([*parts, packer.compress(b"x"), packer.flush()])
    assert reason(more) == "deliver-size"
    # As much as is allowed is unpacked, and refused as one long line before it is read.
    assert reason(exact) == "deliver-size"


def test_a_line_that_is_too_long_is_not_read() -> None:
    line = b'["' + b"x" * MAX_LINE_BYTES + b'"]'
    data = zlib.compress(json.dumps(HEAD).encode() + b"\n" + line)
    assert reason(data) == "deliver-size"


def test_too_many_entries_are_not_read() -> None:
    assert reason(zlib.compress(b"\n" * (MAX_ENTRIES + 1))) == "deliver-entries"
