"""``python -m fuzz [TARGET|all]``: strange messages, none may hurt.

A finding is printed with the command that shows it again, and ends with 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from zlib import crc32

from .engine import Report, Session, broken, run
from .targets import TARGETS

_FOREVER = 1 << 62
_LONGEST_ARGUMENT = 100_000


def main() -> None:
    options = _options()
    if options.replay is not None:
        problem = broken(TARGETS[options.target], _read(options.replay))
        print(problem or "nothing is wrong with it")
        sys.exit(problem is not None)
    names = list(TARGETS) if options.target == "all" else [options.target]
    print(f"seed {options.seed}", flush=True)
    reports = [report for name in names for report in _fuzz(name, options, len(names))]
    total = sum(report.executions for report in reports)
    print(f"{total:,} executions")
    sys.exit(any(report.finding for report in reports))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", default="all", choices=[*TARGETS, "all"])
    parser.add_argument("--seconds", type=float, help="of all targets together")
    parser.add_argument("--runs", type=int, help="executions of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--replay", metavar="HEX|@FILE", help="what a finding has printed"
    )
    options = parser.parse_args()
    if options.replay is not None and options.target == "all":
        parser.error("--replay needs the target")
    if options.seconds is None and options.runs is None:
        options.seconds = 60.0
    return options


def _fuzz(name: str, options: argparse.Namespace, targets: int) -> Sequence[Report]:
    """Run a target on all cores, each with a seed of its own."""
    cores = os.cpu_count() or 1
    seconds = float("inf") if options.seconds is None else options.seconds / targets
    runs = _FOREVER if options.runs is None else -(-options.runs // cores)
    seeds = [f"{options.seed}.{core}" for core in range(cores)]
    with ProcessPoolExecutor(cores) as pool:
        reports = list(pool.map(partial(_run, name, runs, seconds), seeds))
    print(_summary(name, reports), flush=True)
    for report in reports:
        if report.finding is not None:
            session = report.finding.session
            print(f"  {report.finding.problem}\n  {session.inputs[-1].hex()}")
            print(f"  python -m fuzz {name} --replay {_written(session)}", flush=True)
    return reports


def _written(session: Session) -> str:
    """Return what --replay takes: the session, or, if it is long, a file."""
    text = str(session)
    if len(text) <= _LONGEST_ARGUMENT:
        return text
    path = Path(tempfile.gettempdir()) / f"fuzz-{crc32(text.encode()):08x}.txt"
    path.write_text(text)
    return f"@{path}"


def _read(text: str) -> Session:
    return Session.parse(Path(text[1:]).read_text() if text[0] == "@" else text)


def _run(name: str, runs: int, seconds: float, seed: str) -> Report:
    return run(TARGETS[name], seed, runs=runs, seconds=seconds)


def _summary(name: str, reports: Sequence[Report]) -> str:
    executions = sum(report.executions for report in reports)
    seconds = max(report.seconds for report in reports)
    measured = sum(report.measured for report in reports)
    slowest = max(report.slowest_s for report in reports)
    largest = max(report.largest_bytes for report in reports)
    return (
        f"{name}: {executions:,} executions in {seconds:.1f} s, "
        f"{executions / seconds:,.0f} a second; slowest {slowest * 1000:.2f} ms; "
        f"most memory {largest >> 10:,} KiB of {measured:,} measured"
    )


if __name__ == "__main__":
    main()
