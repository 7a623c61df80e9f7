"""What ``publish`` shows, without a group."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from groupwire.cli.render.messages.published import Published
from groupwire.cli.render.out import Out, Tone
from groupwire.gather import Expectation
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    CaughtUp,
    Closed,
    Lagging,
    LostTold,
    MemberJoined,
    MessagesDropped,
    TakesNoMore,
)
from groupwire.messages.members import Member, Role
from groupwire.net import MembershipLost
from groupwire.values import Group, Origin

Capture = pytest.CaptureFixture[str]

ARM = Member(1, "arm1", Role.SUBSCRIBER, Origin("192.0.2.7", 4000), 5)
GROUP = Group.parse("239.1.2.3:5000")
EVENTS = (
    MemberJoined(ARM),
    Lagging(ARM, 4200),
    CaughtUp(ARM),
    LostTold(ARM, 1, "gap\x1b"),
    LostTold(ARM, 2, ""),
    TakesNoMore(ARM, "done\x1b"),
    TakesNoMore(ARM, ""),
    MessagesDropped(Delivery.RELIABLE, 3),
    MessagesDropped(Delivery.RELIABLE, 1),
    MembershipLost(GROUP, "eth0", "it is down"),
    Closed(),
)


def publishing(**drops: int) -> Any:
    return SimpleNamespace(stats=SimpleNamespace(superseded=3), dropped=drops)


def shown(
    *received: str,
    missing: tuple[str, ...] = (),
    expect: str | None = None,
    tone: Tone | None = None,
) -> Published:
    who = None if expect is None else Expectation.parse(expect)
    one = Published(Out(tone or Tone()), "a", who)
    one.sent([b"x", b"yz"])
    one.received(frozenset(received), frozenset(missing))
    return one


@pytest.mark.parametrize(
    ("received", "missing", "expect", "complete", "text"),
    [
        (("a", "b"), (), None, True, "2 messages received by a, b"),
        ((), (), None, False, "2 messages; no subscriber is there"),
        (("a",), ("b",), None, False, "missing: b"),
        (("a",), ("b",), "a,b", False, "missing: b"),
        (("a",), (), "3", False, "missing: 2 subscribers more"),
        ((), (), "1", False, "missing: 1 subscriber\n"),
        (("a", "b"), (), "2", True, "received by a, b"),
    ],
)
def test_the_end_names_who_has_everything_and_who_has_not(
    received: tuple[str, ...],
    missing: tuple[str, ...],
    expect: str | None,
    complete: bool,
    text: str,
    capsys: Capture,
) -> None:
    one = shown(*received, missing=missing, expect=expect)
    assert one.complete is complete
    one.end(publishing())
    assert text in capsys.readouterr().err


def test_a_crowd_is_not_named_one_by_one(capsys: Capture) -> None:
    shown(*(f"arm{number:03}" for number in range(100))).end(publishing())
    err = capsys.readouterr().err
    assert "arm019 and 80 more\n" in err
    assert "arm020" not in err


def test_what_may_be_lost_is_proved_by_nobody(capsys: Capture) -> None:
    one = Published(Out(Tone()), "a", Expectation.parse("a,b"))
    one.sent([b""])
    one.there()
    assert not one.complete
    one.show(MemberJoined(replace(ARM, name="a")))
    assert not one.complete
    one.end(publishing())
    err = capsys.readouterr().err
    assert "1 message sent without proof; there: a\n" in err
    assert "missing: b\n" in err


def test_broken_off_before_anybody_is_asked_it_knows_nothing_of_receivers(
    capsys: Capture,
) -> None:
    for json_lines in (False, True):
        one = Published(Out(Tone(json=json_lines)), "a", None)
        one.sent([b"x"])
        one.broken_off(interrupted=False)
        assert not one.complete
        one.end(publishing())
    out, err = capsys.readouterr()
    assert err.startswith("1 message; who has everything is not known\n")
    end = json.loads(out)
    assert (end["received"], end["interrupted"]) == (None, True)


@pytest.mark.parametrize(
    ("received", "missing", "lines"),
    [
        ("a", "b", ["interrupted", "2 messages received by a", "missing: b"]),
        ("", "b", ["interrupted", "2 messages; missing: b"]),
        ("", "", ["interrupted", "2 messages; no subscriber is there"]),
    ],
)
def test_interrupted_it_says_who_has_it_and_who_has_not(
    received: str, missing: str, lines: list[str], capsys: Capture
) -> None:
    one = shown(*received, missing=tuple(missing))
    one.broken_off(interrupted=True)
    one.end(publishing())
    assert capsys.readouterr().err.splitlines()[: len(lines)] == lines


def test_interrupted_before_the_first_message_it_says_so(capsys: Capture) -> None:
    one = Published(Out(Tone()), "a", None)
    one.broken_off(interrupted=True)
    assert not one.complete
    one.end(publishing())
    err = capsys.readouterr().err
    assert err.startswith("interrupted\nnothing published\n")


def test_nothing_to_publish_is_complete(capsys: Capture) -> None:
    one = Published(Out(Tone()), "a", None)
    one.nothing(acknowledged=True)
    assert one.complete
    one.end(publishing())
    assert capsys.readouterr().err.startswith("nothing to publish\n")


@pytest.mark.parametrize(
    ("acknowledged", "key"), [(True, "received"), (False, "there")]
)
def test_programs_read_that_nobody_has_received_nothing(
    capsys: Capture, acknowledged: bool, key: str
) -> None:
    one = Published(Out(Tone(json=True)), "a", None)
    one.nothing(acknowledged=acknowledged)
    one.end(publishing())
    assert json.loads(capsys.readouterr().out)[key] == []


def test_people_read_what_may_surprise(capsys: Capture) -> None:
    one = shown("a", tone=Tone(verbose=True))
    for event in EVENTS:
        one.show(event)
    one.end(publishing(cut=4))
    assert capsys.readouterr().err.splitlines() == [
        "subscriber arm1 192.0.2.7:4000 joined",
        "warning: arm1 lags and is not waited for",
        "warning: arm1 has everything again",
        "warning: arm1 has lost 1 message (gap\\x1b)",
        "warning: arm1 has lost 2 messages",
        "warning: arm1 takes nothing more: done\\x1b",
        "warning: arm1 takes nothing more",
        "warning: nobody is waited for, and the queue is full: messages are dropped",
        "warning: no longer joined on eth0: it is down",
        "2 messages received by a",
        "  3 had something newer before they were sent",
        "  4 were dropped before they were sent",
        "  4 dropped: cut",
    ]


def test_programs_are_told_all_of_it(capsys: Capture) -> None:
    one = shown("a", missing=("b",), tone=Tone(json=True))
    for event in EVENTS:
        one.show(event)
    one.end(publishing(cut=4))
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    names = ["member", "lagging", "caught-up", "lost", "lost"]
    names += ["enough", "enough", "dropped", "dropped", "left", "end"]
    assert [event["event"] for event in told] == names
    assert (told[1]["name"], told[1]["behind_bytes"]) == ("arm1", 4200)
    assert (told[3]["lost"], told[3]["reason"]) == (1, "gap\x1b")
    assert (told[5]["name"], told[5]["reason"]) == ("arm1", "done\x1b")
    assert (told[7]["messages"], told[7]["delivery"]) == (3, "reliable")
    end = told[-1]
    assert (end["messages"], end["bytes"], end["superseded"]) == (2, 3, 3)
    assert (end["received"], end["missing"], end["missing_count"]) == (["a"], ["b"], 1)
    assert (end["complete"], end["dropped"], err) == (False, {"cut": 4}, "")


def test_interrupted_it_names_all_who_were_expected(capsys: Capture) -> None:
    one = Published(Out(Tone(json=True)), "a", Expectation.parse("zzz,arm1"))
    one.sent([b"x"])
    one.end(publishing())
    end = json.loads(capsys.readouterr().out)
    assert (end["missing"], end["missing_count"]) == (["arm1", "zzz"], 2)
    assert end["received"] is None


def test_a_name_in_json_is_bare_and_has_its_address_beside_it(capsys: Capture) -> None:
    twin = Member(
        2, "arm1", Role.SUBSCRIBER, Origin("192.0.2.8", 1), 6, 0, "arm1 (192.0.2.8:1)"
    )
    one = Published(Out(Tone(json=True)), "a", None)
    for event in (MemberJoined(twin), Lagging(twin, 1), CaughtUp(twin)):
        one.show(event)
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line)
        assert (told["name"], told["address"]) == ("arm1", "192.0.2.8:1")
