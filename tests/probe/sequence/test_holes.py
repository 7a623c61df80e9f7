from hypothesis import given
from hypothesis import strategies as st

from groupwire.probe.sequence.holes import MAX_HOLES, Holes


def test_only_so_many_holes_are_remembered() -> None:
    holes = Holes()
    for number in range(0, 4 * MAX_HOLES, 2):
        holes.open(number, number + 1)
    assert len(holes) == MAX_HOLES
    assert holes.fill(0, 1) == []
    assert holes.fill(4 * MAX_HOLES - 2, 4 * MAX_HOLES) == [
        (4 * MAX_HOLES - 2, 4 * MAX_HOLES - 1)
    ]


def test_a_hole_is_filled_only_once() -> None:
    holes = Holes()
    holes.open(5, 10)
    assert holes.fill(3, 7) == [(5, 7)]
    assert holes.fill(3, 7) == []
    assert holes.fill(8, 9) == [(8, 9)]
    assert len(holes) == 2
    holes.clear()
    assert len(holes) == 0


@given(
    st.sets(st.integers(0, 300)),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=20),
)
def test_filling_is_taking_out_of_a_set(
    missing: set[int], fills: list[tuple[int, int]]
) -> None:
    holes = Holes()
    for number in sorted(missing):
        holes.open(number, number + 1)
    for first, count in fills:
        wanted = missing & set(range(first, first + count))
        filled = [n for a, b in holes.fill(first, first + count) for n in range(a, b)]
        assert set(filled) == wanted
        assert len(filled) == len(wanted)
        missing -= wanted
