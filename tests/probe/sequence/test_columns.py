import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.probe.sequence import is_constant, runs


def row(numbers: list[int], step: int = 8, width: int = 2) -> bytes:
    parts = [b"\xaa" + (n % (1 << 8 * width)).to_bytes(width, "big") for n in numbers]
    return b"".join(part.ljust(step, b"-") for part in parts)


def test_numbers_in_order_are_one_run() -> None:
    assert list(runs(row([*range(5, 69)]), 8, 1, 2)) == [(5, 64)]


@pytest.mark.parametrize("first", [200, 255, 256, 0xFFFF - 10, 0xFFFF, 0x1FF])
def test_numbers_that_turn_over_are_one_run(first: int) -> None:
    data = row([*range(first, first + 64)])
    assert list(runs(data, 8, 1, 2)) == [(first, 64)]


def test_the_last_packet_may_be_shorter() -> None:
    data = row([*range(7, 17)])[:-5]
    assert list(runs(data, 8, 1, 2)) == [(7, 10)]


def test_a_gap_parts_runs() -> None:
    assert list(runs(row([1, 2, 5, 6, 7, 7]), 8, 1, 2)) == [(1, 2), (5, 3), (7, 1)]


def test_a_ladder_of_low_bytes_with_other_high_bytes_is_no_run() -> None:
    numbers = [0x0110, 0x0211, 0x0112]
    assert list(runs(row(numbers), 8, 1, 2)) == [(n, 1) for n in numbers]
    turned = [0x01FE, 0x01FF, 0x0200, 0x0301, 0x0202]
    assert [n for n, _ in runs(row(turned), 8, 1, 2)] == [0x01FE, 0x0301, 0x0202]


def test_one_byte_is_enough_for_a_number() -> None:
    assert list(runs(row([250, 251, 252], width=1), 8, 1, 1)) == [(250, 3)]


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=40))
def test_all_numbers_come_out_again(numbers: list[int]) -> None:
    found = [
        (first + step) & 0xFFFF
        for first, count in runs(row(numbers), 8, 1, 2)
        for step in range(count)
    ]
    assert found == numbers


def test_columns_are_alike_or_not() -> None:
    data = row([1, 2, 3])
    assert is_constant(data, 8, 0, 2)
    assert not is_constant(data, 8, 0, 3)
