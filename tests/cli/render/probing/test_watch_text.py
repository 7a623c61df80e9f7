"""The live screen and the last words of a watch."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
from tests.cli.render.deliveries.terminal import Terminal
from tests.probe.flow.packets import datagram, measured, rtp, transport

from groupwire.cli.render.deliveries.ink.board import plain
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.watch_text import WatchText, screen
from groupwire.cli.render.probing.watch_words import (
    MOST_NAMED,
    lost_of,
    more_of,
    problem_text,
    short_time,
)
from groupwire.probe.flow import FlowTable, WatchReport
from groupwire.probe.flow.verdict import Limits, Problem, ProblemKind
from groupwire.values import Datagram, Group, Origin

Capture = pytest.CaptureFixture[str]
GROUPS = [Group.parse(f"239.1.1.{n}:5000") for n in range(1, 9)]


def report(
    *heard: Sequence[Datagram], drops: int = 0, trail: bool = False, groups: int = 8
) -> WatchReport:
    table = FlowTable(GROUPS[:groups], now=0.0, trail=trail)
    for place, datagrams in enumerate(heard):
        table.take(place, datagrams, now=1.0)
    dropped = [drops] + [0] * (groups - 1)
    return WatchReport(2.0, 2.0, 2.0, table.report(dropped, now=2.0), {1: "eth0"})


LOSSY = [datagram(rtp(n), at=n / 10, hops=4 + n % 2) for n in (0, 1, 2, 3, 5, 4, 9, 9)]


def lines(of: WatchReport, room: int = 30) -> list[str]:
    return [plain(row) for row in screen(of, room)]


def test_the_screen_shows_sources_below_their_groups() -> None:
    shown = lines(report(LOSSY, drops=2))
    assert shown[0] == "2 s  8 groups  4/s  lost 3  dropped on this host 2"
    assert shown[1] == "239.1.1.1:5000  4.0/s  3.2 kb/s  2 dropped on this host"
    assert shown[2].startswith("  10.0.0.7:40000  RTP MPEG-TS  4.0/s  lost 3 (30 %)")
    assert "gaps 2  twice 1  late 1" in shown[3]
    assert "ttl 4 to 5" in shown[3]
    assert shown[4].startswith("nothing yet from 7 groups: 239.1.1.2:5000, ")
    assert shown[4].endswith(" and 4 more")


def test_little_room_leaves_the_smaller_facts_out() -> None:
    shown = lines(report(LOSSY, LOSSY), room=6)
    assert not any("gaps" in line for line in shown)
    assert len(shown) == 6


def test_what_does_not_fit_is_counted() -> None:
    many = [datagram(b"x", origin=Origin("10.0.0.1", n)) for n in range(50)]
    shown = lines(report(many), room=10)
    assert len(shown) == 10
    assert shown[-1] == "  and 44 more lines"


CROWD = [datagram(b"x", origin=Origin("10.0.0.1", n), at=1.0) for n in range(2000)]


def test_who_brings_most_stays_on_a_crowded_screen() -> None:
    shown = lines(report([*CROWD, *LOSSY]), room=10)
    assert len(shown) == 10
    assert shown[2].startswith("  10.0.0.7:40000  RTP")


def test_a_crowd_fills_neither_the_lines_nor_the_end(capsys: Capture) -> None:
    text, crowded = WatchText(Out(Tone())), report([*CROWD, *LOSSY], groups=1)
    text.show(crowded)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == MOST_NAMED + 1
    assert "10.0.0.7:40000  RTP" in shown[-2]
    assert shown[-1].endswith("  and 1,969 more sources, 1,969 packets")
    problem = Problem(ProblemKind.LOSS, GROUPS[0], Origin("10.0.0.7", 1), 0.3)
    text.end(crowded, [problem] * 100, Limits(max_loss=0.01))
    shown, told = (part.splitlines() for part in capsys.readouterr())
    assert len(shown) == 3 * MOST_NAMED + 1
    assert shown[-1] == f"{GROUPS[0]}  and 1,969 more sources, 1,969 packets"
    assert len(told) == 1 + MOST_NAMED + 1
    assert told[-1].endswith("and 68 more of these")


def test_a_source_that_has_fallen_silent_is_told() -> None:
    table = FlowTable(GROUPS[:1], now=0.0)
    table.take(0, [datagram(b"x", at=1.0)], now=1.0)
    table.report(now=2.0)
    shown = lines(WatchReport(9.0, 9.0, 7.0, table.report(now=9.0)))
    assert "silent for 8 s" in shown[2]


def test_the_way_in_is_told_where_there_are_several() -> None:
    twice = [*LOSSY, *(datagram(rtp(n), interface=2) for n in range(9))]
    shown = lines(report(twice))
    assert shown[2].startswith("  10.0.0.7:40000 on eth0  RTP")
    assert shown[4].startswith("  10.0.0.7:40000  RTP")  # its name is not known


def test_a_trail_has_a_line_of_its_own() -> None:
    shown = lines(report(LOSSY, trail=True))
    assert shown[4] == "    ....x.<xxx.2"


def test_people_in_a_terminal_see_a_screen_that_goes_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Terminal.prepare(monkeypatch)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", Terminal())
    text = WatchText(Out(Tone()))
    text.show(report(LOSSY))
    assert terminal.last()[0] == "2 s  8 groups  4/s  lost 3  dropped on this host 0"
    assert all(len(line) < 80 for line in terminal.last())
    text.wipe()
    assert terminal.getvalue().endswith("\x1b[J")
    text.end(report(LOSSY), [], Limits())
    assert "8 packets, 800 bytes in 2 s" in terminal.getvalue()


def test_the_end_sums_up(capsys: Capture) -> None:
    sources = [datagram(transport(7 * n), at=n / 10) for n in (0, 1, 2, 4)]
    text = WatchText(Out(Tone()))
    problem = Problem(ProblemKind.LOSS, GROUPS[0], Origin("10.0.0.7", 1), 0.3)
    text.end(
        report(LOSSY, sources, drops=2, groups=2), [problem], Limits(max_loss=0.01)
    )
    text.wipe()
    shown = capsys.readouterr()
    assert "12 packets, 6.06 kB in 2 s" in shown.err
    assert "8 packets, 3.2 kb/s, lost 3 (30 %)" in shown.out
    assert "2 dropped on this host" in shown.out
    assert "of 3 lost, 1 on the way (33 %)" in shown.out
    assert "lost 7 TS packets or more" in shown.out
    assert "10.0.0.7:1 to 239.1.1.1:5000: 30 % lost, 1 % allowed" in shown.err


def test_lines_tell_what_this_host_drops(capsys: Capture) -> None:
    WatchText(Out(Tone())).show(report(LOSSY, drops=2))
    assert "239.1.1.1:5000  2 dropped on this host" in capsys.readouterr().out


def test_silence_is_told_once(capsys: Capture) -> None:
    text = WatchText(Out(Tone()))
    for _ in range(3):
        text.show(report())
    assert capsys.readouterr().out.count("silence") == 1


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Problem(ProblemKind.SILENT, GROUPS[0]), "239.1.1.1:5000: nothing arrived"),
        (Problem(ProblemKind.LOSS_UNKNOWN, GROUPS[0]), "loss cannot be known"),
        (
            Problem(ProblemKind.RATE, GROUPS[0], value=8e6),
            "8 Mb/s on average, 100 Mb/s demanded",
        ),
    ],
)
def test_problems_are_told_in_words(problem: Problem, words: str) -> None:
    assert words in problem_text(problem, Limits(min_bits_per_s=100e6))


def test_small_facts_are_told_where_there_are_some() -> None:
    many = [datagram(measured(n), at=0.5) for n in range(9)]
    odd = [datagram(b"y" * n, hops=None, at=0.5) for n in (3, 9)]
    first, second = report(many, odd, groups=2).groups
    (one,), (two,) = first.sources, second.sources
    assert lost_of(one) == ("lost 0", "green")
    assert more_of(one, one.now)[-3:] == ["peak 9 in 10 ms", "ttl 4", "64 bytes"]
    assert lost_of(two) == ("loss unknown", "dim")
    assert more_of(two, two.now)[-1] == "3 to 9 bytes"
    assert short_time(0.25) == "0.25 s"
