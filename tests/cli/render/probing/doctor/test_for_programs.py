"""What the doctor tells programs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.running import told
from tests.diagnose.checks.moments import question

from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.doctor.for_programs import DoctorJson
from groupwire.diagnose import Diagnosis, Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.serve import Served, Serving
from groupwire.values import Group

Capture = pytest.CaptureFixture[str]


def _shown() -> DoctorJson:
    return DoctorJson(Out(Tone(json=True)))


def _lines(capsys: Capture) -> list[dict[str, Any]]:
    lines = told(capsys.readouterr().out)
    return [
        {key: value for key, value in line.items() if key not in {"v", "time"}}
        for line in lines
    ]


def test_the_question(capsys: Capture) -> None:
    shown = _shown()
    shown.question(question())
    shown.question(question(send_by=None, trouble=("no way out",)))
    first, second = _lines(capsys)
    assert first == {
        "event": "question",
        "group": "239.255.42.99:10000",
        "receive_on": ["eth0", "lo"],
        "send_by": "eth0",
        "about": ["eth0"],
        "trouble": [],
        "root": True,
    }
    assert (second["send_by"], second["trouble"]) == (None, ["no way out"])


def test_findings_and_the_verdict(capsys: Capture) -> None:
    shown = _shown()
    finding = Finding(
        code="no-route",
        severity=Severity.ERROR,
        says="no way",
        evidence=("netlink",),
        sure=Sureness.LIKELY,
        fix=("ip route",),
    )
    looked = Looked(at=("routes",), findings=(finding,), unsure=("x",), missed=("y",))
    diagnosis = Diagnosis((("Routes", looked),), 1.23456)
    shown.diagnosis(diagnosis)
    shown.end(diagnosis)
    assert _lines(capsys) == [
        {
            "event": "looked",
            "check": "Routes",
            "at": ["routes"],
            "unsure": ["x"],
            "missed": ["y"],
        },
        {
            "event": "finding",
            "code": "no-route",
            "severity": "error",
            "interface": None,
            "says": "no way",
            "evidence": ["netlink"],
            "sure": "likely",
            "fix": ["ip route"],
        },
        {
            "event": "end",
            "verdict": "broken",
            "checks": 1,
            "errors": 1,
            "warnings": 0,
            "infos": 0,
            "took_s": 1.235,
        },
    ]


def test_an_interruption_is_inconclusive(capsys: Capture) -> None:
    shown = _shown()
    shown.end(None)
    (end,) = _lines(capsys)
    assert (end["verdict"], end["checks"], end["errors"]) == ("inconclusive", 0, 0)


def test_the_other_end(capsys: Capture) -> None:
    shown = _shown()
    shown.serving(Serving(Group.parse("239.1.1.1:5000"), ("lo",), 10_003, root=False))
    shown.serving(Served("10.0.0.7"))
    shown.served(1)
    serving, served, end = _lines(capsys)
    assert (serving["event"], serving["port"], serving["root"]) == (
        "serving",
        10_003,
        False,
    )
    assert served == {"event": "served", "asker": "10.0.0.7"}
    assert end == {"event": "end", "served": 1}
