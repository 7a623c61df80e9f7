"""``groupwire doctor`` in a host: what it found, its fixes typed, the table of faults.

With ``GROUPWIRE_WRITE_DOCS=1`` each fault that a test had found goes into the table of
``docs/doctor-faults.md``.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

from tests.lab.harness.commands import Line, Told, start, told
from tests.lab.harness.host import Host
from tests.lab.harness.process import Process

__all__ = [
    "Diagnosed",
    "begin",
    "diagnose",
    "finish",
    "found",
    "found_and_mended",
    "mended",
    "note",
    "type_fix",
]

WRITE_DOCS = "GROUPWIRE_WRITE_DOCS"
_TABLE = Path(__file__).resolve().parents[3] / "docs" / "doctor-faults.md"
_HEAD = """# Faults that the doctor finds

Each was made on purpose in the laboratory (`tests/lab`), on a Linux kernel of its own;
the doctor found it by this code and reported no other error. Where a command of this
machine mends it, the command was typed as it was printed, and the next look found no
error. The seconds are those of the look that found it.
`GROUPWIRE_WRITE_DOCS=1 make lab` writes this page.

| fault | code | evidence | seconds |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What the doctor said."""

    told: Told
    seconds: float

    def __str__(self) -> str:
        return str(self.told)

    @property
    def took_s(self) -> float:
        """How long it looked, without the start of Python."""
        took: float = self.told.end["took_s"]
        return took

    @property
    def verdict(self) -> str:
        verdict: str = self.told.end["verdict"]
        return verdict

    @property
    def findings(self) -> list[Line]:
        return self.told.all("finding")

    @property
    def errors(self) -> set[str]:
        """The codes of the errors."""
        return {f["code"] for f in self.findings if f["severity"] == "error"}

    @property
    def codes(self) -> set[str]:
        return {f["code"] for f in self.findings}

    def finding(self, code: str) -> Line:
        """Return the most severe finding of a code."""
        return next(f for f in self.findings if f["code"] == code)


def begin(host: Host, *options: str) -> Process:
    """Start a doctor in a host."""
    return start(host, "doctor", *options)


def finish(doctor: Process, began: float, *, within: float = 30.0) -> Diagnosed:
    return Diagnosed(told(doctor, within=within), time.monotonic() - began)


def diagnose(host: Host, *options: str, within: float = 30.0) -> Diagnosed:
    """Run a doctor in a host to its end."""
    began = time.monotonic()
    return finish(begin(host, *options), began, within=within)


def type_fix(host: Host, diagnosed: Diagnosed, code: str) -> None:
    """Type the fix of each error of a code, as printed."""
    lines = [
        line
        for finding in diagnosed.findings
        if finding["code"] == code and finding["severity"] == "error"
        for line in finding["fix"]
    ]
    assert lines, diagnosed
    for line in dict.fromkeys(lines):
        # Who runs the tests by sudo is told to go on using it.
        host.run("sh", "-c", line.removeprefix("sudo "))


def mended(host: Host, *options: str) -> None:
    """The doctor finds no error any more."""
    after = diagnose(host, *options)
    assert after.errors == set(), after
    assert after.told.code == 0, after


def found(fault: str, code: str, diagnosed: Diagnosed) -> Line:
    """The fault was found by its code, the only error; note it for the docs."""
    assert diagnosed.errors == {code}, diagnosed
    assert diagnosed.verdict == "broken", diagnosed
    assert diagnosed.told.code == 1, diagnosed
    finding = diagnosed.finding(code)
    note(fault, finding, diagnosed.took_s)
    return finding


def found_and_mended(host: Host, fault: str, code: str, *options: str) -> None:
    """The fault is found by its code alone, and the fix mends it as it is printed."""
    diagnosed = diagnose(host, *options)
    found(fault, code, diagnosed)
    type_fix(host, diagnosed, code)
    mended(host, *options)


def note(fault: str, finding: Line, seconds: float) -> None:
    """Write a row of the table, where that is wanted."""
    if not os.environ.get(WRITE_DOCS):
        return
    evidence = "; ".join(finding["evidence"]).replace("|", "\\|")
    row = f"| {fault} | `{finding['code']}` | {evidence} | {seconds:.1f} |"
    # Parallel workers write rows of their own, one after another.
    with Path(__file__).open("rb") as gate:
        flock(gate, LOCK_EX)
        rows = {**_rows(), fault: row}
        _TABLE.write_text(_HEAD + "\n".join(rows[key] for key in sorted(rows)) + "\n")


def _rows() -> dict[str, str]:
    """Return the rows that stand there, by their fault."""
    if not _TABLE.exists():
        return {}
    lines = _TABLE.read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ") and "`" in line]
    return {line.split(" | ")[0].removeprefix("| "): line for line in rows}
