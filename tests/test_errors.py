import pytest

from groupwire import errors
from groupwire.errors import (
    AddressError,
    ClosedError,
    DecodeError,
    GroupwireError,
    InterfaceChoiceError,
    InterfaceError,
    MachineError,
    MessageTooLarge,
    MissingAnswers,
    NotDelivered,
    UsageError,
)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_one_root(name: str) -> None:
    assert issubclass(getattr(errors, name), GroupwireError)


@pytest.mark.parametrize("kind", [UsageError, MachineError, InterfaceError])
def test_problem_and_fix_make_one_sentence(kind: type[GroupwireError]) -> None:
    assert str(kind("no such thing", fix="take another")) == (
        "no such thing; take another"
    )
    assert str(kind("no such thing")) == "no such thing"


def test_an_address_error_names_the_text() -> None:
    error = AddressError("10.0.0.1:5", "is no group", fix="take 239.1.1.1:5")
    assert (error.text, error.problem) == ("10.0.0.1:5", "is no group")
    assert error.fix == "take 239.1.1.1:5"
    assert str(error) == "'10.0.0.1:5': is no group; take 239.1.1.1:5"


def test_a_message_that_is_too_large_tells_both_sizes() -> None:
    error = MessageTooLarge(70_000, 65_507, fix="send a file with push")
    assert (error.size_bytes, error.limit_bytes) == (70_000, 65_507)
    assert str(error) == (
        "70000 bytes do not fit: at most 65507 do; send a file with push"
    )


def test_a_choice_that_is_left_open_tells_the_candidates() -> None:
    error = InterfaceChoiceError(
        "several would do", fix="name one", candidates=["eth0", "eth1"]
    )
    assert error.candidates == ("eth0", "eth1")
    assert str(error) == "several would do; name one"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MissingAnswers(["b", "c"], 2), "2 expected answers are missing: b, c"),
        (MissingAnswers([], 3), "3 expected answers are missing: not known by name"),
        (NotDelivered(["b"], 1, "gone"), "not delivered to 1 member (gone): b"),
        (NotDelivered([], 2), "not delivered to 2 members: not known by name"),
        (NotDelivered([], 0), "not delivered: nobody has it"),
    ],
)
def test_missing_answers_tell_who_and_how_many(
    error: MissingAnswers | NotDelivered, text: str
) -> None:
    assert str(error) == text
    assert error.missing_count >= len(error.missing)


def test_bytes_that_cannot_be_read_tell_the_counter() -> None:
    assert DecodeError("truncated").reason == "truncated"


def test_what_is_closed_is_named() -> None:
    assert str(ClosedError("the peer")) == "the peer is closed; open a new one"
