"""Frames come back as they were, in whatever pieces they arrive."""

import struct
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.messages.delivery import Delivery
from groupwire.messages.frames import (
    HEAD_BYTES,
    MAX_MESSAGE_BYTES,
    Frame,
    FrameReader,
    encode_frame,
)

RELIABLE = Delivery.RELIABLE


def everything(topic: str) -> bool:
    return bool(topic)


def read(data: bytes, *cuts: int) -> list[Frame]:
    reader = FrameReader(everything)
    frames: list[Frame] = []
    message_at: int | None = 0
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        frames += reader.feed(data[start:stop], message_at)
        message_at = None
    return frames


payloads = st.lists(st.binary(max_size=50), min_size=1, max_size=20)


@given(
    st.sampled_from(Delivery),
    st.text(
        st.characters(exclude_characters="+#\0", exclude_categories=["Cs"]),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, (1 << 64) - 1),
    payloads,
    st.booleans(),
    st.data(),
)
def test_a_frame_comes_back_as_it_was(
    delivery: Delivery,
    topic: str,
    sequence: int,
    parts: list[bytes],
    last: bool,
    data: st.DataObject,
) -> None:
    whole = encode_frame(delivery, topic.encode(), sequence, parts, last_value=last)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    [frame] = read(whole, *cuts)
    size = sum(map(len, parts))
    assert frame == Frame(delivery, topic, sequence, len(parts), parts, last, size)


@given(st.lists(payloads, min_size=1, max_size=5), st.integers(1, 100))
def test_frames_follow_each_other(frames: list[list[bytes]], step: int) -> None:
    whole = b"".join(encode_frame(RELIABLE, b"t", 0, parts) for parts in frames)
    cuts = range(step, len(whole), step)
    assert [list(frame.payloads) for frame in read(whole, *cuts)] == frames


def test_messages_of_one_length_need_no_list_of_lengths() -> None:
    same = encode_frame(RELIABLE, b"t", 0, [b"ab"] * 10)
    assert len(same) == HEAD_BYTES + 1 + 20
    assert len(encode_frame(RELIABLE, b"t", 0, [b"ab", b"c"])) == HEAD_BYTES + 1 + 11


def test_messages_of_no_bytes_are_messages() -> None:
    [frame] = read(encode_frame(RELIABLE, b"t", 7, [b""] * 3))
    assert (frame.sequence, list(frame.payloads)) == (7, [b""] * 3)


def test_the_largest_message_is_read_and_a_larger_one_is_none() -> None:
    data = bytes(MAX_MESSAGE_BYTES)
    whole = encode_frame(RELIABLE, b"t", 0, [data])
    [frame] = read(whole, *range(1 << 16, len(whole), 1 << 16))
    assert frame.payloads == [data]
    with pytest.raises(DecodeError, match="frame-size"):
        read(encode_frame(RELIABLE, b"t", 0, [data + b"x"])[:100])


def test_what_nobody_wants_is_counted_and_not_cut_up() -> None:
    reader = FrameReader(lambda topic: topic == "b")
    whole = encode_frame(RELIABLE, b"a", 5, [b"1", b"22"])
    frames = reader.feed(whole + encode_frame(RELIABLE, b"b", 7, [b"3"]), 0)
    assert frames[0] == Frame(RELIABLE, None, 5, 2)
    assert frames[1].payloads == [b"3"]


def test_reading_begins_where_a_message_begins() -> None:
    reader = FrameReader(everything)
    assert reader.feed(b"the end of something", None) == []
    frame = encode_frame(RELIABLE, b"t", 3, [b"x"])
    assert [f.sequence for f in reader.feed(b"rest" + frame, 4)] == [3]


def test_behind_a_gap_the_next_message_is_found() -> None:
    reader = FrameReader(everything)
    first = encode_frame(RELIABLE, b"t", 0, [bytes(100)])
    assert reader.feed(first[:50], 0) == []
    assert reader.within
    reader.gap()
    assert not reader.within
    assert reader.feed(first[80:], None) == []
    assert [f.sequence for f in reader.feed(encode_frame(RELIABLE, b"t", 9, [b""]), 0)]


@pytest.mark.parametrize(
    ("junk", "reason"),
    [
        (b"X" * 40, "frame-magic"),
        (struct.pack("!BBHIIQ", 0x47, 2, 1, 1, 1, 0) + b"ab", "frame-magic"),
        (struct.pack("!BBHIIQ", 0x47, 1, 0, 1, 1, 0) + b"b", "frame-size"),
        (struct.pack("!BBHIIQ", 0x47, 1, 1025, 1, 1, 0), "frame-size"),
        (struct.pack("!BBHIIQ", 0x47, 1, 1, 0, 1, 0), "frame-size"),
        (struct.pack("!BBHIIQ", 0x47, 1, 1, 65_536, 0, 0), "frame-size"),
        (struct.pack("!BBHIIQ", 0x47, 1, 1, 2, 40_000, 0), "frame-size"),
        (struct.pack("!BBHIIQ", 0x47, 0x31, 1, 1, 0, 0) + b"t", "frame-delivery"),
        (struct.pack("!BBHIIQ", 0x47, 1, 1, 1, 0, 0) + b"\xff", "frame-topic"),
        (struct.pack("!BBHIIQ", 0x47, 1, 1, 1, 0, 0) + b"+", "frame-topic"),
    ],
)
def test_what_is_no_frame_says_why(junk: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        FrameReader(everything).feed(junk, 0)


def test_lengths_that_are_too_long_together_are_junk() -> None:
    head = struct.pack("!BBHIIQ", 0x47, 1, 1, 2, 0xFFFF_FFFF, 0)
    with pytest.raises(DecodeError, match="frame-size"):
        FrameReader(everything).feed(head + b"t" + struct.pack("!II", 1, 1 << 16), 0)


def test_junk_behind_frames_is_told_after_them() -> None:
    reader = FrameReader(everything)
    whole = encode_frame(RELIABLE, b"t", 0, [b"x"]) + b"junk" * 10
    assert len(reader.feed(whole, 0)) == 1
    with pytest.raises(DecodeError, match="frame-magic"):
        reader.feed(b"more", None)
    assert reader.feed(b"more", None) == []


@pytest.mark.parametrize("seed", range(20))
def test_noise_makes_no_reader_fail_otherwise(seed: int) -> None:
    rng = Random(seed)
    reader = FrameReader(everything)
    frame = encode_frame(RELIABLE, b"topic", 0, [b"abc", b"defg"])
    for _ in range(200):
        noise = bytearray(frame)
        noise[rng.randrange(len(noise))] = rng.randrange(256)
        try:
            reader.feed(bytes(noise), rng.choice([0, None, 3]))
        except DecodeError:
            reader.gap()


def test_very_many_topics_are_read_and_few_remembered() -> None:
    reader = FrameReader(everything)
    for number in range(5000):
        topic = f"t{number}"
        [frame] = reader.feed(encode_frame(RELIABLE, topic.encode(), 0, [b""]), 0)
        assert frame.topic == topic
    assert len(reader._topics) <= 4096


def test_a_few_bytes_do_not_become_very_many_messages() -> None:
    frame = encode_frame(Delivery.RELIABLE, b"a", 0, [b""] * 4096)
    [read] = FrameReader(lambda _: True).feed(frame, 0)
    assert read.messages == len(read.payloads) == 4096
    more = frame.replace((4096).to_bytes(4), (4097).to_bytes(4))
    with pytest.raises(DecodeError, match="frame-size"):
        FrameReader(lambda _: True).feed(more, 0)


@given(payloads, payloads, st.integers(0, 300), st.integers(0, 2))
def test_views_are_read_as_bytes_are(
    first: list[bytes], second: list[bytes], cut: int, wanted: int
) -> None:
    frames = [
        encode_frame(RELIABLE, b"a", 0, first),
        encode_frame(RELIABLE, b"b", 0, second),
    ]
    data = b"".join(frames)
    cut = min(cut, len(data))
    found: list[list[Frame]] = []
    for kind in (bytes, memoryview):
        reader = FrameReader(lambda topic: "ab".find(topic) != wanted)
        found.append(
            reader.feed(kind(data[:cut]), 0) + reader.feed(kind(data[cut:]), None)
        )
    assert found[0] == found[1]
    assert all(type(p) is bytes for frame in found[1] for p in frame.payloads)


def test_of_a_view_a_lone_message_whose_size_stands_apart_is_read_too() -> None:
    head = struct.pack("!BBHIIQ", 0x47, 1, 1, 1, 0xFFFF_FFFF, 7)
    data = head + b"a" + struct.pack("!I", 3) + b"xyz"
    (frame,) = FrameReader(everything).feed(memoryview(data), 0)
    assert (frame.topic, frame.sequence, frame.payloads) == ("a", 7, [b"xyz"])
