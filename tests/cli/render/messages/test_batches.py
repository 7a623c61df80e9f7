"""Messages as bytes for stdout."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.render.deliveries.terminal import Terminal

from groupwire.cli.render.messages.batches import message_fields, writing
from groupwire.cli.render.out import Out, Tone
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch
from groupwire.messages.members import Member, Role
from groupwire.values import Origin

PUBLISHER = Member(1, "probe", Role.PUBLISHER, Origin("10.0.0.7", 4000), 5)


def batch(*payloads: bytes, topic: str = "room/1", last: bool = False) -> Batch:
    return Batch(PUBLISHER, Delivery.RELIABLE, topic, 7, payloads, 0, last)


def made(one: Batch, out: Out, *, topics: bool = True) -> bytes:
    return writing(out, topics=topics)(one, one.payloads)


def test_lines_are_topic_and_message_as_it_is() -> None:
    shown = made(batch(b"21.5", b"\x00\xff", b""), Out(Tone()))
    assert shown == b"room/1 21.5\nroom/1 \x00\xff\nroom/1 \n"


def test_a_topic_makes_no_line_of_its_own() -> None:
    shown = made(batch(b"x", topic="a\nroom/1 forged"), Out(Tone()))
    assert shown == b"a\\nroom/1 forged x\n"


def test_lines_without_topics_are_messages() -> None:
    assert made(batch(b"a", b"b"), Out(Tone()), topics=False) == b"a\nb\n"


def test_raw_is_the_bytes_and_nothing_between_them() -> None:
    assert made(batch(b"a", b"b"), Out(Tone(json=True), raw=True)) == b"ab"


@pytest.mark.parametrize(
    ("topics", "line"),
    [(True, "room/1 a\\x1b[31m\\xff\\n\n"), (False, "a\\x1b[31m\\xff\\n\n")],
)
def test_a_terminal_is_shown_what_it_does_not_interpret(
    topics: bool, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Terminal.prepare(monkeypatch)
    monkeypatch.setattr(sys, "stdout", Terminal())
    shown = made(batch(b"a\x1b[31m\xff\n"), Out(Tone()), topics=topics)
    assert shown == line.encode()


def test_a_long_message_is_cut_for_people_who_do_not_want_details(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Terminal.prepare(monkeypatch)
    monkeypatch.setattr(sys, "stdout", Terminal())
    one = batch(b"x" * 1000)
    assert made(one, Out(Tone())).decode() == f"room/1 {'x' * 399}…\n"
    assert made(one, Out(Tone(verbose=True))) == b"room/1 " + b"x" * 1000 + b"\n"


@given(payloads=st.lists(st.binary(max_size=20)), topic=st.text(max_size=5))
def test_json_lines_are_the_fields_of_each_message(
    payloads: list[bytes], topic: str
) -> None:
    one = batch(*payloads, topic=topic.encode(errors="ignore").decode(), last=True)
    lines = made(one, Out(Tone(json=True))).decode("ascii").splitlines()
    told = [json.loads(line) for line in lines]
    for event in told:
        assert (event.pop("event"), event.pop("v")) == ("message", 1)
        del event["time"]
    wanted = [message_fields(one, data, 7 + n) for n, data in enumerate(payloads)]
    assert told == wanted


def test_what_is_no_text_travels_in_base64() -> None:
    fields = message_fields(batch(), b"\xff\x00", 3)
    assert fields == {
        "topic": "room/1",
        "publisher": "probe",
        "address": "10.0.0.7:4000",
        "delivery": "reliable",
        "sequence": 3,
        "bytes": 2,
        "data_base64": "/wA=",
    }
