import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.gather import Kind, Tagged, is_name, is_tagged
from groupwire.gather.tagged import MAGIC, MAX_NAMES, MAX_OPTION_BYTES, MAX_SPREAD_US

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True).filter(is_name)
NAME_LISTS = st.frozensets(NAMES, max_size=20)
TAGGED = st.builds(
    Tagged,
    kind=st.sampled_from(Kind),
    request_id=st.integers(0, 2**64 - 1),
    data=st.binary(max_size=200),
    name=st.none() | NAMES,
    spread_us=st.integers(0, MAX_SPREAD_US),
    heard=NAME_LISTS,
    wanted=st.none() | NAME_LISTS,
    attempt=st.integers(1, 255),
)
PINGS = st.builds(
    Tagged,
    kind=st.sampled_from(Kind),
    request_id=st.integers(0, 2**64 - 1),
    ping=st.just(True),
    ttl_hops=st.none() | st.integers(0, 255),
)
FULL = Tagged(
    Kind.QUESTION,
    7,
    b"data",
    name="asker",
    spread_us=51_200,
    heard=frozenset({"cam1", "cam2"}),
    wanted=frozenset({"cam3"}),
    attempt=3,
)


def head(kind: int = 1, options: int = 0, magic: bytes = MAGIC) -> bytes:
    return struct.pack("!4sBBHQ", magic, kind, 0, options, 7)


def with_options(*options: tuple[int, bytes], data: bytes = b"") -> bytes:
    packed = b"".join(struct.pack("!BH", kind, len(v)) + v for kind, v in options)
    return head(options=len(packed)) + packed + data


def reason(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        Tagged.decode(data)
    return caught.value.reason


@settings(max_examples=50)
@given(TAGGED | PINGS)
def test_what_is_encoded_decodes_to_itself(tagged: Tagged) -> None:
    assert Tagged.decode(tagged.encode()) == tagged


def test_what_a_ping_says_later_beside_its_ttl_is_passed_over() -> None:
    told = Tagged.decode(with_options((48, b"\x3fmore")))
    assert (told.ping, told.ttl_hops) == (True, 63)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_decode_or_raise_decode_error(data: bytes) -> None:
    for junk in (data, MAGIC + data, head(options=len(data)) + data):
        with suppress(DecodeError):
            Tagged.decode(junk)


@settings(max_examples=50)
@given(TAGGED, st.data())
def test_a_damaged_byte_never_raises_anything_else(
    tagged: Tagged, data: st.DataObject
) -> None:
    raw = bytearray(tagged.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError):
        Tagged.decode(bytes(raw))


@pytest.mark.parametrize("length", range(len(FULL.encode()) - len(FULL.data)))
def test_a_message_cut_before_its_payload_is_refused(length: int) -> None:
    assert reason(FULL.encode()[:length]) in {"tagged-cut", "tagged-options"}


@pytest.mark.parametrize("left", range(len(FULL.data)))
def test_a_message_cut_in_its_payload_keeps_its_header(left: int) -> None:
    raw = FULL.encode()
    told = Tagged.decode(raw[: len(raw) - len(FULL.data) + left])
    assert (told.name, told.data) == ("asker", FULL.data[:left])


@pytest.mark.parametrize("end", range(1, 40))
def test_options_cut_anywhere_are_refused(end: int) -> None:
    raw = FULL.encode()
    options = raw[Tagged.LAYOUT.size : Tagged.LAYOUT.size + end]
    whole = {0, 8, 15, 28, 36, 40}
    if end in whole:
        assert Tagged.decode(head(options=end) + options).request_id == 7
    else:
        assert reason(head(options=end) + options) == "tagged-option-cut"


def test_the_layout_is_the_documented_one() -> None:
    tagged = Tagged(Kind.ANSWER, 0x0102030405060708, b"ack", name="cam1", attempt=2)
    assert tagged.encode() == (
        b"\xf5gw\x01\x02\x00\x00\x0b"
        b"\x01\x02\x03\x04\x05\x06\x07\x08"
        b"\x01\x00\x04cam1\x05\x00\x01\x02ack"
    )


def test_the_smallest_message_is_the_header_alone() -> None:
    assert len(Tagged(Kind.MESSAGE, 0).encode()) == 16


def test_unknown_options_are_skipped() -> None:
    raw = with_options(
        (16, b"roll-call"), (1, b"cam1"), (255, b""), (33, b"x" * 300), data=b"hi"
    )
    assert Tagged.decode(raw) == Tagged(Kind.QUESTION, 7, b"hi", name="cam1")


def test_reserved_bits_of_the_header_are_ignored() -> None:
    raw = bytearray(FULL.encode())
    raw[5] = 0xFF
    assert Tagged.decode(bytes(raw)) == FULL


def test_the_last_of_two_equal_options_counts() -> None:
    assert Tagged.decode(with_options((1, b"cam1"), (1, b"cam2"))).name == "cam2"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "tagged-cut"),
        (MAGIC, "tagged-cut"),
        (head(magic=b"\xf5gw\x02"), "tagged-magic"),
        (head(kind=0), "tagged-kind"),
        (head(kind=4), "tagged-kind"),
        (head(options=1), "tagged-options"),
        (head(options=60_001) + bytes(60_001), "tagged-options"),
        (with_options((1, b"")), "tagged-name"),
        (with_options((1, b"1234")), "tagged-name"),
        (with_options((1, b"\x1b[31mred")), "tagged-name"),
        (with_options((1, b"cam\n")), "tagged-name"),
        (with_options((1, "käm".encode())), "tagged-name"),
        (with_options((1, b"n" * 65)), "tagged-name"),
        (with_options((1, b"n" * 10_000)), "tagged-name"),
        (with_options((2, b"\0\0\1")), "tagged-number"),
        (with_options((5, b"\0\1")), "tagged-number"),
        (with_options((5, b"\0")), "tagged-attempt"),
        (with_options((3, b"\x05cam1")), "tagged-names"),
        (with_options((3, b"\x00")), "tagged-name"),
        (with_options((4, b"\x04cam1\xff")), "tagged-names"),
        (head(options=2) + b"\1\0", "tagged-option-cut"),
    ],
)
def test_junk_is_refused_with_its_reason(raw: bytes, why: str) -> None:
    assert reason(raw) == why


def test_a_spread_is_at_most_the_longest_allowed() -> None:
    assert Tagged.decode(with_options((2, b"\xff" * 4))).spread_us == MAX_SPREAD_US


def test_more_names_than_allowed_are_refused() -> None:
    names = b"".join(b"\x04" + b"%04x" % n for n in range(MAX_NAMES + 1))
    names = names.replace(b"\x040", b"\x04x")
    assert len(Tagged.decode(with_options((3, names[: 5 * MAX_NAMES]))).heard) > 0
    assert reason(with_options((3, names))) == "tagged-names"


def test_as_many_option_bytes_as_allowed_are_read() -> None:
    value = bytes(MAX_OPTION_BYTES - 3)
    assert Tagged.decode(with_options((200, value))).request_id == 7


@pytest.mark.parametrize(
    "data", [b"", b"very important data", b"\xf5gw\x02", b"\x80\x60", b"\x47" * 188]
)
def test_other_bytes_are_not_tagged(data: bytes) -> None:
    assert not is_tagged(data)


def test_names_cannot_overflow_their_option() -> None:
    many = frozenset(f"member-{n:05}" for n in range(6000))
    with pytest.raises(struct.error):
        Tagged(Kind.QUESTION, 1, heard=many).encode()
