from dataclasses import replace

import pytest

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.wire.extensions import ObjectInfo
from groupwire.norm.wire.payload import FecId


@pytest.mark.parametrize("fec_id", FecId)
def test_what_an_object_says_of_its_coding_is_that_coding(fec_id: FecId) -> None:
    coding = Coding(1000, 20, 5, fec_id)
    info = coding.object_info(12_345)
    assert (info.fec_id, info.size_bytes) == (fec_id, 12_345)
    assert Coding.of(info) == coding


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"segment_bytes": 0}, "segments of 0 bytes"),
        ({"segment_bytes": 65_001}, "segments of 65001 bytes"),
        ({"block": 0}, "blocks of 0 and 32 symbols"),
        ({"parity": -1}, "blocks of 64 and -1 symbols"),
        ({"block": 200, "parity": 56}, "blocks of 200 and 56 symbols"),
        ({"fec_id": FecId.REED_SOLOMON_M, "field_bits": 16}, r"GF\(2\^16\)"),
    ],
)
def test_a_coding_that_cannot_be_is_refused(
    change: dict[str, int], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        replace(Coding(), **change)


@pytest.mark.parametrize(
    "change",
    [{"segment_bytes": 0}, {"block": 0}, {"field_bits": 16}, {"group": 2}],
)
def test_a_senders_coding_that_cannot_be_is_none(change: dict[str, int]) -> None:
    info = ObjectInfo(FecId.REED_SOLOMON_M, 1, 1400, 64, 8)
    assert Coding.of(info) is not None
    assert Coding.of(replace(info, **change)) is None


def test_a_small_block_code_that_is_not_reed_solomon_is_none() -> None:
    info = ObjectInfo(FecId.SMALL_BLOCK, 1, 1400, 64, 8)
    assert Coding.of(info) is not None
    assert Coding.of(replace(info, instance=1)) is None


@pytest.mark.parametrize(
    ("fec_id", "bytes_of_it"),
    [
        (FecId.REED_SOLOMON_8, 2**24 * 64 * 100),
        (FecId.REED_SOLOMON_M, 2**24 * 64 * 100),
        (FecId.SMALL_BLOCK, 2**32 * 64 * 100),
    ],
)
def test_an_object_ends_where_the_numbers_of_blocks_end(
    fec_id: FecId, bytes_of_it: int
) -> None:
    assert Coding(100, 64, 8, fec_id).largest_object == bytes_of_it


def test_no_object_is_larger_than_48_bits_can_tell() -> None:
    assert Coding(65_000, 64, 8, FecId.SMALL_BLOCK).largest_object == 2**48 - 1
