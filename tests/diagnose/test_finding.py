from groupwire.diagnose.finding import (
    Diagnosis,
    Finding,
    Looked,
    Severity,
    Verdict,
)


def _finding(code: str, severity: Severity, *causes: str) -> Finding:
    return Finding(code=code, severity=severity, says="", explained_by=causes)


def _diagnosis(*findings: Finding, unsure: tuple[str, ...] = ()) -> Diagnosis:
    looked = Looked(at=(), findings=findings, unsure=unsure, missed=("root",))
    again = Looked(at=(), unsure=unsure, missed=("root", "a peer"))
    return Diagnosis((("One", looked), ("Two", again)), 1.0)


ERROR = _finding("no-route", Severity.ERROR)
WARNING = _finding("wireless", Severity.WARNING)
INFO = _finding("mac-collision", Severity.INFO)


def test_errors_come_first() -> None:
    found = _diagnosis(INFO, WARNING, ERROR)
    assert found.findings == (ERROR, WARNING, INFO)
    assert found.count(Severity.ERROR) == 1


def test_the_verdict_is_that_of_the_worst() -> None:
    assert _diagnosis(WARNING, INFO).verdict is Verdict.OK
    assert _diagnosis(WARNING, ERROR, unsure=("x",)).verdict is Verdict.BROKEN
    assert _diagnosis(WARNING, unsure=("x",)).verdict is Verdict.INCONCLUSIVE


def test_what_stays_open_is_told_once() -> None:
    found = _diagnosis(unsure=("x", "y"))
    assert (found.unsure, found.missed) == (("x", "y"), ("root", "a peer"))


def test_a_consequence_is_left_out_beside_its_cause() -> None:
    consequence = _finding("loopback", Severity.ERROR, "no-route")
    assert _diagnosis(consequence).findings == (consequence,)
    assert _diagnosis(consequence, ERROR).findings == (ERROR,)


def test_who_knows_less_of_the_same_gives_way() -> None:
    less = _finding("no-route", Severity.ERROR, "no-route")
    assert _diagnosis(less).findings == (less,)
    assert _diagnosis(less, ERROR).findings == (ERROR,)
