"""A pull as people see it."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from tests.cli.render.deliveries.terminal import Terminal

from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.deliveries.pulled.for_people import PullText
from groupwire.cli.render.out import Out, Tone
from groupwire.deliver.pull import (
    Confirming,
    DeliveryEnded,
    FileSettled,
    Joined,
    PullEvent,
    SenderGone,
)
from groupwire.deliver.report import PulledFile, PullProgress, PullReport
from groupwire.deliver.storage import Status
from groupwire.values import Origin

Capture = pytest.CaptureFixture[str]

OPENING = Opening(
    group="239.1.2.3:5000",
    interfaces=["eth0"],
    reason="eth0 was named",
    name="arm1",
    into="incoming",
)
JOINED = Joined("arm0", Origin("10.0.0.7", 4000), "tree\n", 4, 52_400_000)
REPORT = PullReport("arm0", "tree", (), 3, 1, 0, 52_400_000, 150, 1.5, signed=True)
PROGRESS = PullProgress(6.0, ("arm0",), 26_200_000, 52_400_000, 1, 4, 187)


def pulled(
    count: int | None = 1, timeout: float | None = None, **tone: bool
) -> PullText:
    shown = PullText(Out(Tone(**tone)), count, timeout)
    shown.start(OPENING)
    return shown


def told(capsys: Capture, event: PullEvent, **tone: bool) -> str:
    shown = pulled(**tone)
    capsys.readouterr()
    shown.show(event)
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize(
    ("count", "what"),
    [(1, "one delivery"), (3, "3 deliveries"), (None, "deliveries")],
)
def test_where_it_is_joined_and_where_files_go_is_told_first(
    count: int | None, what: str, capsys: Capture
) -> None:
    assert pulled(count).begun
    assert capsys.readouterr().err.splitlines() == [
        "joined 239.1.2.3:5000 as arm1",
        "  on eth0: eth0 was named",
        f"  {what} into incoming; Ctrl-C ends it",
    ]


def test_a_directory_that_takes_nothing_is_warned_of(capsys: Capture) -> None:
    PullText(Out(Tone()), 1, None).problem("incoming", "read-only")
    assert capsys.readouterr().err.splitlines() == [
        "warning: incoming: the directory cannot be written to; files will be refused"
    ]


def test_standard_output_is_called_so(capsys: Capture) -> None:
    PullText(Out(Tone()), 1, None).start(replace(OPENING, into="-"))
    assert "one delivery into standard output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (JOINED, r"arm0 at 10.0.0.7:4000 sends tree\n (4 files, 52.4 MB)"),
        (replace(JOINED, total_bytes=None), r"sends tree\n (4 files)"),
        (
            replace(JOINED, foreign=True),
            "10.0.0.7:4000 sends files, without a receipt",
        ),
        (
            FileSettled(PulledFile("a\x1b", 5, "", Status.FAILED, "exists")),
            r"failed  a\x1b: is there already",
        ),
        (
            FileSettled(PulledFile("a", 5, "", Status.MISMATCH)),
            "failed  a: its digest is not that",
        ),
        (SenderGone("arm0", "silent"), "warning: arm0 is gone: was silent"),
        (
            DeliveryEnded(REPORT),
            "tree from arm0: 3 files stored, 1 unchanged; "
            "52.4 MB, 1.50 s, 0.4 % lost and repaired",
        ),
        (DeliveryEnded(replace(REPORT, failed=2)), "2 failed"),
        (DeliveryEnded(replace(REPORT, signed=False)), "has not signed the receipt"),
        (DeliveryEnded(replace(REPORT, foreign=True)), "files from arm0: 3 files"),
        (DeliveryEnded(replace(REPORT, reason="silent")), "incomplete: was silent"),
    ],
)
def test_an_event_is_a_line(event: PullEvent, line: str, capsys: Capture) -> None:
    assert line.replace("1.50", "1.5") in told(capsys, event)


def test_nobody_misses_the_signature_of_a_foreign_sender(capsys: Capture) -> None:
    report = replace(REPORT, signed=False, foreign=True)
    assert "signed" not in told(capsys, DeliveryEnded(report))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (FileSettled(PulledFile("a", 5, "", Status.STORED)), "  stored  a  5 bytes"),
        (Confirming(10.0), "waiting up to 10 s for the sender to sign"),
    ],
)
def test_only_the_curious_see_what_went_well(
    event: PullEvent, line: str, capsys: Capture
) -> None:
    assert told(capsys, event) == ""
    assert line in told(capsys, event, verbose=True)


def test_a_file_gets_a_line_of_progress_now_and_then(capsys: Capture) -> None:
    shown = pulled()
    shown.show(JOINED)
    capsys.readouterr()
    shown.show(replace(PROGRESS, senders=()))
    shown.show(replace(PROGRESS, elapsed_s=1.0))
    shown.show(PROGRESS)
    shown.show(replace(PROGRESS, elapsed_s=12.0, total_bytes=None))
    shown.show(replace(PROGRESS, elapsed_s=18.0, bytes_have=52_400_000))
    assert capsys.readouterr().err.splitlines() == [
        "  50 % 26.2 MB of 52.4 MB  0 b/s  waiting  1 % lost",
        "  26.2 MB  0 b/s  1 % lost",
        " 100 % 52.4 MB of 52.4 MB  0 b/s  verifying  0.5 % lost",
    ]


def test_a_terminal_shows_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    terminal.prepare(monkeypatch)
    shown = pulled()
    shown.show(JOINED)
    shown.show(replace(PROGRESS, elapsed_s=5.0, bytes_have=0))
    shown.show(PROGRESS)
    (line,) = terminal.last()
    assert line.endswith("26.2 MB of 52.4 MB  210 Mb/s  1 s left  1 % lost")
    shown.show(DeliveryEnded(REPORT))
    shown.end([REPORT])
    assert terminal.getvalue().endswith("\x1b[J")
    assert "3 files stored" in capsys.readouterr().out


def test_when_nothing_has_begun_it_says_what_to_look_at(capsys: Capture) -> None:
    shown = pulled(timeout=30.0)
    capsys.readouterr()
    shown.end([])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "no delivery has begun in 30 s"
    assert "groupwire push PATH -g 239.1.2.3:5000" in lines[1]


def test_an_interrupted_wait_is_told(capsys: Capture) -> None:
    shown = pulled()
    capsys.readouterr()
    shown.end([])
    assert capsys.readouterr().err == "no delivery has come\n"
