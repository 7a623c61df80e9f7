"""Control messages, usual ones and junk."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from groupwire.net.batch.controls import (
    INFO_HEAD_4,
    JOINED_BYTES_4,
    interface_of,
    interpret,
    quick_look,
    read_controls,
    read_joined,
    walk,
)

_INFO = struct.pack("@I4s4s", 3, bytes(4), bytes((239, 1, 2, 3)))


@given(st.binary(max_size=192))
def test_control_messages_that_make_no_sense_are_passed_over(junk: bytes) -> None:
    for _, _, data in walk(junk, 0, len(junk)):
        assert len(data) <= len(junk)


def test_unknown_control_messages_are_passed_over() -> None:
    unknown = struct.pack("@Nii", 20, 7, 7) + bytes(8)
    hops = struct.pack("@Niii", 20, 0, 2, 9) + bytes(4)
    told = read_controls(unknown + hops, 0, 48)
    assert told.ttl_hops == 9


def test_other_messages_in_the_usual_room_are_walked() -> None:
    info = struct.pack("@Nii", 28, 0, 8) + _INFO + bytes(4)
    unknown = struct.pack("@Nii", 56, 7, 7) + bytes(40)
    told = read_controls(unknown + info, 0, 88)
    assert (told.interface, str(told.to), told.time) == (3, "239.1.2.3", None)


def test_only_packet_info_names_an_interface() -> None:
    assert interface_of(INFO_HEAD_4 + _INFO) == 3
    assert interface_of(struct.pack("@Nii", 36, 41, 50) + bytes(16) + b"\4\0\0\0") == 4
    assert interface_of(struct.pack("@Nii", 28, 7, 7) + _INFO) is None
    assert interface_of(INFO_HEAD_4 + bytes(20)) is None


def test_listed_messages_are_looked_at_in_any_order() -> None:
    time, info, hops = (1, 35, bytes(16)), (0, 8, _INFO), (0, 2, b"\7\0\0\0")
    assert quick_look([time, info, hops]) == (3, 0)
    assert quick_look([info, hops]) == (3, 0)
    assert quick_look([time, (17, 104, b"\4\0\0\0"), info, hops]) == (3, 4)
    assert interpret([hops]).ttl_hops == 7


def test_a_joined_datagram_of_the_usual_kind_tells_its_way_at_once() -> None:
    def message(level: int, kind: int, data: bytes) -> bytes:
        head = struct.pack("@Nii", 16 + len(data), level, kind)
        return (head + data).ljust(16 + (len(data) + 7 & ~7), b"\0")

    time = message(1, 35, struct.pack("@qq", 5, 0))
    size = message(17, 104, struct.pack("@i", 1400))
    info = message(0, 8, struct.pack("@I4s4s", 7, bytes(4), bytes(4)))
    hops = message(0, 2, struct.pack("@i", 1))
    usual = time + size + info + hops
    assert len(usual) == JOINED_BYTES_4
    assert read_joined(b"xx" + usual, 2) == (7, 1400)
    assert read_joined(time + info + size + hops, 0) is None
    assert read_joined(time + size + size + info, 0) is None
