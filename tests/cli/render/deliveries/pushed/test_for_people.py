"""A push as people see it."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from tests.cli.render.deliveries.terminal import Terminal

from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.deliveries.pushed.for_people import PushText
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
    PushEvent,
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

OPENING = Opening(
    group="239.1.2.3:5000",
    interfaces=["eth0"],
    reason="eth0 was named",
    name="arm0",
    title="tree\x1b[2J",
    files=3,
    total_bytes=52_400_000,
)
HERE = Origin("10.0.0.7", 4000)
RECEIPT = MemberReceipt(
    "arm1",
    HERE,
    ReceiptStatus.VERIFIED,
    files=3,
    size_bytes=52_400_000,
    lost=150,
    elapsed_s=1.25,
)
REPORT = PushReport((RECEIPT,), (), 0, 3, 52_400_000, 53_000_000, 212_000, 1.31)
PROGRESS = PushProgress(
    elapsed_s=6.0,
    bytes_sent=26_200_000,
    total_bytes=52_400_000,
    repaired_bytes=262_000,
    rate_bytes_per_s=1e6,
    members={
        "arm1": MemberProgress(26_000_000, 0),
        "arm2": MemberProgress(5_000_000, 90),
        "arm3": MemberProgress(52_400_000, 0, done=True),
    },
)


def pushed(expected: Expectation | None = None, **tone: bool) -> PushText:
    shown = PushText(Out(Tone(**tone)), expected, segment_bytes=1400)
    shown.start(OPENING)
    return shown


def told(capsys: Capture, event: PushEvent, **tone: bool) -> str:
    shown = pushed(**tone)
    capsys.readouterr()
    shown.show(event)
    out, err = capsys.readouterr()
    assert not out
    return err


def test_what_goes_where_and_why_is_told_first(capsys: Capture) -> None:
    assert pushed().begun
    assert capsys.readouterr().err.splitlines() == [
        r"pushing tree\x1b[2J (3 files, 52.4 MB) to 239.1.2.3:5000, TTL 1",
        "  by eth0: eth0 was named",
    ]


@pytest.mark.parametrize(
    ("event", "parts"),
    [
        (
            MemberFound("arm9", HERE, late=True),
            ["arm9 at 10.0.0.7:4000 has come later"],
        ),
        (
            MemberRefused("arm9", HERE, "busy"),
            ["does not take it: takes part in another"],
        ),
        (NameShared("arm1", HERE), ["two members call themselves arm1"]),
        (
            MemberFailed("arm1", "silent"),
            ["waited for no more: was silent for too long"],
        ),
        (FileChanged("a\n", gave_up=False), [r"a\n changed", "is sent once more"]),
        (FileChanged("a", gave_up=True), ["it is given up"]),
        (ReceiptReceived(RECEIPT), ["arm1 verified: 3 files after 1.25 s", "0.4 %"]),
        (Began(3, 52_400_000, 197), ["197 answered; others are not known"]),
    ],
)
def test_an_event_is_a_line(
    event: PushEvent, parts: list[str], capsys: Capture
) -> None:
    shown = told(capsys, event)
    for part in parts:
        assert part in shown


@pytest.mark.parametrize(
    "event", [FeedRoom(), PushEnded(REPORT), MemberFound("arm1", HERE)]
)
def test_what_people_need_not_know_is_no_line(
    event: PushEvent, capsys: Capture
) -> None:
    assert told(capsys, event) == ""


def test_the_curious_see_who_is_found_where(capsys: Capture) -> None:
    assert "arm1 at 10.0.0.7:4000" in told(
        capsys, MemberFound("arm1", HERE), verbose=True
    )
    foreign = MemberFound("10.0.0.9", None, late=True)
    assert "  10.0.0.9 has come later" in told(capsys, foreign)


def test_at_the_beginning_those_who_are_not_there_are_named(capsys: Capture) -> None:
    shown = pushed(Expectation(names=("arm1", "arm2")))
    shown.show(MemberFound("arm1", HERE))
    capsys.readouterr()
    shown.show(Began(3, 52_400_000, 1))
    assert capsys.readouterr().err == "1 of 2 are there\n  not yet: arm2\n  arm1\n"


def test_a_file_gets_a_line_of_progress_now_and_then(capsys: Capture) -> None:
    shown = pushed()
    shown.show(Began(3, 52_400_000, 3))
    capsys.readouterr()
    shown.show(replace(PROGRESS, elapsed_s=1.0, bytes_sent=1_200_000))
    assert capsys.readouterr().err == ""
    shown.show(PROGRESS)
    shown.show(replace(PROGRESS, elapsed_s=6.5))
    assert capsys.readouterr().err.splitlines() == [
        "  50 % 26.2 MB of 52.4 MB  40 Mb/s  5 s left  1 % repaired",
        "  arm2    9 %     5 MB  2.5 % lost, the slowest",
    ]


def test_waiting_for_members_is_told_too(capsys: Capture) -> None:
    shown = pushed(Expectation(count=5))
    shown.show(MemberFound("arm1", HERE))
    capsys.readouterr()
    shown.show(replace(PROGRESS, members={}))
    assert capsys.readouterr().err == "  waiting for members: 1 of 5 there, 6 s\n"


def test_a_stream_has_no_end_to_tell_of(capsys: Capture) -> None:
    shown = pushed()
    shown.show(Began(1, None, 1))
    capsys.readouterr()
    shown.show(replace(PROGRESS, total_bytes=None, members={}))
    assert capsys.readouterr().err == "26.2 MB  0 b/s  1 % repaired\n"


def test_a_terminal_shows_the_slowest_first_and_how_many_are_ahead(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    terminal.prepare(monkeypatch)
    shown = pushed()
    shown.show(Began(3, 52_400_000, 100))
    members = {f"arm{n:03}": MemberProgress(1_000_000 * n, 0) for n in range(40)}
    for at in (0.1, 6.0):
        shown.show(
            replace(PROGRESS, elapsed_s=at, members={**members, **PROGRESS.members})
        )
    drawn = terminal.last()
    assert len(drawn) == 12
    assert drawn[0].startswith("  50 % ━")
    assert drawn[1].split() == ["arm000", "0", "%", "0", "bytes", "0", "%", "lost"]
    assert drawn[-1] == "  and 32 more, all ahead of these; 1 of 43 have it all"
    shown.show(ReceiptReceived(RECEIPT))
    shown.end(REPORT)
    assert terminal.getvalue().count("arm1 verified") == 0
    assert "1 member has 3 files" in terminal.getvalue()
    assert "verified" in capsys.readouterr().out


def test_the_end_is_a_table_and_a_sum(capsys: Capture) -> None:
    shown = pushed()
    capsys.readouterr()
    shown.end(REPORT)
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "member  files  status      time  repaired",
        "arm1        3  verified  1.25 s     0.4 %",
    ]
    assert err.splitlines() == [
        "1 member has 3 files, 52.4 MB",
        "  1.31 s, 320 Mb/s, 0.4 % of what was sent repairs",
    ]


def test_who_has_not_got_it_stands_last_with_the_reason(capsys: Capture) -> None:
    failed = replace(
        RECEIPT,
        member="aaa",
        status=ReceiptStatus.FAILED,
        failed=tuple(FileFailure(f"f{n}", "exists") for n in range(5)),
    )
    nothing_new = replace(RECEIPT, member="arm2", unchanged=3)
    some = replace(RECEIPT, member="arm3", unchanged=2)
    late = replace(failed, member="bbb", failed=(), reason="digest")
    report = replace(
        REPORT,
        receipts=(failed, late, RECEIPT, nothing_new, some),
        missing=("aaa", "bbb", "gone", "never"),
        missing_count=5,
    )
    shown = pushed(Expectation(count=8))
    shown.show(MemberFailed("gone", "silent"))
    capsys.readouterr()
    shown.end(report)
    out, err = capsys.readouterr()
    rows = [line.split(maxsplit=5) for line in out.splitlines()[1:]]
    assert [row[0] for row in rows] == [
        *("arm1", "arm2", "arm3", "aaa", "bbb", "gone", "never"),
    ]
    assert "nothing new" in out
    assert "2 unchanged" in out
    assert "f0: exists, f1: exists, f2: exists and 2 more" in out
    assert "its digest is not that of what was sent" in out
    assert "was silent for too long" in out
    assert "never answered" in out
    assert "missing 5 of 8: aaa, bbb, gone, never\n" in err


def test_where_only_a_number_was_expected_a_number_is_missing(capsys: Capture) -> None:
    shown = pushed(Expectation(count=3))
    capsys.readouterr()
    shown.end(replace(REPORT, missing_count=2, reason="stopped"))
    err = capsys.readouterr().err.splitlines()
    assert err[:2] == ["ended early: it was interrupted", "missing 2 of 3"]


def test_where_nobody_answered_it_says_what_to_look_at(capsys: Capture) -> None:
    shown = pushed()
    capsys.readouterr()
    shown.end(replace(REPORT, receipts=(), reason="nobody"))
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "nobody answered, nothing was delivered"
    assert "`groupwire pull -g 239.1.2.3:5000`" in lines[1]
    assert "TTL 1 crosses 0" in err


def test_an_end_before_the_beginning_is_told(capsys: Capture) -> None:
    PushText(Out(Tone()), None, segment_bytes=1400).end(None)
    assert capsys.readouterr().err == "nothing was sent\n"


def test_who_interrupts_needs_no_advice(capsys: Capture) -> None:
    shown = pushed()
    capsys.readouterr()
    shown.end(replace(REPORT, receipts=(), reason="interrupted"))
    assert capsys.readouterr().err.splitlines() == [
        "ended early: it was interrupted",
        "nobody answered, nothing was delivered",
    ]


def test_where_none_of_the_expected_answers_there_is_advice_too(
    capsys: Capture,
) -> None:
    absent = MemberReceipt("arm1", None, ReceiptStatus.FAILED, reason="absent")
    shown = pushed(Expectation(names=("arm1",)))
    capsys.readouterr()
    shown.end(replace(REPORT, receipts=(absent,), missing=("arm1",), missing_count=1))
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split() == [
        *("arm1", "-", "missing", "-", "-", "never", "answered"),
    ]
    assert err.startswith("missing 1 of 1: arm1\n  is `groupwire pull -g")


@pytest.mark.parametrize(
    ("report", "paths", "last"),
    [
        (REPORT, ["a\n"], r"1 path was not sent: a\n"),
        (None, ["a", "b"], "nothing was sent"),
        (replace(REPORT, receipts=()), ["a", "b"], "2 paths were not sent: a, b"),
    ],
)
def test_paths_that_were_not_sent_are_the_last_word(
    report: PushReport | None, paths: list[str], last: str, capsys: Capture
) -> None:
    shown = PushText(Out(Tone()), None, segment_bytes=1400)
    shown.start(replace(OPENING, problems=paths))
    shown.end(report)
    assert capsys.readouterr().err.splitlines()[-1] == last
