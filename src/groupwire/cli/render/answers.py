"""What ``send`` shows: what was sent, every answer, who is missing, why it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import Columns, escape, escape_bytes, plural, seconds
from groupwire.cli.render.values import data_fields

if TYPE_CHECKING:
    from groupwire.aio import Sent
    from groupwire.gather import Answer, Result
    from groupwire.values import Group

__all__ = ["Answers", "Asked", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop, as far as the last line speaks of it."""

    expected: int | None
    names: tuple[str, ...]
    first: int | None
    timeout: float
    stall: float


@dataclass(slots=True)
class Asked:
    """What came of all rounds together; one round is the usual case."""

    rounds: int = 0
    answers: int = 0
    missing: dict[str, None] = field(default_factory=dict[str, None])
    missing_count: int = 0
    duplicates: int = 0
    late: int = 0
    clashes: dict[str, None] = field(default_factory=dict[str, None])
    attempts: int = 0
    stopped_by: str = "stopped"
    elapsed: float = 0.0

    def add(self, result: Result) -> None:
        """Count one round in; ``missing`` are those who missed any."""
        self.rounds += 1
        self.answers += len(result.answers)
        self.missing.update(dict.fromkeys(result.missing))
        self.missing_count = max(
            self.missing_count, result.missing_count, len(self.missing)
        )
        self.duplicates += result.duplicates
        self.late += result.late
        self.clashes.update(dict.fromkeys(result.clashes))
        self.attempts = result.attempts
        self.stopped_by = str(result.stopped_by or "stopped")
        self.elapsed += result.elapsed

    def nothing(self, limits: Limits) -> None:
        """Say that it ended before anything was asked."""
        self.missing.update(dict.fromkeys(limits.names))
        self.missing_count = limits.expected or 0

    def oddities(self) -> list[str]:
        """Return what was heard besides the answers that count."""
        odd = {"duplicate answer": self.duplicates, "late answer": self.late}
        return [plural(count, what) for what, count in odd.items() if count]

    def fields(self) -> dict[str, Any]:
        """Return the keys of ``end``."""
        return {
            "answers": self.answers,
            "missing": list(self.missing),
            "missing_count": self.missing_count,
            "duplicates": self.duplicates,
            "late": self.late,
            "clashes": list(self.clashes),
            "attempts": self.attempts,
            "stopped_by": self.stopped_by,
            "elapsed_s": round(self.elapsed, 6),
        }


class Answers:
    """Shows questions and their answers as they come.

    ``group`` is shown as it was named, ``rounds`` is how often it will be asked.
    """

    def __init__(
        self, out: Out, group: Group, limits: Limits, *, rounds: int = 1
    ) -> None:
        self._out = out
        self._group = str(group)
        self._limits = limits
        self._rounds = rounds
        self._round = 0
        self._columns = Columns(8, max(map(len, limits.names), default=0), 0)
        self._named = bool(limits.names)

    @property
    def begun(self) -> bool:
        """Whether a question was shown."""
        return self._round > 0

    def sent(self, sent: Sent) -> None:
        """Show that a question is on its way."""
        self._round += 1
        if self._out.json:
            self._out.event(
                "sent", {"group": self._group, **_sent_fields(sent), **self._which()}
            )
        elif self._round == 1 or self._out.verbose:
            self._tell_sent(sent)
        if self._round == 1:
            if sent.form == "tagged" and self._limits.names:
                self._out.remark("  tagged, so that members can answer by name")
            for warning in sent.warnings:
                self._out.warn(warning)

    def answer(self, answer: Answer) -> None:
        """Show one answer."""
        if self._out.json:
            self._out.event("answer", {**_answer_fields(answer), **self._which()})
        else:
            self._out.line(self._answer_line(answer))

    def round(self, result: Result) -> None:
        """Show how one round of several ended."""
        if self._rounds == 1:
            return
        asked = Asked()
        asked.add(result)
        if self._out.json:
            self._out.event("round", {**asked.fields(), **self._which()})
        else:
            self._tell_end(asked, f"round {self._round}: ")

    def end(self, asked: Asked) -> None:
        """Show what came of it all."""
        if not asked.rounds:
            asked.nothing(self._limits)
        if self._out.json:
            self._out.event("end", asked.fields())
        elif not self.begun:
            self._out.last_note("nothing was sent")
        elif self._rounds == 1:
            self._tell_end(asked, "")
        else:
            self._out.note(f"{plural(asked.rounds, 'round')}, {_answered(asked)}")

    def _which(self) -> dict[str, int]:
        return {"round": self._round} if self._rounds > 1 else {}

    def _tell_sent(self, sent: Sent) -> None:
        note, paint = self._out.note, self._out.note_paint
        ways = ", ".join(one.name for one in sent.interfaces)
        size = plural(sent.size_bytes, "byte")
        note(f"sent {size} to {self._group}, TTL {sent.ttl}")
        note(paint(f"  by {ways}: {escape(sent.reason)}", "dim"))
        if sent.form == "tagged" and not self._limits.names:
            note(paint("  tagged with a request id", "dim"))

    def _answer_line(self, answer: Answer) -> str:
        paint, columns = self._out.paint, self._columns
        self._named = self._named or answer.member is not None
        cells = [f"{columns.right(0, f'{answer.rtt * 1e3:.2f}')} ms"]
        if self._named:
            name = columns.left(1, escape(answer.member or "-"))
            cells.append(paint(name, "green"))
        cells.append(paint(columns.left(2, str(answer.sender)), "dim"))
        cells.append(escape_bytes(answer.data))
        return "  ".join(cells).rstrip()

    def _tell_end(self, asked: Asked, head: str) -> None:
        out, paint = self._out, self._out.note_paint
        if asked.stopped_by == "stopped":
            out.last_note("interrupted")
        if asked.missing_count:
            # The quiet ones are told too: it is why the exit code is 1.
            out.complain(f"{head}{paint(self._missing(asked), 'red')}")
        elif asked.answers:
            out.note(f"{head}{paint(_answered(asked), 'green')}")
        else:
            out.note(f"{head}{paint('nobody answered', 'yellow')}")
        why = _REASONS[asked.stopped_by].format(
            stall=seconds(self._limits.stall),
            timeout=seconds(self._limits.timeout),
            first=self._limits.first,
            attempts=asked.attempts,
        )
        out.note(paint(f"  ended after {seconds(asked.elapsed)}: {why}", "dim"))
        if not asked.answers and asked.rounds:
            doctor = f"groupwire doctor -g {self._group}"
            out.note(paint(f"  `{doctor}` looks for the reason", "dim"))
        for oddity in asked.oddities():
            out.note(paint(f"  {oddity}", "dim"))
        for name in asked.clashes:
            out.warn(f"two members call themselves {escape(name)}")

    def _missing(self, asked: Asked) -> str:
        expected = self._limits.expected or asked.missing_count
        who = ", ".join(map(escape, asked.missing))
        head = f"missing {asked.missing_count} of {expected}"
        return f"{head}: {who}" if who else head


_REASONS = {
    "expected": "everyone expected has answered",
    "first": "as many answers as wanted ({first})",
    "stall": "{stall} of silence",
    "retries": "the silent ones were asked {attempts} times",
    "timeout": "the time of {timeout} was over",
    "stopped": "interrupted",
}


def _answered(asked: Asked) -> str:
    return plural(asked.answers, "answer")


def _sent_fields(sent: Sent) -> dict[str, Any]:
    names = [one.name for one in sent.interfaces]
    return {
        "interface": ",".join(names),
        "interfaces": names,
        "reason": sent.reason,
        "bytes": sent.size_bytes,
        "ttl": sent.ttl,
        "mode": str(sent.form),
        "warnings": list(sent.warnings),
    }


def _answer_fields(answer: Answer) -> dict[str, Any]:
    return {
        "sender": str(answer.sender),
        "member": answer.member,
        **data_fields(answer.data),
        "rtt_s": round(answer.rtt, 9),
    }
