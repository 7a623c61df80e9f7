from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.probe.load import HEAD_BYTES, LoadHead
from groupwire.probe.load.load import follow, is_load

U64 = st.integers(0, (1 << 64) - 1)


@given(U64, U64, U64)
def test_a_head_reads_back(run: int, number: int, sent_ns: int) -> None:
    head = LoadHead(run, number, sent_ns)
    assert LoadHead.decode(head.encode() + b"filling") == head
    assert len(head.encode()) == HEAD_BYTES == 32


@pytest.mark.parametrize("data", [b"", bytes(32), LoadHead(1, 2, 3).encode()[:-1]])
def test_what_is_no_measured_traffic_is_refused(data: bytes) -> None:
    assert not is_load(data)
    with pytest.raises(DecodeError, match="load-no-load"):
        LoadHead.decode(data)


def row(*numbers: int, size: int = 40) -> bytes:
    heads = (LoadHead(7, number, 0).encode() for number in numbers)
    return b"".join(head + bytes(size - HEAD_BYTES) for head in heads)


def test_numbers_that_follow_each_other_are_known_at_a_glance() -> None:
    assert follow(row(254, 255, 256, 257), 40, 254, 4)
    assert follow(row(5, 6, 7)[:-8], 40, 5, 3), "the last may be shorter"


@pytest.mark.parametrize("numbers", [(5, 7), (5, 6, 6, 8), (5, 7, 6, 8), (6, 5)])
def test_a_hole_a_double_and_another_order_are_seen(numbers: tuple[int, ...]) -> None:
    assert not follow(row(*numbers), 40, numbers[0], len(numbers))


@pytest.mark.parametrize("seed", range(20))
def test_no_row_of_64_with_a_loss_passes(seed: int) -> None:
    numbers = list(range(1000, 1065))
    del numbers[Random(seed).randrange(1, 64)]
    assert not follow(row(*numbers), 40, 1000, 64)
