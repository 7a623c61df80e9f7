"""A push as programs see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.cli.running import told

from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.deliveries.pushed.for_programs import PushJson
from groupwire.cli.render.out import Out, Tone
from groupwire.deliver.push import (
    Began,
    FeedRoom,
    FileChanged,
    MemberFailed,
    MemberFound,
    MemberRefused,
    NameShared,
    PushEnded,
    ReceiptReceived,
)
from groupwire.deliver.report import (
    FileFailure,
    MemberProgress,
    MemberReceipt,
    PushProgress,
    PushReport,
    ReceiptStatus,
)
from groupwire.gather import Expectation
from groupwire.values import Origin

Capture = pytest.CaptureFixture[str]

HERE = Origin("10.0.0.7", 4000)
RECEIPT = MemberReceipt(
    "arm1",
    HERE,
    ReceiptStatus.FAILED,
    files=2,
    size_bytes=500,
    lost=3,
    sha256="ab",
    failed=(FileFailure("a/b", "exists"),),
    elapsed_s=1.25,
)
REPORT = PushReport((RECEIPT,), ("arm1", "arm2"), 2, 3, 1000, 1500, 300, 1.5)
NAMED = Expectation(names=("arm1", "arm2"))


def events(capsys: Capture, *some: Any) -> list[dict[str, Any]]:
    shown = PushJson(Out(Tone(json=True)), None)
    for event in some:
        shown.show(event)
    lines = told(capsys.readouterr().out)
    for line in lines:
        assert (line.pop("v"), line.pop("time") > 0) == (1, True)
    return lines


def test_the_start_says_what_goes_where_and_who_is_expected(capsys: Capture) -> None:
    shown = PushJson(Out(Tone(json=True)), NAMED)
    assert not shown.begun
    shown.start(
        Opening(
            group="239.1.2.3:5000",
            interfaces=["eth0"],
            reason="eth0 was named",
            name="arm0",
            title="tree",
            files=3,
            total_bytes=1000,
        )
    )
    assert shown.begun
    (start,) = told(capsys.readouterr().out)
    assert start == {
        "event": "start",
        "v": 1,
        "time": start["time"],
        "group": "239.1.2.3:5000",
        "interfaces": ["eth0"],
        "reason": "eth0 was named",
        "name": "arm0",
        "ttl": 1,
        "title": "tree",
        "files": 3,
        "bytes": 1000,
        "expected": ["arm1", "arm2"],
        "expected_count": 2,
    }


def test_members_are_told_as_they_appear(capsys: Capture) -> None:
    found, foreign, refused, shared = events(
        capsys,
        MemberFound("arm1", HERE),
        MemberFound("10.0.0.9", None, late=True),
        MemberRefused("arm2", HERE, "busy"),
        NameShared("arm1", HERE),
    )
    assert found == {
        "event": "member",
        "member": "arm1",
        "sender": "10.0.0.7:4000",
        "late": False,
        "refused": None,
        "shared": False,
    }
    assert (foreign["sender"], foreign["late"]) == (None, True)
    assert refused["refused"] == "busy"
    assert shared["shared"] is True


def test_progress_has_every_member(capsys: Capture) -> None:
    members = {
        "arm1": MemberProgress(500, 3),
        "arm2": MemberProgress(1000, 0, done=True),
    }
    (progress,) = events(capsys, PushProgress(1.5, 900, 1000, 100, 1e6, members))
    assert progress == {
        "event": "progress",
        "bytes": 900,
        "total": 1000,
        "repaired_bytes": 100,
        "rate_bps": 8_000_000,
        "elapsed_s": 1.5,
        "members": {
            "arm1": {"bytes": 500, "lost": 3, "done": False},
            "arm2": {"bytes": 1000, "lost": 0, "done": True},
        },
    }


def test_a_receipt_says_who_has_what_and_why_not(capsys: Capture) -> None:
    (receipt,) = events(capsys, ReceiptReceived(RECEIPT))
    assert receipt == {
        "event": "receipt",
        "member": "arm1",
        "sender": "10.0.0.7:4000",
        "files": 2,
        "unchanged": 0,
        "bytes": 500,
        "lost": 3,
        "sha256": "ab",
        "status": "failed",
        "reason": "",
        "failed": [{"path": "a/b", "reason": "exists"}],
        "elapsed_s": 1.25,
    }


def test_the_beginning_and_changed_files_are_told_and_failures_later(
    capsys: Capture,
) -> None:
    some = events(
        capsys,
        Began(3, 1000, 2),
        FileChanged("a", gave_up=True),
        MemberFailed("arm1", "silent"),
        FeedRoom(),
        PushEnded(REPORT),
    )
    assert some == [
        {"event": "begin", "files": 3, "bytes": 1000, "members": 2},
        {"event": "changed", "path": "a", "given_up": True},
    ]


def test_the_end_has_who_has_it_and_who_has_not(capsys: Capture) -> None:
    PushJson(Out(Tone(json=True)), None).end(replace(REPORT, receipts=()))
    (end,) = told(capsys.readouterr().out)
    assert end == {
        "event": "end",
        "v": 1,
        "time": end["time"],
        "delivered": [],
        "missing": ["arm1", "arm2"],
        "missing_count": 2,
        "complete": False,
        "problems": 0,
        "files": 3,
        "bytes": 1000,
        "sent_bytes": 1500,
        "repaired_bytes": 300,
        "elapsed_s": 1.5,
        "reason": "",
    }


def test_who_failed_without_a_word_is_told_before_the_end(capsys: Capture) -> None:
    signed = replace(RECEIPT, member="arm3", status=ReceiptStatus.VERIFIED)
    silent = MemberReceipt("arm2", HERE, ReceiptStatus.FAILED, reason="silent")
    absent = MemberReceipt("arm4", None, ReceiptStatus.FAILED, reason="absent")
    shown = PushJson(Out(Tone(json=True)), None)
    for receipt in (signed, RECEIPT):
        shown.show(ReceiptReceived(receipt))
    capsys.readouterr()
    shown.end(replace(REPORT, receipts=(signed, RECEIPT, silent, absent)))
    *receipts, end = told(capsys.readouterr().out)
    assert [(r["event"], r["member"], r["status"], r["reason"]) for r in receipts] == [
        ("receipt", "arm2", "failed", "silent"),
        ("receipt", "arm4", "failed", "absent"),
    ]
    assert [r["sender"] for r in receipts] == ["10.0.0.7:4000", None]
    assert end["event"] == "end"


def test_a_receipt_that_was_taken_back_is_told_again(capsys: Capture) -> None:
    good = replace(RECEIPT, status=ReceiptStatus.VERIFIED, failed=())
    shown = PushJson(Out(Tone(json=True)), None)
    shown.show(ReceiptReceived(good))
    shown.end(replace(REPORT, receipts=(replace(RECEIPT, reason="changed"),)))
    first, second, _ = told(capsys.readouterr().out)
    assert (first["status"], second["status"]) == ("verified", "failed")
    assert second["reason"] == "changed"


@pytest.mark.parametrize("problems", [0, 2])
def test_what_could_not_be_read_is_not_complete(problems: int, capsys: Capture) -> None:
    good = replace(RECEIPT, status=ReceiptStatus.VERIFIED)
    shown = PushJson(Out(Tone(json=True)), None)
    shown.start(
        Opening(
            group="g", interfaces=[], reason="", name="a", problems=["x"] * problems
        )
    )
    shown.end(replace(REPORT, receipts=(good,), missing=(), missing_count=0))
    shown.end(None)
    _, end, nothing = told(capsys.readouterr().out)
    assert (end["complete"], end["problems"]) == (not problems, problems)
    assert (nothing["complete"], nothing["problems"]) == (False, problems)


def test_an_end_before_the_beginning_misses_everybody(capsys: Capture) -> None:
    PushJson(Out(Tone(json=True)), NAMED).end(None)
    (end,) = told(capsys.readouterr().out)
    assert (end["missing"], end["missing_count"]) == (["arm1", "arm2"], 2)
    assert end["reason"] == "stopped"
