"""A pull as programs see it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.running import told

from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.deliveries.pulled.for_programs import PullJson
from groupwire.cli.render.out import Out, Tone
from groupwire.deliver.pull import (
    Confirming,
    DeliveryEnded,
    FileSettled,
    Joined,
    SenderGone,
)
from groupwire.deliver.report import PulledFile, PullProgress, PullReport
from groupwire.deliver.storage import Status
from groupwire.values import Origin

Capture = pytest.CaptureFixture[str]

HERE = Origin("10.0.0.7", 4000)
REPORT = PullReport("arm0", "tree", (), 2, 1, 1, 900, 5, 1.5, signed=True)


def events(capsys: Capture, *some: Any) -> list[dict[str, Any]]:
    shown = PullJson(Out(Tone(json=True)))
    for event in some:
        shown.show(event)
    lines = told(capsys.readouterr().out)
    for line in lines:
        assert (line.pop("v"), line.pop("time") > 0) == (1, True)
    return lines


def test_where_it_is_joined_is_told_first(capsys: Capture) -> None:
    shown = PullJson(Out(Tone(json=True)))
    shown.start(
        Opening(
            group="239.1.2.3:5000",
            interfaces=["eth0", "lo"],
            reason="because",
            name="arm1",
            into="incoming",
        )
    )
    assert shown.begun
    (joined,) = told(capsys.readouterr().out)
    assert joined == {
        "event": "joined",
        "v": 1,
        "time": joined["time"],
        "group": "239.1.2.3:5000",
        "interfaces": ["eth0", "lo"],
        "reason": "because",
        "name": "arm1",
        "into": "incoming",
    }


def test_what_cannot_be_written_to_is_told_at_once(capsys: Capture) -> None:
    PullJson(Out(Tone(json=True))).problem("/media", "read-only")
    (line,) = told(capsys.readouterr().out)
    found = line["event"], line["path"], line["reason"]
    assert found == ("problem", "/media", "read-only")


def test_files_are_told_with_digest_and_status(capsys: Capture) -> None:
    stored, wrong = events(
        capsys,
        FileSettled(PulledFile("a/b", 5, "ab", Status.STORED)),
        FileSettled(PulledFile("c", 5, "cd", Status.MISMATCH)),
    )
    assert stored == {
        "event": "file",
        "path": "a/b",
        "bytes": 5,
        "sha256": "ab",
        "status": "stored",
        "reason": "",
    }
    assert (wrong["status"], wrong["reason"]) == ("failed", "digest")


def test_a_delivery_is_told_from_beginning_to_end(capsys: Capture) -> None:
    begin, waits, gone, end = events(
        capsys,
        Joined("arm0", HERE, "tree", 4, None),
        Confirming(10.0),
        SenderGone("arm0", "silent"),
        DeliveryEnded(REPORT),
    )
    assert begin == {
        "event": "delivery",
        "sender": "arm0",
        "address": "10.0.0.7:4000",
        "title": "tree",
        "files": 4,
        "bytes": None,
    }
    assert waits == {"event": "confirming", "wait_s": 10.0}
    assert gone == {"event": "gone", "sender": "arm0", "reason": "silent"}
    assert end == {
        "event": "delivered",
        "sender": "arm0",
        "title": "tree",
        "stored": 2,
        "unchanged": 1,
        "failed": 1,
        "bytes": 900,
        "lost": 5,
        "signed": True,
        "complete": False,
        "reason": "",
        "elapsed_s": 1.5,
    }


def test_progress_is_told_while_somebody_sends(capsys: Capture) -> None:
    first, second = events(
        capsys,
        PullProgress(0.0, (), 0, None, 0, 0, 0),
        PullProgress(1.0, ("arm0",), 1000, 9000, 1, 4, 2),
        PullProgress(2.0, ("arm0",), 3000, 9000, 1, 4, 2),
    )
    assert first["rate_bps"] == 0
    assert second == {
        "event": "progress",
        "senders": ["arm0"],
        "bytes": 3000,
        "total": 9000,
        "rate_bps": 16_000,
        "files": 1,
        "files_total": 4,
        "lost": 2,
        "elapsed_s": 2.0,
    }


def test_the_end_sums_up(capsys: Capture) -> None:
    PullJson(Out(Tone(json=True))).end([REPORT, REPORT])
    (end,) = told(capsys.readouterr().out)
    assert (end["deliveries"], end["complete"], end["stored"]) == (2, 0, 4)
    assert (end["unchanged"], end["failed"], end["bytes"]) == (2, 2, 1800)
    assert end["elapsed_s"] == 3.0
