import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.partition import Partition, pieces

CUTS = st.tuples(st.integers(0, 5000), st.integers(1, 50), st.integers(1, 20))


@given(CUTS)
def test_blocks_are_those_of_rfc_5052(cut: tuple[int, int, int]) -> None:
    """§9.1: N = ceil(T/B), A_large = ceil(T/N), A_small = floor(T/N).

    Of the N blocks the first T - A_small*N are large.
    """
    size, segment, most = cut
    partition = Partition.of(*cut)
    total = max(1, -(-size // segment))
    blocks = -(-total // most)
    small, large = total // blocks, -(-total // blocks)
    large_ones = total - small * blocks
    assert partition.symbols == total
    assert partition.blocks == blocks
    assert [partition.length(n) for n in range(blocks)] == [
        large if n < large_ones else small for n in range(blocks)
    ]


@given(CUTS)
def test_symbols_follow_each_other_without_gaps(cut: tuple[int, int, int]) -> None:
    size, segment, most = cut
    partition = Partition.of(*cut)
    at = 0
    for block in range(partition.blocks):
        assert partition.first(block) * segment == partition.offset(block) == at
        begin = at
        for symbol in range(partition.length(block)):
            assert partition.offset(block, symbol) == at
            at += partition.symbol_bytes(block, symbol)
        assert partition.block_bytes(block) == at - begin
        assert partition.length(block) <= most
    assert at == size


def test_nothing_is_one_empty_symbol() -> None:
    partition = Partition.of(0, 1400, 64)
    assert (partition.blocks, partition.length(0)) == (1, 1)
    assert partition.symbol_bytes(0, 0) == partition.block_bytes(0) == 0


def test_200_megabytes_are_mostly_blocks_of_63() -> None:
    """So the reference implementation cuts them: shortened blocks are normal."""
    partition = Partition.of(200_000_000, 1400, 64)
    assert partition.blocks == 2233
    assert partition.length(0) == 64
    assert partition.length(2232) == 63


@pytest.mark.parametrize("block", [0, 1, 2**24 - 1])
def test_the_largest_object_is_cut_at_once(block: int) -> None:
    partition = Partition.of(2**48 - 1, 65_000, 258)
    assert partition.first(block) == block * 258 or block >= partition.large_blocks


@given(st.binary(max_size=300), st.integers(1, 40))
def test_pieces_are_segments_that_lie_where_the_bytes_lie(
    data: bytes, segment: int
) -> None:
    memory = bytearray(data)
    cut = pieces(memoryview(memory), segment)
    assert b"".join(cut) == data
    assert [len(piece) for piece in cut[:-1]] == [segment] * (len(cut) - 1)
    assert len(cut) == max(1, -(-len(data) // segment))
    if data:
        memory[-1] ^= 0xFF
        assert cut[-1][-1] == memory[-1]
