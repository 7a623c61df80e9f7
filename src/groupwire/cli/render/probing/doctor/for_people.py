"""``doctor`` for people: what is wrong in plain words, and the line that mends it.

Text is wrapped in a terminal; a line that is to be typed never is.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.values.interface import listed

if TYPE_CHECKING:
    from groupwire.diagnose import Diagnosis, Finding
    from groupwire.diagnose.check import Question
    from groupwire.diagnose.trials.serve import Served, Serving

__all__ = ["MOST_ALIKE", "DoctorText"]

MOST_ALIKE = 8
"""Findings of one code and severity that are shown without ``-v``."""

_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}
_VERDICTS = {"ok": "green", "broken": "red", "inconclusive": "yellow"}
_SURE = {
    "certain": "",
    "likely": "likely",
    "possible": "possible",
}


class DoctorText:
    """Writes findings, most severe first, and the verdict last."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def question(self, question: Question) -> None:
        """Say what is looked at, and how long that takes."""
        note, paint = self._out.note, self._out.note_paint
        note(f"looking for what keeps {question.group} from arriving here")
        names = listed([one.name for one in question.receive_on]) or "nothing"
        sender = question.send_by.name if question.send_by else "nothing"
        note(paint(f"  receive on {names}; send by {sender}", "dim"))
        for trouble in question.trouble:
            note(paint(f"  {escape(trouble)}", "dim"))
        listen_s = question.listen_s if question.root else 0.0
        if (longest := max(listen_s, question.soak_s)) > 0:
            note(paint(f"  it takes {seconds(longest)}; Ctrl-C ends it sooner", "dim"))
        note("")

    def diagnosis(self, diagnosis: Diagnosis) -> None:
        """Show the findings, and with ``-v`` where it looked."""
        alike: Counter[tuple[str, str]] = Counter()
        for finding in diagnosis.findings:
            kind = finding.severity.value, finding.code
            if self._out.quiet and finding.severity.value == "info":
                continue
            alike[kind] += 1
            if alike[kind] <= MOST_ALIKE or self._out.verbose:
                self._finding(finding)
        for (severity, code), count in alike.items():
            if count > MOST_ALIKE and not self._out.verbose:
                more = f"{count - MOST_ALIKE:,} more like these; -v shows all"
                self._out.line(f"{severity} {code}: {more}\n")
        self._out.detail("looked at")
        for _, looked in diagnosis.looked:
            for line in looked.at:
                self._out.detail(f"  {escape(line)}")
        self._open("not decided:", diagnosis.unsure)
        self._open("not looked at:", diagnosis.missed)

    def end(self, diagnosis: Diagnosis | None) -> None:
        """Show the verdict; None: it ended before there was one."""
        from groupwire.diagnose import Severity

        if diagnosis is None:
            self._out.last_note("ended without a verdict")
            return
        verdict = diagnosis.verdict.value
        counts = ", ".join(
            plural(count, noun)
            for noun in ("error", "warning")
            if (count := diagnosis.count(Severity(noun)))
        )
        told = f" ({counts})" if counts else ""
        painted = self._out.paint(verdict, _VERDICTS[verdict])
        self._out.line(f"verdict: {painted}{told}")
        self._out.note(
            self._out.note_paint(
                f"  {plural(len(diagnosis.looked), 'check')} "
                f"in {seconds(diagnosis.seconds)}",
                "dim",
            )
        )

    def serving(self, event: Serving | Served) -> None:
        """Say that this end is ready, or that somebody tests against it."""
        from groupwire.diagnose.trials.serve import Serving

        note, paint = self._out.note, self._out.note_paint
        if not isinstance(event, Serving):
            self._out.line(f"tested by {escape(event.asker)}")
            return
        note(f"ready: the other end of `groupwire doctor -g {event.group} --peer ...`")
        names = listed(event.interfaces)
        note(paint(f"  on {names}, UDP port {event.port}; Ctrl-C ends it", "dim"))
        if not event.root:
            note(paint("  as root it would see more: what reaches the wire", "dim"))

    def served(self, count: int) -> None:
        """Say that this end is over."""
        self._out.last_note(plural(count, "test"))

    def _finding(self, finding: Finding) -> None:
        line, paint = self._out.line, self._out.paint
        severity = finding.severity.value
        where = f" on {escape(finding.interface)}" if finding.interface else ""
        sure = _SURE[finding.sure.value]
        head = f"{paint(severity, _STYLES[severity])} {paint(finding.code, 'bold')}"
        line(f"{head}{where}{paint(f'  ({sure})' if sure else '', 'dim')}")
        for text in self._wrapped(finding.says, "  "):
            line(text)
        for fact in finding.evidence:
            for text in self._wrapped(fact, "    ", "  - "):
                line(paint(text, "dim"))
        if finding.fix:
            line(f"  {paint('fix:', 'bold')}")
        for command in finding.fix:
            self._out.typed(f"    {escape(command)}")
        line("")

    def _open(self, title: str, lines: Iterable[str]) -> None:
        lines = tuple(lines)
        if not lines:
            return
        self._out.note(title)
        for one in lines:
            for text in self._wrapped(one, "    ", "  - "):
                self._out.note(self._out.note_paint(text, "dim"))

    def _wrapped(self, text: str, indent: str, first: str | None = None) -> list[str]:
        first = indent if first is None else first
        room = self._out.room
        if room is None:
            return [f"{first}{escape(text)}"]
        return textwrap.wrap(
            escape(text),
            max(24, room),
            initial_indent=first,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
