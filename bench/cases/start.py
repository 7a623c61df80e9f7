"""How long Python needs before groupwire can do anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples

__all__ = ["CASE"]

_BARE = "python -c pass"
_IMPORT = "python -c 'import groupwire'"
_ASYNCIO = "python -c 'import groupwire.aio'"
_HELP = "groupwire --help"


def run(settings: Settings) -> Outcome:
    """Start each in turn."""
    samples = Samples()
    commands = {
        _BARE: [sys.executable, "-c", "pass"],
        _IMPORT: [sys.executable, "-c", "import groupwire"],
        _ASYNCIO: [sys.executable, "-c", "import groupwire.aio"],
        _HELP: [*_groupwire(), "--help"],
    }
    for command in commands.values():
        _timed(command)
    for _ in range(settings.pick(20, 5)):
        for label, command in commands.items():
            samples.add(label, [_timed(command)])
    return _tell(samples)


def _groupwire() -> list[str]:
    """Return the installed command, else the module, which does the same."""
    installed = Path(sys.executable).with_name("groupwire")
    if os.access(installed, os.X_OK):
        return [str(installed)]
    return [sys.executable, "-m", "groupwire"]


def _timed(command: list[str]) -> float:
    started = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (perf_counter() - started) * 1e3


def _tell(samples: Samples) -> Outcome:
    outcome = Outcome()
    outcome.rows = [
        Row(label, samples.of(label), "ms", ours="groupwire" in label)
        for label in samples.variants()
    ]
    over = samples.difference(_IMPORT, _BARE)
    outcome.goals = [
        Goal(f"{_IMPORT} over {_BARE}", 60, over, unit="ms"),
        Goal(_HELP, 300, samples.of(_HELP), unit="ms"),
    ]
    return outcome


CASE = Case(
    name="start",
    title="Start-up",
    about="From the start of the process to its end, with files in the page cache.",
    run=run,
    axis="milliseconds",
)
