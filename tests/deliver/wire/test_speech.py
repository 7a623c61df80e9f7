import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupwire.deliver.limits import MAX_BYTES, MAX_ENTRIES
from groupwire.deliver.wire.ranges import ranges_of
from groupwire.deliver.wire.speech import (
    MAX_HELD,
    MAX_NODE,
    MAX_TEXT,
    MAX_WORD_BYTES,
    decode_word,
    encode_word,
)
from groupwire.deliver.words import (
    Bye,
    Call,
    CallPhase,
    Failure,
    Join,
    MemberPhase,
    Receipt,
    Signed,
    State,
    Word,
)
from groupwire.errors import DecodeError
from groupwire.gather.fields import UNPRINTABLE, filled

IDS = st.integers(0, 2**64 - 1)
NODES = st.integers(1, MAX_NODE)
COUNTS = st.integers(0, MAX_BYTES)
FILES = st.integers(0, MAX_ENTRIES)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(
    lambda text: not UNPRINTABLE.search(text)
)
WANTS = st.none() | st.sets(st.integers(0, 99), max_size=9).map(ranges_of)
FAILURES = st.builds(Failure, st.integers(0, MAX_ENTRIES - 1), TEXTS)
WORDS: st.SearchStrategy[Word] = st.one_of(
    st.builds(
        Call,
        IDS,
        NODES,
        st.integers(0, 0xFFFF),
        st.sampled_from(CallPhase),
        FILES,
        st.none() | COUNTS,
        TEXTS,
    ),
    st.builds(
        State,
        IDS,
        NODES,
        st.sampled_from(MemberPhase),
        st.booleans(),
        COUNTS,
        COUNTS,
        WANTS,
        TEXTS,
        st.lists(st.tuples(st.integers(0, MAX_ENTRIES - 1), COUNTS), max_size=2).map(
            tuple
        ),
    ),
    st.builds(Join, NODES),
    st.builds(
        Receipt,
        IDS,
        NODES,
        FILES,
        FILES,
        COUNTS,
        COUNTS,
        st.binary(min_size=32, max_size=32),
        st.lists(FAILURES, max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(Signed, IDS, st.booleans()),
    st.builds(Bye, IDS, TEXTS),
)
DIGEST = bytes(range(32))
CALL = Call(1, 2, 3, CallPhase.GATHER, 4, 5, "photos")
STATE = State(1, 2, MemberPhase.TAKING, True, 3, 4, (range(4), range(7, 8)), "why")
RECEIPT = Receipt(1, 2, 3, 0, 4, 5, DIGEST, (Failure(6, "exists"),), more=True)
FULL = [
    CALL,
    STATE,
    Join(2),
    RECEIPT,
    Signed(1, again=True),
    Bye(1, "over", (2, MAX_NODE)),
]


def failures(count: int) -> tuple[Failure, ...]:
    return tuple(Failure(n, "disk-full") for n in range(count))


def receipt(failed: tuple[Failure, ...]) -> Receipt:
    return Receipt(1, 2, 3, 0, 4, 5, DIGEST, failed)


def said(word: Word) -> dict[str, object]:
    keys: dict[str, object] = json.loads(encode_word(word))
    return keys


def reason(payload: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_word(payload)
    return caught.value.reason


def changed(word: Word, **keys: object) -> bytes:
    return json.dumps({**said(word), **keys}).encode()


@settings(max_examples=200)
@given(WORDS)
def test_what_is_said_is_heard(word: Word) -> None:
    payload = encode_word(word, 5000)
    assert decode_word(payload) == word


@given(WORDS)
def test_every_word_fits_where_it_has_to(word: Word) -> None:
    payload = encode_word(word, 400)
    assert len(payload) <= 400
    assert type(decode_word(payload)) is type(word)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_heard_or_junk(payload: bytes) -> None:
    with suppress(DecodeError):
        decode_word(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["all", "0-3", "here", "send", "0" * 16, "0" * 64]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.sampled_from(FULL), st.data())
def test_any_value_in_any_place_is_heard_or_junk(
    word: Word, data: st.DataObject
) -> None:
    keys = said(word)
    keys[data.draw(st.sampled_from(sorted(keys)))] = data.draw(JSON)
    with suppress(DecodeError):
        decode_word(json.dumps(keys).encode())


@settings(max_examples=100)
@given(st.sampled_from(FULL), st.data())
def test_a_damaged_byte_is_heard_or_junk(word: Word, data: st.DataObject) -> None:
    raw = bytearray(encode_word(word))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError):
        decode_word(bytes(raw))


def test_the_keys_are_those_of_the_page() -> None:
    head = {"gw": "deliver", "v": 1}
    id_ = "0000000000000001"
    assert said(CALL) == head | {
        "say": "call",
        "id": id_,
        "node": 2,
        "instance": 3,
        "phase": "gather",
        "files": 4,
        "bytes": 5,
        "title": "photos",
    }
    assert said(STATE) == head | {
        "say": "state",
        "id": id_,
        "node": 2,
        "phase": "taking",
        "holds": True,
        "bytes": 3,
        "lost": 4,
        "wants": "0-3,7",
        "reason": "why",
    }
    assert said(Join(2)) == head | {"say": "join", "node": 2}
    assert said(RECEIPT) == head | {
        "say": "receipt",
        "id": id_,
        "node": 2,
        "files": 3,
        "unchanged": 0,
        "bytes": 4,
        "lost": 5,
        "sha256": DIGEST.hex(),
        "failed": [[6, "exists"]],
        "more": True,
    }
    assert said(Signed(1, again=True)) == head | {
        "say": "signed",
        "id": id_,
        "again": True,
    }
    assert said(Bye(1, "over")) == head | {"say": "bye", "id": id_, "reason": "over"}
    assert said(Bye(1, "", (2, 3))) == head | {
        "say": "bye",
        "id": id_,
        "signed": [2, 3],
    }


def test_an_answer_is_hardly_longer_than_its_question() -> None:
    question = encode_word(Call(1, 2, 3, CallPhase.GATHER, 1, 1))
    answer = encode_word(State(1, MAX_NODE, MemberPhase.HERE, True, 10**12, 10**6))
    assert len(answer) <= len(question) + 64


def test_a_member_that_takes_says_what_it_wants() -> None:
    assert said(State(1, 2, MemberPhase.TAKING))["wants"] == "all"
    assert said(State(1, 2, MemberPhase.TAKING, wants=()))["wants"] == ""
    assert "wants" not in said(State(1, 2, MemberPhase.HERE))


def test_what_is_held_is_told_as_far_as_it_fits() -> None:
    held = tuple((n, 10**12 + n) for n in range(MAX_HELD))
    state = State(1, 2, MemberPhase.TAKING, wants=(range(64),), held=held)
    assert decode_word(encode_word(state, 9000)) == state
    word = decode_word(encode_word(state, 400))
    assert isinstance(word, State)
    assert word.wants == state.wants
    assert word.held == held[: len(word.held)]
    assert 5 < len(word.held) < MAX_HELD
    with pytest.raises(DecodeError, match="word-list"):
        decode_word(encode_word(replace(state, held=(*held, (64, 1))), 9000))


def test_wants_that_do_not_fit_are_all() -> None:
    wants = ranges_of(range(0, 9000, 2))
    word = decode_word(encode_word(State(1, 2, MemberPhase.TAKING, wants=wants)))
    assert word == State(1, 2, MemberPhase.TAKING, wants=None)


@pytest.mark.parametrize("count", [1, 50, 80, 5000])
def test_failures_that_do_not_fit_are_cut_and_said_to_be_more(count: int) -> None:
    payload = encode_word(receipt(failures(count)), 1200)
    word = decode_word(payload)
    assert isinstance(word, Receipt)
    assert word.failed == failures(count)[: len(word.failed)]
    assert word.more == (len(word.failed) < count)
    assert not word.more or 1150 < len(payload) <= 1200


def test_as_many_failures_as_are_heard_are_said() -> None:
    word = encode_word(receipt(failures(1001)), 1 << 20)
    assert len(json.loads(word)["failed"]) == 1000
    assert json.loads(word)["more"] is True


def test_text_that_does_not_fit_is_cut() -> None:
    title = "\U0001f600" * 300
    call = decode_word(encode_word(Call(1, 2, 3, CallPhase.SEND, 1, 1, title), 500))
    bye = decode_word(encode_word(Bye(1, '"' * 999), 200))
    assert isinstance(call, Call)
    assert 50 < len(call.title) < MAX_TEXT
    assert isinstance(bye, Bye)
    assert 10 < len(bye.reason) < MAX_TEXT


@pytest.mark.parametrize("limit", [200, 201, 205, 1200])
def test_of_nodes_that_do_not_fit_the_first_ones_are_said(limit: int) -> None:
    word = Bye(1, "over", tuple(range(MAX_NODE - 200, MAX_NODE)))
    payload = encode_word(word, limit)
    bye = decode_word(payload)
    assert isinstance(bye, Bye)
    assert bye.reason == "over"
    assert bye.signed == word.signed[: len(bye.signed)]
    assert limit - 22 < len(payload) <= limit


def test_what_cannot_be_cut_is_said_all_the_same() -> None:
    assert decode_word(encode_word(Join(2), 3)) == Join(2)
    assert decode_word(encode_word(Bye(1, "over", (5,)), 3)) == Bye(1)
    word = decode_word(encode_word(receipt(failures(9)), 3))
    assert word == Receipt(1, 2, 3, 0, 4, 5, DIGEST, more=True)


def test_text_that_cannot_be_printed_is_not_sent() -> None:
    bye = decode_word(encode_word(Bye(1, "a\nb\x1b[2J\ud800\u2028")))
    assert bye == Bye(1, "a?b?[2J??")
    word = decode_word(encode_word(receipt((Failure(0, "a\0"),))))
    assert word == receipt((Failure(0, "a?"),))


def test_keys_that_nobody_knows_are_skipped() -> None:
    assert decode_word(changed(CALL, new={"x": [1]})) == CALL


def test_white_space_around_is_skipped() -> None:
    assert decode_word(b"\r\n " + encode_word(CALL) + b"\t") == CALL


def test_keys_that_are_not_there_have_their_usual_value() -> None:
    keys = said(CALL)
    del keys["bytes"], keys["title"]
    word = decode_word(json.dumps(keys).encode())
    assert word == Call(1, 2, 3, CallPhase.GATHER, 4, None)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "word-json"),
        (b"\xff", "word-json"),
        (b"[]", "word-json"),
        (b"null", "word-json"),
        (b"{", "word-json"),
        (b"{} {}", "word-json"),
        (b'{"gw": NaN}', "word-json"),
        (b"[" * MAX_WORD_BYTES, "word-json"),
        (b"1" * 5000, "word-json"),
        (b" " * (MAX_WORD_BYTES + 1), "deliver-size"),
        (b"{}", "deliver-other"),
        (changed(CALL, gw="else"), "deliver-other"),
        (changed(CALL, v=2), "deliver-version"),
        (changed(CALL, v=True), "word-number"),
        (changed(CALL, v=1.0), "word-number"),
        (changed(CALL, say="shout"), "deliver-say"),
        (changed(CALL, say=["call"]), "deliver-say"),
        (changed(CALL, say=None), "deliver-say"),
        (changed(CALL, id=1), "word-id"),
        (changed(CALL, id="1"), "word-id"),
        (changed(CALL, id="G" * 16), "word-id"),
        (changed(CALL, node=0), "word-number"),
        (changed(CALL, node=1 << 32), "word-number"),
        (changed(CALL, node="1"), "word-number"),
        (changed(CALL, instance=1 << 16), "word-number"),
        (changed(CALL, phase="here"), "deliver-phase"),
        (changed(CALL, phase=[]), "deliver-phase"),
        (changed(CALL, files=MAX_ENTRIES + 1), "word-number"),
        (changed(CALL, bytes=-1), "word-number"),
        (changed(CALL, bytes=1 << 63), "word-number"),
        (changed(CALL, title="x" * (MAX_TEXT + 1)), "word-text"),
        (changed(CALL, title="\n"), "word-text"),
        (changed(CALL, title="\ud800"), "word-text"),
        (changed(CALL, title=None), "word-text"),
        (changed(STATE, phase="gather"), "deliver-phase"),
        (changed(STATE, holds=1), "word-truth"),
        (changed(STATE, wants="3-1"), "deliver-ranges"),
        (changed(STATE, wants=[1]), "word-text"),
        (changed(STATE, reason=7), "word-text"),
        (changed(STATE, held=7), "word-list"),
        (changed(STATE, held=[[1]]), "word-list"),
        (changed(STATE, held=[[MAX_ENTRIES, 1]]), "word-number"),
        (changed(STATE, held=[[1, -1]]), "word-number"),
        (changed(RECEIPT, sha256="00"), "deliver-digest"),
        (changed(RECEIPT, sha256=None), "deliver-digest"),
        (changed(RECEIPT, failed={}), "word-list"),
        (changed(RECEIPT, failed=[[1, "x"]] * 1001), "deliver-size"),
        (changed(RECEIPT, failed=[1] * 1001), "word-list"),
        (changed(RECEIPT, failed=[[1]]), "word-list"),
        (changed(RECEIPT, failed=[[1, "x", 2]]), "word-list"),
        (changed(RECEIPT, failed=[[MAX_ENTRIES, "x"]]), "word-number"),
        (changed(RECEIPT, failed=[[1, 1]]), "word-text"),
        (changed(RECEIPT, more="no"), "word-truth"),
        (changed(Signed(1), again=0), "word-truth"),
    ],
)
def test_junk_is_refused_for_what_is_wrong_with_it(payload: bytes, why: str) -> None:
    assert reason(payload) == why


@pytest.mark.parametrize("reason", ["", "r" * 200])
def test_a_filled_word_says_the_same(reason: str) -> None:
    word = Bye(7, reason)
    payload = filled(encode_word(word))
    assert decode_word(payload) == word
    assert len(payload) >= 400
    assert filled(payload) == payload
