"""How much of a capture file is whole blocks."""

from __future__ import annotations

import struct

import pytest

from groupwire.probe.capture.blocks import whole_bytes


def block(size: int, *, kind: int = 6) -> bytes:
    """Return a block of so many octets, its length at both ends."""
    return struct.pack("<II", kind, size) + bytes(size - 12) + struct.pack("<I", size)


def whole(data: bytes) -> tuple[int, int]:
    """Return what is whole of a file, and how often that was read from."""
    asked: list[int] = []

    def read(at: int, count: int) -> bytes:
        asked.append(at)
        return data[at : at + count]

    return whole_bytes(len(data), read), len(asked)


def test_a_file_of_whole_blocks_is_looked_at_from_behind() -> None:
    data = block(28) * 100 + block(64)
    assert whole(data) == (len(data), 2)


@pytest.mark.parametrize("cut", [1, 4, 8, 40, 63])
def test_a_block_that_was_cut_off_is_not_whole(cut: int) -> None:
    data = block(28) + block(36) + block(64)
    assert whole(data[:-cut])[0] == 64


@pytest.mark.parametrize("size", [0, 8, 11, 66, 1 << 30])
def test_what_follows_a_length_that_cannot_be_is_not_whole(size: int) -> None:
    data = block(28) + struct.pack("<II", 6, size) + bytes(60)
    assert whole(data)[0] == 28


@pytest.mark.parametrize("size", [0, 3, 11])
def test_a_file_shorter_than_a_block_has_none(size: int) -> None:
    assert whole(bytes(size))[0] == 0
