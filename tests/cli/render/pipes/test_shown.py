"""What people and programs are told of a pipe, beside its bytes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from groupwire.aio.pipes import PipeConfig, PipeReport
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.pipes.received import Received
from groupwire.cli.render.pipes.sent import Sent
from groupwire.messages.events import (
    CaughtUp,
    Lagging,
    MemberJoined,
    MemberLeft,
    TakesNoMore,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.piping.audience import Audience
from groupwire.messages.piping.events import (
    OtherSender,
    Outcome,
    SenderBack,
    SenderFound,
    SenderSilent,
    Skipped,
)
from groupwire.messages.piping.intake import Intake
from groupwire.values import DEFAULT_PIPE_GROUP, Origin

Capture = pytest.CaptureFixture[str]
CHOICE = SimpleNamespace(interfaces=[SimpleNamespace(name="lo")], reason="lo was named")


def member(name: str, role: Role = Role.SUBSCRIBER) -> Member:
    origin, pipe = Origin("192.0.2.1", 1), role is Role.SUBSCRIBER
    return Member(1, name, role, origin, 1, label=f"{name} (192.0.2.1)", pipe=pipe)


READER, CAM = member("r\x1b1"), member("cam", Role.PUBLISHER)


def report(**facts: Any) -> PipeReport:
    usual: dict[str, Any] = {
        "bytes": 2_000_000,
        "skipped_bytes": 0,
        "received": (),
        "late": (),
        "missing": {},
        "missing_count": 0,
        "ended": True,
        "repair_packets": 3,
        "elapsed_s": 2.0,
    }
    return PipeReport(**{**usual, **facts})


def sent(*, told: PipeReport, json: bool = False, **options: Any) -> Sent:
    shown = Sent(Out(Tone(json=json)))
    audience = Audience()
    audience.take(MemberJoined(READER), 0)
    sending: Any = SimpleNamespace(
        config=PipeConfig(**options),
        choice=CHOICE,
        group=DEFAULT_PIPE_GROUP,
        name="tx",
        audience=audience,
        report=told,
        dropped={"cut": 2},
    )
    shown.start(sending)
    audience.begin()
    shown.began(sending)
    return shown


def received(*, json: bool = False, live: float | None = None) -> tuple[Any, Received]:
    shown = Received(Out(Tone(json=json), raw=True))
    receiving: Any = SimpleNamespace(
        config=PipeConfig(live=live),
        choice=CHOICE,
        group=DEFAULT_PIPE_GROUP,
        name="rx",
        intake=Intake(),
        dropped={},
    )
    shown.joined(receiving)
    return receiving.intake, shown


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_people_read_who_reads_lags_and_ends(capsys: Capture) -> None:
    missing = {"r1": "lagging", "r2": "no space", "r3": "absent"}
    facts: dict[str, Any] = {"skipped_bytes": 5, "missing_count": 2, "late": ("r9",)}
    shown = sent(told=report(missing=missing, received=("r4",), **facts))
    shown.show(MemberJoined(READER))
    shown.show(Lagging(READER, 9))
    shown.show(CaughtUp(READER))
    shown.show(TakesNoMore(READER, "another"))
    shown.show(TakesNoMore(READER, "done"))
    shown.show(MemberLeft(READER, LeaveReason.SAID))
    shown.progress(report(elapsed_s=6.0))
    shown.end()
    said = capsys.readouterr().err
    assert "\x1b" not in said
    for text in (
        "1 reader: r\\x1b1 (192.0.2.1)",
        "r\\x1b1 (192.0.2.1) has come later",
        "takes nothing, and is waited for no more",
        "takes again what comes",
        "reads another sender",
        "  2 MB, 0 b/s, 1 reader",
        "sent 2 MB in 2 s (8 Mb/s)",
        "5 bytes skipped",
        "received by r4",
        "came late, and has the rest: r9",
        "missing: r1 took nothing for too long",
        "missing: r2 has ended: no space",
        "missing: r3 was never there",
        "missing: 2 readers",
    ):
        assert text in said
    assert "done" not in said


@pytest.mark.parametrize(
    ("what", "text"),
    [("nobody", "nobody came to read it"), ("deserted", "nobody is left who reads it")],
)
def test_people_read_why_it_ended_early(what: str, text: str, capsys: Capture) -> None:
    shown = sent(told=report(ended=False))
    setattr(shown, what, True)
    shown.end()
    assert text in capsys.readouterr().err


def test_programs_are_told_the_same(capsys: Capture) -> None:
    missing = {str(READER): "left", "r1": "absent"}
    told = report(missing=missing, received=("r2",), missing_count=1)
    shown = sent(told=told, json=True, expect="r1")
    shown.show(Lagging(READER, 9))
    shown.show(CaughtUp(READER))
    shown.show(TakesNoMore(READER, "done"))
    shown.progress(report())
    shown.end()
    start, begin, lagging, caught, enough, progress, end = lines(
        capsys.readouterr().out
    )
    assert (start["expected"], start["live_s"]) == (["r1"], None)
    assert begin["readers"] == ["r\x1b1"]
    assert (lagging["event"], lagging["behind_bytes"]) == ("lagging", 9)
    for event in (lagging, caught, enough):
        assert (event["name"], event["address"]) == ("r\x1b1", "192.0.2.1:1")
    assert caught["event"] == "caught-up"
    assert (enough["event"], enough["reason"]) == ("enough", "done")
    assert (progress["repaired_packets"], progress["readers"]) == (3, 1)
    assert end["missing"] == {"r\x1b1": "left", "r1": "absent"}
    assert (end["missing_count"], end["received"]) == (3, ["r2"])
    [one] = end["readers"]
    assert one == {
        "name": "r\x1b1",
        "address": "192.0.2.1:1",
        "offset": 0,
        "state": "reading",
        "reason": "",
    }
    assert not end["complete"]


def test_nothing_is_said_of_what_has_not_begun(capsys: Capture) -> None:
    shown = Sent(Out(Tone()))
    shown.end()
    other = Received(Out(Tone(), raw=True))
    other.progress()
    other.end()
    assert [shown.begun, other.begun, other.complete] == [False] * 3
    assert capsys.readouterr().err == ""


def test_people_read_whom_they_hear_and_what_is_skipped(capsys: Capture) -> None:
    intake, shown = received()
    intake.sender, intake.begun_at, intake.place = CAM, 500, 2000
    for event in (
        SenderFound(CAM, 500, live=False),
        OtherSender(READER),
        SenderSilent(CAM),
        SenderBack(CAM),
        Skipped(700, 100),
        Skipped(900, 1),
    ):
        shown.show(event)
    shown.skipped(1000, 1, "late")
    shown.took(10.0)
    shown.took(16.0)
    shown.progress()
    intake.outcome = Outcome.COMPLETE
    shown.end()
    said = capsys.readouterr().err
    for text in (
        "reading from cam at 192.0.2.1:1",
        "the first 500 bytes are not here",
        "r\\x1b1 (192.0.2.1) sends too, and is not taken",
        "cam (192.0.2.1) is silent",
        "cam (192.0.2.1) is heard again",
        "skipped 101 bytes from 700 on in 2 places: lost",
        "skipped 1 byte from 1,000 on: late",
        "received 1.5 kB in 6 s (2 kb/s)",
    ):
        assert text in said
    assert not shown.complete


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome.LOST, "bytes after these are lost"),
        (Outcome.LEFT, "the sender went before its end"),
        (Outcome.SILENT, "nothing more is heard"),
        (Outcome.RESTARTED, "begun anew"),
        (Outcome.NOBODY, "nobody came to send"),
        (None, "stopped before the sender's end"),
    ],
)
def test_people_read_why_bytes_ended(
    outcome: Outcome | None, text: str, capsys: Capture
) -> None:
    intake, shown = received()
    intake.sender, intake.outcome = CAM, outcome
    shown.end()
    assert text in capsys.readouterr().err
    assert not shown.complete


def test_who_was_to_end_has_all_of_a_live_pipe(capsys: Capture) -> None:
    intake, shown = received(live=0.5)
    intake.sender, intake.place = CAM, 9
    shown.timed_out = True
    shown.end()
    assert shown.complete
    assert "stopped" not in capsys.readouterr().err


def test_programs_are_told_of_the_bytes(capsys: Capture) -> None:
    intake, shown = received(json=True)
    intake.sender, intake.place = CAM, 9
    shown.show(SenderFound(CAM, 0, live=True))
    shown.show(Skipped(3, 4))
    shown.progress()
    shown.late_bytes = 2
    shown.end()
    joined, sender, skipped, progress, end = lines(capsys.readouterr().err)
    assert (joined["event"], joined["live_s"]) == ("joined", None)
    assert (sender["name"], sender["live"]) == ("cam", True)
    assert (skipped["offset"], skipped["bytes"], skipped["times"]) == (3, 4, 1)
    assert (progress["event"], progress["bytes"]) == ("progress", 9)
    assert (end["outcome"], end["bytes"], end["skipped_bytes"]) == ("stopped", 7, 2)
