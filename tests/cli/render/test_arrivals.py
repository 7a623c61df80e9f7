"""Messages on the screen."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from groupwire.aio import Joined, Stats
from groupwire.cli.render.arrivals import Arrivals
from groupwire.cli.render.out import Out, Tone
from groupwire.net import MembershipLost, MembershipRenewed
from groupwire.values import Group, Interface

Capture = pytest.CaptureFixture[str]

GROUP = Group.parse("239.1.2.3:5000")
JOINED = Joined(
    GROUP, (Interface("lo", 1), Interface("eth0", 2)), "all that can", 212_992
)


class Peer:
    """As much of a peer as is shown."""

    name = "arm1"
    joined = JOINED


class Message:
    """As much of a message as is shown."""

    def __init__(self, data: bytes = b"hello", member: str | None = None) -> None:
        self.data = data
        self.member = member
        self.sender = "10.0.0.7:4000"
        self.interface = "eth0"
        self.ttl = 1
        self.time = 1_000_000.25
        self.form = "plain"


def arrivals(**tone: bool) -> Any:
    return Arrivals(Out(Tone(**tone)), GROUP)


def test_it_tells_where_it_listens_why_there_and_what_it_answers(
    capsys: Capture,
) -> None:
    arrivals(verbose=True).joined(Peer(), b"ack")
    arrivals().joined(Peer(), None)
    assert capsys.readouterr().err.splitlines() == [
        "joined 239.1.2.3:5000",
        "  on lo, eth0: all that can",
        '  answering "ack" as arm1; Ctrl-C ends it',
        "  receive buffer 212,992 bytes",
        "joined 239.1.2.3:5000",
        "  on lo, eth0: all that can",
        "  answering nobody; Ctrl-C ends it",
    ]


def test_a_message_says_whence_and_whether_it_was_answered(capsys: Capture) -> None:
    shown = arrivals()
    shown.joined(Peer(), b"ack")
    shown.message(Message(member="cam\x1b1"), None)
    shown.message(Message(b"\x1b[2Jhello"), "off-link")
    first, second = capsys.readouterr().out.splitlines()
    assert first[8:].startswith(r".250  cam\x1b1 10.0.0.7:4000  eth0")
    assert first.endswith("5 bytes  hello")
    assert second.endswith(r"9 bytes  \x1b[2Jhello  (not answered: off-link)")


def test_the_verbose_see_ttl_and_form(capsys: Capture) -> None:
    arrivals(verbose=True).message(Message(), None)
    assert "ttl 1 plain" in capsys.readouterr().out


def test_a_person_is_spared_a_wall_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    arrivals().message(Message(b"x" * 60_000), None)
    assert len(terminal.getvalue()) < 500
    assert terminal.getvalue().rstrip().endswith("x…")


def test_memberships_lost_and_renewed_are_told(capsys: Capture) -> None:
    lost = MembershipLost(GROUP, "eth0", "the interface is gone")
    found = MembershipRenewed(GROUP, "eth0", "it is back")
    for json_ in (False, True):
        shown = arrivals(json=json_)
        shown.changed(lost)
        shown.changed(found)
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "warning: no longer joined on eth0: the interface is gone",
        "joined again on eth0: it is back",
    ]
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["left", "rejoined"]


def test_the_end_counts_what_was_not_answered_and_what_was_lost(
    capsys: Capture,
) -> None:
    shown = arrivals()
    shown.message(Message(), None)
    shown.message(Message(), "rate")
    shown.leaving(Stats(dropped={"kernel": 3, "copy": 1, "truncated": 0}))
    shown.end()
    assert capsys.readouterr().err.splitlines() == [
        "2 messages",
        "  1 not answered: rate",
        "  3 dropped: kernel",
        "  1 dropped: copy",
    ]


def test_the_kernels_time_is_the_time_of_the_event(capsys: Capture) -> None:
    shown = arrivals(json=True)
    shown.joined(Peer(), b"ack")
    shown.message(Message(), None)
    shown.end()
    joined, message, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert joined["receive_buffer"] == 212_992
    assert message["time"] == 1_000_000.25
    assert (end["messages"], end["dropped"]) == (1, {})
