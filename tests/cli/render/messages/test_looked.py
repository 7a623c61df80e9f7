"""What ``members`` shows, without a group."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tests.cli.render.deliveries.terminal import Terminal

from groupwire.cli.render.messages.looked import Looked
from groupwire.cli.render.out import Out, Tone
from groupwire.gather import Expectation
from groupwire.messages.events import MemberJoined, MemberLeft, PublisherRestarted
from groupwire.messages.members import LeaveReason, Member, Role, Standing
from groupwire.values import Origin

Capture = pytest.CaptureFixture[str]


def member(
    name: str, role: Role = Role.SUBSCRIBER, number: int = 1, host: str = "192.0.2.7"
) -> Member:
    origin = Origin(host, 40_000 + number)
    return Member(number, name, role, origin, number, label=f"{name} (elsewhere)")


def onlooking(*members: Member, age_s: float = 65.0) -> Any:
    standing = Standing(age_s, (1000, 200, 34))
    return SimpleNamespace(
        members=members,
        standing=lambda one: standing if one in members else None,
        dropped={"word-other": 3},
    )


def test_publishers_come_first_and_names_stand_once(capsys: Capture) -> None:
    found = (member("b"), member("a"), member("p", Role.PUBLISHER, 3))
    shown = Looked(Out(Tone(verbose=True)), None, follow=False)
    for one in found:
        shown.show(MemberJoined(one), onlooking(*found))
    shown.look(onlooking(*found))
    shown.end(onlooking(*found))
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "role        name  address          here for   sent",
        "publisher   p     192.0.2.7:40003      1:05  1,234",
        "subscriber  a     192.0.2.7:40001      1:05",
        "subscriber  b     192.0.2.7:40001      1:05",
    ]
    assert err == "3 members\n  3 dropped: word-other\n"


def test_on_a_narrow_terminal_the_name_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    Terminal.prepare(monkeypatch)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys, "stdout", screen)
    shown = Looked(Out(Tone()), None, follow=False)
    shown.look(onlooking(member("camera")))
    shown.end(onlooking(member("camera")))
    assert screen.getvalue().splitlines() == [
        "role        name",
        "subscriber  camera",
    ]


@pytest.mark.parametrize(
    ("expected", "complete"),
    [(None, True), ("a", True), ("1", True), ("a,b", False), ("2", False)],
)
def test_complete_is_who_was_expected(expected: str | None, complete: bool) -> None:
    who = None if expected is None else Expectation.parse(expected)
    shown = Looked(Out(Tone()), who, follow=False)
    shown.show(MemberJoined(member("a")), onlooking())
    assert shown.complete is complete
    shown.show(MemberLeft(member("a"), LeaveReason.SAID), onlooking())
    assert shown.complete is (expected is None)


def test_each_change_is_a_line_where_it_is_followed(capsys: Capture) -> None:
    shown = Looked(Out(Tone(verbose=True)), None, follow=True)
    old, new = member("a"), member("p", Role.PUBLISHER, 2)
    shown.show(MemberJoined(old), onlooking(old))
    shown.show(MemberJoined(new), onlooking(new, age_s=0.1))
    shown.show(MemberLeft(old, LeaveReason.SAID), onlooking())
    shown.show(MemberLeft(new, LeaveReason.SILENT), onlooking())
    shown.show(PublisherRestarted(new, new), onlooking())
    out, err = capsys.readouterr()
    assert [line[10:] for line in out.splitlines()] == [
        "+ subscriber a  192.0.2.7:40001  for 1:05",
        "+ publisher p  192.0.2.7:40002",
        "- subscriber a  192.0.2.7:40001",
        "- publisher p  192.0.2.7:40002  (silent)",
    ]
    assert err == "publisher p (elsewhere) has started anew\n"


def test_who_is_heard_by_two_ways_is_one(capsys: Capture) -> None:
    near, far = member("a", host="127.0.0.1"), member("a")
    shown = Looked(Out(Tone()), Expectation.parse("2"), follow=True)
    for event in (
        MemberJoined(near),
        MemberJoined(far),
        MemberLeft(near, LeaveReason.SAID),
        MemberLeft(far, LeaveReason.SAID),
        MemberLeft(far, LeaveReason.SAID),
    ):
        shown.show(event, onlooking(near, far))
    assert len(capsys.readouterr().out.splitlines()) == 2
    shown = Looked(Out(Tone()), Expectation.parse("2"), follow=False)
    shown.look(onlooking(near, far))
    shown.end(onlooking(near, far))
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split()[:3] == ["subscriber", "a", "192.0.2.7:40001"]
    assert err == "1 member\nmissing: 1 of 2\n"
