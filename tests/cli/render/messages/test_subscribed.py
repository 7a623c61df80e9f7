"""What ``subscribe`` shows, without a group."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from groupwire.cli.render.messages.subscribed import Subscribed
from groupwire.cli.render.out import Out, Tone
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    Batch,
    Gap,
    MemberJoined,
    MemberLeft,
    NotTaken,
    PublisherRestarted,
    QueueFilled,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.values import Origin

Capture = pytest.CaptureFixture[str]

PROBE = Member(1, "probe", Role.PUBLISHER, Origin("192.0.2.7", 4000), 5)
EVENTS = (
    MemberJoined(PROBE),
    Gap(PROBE, Delivery.RELIABLE, 3),
    Gap(PROBE, Delivery.RELIABLE, 1, exact=False),
    PublisherRestarted(PROBE, PROBE),
    QueueFilled(4200),
    NotTaken(PROBE, Delivery.RELIABLE, 1),
    MemberLeft(PROBE, LeaveReason.SILENT),
)


def batch(*payloads: bytes) -> Batch:
    return Batch(PROBE, Delivery.RELIABLE, "a", 7, payloads, 0)


def subscribing(superseded: int = 0, **drops: int) -> Any:
    return SimpleNamespace(superseded=superseded, dropped=drops)


def test_messages_are_gathered_and_stand_before_what_follows(capsys: Capture) -> None:
    shown = Subscribed(Out(Tone(json=True)), None)
    assert not shown.show(batch(b"one", b"two"))
    assert capsys.readouterr().out == ""
    shown.show(EVENTS[1])
    shown.show(batch(b"three"))
    shown.end(subscribing())
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ["message", "message", "gap", "message", "end"]
    assert [event["event"] for event in told] == names
    assert (told[-1]["messages"], told[-1]["lost"]) == (3, 3)


def test_enough_for_a_write_is_known(capsys: Capture) -> None:
    shown = Subscribed(Out(Tone()), None)
    shown.show(batch(b"x"))
    assert not shown.full
    shown.show(batch(b"x" * (1 << 16)))
    assert shown.full
    shown.flush()
    shown.flush()
    assert not shown.full
    assert len(capsys.readouterr().out) > 1 << 16


def test_no_more_than_is_wanted_is_shown(capsys: Capture) -> None:
    shown = Subscribed(Out(Tone()), 3, topics=False)
    assert not shown.show(batch(b"one", b"two"))
    assert shown.show(batch(b"three", b"four"))
    shown.end(subscribing())
    assert capsys.readouterr() == ("one\ntwo\nthree\n", "3 messages\n")


def test_people_read_what_is_lost_and_why_it_ends(capsys: Capture) -> None:
    shown = Subscribed(Out(Tone(verbose=True)), None)
    for event in EVENTS:
        shown.show(event)
    shown.silent_s = 2.0
    shown.end(subscribing(2, cut=4))
    assert capsys.readouterr().err.splitlines() == [
        "publisher probe 192.0.2.7:4000 joined",
        "warning: 3 messages of probe lost",
        "warning: at least 1 message of probe lost",
        "publisher probe has started anew",
        "4,200 bytes wait to be read: publishers wait too",
        "publisher probe 192.0.2.7:4000 left (silent)",
        "0 messages",
        "  4 lost",
        "  2 had something newer before they were shown",
        "  4 dropped: cut",
        "nothing came for 2 s",
    ]


def test_programs_are_told_all_of_it(capsys: Capture) -> None:
    shown = Subscribed(Out(Tone(json=True)), None)
    for event in EVENTS:
        shown.show(event)
    shown.end(subscribing(2, cut=4))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ["member", "gap", "gap", "restarted", "queue-full", "member", "end"]
    assert [event["event"] for event in told] == names
    assert (told[1]["publisher"], told[1]["lost"], told[1]["exact"]) == (
        "probe",
        3,
        True,
    )
    assert told[2]["exact"] is False
    assert told[4]["queued_bytes"] == 4200
    assert (told[5]["state"], told[5]["reason"]) == ("left", "silent")
    end = told[-1]
    assert (end["lost"], end["superseded"], end["silent"]) == (4, 2, False)
    assert end["dropped"] == {"cut": 4}
