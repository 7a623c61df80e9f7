from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.repair.state import Need, RepairState, added_up

MOST = 4096
Place = tuple[int, int | str, int]
"""Object, then "info" or a block, then a symbol of it."""


def needs() -> st.SearchStrategy[Need]:
    """Return needs among five objects of five blocks of five symbols."""
    few = st.integers(0, 4)
    pairs = st.tuples(few, few).map(sorted)
    return st.one_of(
        pairs.map(lambda p: Need(*p)),
        pairs.map(lambda p: Need(*p, info=True)),
        st.builds(lambda o, p: Need(o, o, False, *p), few, pairs),
        st.builds(
            lambda o, b, bits: Need(o, o, False, b, b, bits),
            few,
            few,
            st.integers(1, 31),
        ),
    )


def places(need: Need) -> set[Place]:
    """Return all that a need asks for."""
    objects = range(need.object, need.last_object + 1)
    if need.info:
        return {(o, "info", 0) for o in objects}
    if need.block is None:
        blocks = {(o, b, s) for o in objects for b in range(5) for s in range(5)}
        return blocks | {(o, "info", 0) for o in objects}
    if need.symbols is None:
        numbers = range(need.block, need.last_block + 1)
        return {(need.object, b, s) for b in numbers for s in range(5)}
    return {(need.object, need.block, s) for s in range(5) if need.symbols >> s & 1}


def state_of(asked: list[Need]) -> RepairState:
    state = RepairState()
    for need in asked:
        state.add(need)
    return state


@given(st.lists(needs(), max_size=12))
def test_what_is_asked_for_is_told_whole_and_nothing_else(asked: list[Need]) -> None:
    state = state_of(asked)
    told = [places(need) for need in state]
    assert set().union(*told) == set().union(*map(places, asked))
    assert bool(state) == bool(asked)


@given(st.lists(needs(), max_size=12))
def test_it_is_told_in_the_order_in_which_a_sender_sends(asked: list[Need]) -> None:
    def rank(need: Need) -> tuple[int, int, int]:
        return need.object, -1 if need.block is None else need.block, need.last_block

    told = list(state_of(asked))
    assert all(rank(a) < rank(b) for a, b in pairwise(told))


@given(st.lists(needs(), max_size=12), needs())
def test_what_was_asked_for_is_covered(asked: list[Need], other: Need) -> None:
    state = state_of([*asked, other])
    assert state.covers_need(other)
    assert state.covers(state_of(asked))


@given(st.lists(needs(), max_size=8), needs())
def test_what_was_not_asked_for_is_not_covered(asked: list[Need], need: Need) -> None:
    state = state_of(asked)
    if not places(need) <= set().union(*map(places, asked)):
        assert not state.covers_need(need)
        assert not state.covers(state_of([need]))


def test_nothing_covers_nothing() -> None:
    assert RepairState().covers(RepairState())
    assert not RepairState()
    assert not RepairState().covers_need(Need(1, 1))


@pytest.mark.parametrize(
    "need",
    [
        pytest.param(lambda n: Need(2 * n, 2 * n), id="objects"),
        pytest.param(lambda n: Need(2 * n, 2 * n, info=True), id="infos"),
        pytest.param(lambda n: Need(n, n, False, 0, 1), id="blocks"),
        pytest.param(lambda n: Need(1, 1, False, 2 * n, 2 * n), id="blocks of one"),
        pytest.param(lambda n: Need(n, n, False, 0, 0, 1), id="symbols"),
        pytest.param(lambda n: Need(1, 1, False, n, n, 1), id="symbols of one"),
    ],
)
def test_strangers_cannot_fill_it(need: type[Need]) -> None:
    state = RepairState()
    for number in range(MOST + 10):
        state.add(need(number))
    assert len(list(state)) == MOST


def test_whoever_is_in_already_can_ask_for_more_when_it_is_full() -> None:
    state = state_of([Need(n, n, False, 0, 0, 1) for n in range(MOST)])
    state.add(Need(7, 7, False, 0, 0, 2))
    assert state.covers_need(Need(7, 7, False, 0, 0, 3))


def test_a_range_costs_one_entry_however_long_it_is() -> None:
    state = state_of(
        [
            Need(0, 0xFFFF, info=True),
            Need(2**20, 2**21),
            Need(2**30, 2**30, False, 0, 2**24),
        ]
    )
    assert len(list(state)) == 3


@given(st.lists(needs(), max_size=3))
def test_needs_are_added_up_to_one_set_of_them(asked: list[Need]) -> None:
    assert list(added_up(asked)) == list(state_of(asked))
