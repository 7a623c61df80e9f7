"""Words come back as they were said; junk is DecodeError and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.gather.fields import MAX_WORD_BYTES
from groupwire.messages.members import Role
from groupwire.messages.wire.speech import decode_word, encode_word
from groupwire.messages.wire.words import Here, Join, Left, Lost, Who, Word

PUBLISHER = Here(7, Role.PUBLISHER, 3, 10, 1000, 99, (1, 2, 3), asks=True)
SUBSCRIBER = Here((1 << 64) - 1, Role.SUBSCRIBER, 0xFFFF_FFFC, 0, 1)
READER = Here(8, Role.SUBSCRIBER, 5, pipe=True)
WORDS: list[Word] = [
    PUBLISHER,
    SUBSCRIBER,
    Left(7, 3, (1 << 62, 0, 5)),
    Who(),
    Join(SUBSCRIBER),
    Join(SUBSCRIBER, 7, ("a/#", "+")),
    Lost(7, 3, 12, "slow"),
    Lost(7, 3, 0, "", (5, 0, 1 << 40)),
    READER,
    Join(READER),
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_comes_back_as_it_was_said(word: Word) -> None:
    assert decode_word(encode_word(word)) == word


@pytest.mark.parametrize("word", WORDS[:4])
def test_what_goes_to_the_group_is_long_enough_for_foreign_receivers(
    word: Word,
) -> None:
    assert len(encode_word(word)) >= 400


@pytest.mark.parametrize("patterns", [("a",) * 65, ("x" * 1000, "y" * 1000)])
def test_too_many_patterns_become_all(patterns: tuple[str, ...]) -> None:
    payload = encode_word(Join(SUBSCRIBER, 7, patterns))
    assert decode_word(payload) == Join(SUBSCRIBER, 7, ("#",))


def test_a_reason_is_cut_and_made_printable() -> None:
    said = decode_word(encode_word(Lost(1, 2, 3, "\x1b" + "x" * 500)))
    assert said == Lost(1, 2, 3, "?" + "x" * 199)


def changed(word: Word, **keys: object) -> bytes:
    return json.dumps(json.loads(encode_word(word)) | keys).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b" " * (MAX_WORD_BYTES + 1), "messages-size"),
        (b"{", "word-json"),
        (changed(PUBLISHER, gw="deliver"), "messages-other"),
        (changed(PUBLISHER, v=2), "messages-version"),
        (changed(PUBLISHER, v=True), "word-number"),
        (changed(PUBLISHER, say="hello"), "messages-say"),
        (changed(PUBLISHER, say=[]), "messages-say"),
        (changed(PUBLISHER, id="7"), "word-id"),
        (changed(PUBLISHER, role="king"), "word-role"),
        (changed(PUBLISHER, role="foreign"), "word-role"),
        (changed(PUBLISHER, node=0), "word-number"),
        (changed(PUBLISHER, node=0xFFFF_FFFD), "word-number"),
        (changed(PUBLISHER, instance=65_536), "word-number"),
        (changed(PUBLISHER, every_ms=0), "word-number"),
        (changed(PUBLISHER, age_ms=-1), "word-number"),
        (changed(PUBLISHER, sent=[1, 2]), "word-list"),
        (changed(PUBLISHER, sent=[1, 2, 3, 4]), "word-list"),
        (changed(PUBLISHER, sent=[1, 2, "3"]), "word-number"),
        (changed(PUBLISHER, asks=1), "word-truth"),
        (changed(WORDS[5], last=["a+"]), "word-pattern"),
        (changed(WORDS[5], last=[1]), "word-text"),
        (changed(WORDS[5], to=0), "word-number"),
        (changed(WORDS[5], last=["a"] * 65), "word-list"),
        (changed(WORDS[6], messages=-1), "word-number"),
        (changed(WORDS[6], why="\x1b"), "word-text"),
    ],
)
def test_what_is_no_word_says_why(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode_word(payload)


def test_keys_that_nobody_knows_are_skipped() -> None:
    assert decode_word(changed(PUBLISHER, colour="blue")) == PUBLISHER


@given(st.binary(max_size=200))
def test_noise_is_junk(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_word(payload)
