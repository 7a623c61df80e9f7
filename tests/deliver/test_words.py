from dataclasses import FrozenInstanceError

import pytest

from groupwire.deliver.words import Call, CallPhase, MemberPhase, Signed, State


def test_words_are_values() -> None:
    assert Signed(1) == Signed(1, again=False)
    assert len({Signed(1), Signed(1), Signed(2)}) == 2
    with pytest.raises(FrozenInstanceError):
        Signed(1).again = True  # type: ignore[misc]


def test_a_member_that_says_little_has_nothing_and_wants_all() -> None:
    state = State(1, 2, MemberPhase.HERE)
    assert (state.holds, state.bytes_have, state.lost) == (False, 0, 0)
    assert state.wants is None


def test_phases_are_the_words_of_the_page() -> None:
    assert {phase.value for phase in CallPhase} == {"gather", "offer", "send"}
    assert {phase.value for phase in MemberPhase} == {
        "here",
        "examining",
        "left",
        "taking",
        "done",
        "refused",
    }


def test_a_call_may_not_know_how_much_comes() -> None:
    assert Call(1, 2, 3, CallPhase.SEND, 1, None).size_bytes is None
