"""The end of a push for people: who has it, who has not, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groupwire.cli.render.deliveries.ink.figures import amount, bit_rate, share
from groupwire.cli.render.deliveries.ink.table import table
from groupwire.cli.render.deliveries.ink.words import in_words, listed
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.deliveries.pushed.rows import (
    HEAD,
    LEAST,
    RIGHT,
    files,
    result_rows,
)
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import plural, seconds
from groupwire.deliver.report import PushReport
from groupwire.gather import Expectation

__all__ = ["Outcome"]

_MOST_NAMES = 20
_NOBODY = "nobody"
"""The reason of a push that found nobody."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a push, and what was known before."""

    report: PushReport
    opening: Opening
    expected: Expectation | None
    reasons: Mapping[str, str]
    """Why members were given up, by name."""

    def show(self, out: Out, segment_bytes: int) -> None:
        """Write the table to where it was asked for, and what it comes to."""
        report, paint = self.report, out.note_paint
        early = report.reason not in {"", _NOBODY}
        if early:
            out.last_note(f"ended early: {in_words(report.reason)}")
        rows = result_rows(report, self.reasons, segment_bytes)
        if rows:
            for line in table(HEAD, rows, out.paint, RIGHT, room=out.room, least=LEAST):
                out.line(line)
        if report.complete:
            whole = not self.opening.problems
            out.note(paint(self._success(), "green" if whole else "yellow"))
        elif report.missing_count:
            out.complain(paint(self._missing(), "red"))
        elif not report.delivered:
            out.complain(paint("nobody answered, nothing was delivered", "red"))
        if report.delivered:
            out.note(paint(f"  {self._figures()}", "dim"))
        elif not (early or any(one.address for one in report.receipts)):
            self._advise(out)
        if self.opening.problems:
            out.complain(paint(self._not_sent(), "red"))

    def _not_sent(self) -> str:
        paths = self.opening.problems
        verb = "was" if len(paths) == 1 else "were"
        some = listed(paths, _MOST_NAMES)
        return f"{plural(len(paths), 'path')} {verb} not sent: {some}"

    def _success(self) -> str:
        count = len(self.report.delivered)
        verb = "has" if count == 1 else "have"
        size = amount(self.report.total_bytes)
        return f"{plural(count, 'member')} {verb} {files(self.report.files)}, {size}"

    def _figures(self) -> str:
        report = self.report
        again = share(report.repaired_bytes, report.bytes_sent)
        speed = bit_rate(report.total_bytes / max(report.elapsed_s, 1e-9))
        return f"{seconds(report.elapsed_s)}, {speed}, {again} of what was sent repairs"

    def _missing(self) -> str:
        missing = self.report.missing
        known = len(self.report.delivered) + self.report.missing_count
        of = max(self.expected.size if self.expected else 0, known)
        head = f"missing {self.report.missing_count:,} of {of:,}"
        return f"{head}: {listed(missing, _MOST_NAMES)}" if missing else head

    def _advise(self, out: Out) -> None:
        group, ways = self.opening.group, ", ".join(self.opening.interfaces)
        ttl = self.opening.ttl
        for line in (
            f"is `groupwire pull -g {group}` running on the other machines?",
            f"are they on the network of {ways}? `groupwire interfaces` lists what "
            "there is, -i names another",
            f"is a router between? TTL {ttl} crosses {max(0, ttl - 1)}, --ttl more",
            f"does anything arrive? `groupwire receive -g {group}` there, "
            f'`groupwire send "hello" -g {group}` here',
            f"if not: `groupwire doctor -g {group}` looks for the reason",
        ):
            out.note(out.note_paint(f"  {line}", "dim"))
