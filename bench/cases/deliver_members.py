"""What one more member costs the sender of a file: bytes, system calls, user time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from ..delivery.programs import Groupwire, Job
from ..delivery.trial import DeliveryError, Run, deliver
from ..delivery.wires import Lossy
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples, Summary, summarise
from .deliver import fill, scratch

__all__ = ["CASE"]

_FULL, _QUICK = 100_000_000, 8_000_000
_RATE = "200M"
"""Slow enough that nobody is overrun, however many share the processors: what is
repaired would be counted as the price of a member."""
_BYTES, _CALLS, _USER = "bytes sent", "system calls", "user-mode time"


def run(settings: Settings) -> Outcome:
    outcome = Outcome()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    if not shutil.which("strace"):
        outcome.notes.append(
            "strace: not installed, system calls not counted (apt install strace)."
        )
    found: dict[int, dict[str, Summary]] = {}
    with scratch() as room:
        file = room / "random.bin"
        fill(file, settings.pick(_FULL, _QUICK))
        counts = (1, 16) if settings.quick else (1, 4, 16, 64)
        for count in counts:
            found[count] = _measured(outcome, settings, file, count)
    for what in (_BYTES, _CALLS, _USER):
        _tell(outcome, what, found)
    return outcome


def _measured(
    outcome: Outcome, settings: Settings, file: Path, count: int
) -> dict[str, Summary]:
    wires = Lossy(settings.network, count, 0)
    into = [file.parent / f"into{number}" for number in range(count)]
    job = Job(file, wires.sender, wires.receivers, into)
    samples = Samples()
    for _ in range(settings.pick(5, 1)):
        for what, value in _once(outcome, job, wires, file.parent).items():
            samples.add(what, [value])
    return {what: samples.of(what) for what in samples.variants()}


def _once(outcome: Outcome, job: Job, wires: Lossy, room: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    program = _Told(room / "said", traced=None)
    if (done := _try(outcome, program, job, wires)) is not None:
        found[_BYTES] = program.sent_bytes()
        found[_USER] = done.sender_user_s * 1e3
    if shutil.which("strace"):
        traced = _Told(room / "said", traced=room / "calls")
        if _try(outcome, traced, job, wires) is not None:
            found[_CALLS] = traced.calls()
    return found


def _try(outcome: Outcome, program: _Told, job: Job, wires: Lossy) -> Run | None:
    try:
        return deliver(program, job, wires, limit_s=180)
    except (DeliveryError, subprocess.SubprocessError) as error:
        outcome.notes.append(f"{error} ({len(job.receivers)} members).")
        return None


class _Told(Groupwire):
    """Our push at a steady rate, whose words are kept, perhaps with calls counted."""

    def __init__(self, said: Path, *, traced: Path | None) -> None:
        self._said, self._traced = said, traced

    def send(self, job: Job) -> list[str]:
        command = [*super().send(job), "--rate", _RATE]
        if self._traced is not None:
            command = ["strace", "-f", "-qq", "-c", "-o", str(self._traced), *command]
        return ["sh", "-c", 'exec "$@" >"$0"', str(self._said), *command]

    def sent_bytes(self) -> float:
        end = json.loads(self._said.read_text().splitlines()[-1])
        return float(end["sent_bytes"])

    def calls(self) -> float:
        """Read the last line of strace's table: share, seconds, usecs/call, calls."""
        text = self._traced.read_text() if self._traced else ""
        total = re.search(
            r"^\s*100\.00\s.*?(\d+)\s+(?:\d+\s+)?total$", text, re.MULTILINE
        )
        return float(total.group(1)) if total else 0.0


def _tell(outcome: Outcome, what: str, found: dict[int, dict[str, Summary]]) -> None:
    units = {_BYTES: "B", _CALLS: "calls", _USER: "ms"}
    curve: dict[int, float] = {}
    for count, values in found.items():
        if what in values:
            label = f"{what}, {count} member{'s' * (count > 1)}"
            outcome.rows.append(Row(label, values[what], units[what], ours=True))
            curve[count] = values[what].median
    if not {1, 16} <= curve.keys():
        return
    ratio = curve[16] / curve[1]
    spread = [found[16][what].low / curve[1], found[16][what].high / curve[1]]
    summary = replace(summarise([ratio, *spread]), median=ratio)
    outcome.goals.append(Goal(f"{what}, 16 members / 1", 1.10, summary))


CASE = Case(
    name="deliver-members",
    title="What one more member costs",
    about=(
        "A file at 200 Mb/s to 1 to 64 members on one switch, each in a namespace of "
        "its own. Counted is all that the sender's command does, its start included."
    ),
    run=run,
)
