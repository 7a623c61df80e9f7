"""What the doctor shows to people, in a terminal and in a pipe."""

from __future__ import annotations

import sys

import pytest
from tests.cli.render.deliveries.terminal import Terminal
from tests.diagnose.checks.moments import question

from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.doctor.for_people import DoctorText
from groupwire.diagnose import Diagnosis, Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.serve import Served, Serving
from groupwire.values import Group

Capture = pytest.CaptureFixture[str]

LONG = "sudo nft insert rule inet filter input ip daddr 239.255.42.99 accept"
ERROR = Finding(
    code="firewall",
    severity=Severity.ERROR,
    interface="eth0",
    says="The firewall throws away what is sent to the group. Nobody gets it.",
    evidence=("`drop` in inet filter input",),
    sure=Sureness.LIKELY,
    fix=(LONG,),
)
INFO = Finding(code="other-listener", severity=Severity.INFO, says="py\x1b[2J listens")


def _diagnosis(*findings: Finding) -> Diagnosis:
    looked = Looked(
        at=("nft list ruleset",),
        findings=findings,
        unsure=("whether it rains",),
        missed=("the moon",),
    )
    return Diagnosis((("Rules", looked),), 1.5)


def _shown(diagnosis: Diagnosis | None, **tone: bool) -> None:
    shown = DoctorText(Out(Tone(**tone)))
    if diagnosis is not None:
        shown.diagnosis(diagnosis)
    shown.end(diagnosis)


def test_a_finding_says_what_how_sure_and_what_mends_it(capsys: Capture) -> None:
    _shown(_diagnosis(ERROR, INFO))
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "error firewall on eth0  (likely)",
        f"  {ERROR.says}",
        "  - `drop` in inet filter input",
        "  fix:",
        f"    {LONG}",
        "",
        "info other-listener",
        "  py\\x1b[2J listens",
        "",
        "verdict: broken (1 error)",
    ]
    assert told.err.splitlines() == [
        "not decided:",
        "  - whether it rains",
        "not looked at:",
        "  - the moon",
        "  1 check in 1.5 s",
    ]


def test_quiet_leaves_out_what_is_only_good_to_know(capsys: Capture) -> None:
    _shown(_diagnosis(INFO), quiet=True)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("verdict: inconclusive\n", "")


@pytest.mark.parametrize("verbose", [True, False])
def test_of_many_findings_alike_the_first_are_shown(
    capsys: Capture, verbose: bool
) -> None:
    _shown(_diagnosis(ERROR, *[INFO] * 30), verbose=verbose)
    told = capsys.readouterr().out
    assert told.count("py\\x1b[2J listens") == (30 if verbose else 8)
    more = "info other-listener: 22 more like these; -v shows all"
    assert (more in told.splitlines()) is not verbose


def test_v_says_where_it_looked(capsys: Capture) -> None:
    _shown(_diagnosis(), verbose=True)
    assert "looked at\n  nft list ruleset\n" in capsys.readouterr().err


def test_what_ends_early_has_no_verdict(capsys: Capture) -> None:
    _shown(None)
    assert capsys.readouterr().err == "ended without a verdict\n"


def test_nothing_open_is_not_spoken_of(capsys: Capture) -> None:
    _shown(Diagnosis((("Rules", Looked(at=())),), 1.0))
    told = capsys.readouterr()
    assert told.out == "verdict: ok\n"
    assert told.err == "  1 check in 1 s\n"


def test_text_is_wrapped_in_a_terminal_and_commands_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", terminal)
    _shown(_diagnosis(ERROR))
    lines = terminal.getvalue().splitlines()
    assert f"    {LONG}" in lines
    assert max(len(line) for line in lines if LONG not in line) <= 40
    assert "  The firewall throws away what is sent" in lines


def test_the_question_is_told_with_its_trouble_and_time(capsys: Capture) -> None:
    shown = DoctorText(Out(Tone()))
    shown.question(question(trouble=("no way out",), send_by=None, soak_s=300.0))
    shown.question(question(links=(), receive_on=()))
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "looking for what keeps 239.255.42.99:10000 from arriving here",
        "  receive on eth0, lo; send by nothing",
        "  no way out",
        "  it takes 300 s; Ctrl-C ends it sooner",
        "",
        "looking for what keeps 239.255.42.99:10000 from arriving here",
        "  receive on nothing; send by nothing",
        "",
    ]


def test_the_other_end_says_that_it_is_ready_and_by_whom_it_is_tested(
    capsys: Capture,
) -> None:
    shown = DoctorText(Out(Tone()))
    group = Group.parse("239.1.1.1:5000")
    shown.serving(Serving(group, ("eth0",), 10_003, root=False))
    shown.serving(Serving(group, ("eth0",), 10_003, root=True))
    shown.serving(Served("10.0.0.7"))
    shown.served(1)
    told = capsys.readouterr()
    assert told.out == "tested by 10.0.0.7\n"
    assert told.err.count("as root it would see more") == 1
    assert told.err.endswith("1 test\n")
