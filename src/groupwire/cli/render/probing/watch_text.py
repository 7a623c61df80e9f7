"""``watch`` for people: a live screen in a terminal, lines where nobody looks on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from groupwire.cli.render.deliveries.ink.board import Board, Pieces
from groupwire.cli.render.deliveries.ink.figures import amount, share
from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.watch_words import (
    MOST_NAMED,
    foremost,
    form_of,
    here_of,
    lost_of,
    more_of,
    others_of,
    packet_rate,
    problem_text,
    rate_of,
    ways_of,
    who_of,
)
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.probe.flow import GroupReport, SourceReport, WatchReport
from groupwire.probe.flow.verdict import Limits, Problem

if TYPE_CHECKING:
    from groupwire.aio import Joined

__all__ = ["WatchText", "screen"]

_FEW = 3
"""Groups of many that are named."""


class WatchText:
    """Writes what is watched for people."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._board = Board(out) if out.live and out.wide else None
        self._silent = False

    def wipe(self) -> None:
        """Make room for another line."""
        if self._board is not None:
            self._board.wipe()

    def start(self, joined: Sequence[Joined], metrics: str | None) -> None:
        """Say what is watched, and where."""
        note, paint = self._out.note, self._out.note_paint
        note(f"watching {_some_of([str(one.group) for one in joined])}")
        for reason in dict.fromkeys(map(_where, joined)):
            note(paint(f"  {reason}", "dim"))
        if metrics is not None:
            note(paint(f"  figures for Prometheus at {metrics}", "dim"))
        note(paint("  Ctrl-C ends it", "dim"))
        buffer = min(one.receive_buffer for one in joined)
        self._out.detail(f"  receive buffer {buffer:,} bytes for each group")

    def show(self, report: WatchReport) -> None:
        """Show one interval."""
        if self._board is not None:
            self._board.draw(screen(report, self._board.lines))
        else:
            self._lines(report)

    def end(
        self,
        report: WatchReport,
        problems: Sequence[Problem],
        limits: Limits,
        *,
        recorded: bool = True,  # noqa: ARG002 - whoever records has said so
    ) -> None:
        """Say what it came to."""
        self.wipe()
        out = self._out
        heard = [group for group in report.groups if group.total.packets]
        packets = sum(group.total.packets for group in heard)
        size = amount(sum(group.total.bytes for group in heard))
        time_s = seconds(round(report.elapsed_s, 1))
        out.last_note(f"{plural(packets, 'packet')}, {size} in {time_s}")
        ways = ways_of(report)
        for group in heard:
            self._sum(group, ways)
        silent = [g for g in report.groups if not g.total.packets]
        if silent:
            self._nothing(silent, all_of_them=not heard)
        for problem in problems[:MOST_NAMED]:
            out.complain(out.note_paint(problem_text(problem, limits), "red"))
        if (more := len(problems) - MOST_NAMED) > 0:
            out.complain(out.note_paint(f"and {more:,} more of these", "red"))

    def _lines(self, report: WatchReport) -> None:
        clock = time.strftime("%H:%M:%S", time.localtime(report.time))
        ways = ways_of(report)
        for group in report.groups:
            head = f"{clock}  {group.group}"
            heard = [source for source in group.sources if source.now.packets]
            named, rest = foremost(heard, interval=True)
            for source in named:
                self._line(head, who_of(source, ways), source)
            if rest:
                others = others_of(rest, sum(s.now.packets for s in rest))
                self._out.line(f"{head}  {self._out.paint(others, 'dim')}")
            if group.dropped_now:
                dropped = f"{group.dropped_now:,} dropped on this host"
                text = self._out.paint(dropped, "yellow")
                self._out.line(f"{head}  {text}")
        if not report.packets and not self._silent:
            self._out.line(f"{clock}  silence")
        self._silent = not report.packets

    def _line(self, head: str, who: str, source: SourceReport) -> None:
        paint = self._out.paint
        text, style = lost_of(source)
        facts = [
            head,
            paint(who, "cyan"),
            form_of(source),
            packet_rate(source.now),
            rate_of(source.now),
            paint(text, style),
            *more_of(source, source.now),
        ]
        if source.trail:
            facts.append(source.trail[-min(len(source.trail), source.now.packets) :])
        self._out.line("  ".join(facts))

    def _sum(self, group: GroupReport, ways: Mapping[int, str]) -> None:
        out = self._out
        named, rest = foremost(group.sources, interval=False)
        for source in named:
            text, style = lost_of(source)
            who = out.paint(who_of(source, ways), "cyan")
            out.line(f"{group.group}  {who}  {escape(form_of(source))}")
            packets = plural(source.total.packets, "packet")
            rate = rate_of(source.total)
            out.line(f"  {packets}, {rate}, {out.paint(text, style)}")
            out.line(out.paint(f"  {', '.join(more_of(source, source.total))}", "dim"))
        if rest:
            others = others_of(rest, sum(s.total.packets for s in rest))
            out.line(out.paint(f"{group.group}  {others}", "dim"))
        self._here(group)

    def _here(self, group: GroupReport) -> None:
        here = here_of(group)
        if here:
            self._out.line(self._out.paint(f"  {escape(here)}", "yellow"))
        if group.dropped and group.lost:
            lost, way = group.lost, group.lost_on_the_way
            text = f"  of {lost:,} lost, {way:,} on the way ({share(way, lost)})"
            self._out.line(self._out.paint(text, "yellow"))

    def _nothing(self, silent: Sequence[GroupReport], *, all_of_them: bool) -> None:
        note, paint = self._out.note, self._out.note_paint
        note(f"nothing from {_some_of([str(g.group) for g in silent])}")
        if all_of_them:
            advice = f"groupwire doctor -g {silent[0].group} looks for the reason"
            note(paint(f"  {advice}", "dim"))


def _where(joined: Joined) -> str:
    ways = ", ".join(one.name for one in joined.interfaces)
    return f"on {ways}: {escape(joined.reason)}"


def screen(report: WatchReport, room: int) -> list[Pieces]:
    """Return the lines of the live screen, as many as there is room for."""
    heard = [group for group in report.groups if group.total.packets]
    silent = [str(g.group) for g in report.groups if not g.total.packets]
    sources = [source for group in heard for source in group.sources]
    trails = any(source.trail for source in sources)
    least = 1 + len(heard) + len(sources) + bool(silent)
    roomy = least + len(sources) * (2 if trails else 1) <= room
    crowded = least > room
    rows = _rows(report, heard, silent, roomy=roomy, crowded=crowded)
    if not crowded:
        return list(rows)
    more = [(f"  and {least - room + 1:,} more lines", "dim")]
    return [*islice(rows, room - 1), more]


def _rows(
    report: WatchReport,
    heard: Sequence[GroupReport],
    silent: list[str],
    *,
    roomy: bool,
    crowded: bool,
) -> Iterator[Pieces]:
    yield _title(report)
    ways = ways_of(report)
    for group in heard:
        yield _group_row(group)
        sources = list(group.sources)
        if crowded:  # who brings most stays in sight, whoever else was heard before
            sources.sort(key=lambda s: -s.total.packets)
        for source in sources:
            yield from _source_rows(who_of(source, ways), source, roomy=roomy)
    if silent:
        count = plural(len(silent), "group")
        some = f": {_some_of(silent)}"
        yield [(f"nothing yet from {count}", "yellow"), (some, "dim")]


def _some_of(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more:,} more" if more > 0 else "")


def _title(report: WatchReport) -> Pieces:
    packets = sum(g.now.packets_per_s for g in report.groups)
    lost = sum(g.lost for g in report.groups)
    here = sum(g.dropped for g in report.groups)
    return [
        (f"{seconds(round(report.elapsed_s))}", "bold"),
        (f"  {plural(len(report.groups), 'group')}", ""),
        (f"  {packets:,.0f}/s", "bold"),
        (f"  lost {lost:,}", "red" if lost else "green"),
        (f"  dropped on this host {here:,}", "yellow" if here else "dim"),
    ]


def _group_row(group: GroupReport) -> Pieces:
    rates = f"  {packet_rate(group.now)}  {rate_of(group.now)}"
    here = f"  {escape(here_of(group))}"
    return [(str(group.group), "bold"), (rates, ""), (here, "yellow")]


def _source_rows(who: str, source: SourceReport, *, roomy: bool) -> Iterator[Pieces]:
    text, style = lost_of(source)
    heard = source.now.packets > 0
    state = f"  {packet_rate(source.now)}" if heard else ""
    quiet = "" if heard else f"  silent for {seconds(round(source.quiet_s, 1))}"
    yield [
        (f"  {who}", "cyan"),
        (f"  {escape(form_of(source))}", ""),
        (state or quiet, "" if heard else "yellow"),
        (f"  {text}", style),
        (f"  {rate_of(source.now)}", ""),
    ]
    if roomy:
        facts = more_of(source, source.now)
        yield [("   ", ""), *((f" {fact} ", "dim") for fact in facts)]
        if source.trail:
            yield [(f"    {source.trail[-70:]}", "")]
