"""``doctor`` for programs: one JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out

if TYPE_CHECKING:
    from groupwire.diagnose import Diagnosis, Finding
    from groupwire.diagnose.check import Question
    from groupwire.diagnose.trials.serve import Served, Serving

__all__ = ["DoctorJson"]


class DoctorJson:
    """Writes a question, what was looked at, each finding, and the verdict."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def question(self, question: Question) -> None:
        """Tell what is asked, and where it would go."""
        out = question.send_by
        self._out.event(
            "question",
            {
                "group": str(question.group),
                "receive_on": [one.name for one in question.receive_on],
                "send_by": None if out is None else out.name,
                "about": [one.name for one in question.about],
                "trouble": list(question.trouble),
                "root": question.root,
            },
        )

    def diagnosis(self, diagnosis: Diagnosis) -> None:
        """Tell what each check looked at, and what they found."""
        for check, looked in diagnosis.looked:
            fields = {
                "check": check,
                "at": list(looked.at),
                "unsure": list(looked.unsure),
                "missed": list(looked.missed),
            }
            self._out.event("looked", fields)
        for finding in diagnosis.findings:
            self._out.event("finding", _finding(finding))

    def end(self, diagnosis: Diagnosis | None) -> None:
        """Tell the verdict; None: it was interrupted before there was one."""
        self._out.event("end", _end(diagnosis))

    def serving(self, event: Serving | Served) -> None:
        """Tell that this end is ready, or that somebody tests against it."""
        from groupwire.diagnose.trials.serve import Serving

        if isinstance(event, Serving):
            self._out.event(
                "serving",
                {
                    "group": str(event.group),
                    "interfaces": list(event.interfaces),
                    "port": event.port,
                    "root": event.root,
                },
            )
        else:
            self._out.event("served", {"asker": event.asker})

    def served(self, count: int) -> None:
        """Tell that this end is over."""
        self._out.event("end", {"served": count})


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "interface": finding.interface,
        "says": finding.says,
        "evidence": list(finding.evidence),
        "sure": finding.sure.value,
        "fix": list(finding.fix),
    }


def _end(diagnosis: Diagnosis | None) -> dict[str, Any]:
    from groupwire.diagnose import Severity

    if diagnosis is None:
        return {"verdict": "inconclusive", "checks": 0, "errors": 0, "warnings": 0}
    return {
        "verdict": diagnosis.verdict.value,
        "checks": len(diagnosis.looked),
        "errors": diagnosis.count(Severity.ERROR),
        "warnings": diagnosis.count(Severity.WARNING),
        "infos": diagnosis.count(Severity.INFO),
        "took_s": round(diagnosis.seconds, 3),
    }
