import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.diagnose.trials.wire import speech
from groupwire.diagnose.trials.wire.speech import (
    ASKING_BYTES,
    MAX_FINDINGS,
    MAX_PROBES,
    MAX_TEXT,
    Arrival,
    Hello,
    Probe,
    Speak,
    Spoke,
    Tell,
    Told,
    Welcome,
    Word,
)
from groupwire.errors import DecodeError
from groupwire.gather.tagged import Kind, Tagged

TEXT = st.text(max_size=20)
TOKEN = st.integers(0, 2**64 - 1)
NUMBER = st.integers(0, MAX_PROBES - 1)
NUMBERS = st.lists(NUMBER, max_size=8).map(tuple)
ARRIVALS = st.lists(
    st.builds(Arrival, NUMBER, st.integers(0, 255), st.integers(0, 65_535)), max_size=8
).map(tuple)
WORDS = st.one_of(
    st.builds(Hello, TEXT),
    st.builds(Welcome, TEXT, TEXT, TEXT, st.integers(0, 65_535), st.integers(0, 255)),
    st.builds(Probe, TOKEN, NUMBER),
    st.builds(Tell, TEXT, TOKEN, st.booleans()),
    st.builds(
        Told,
        ARRIVALS,
        st.none() | NUMBERS,
        TEXT,
        st.integers(0, 2**40),
        st.integers(0, 2**40),
        st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    ),
    st.builds(
        Speak,
        TEXT,
        TOKEN,
        st.integers(0, 255),
        st.lists(st.integers(0, 65_535), max_size=8).map(tuple),
    ),
    st.builds(Spoke, NUMBERS, st.none() | NUMBERS, TEXT),
)


@given(WORDS, st.sampled_from(Kind), st.sampled_from([0, ASKING_BYTES]))
def test_what_is_encoded_decodes_to_itself(word: Word, kind: Kind, size: int) -> None:
    data = speech.encode(word, 7, kind=kind, bytes_=size)
    tagged, found = speech.decode(data)
    assert found == word
    assert (tagged.kind, tagged.request_id) == (kind, 7)
    assert len(data) >= size


def test_padding_makes_a_datagram_as_long_as_is_wanted() -> None:
    data = speech.encode(Probe(1, 2), 7, kind=Kind.MESSAGE, bytes_=9000)
    assert len(data) == 9000
    assert speech.decode(data)[1] == Probe(1, 2)


def test_findings_that_do_not_fit_into_an_answer_are_left_out() -> None:
    arrived = tuple(Arrival(number, 64, 1472) for number in range(MAX_PROBES))
    says = ("firewall", "x" * MAX_TEXT)
    told = Told(arrived, (), "eth0", findings=(says,) * (MAX_FINDINGS + 1))
    data = speech.encode(told, 7, kind=Kind.ANSWER)
    assert len(data) <= ASKING_BYTES
    _, found = speech.decode(data)
    assert isinstance(found, Told)
    assert replace(found, findings=()) == replace(told, findings=())
    assert 0 < len(found.findings) < MAX_FINDINGS


def said(**keys: object) -> bytes:
    return json.dumps({"gw": "doctor", "v": 1, **keys}).encode()


def reason(payload: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        speech.decode(Tagged(Kind.QUESTION, 7, payload).encode())
    return caught.value.reason


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "doctor-json"),
        (b"\xff", "doctor-json"),
        (b"[1]", "doctor-json"),
        (b"[" * 1400, "doctor-json"),
        (b'{"gw":"deliver","v":1}', "doctor-other"),
        (b'{"gw":"doctor","v":2}', "doctor-other"),
        (said(), "doctor-say"),
        (said(say="sing"), "doctor-say"),
        (said(say=["hello"]), "doctor-say"),
        (said(say="hello", group=5), "doctor-text"),
        (said(say="hello", group="x" * (MAX_TEXT + 1)), "doctor-text"),
        (said(say="probe", token="x", n=0), "doctor-token"),
        (said(say="probe", token="g" * 16, n=0), "doctor-token"),
        (said(say="probe", token="0" * 16, n=MAX_PROBES), "doctor-number"),
        (said(say="probe", token="0" * 16, n=True), "doctor-number"),
        (said(say="probe", token="0" * 16, n=-1), "doctor-number"),
        (said(say="spoke", sent=0, left=None, error=""), "doctor-list"),
        (said(say="spoke", sent=[0] * 49, left=None, error=""), "doctor-list"),
        (said(say="told", arrived=[[1, 2]]), "doctor-list"),
    ],
)
def test_junk_is_refused_with_a_reason(payload: bytes, why: str) -> None:
    assert reason(payload) == why


def test_what_is_not_tagged_is_no_word() -> None:
    with pytest.raises(DecodeError, match="doctor-plain"):
        speech.decode(b"ack")


@given(st.binary(max_size=100))
def test_arbitrary_bytes_decode_or_raise_decode_error(data: bytes) -> None:
    for junk in (data, Tagged(Kind.QUESTION, 7, data).encode()):
        with pytest.raises(DecodeError):
            speech.decode(junk)


def test_only_tests_are_tests() -> None:
    test, word = Probe(7, 1), Hello("x")
    said = speech.encode(test, 1, kind=Kind.MESSAGE)
    assert speech.probe_in(said) == test
    assert speech.probe_in(speech.encode(word, 1, kind=Kind.MESSAGE)) is None
    assert speech.probe_in(b"hello") is None
