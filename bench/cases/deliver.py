"""A file to one and to three receivers, with and without loss, beside the peers."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from .. import engine, rows
from ..delivery.bound import Bound
from ..delivery.programs import (
    GROUPWIRE,
    LIBNORM,
    PROGRAMS,
    UDPCAST,
    UFTP,
    Job,
    Program,
    at_rate,
)
from ..delivery.trial import DeliveryError, Run, deliver
from ..delivery.wires import Lossy
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples
from ..worker import Worker

__all__ = ["CASE", "fill", "installed", "scratch"]

_CELLS = tuple(product((1, 3), (0, 5)))
_FULL, _QUICK = 400_000_000, 40_000_000
_MOST_FAILURES = 2
"""Of a program in a cell; after that it is not tried there again."""
_BARE = "bare GSO/GRO socket pair"
_BOUND = "Python without a protocol, at most"


def run(settings: Settings) -> Outcome:
    outcome = Outcome()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    programs = installed(outcome, PROGRAMS)
    with scratch() as room:
        file = room / "random.bin"
        fill(file, settings.pick(_FULL, _QUICK))
        for receivers, percent in _CELLS:
            _cell(
                outcome,
                settings,
                programs,
                file,
                Lossy(settings.network, receivers, percent),
            )
    return outcome


def installed(outcome: Outcome, programs: Sequence[Program]) -> list[Program]:
    """Return those that are here; of the others is told how to get them."""
    missing = [program for program in programs if not program.available()]
    outcome.notes += [
        f"{program.name}: not installed, not measured "
        f"(Debian: apt install {program.package})."
        for program in missing
    ]
    return [program for program in programs if program not in missing]


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory in memory where there is one: no program waits for a disk."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with TemporaryDirectory(prefix="groupwire-bench-", dir=where) as room:
        yield Path(room)


def fill(file: Path, size: int) -> None:
    with file.open("wb") as out:
        for at in range(0, size, 1 << 24):
            out.write(os.urandom(min(1 << 24, size - at)))


def _cell(
    outcome: Outcome,
    settings: Settings,
    programs: Sequence[Program],
    file: Path,
    wires: Lossy,
) -> None:
    receivers, percent = len(wires.receivers), wires.percent
    into = [file.parent / f"into{number}" for number in range(receivers)]
    job = Job(file, wires.sender, wires.receivers, into)
    jobs = {p: _tuned(outcome, p, job, wires, settings) for p in programs}
    runs: dict[Program, list[Run]] = {program: [] for program in programs}
    failed = Counter[Program]()
    speed, cpu = Samples(), Samples()
    bare = _Bare(wires) if (receivers, percent) == (1, 0) else None
    for _ in range(settings.pick(5, 1)):
        for program, its in jobs.items():
            if failed[program] >= _MOST_FAILURES:
                continue
            found = _try(outcome, program, its, wires, settings)
            failed[program] += found is None
            runs[program] += [] if found is None else [found]
            speed.add(program.name, [found.mbytes_per_s] if found else [])
            cpu.add(program.name, [found.cpu_s_per_gbyte] if found else [])
        if bare is not None:
            speed.add(_BARE, [bare.mbytes_per_s()])
    if bare is not None:
        bare.close()
    if runs[GROUPWIRE]:
        _bound(speed, file, wires, settings)
    where = f"{receivers} receiver{'s' * (receivers > 1)}, {percent} % loss"
    _rows(outcome, where, runs, speed, cpu)
    _goals(outcome, where, speed, cpu, runs, percent)


def _bound(speed: Samples, file: Path, wires: Lossy, settings: Settings) -> None:
    """Measure what all processors could carry if nothing but bytes had to be moved."""
    bound, processors = Bound(wires, file), os.cpu_count() or 1
    try:
        for _ in range(settings.pick(5, 1)):
            spent = bound.cpu_s_per_gbyte(speed.of(GROUPWIRE.name).median)
            speed.add(_BOUND, [1e3 * processors / spent])
    finally:
        bound.close()


def _tuned(
    outcome: Outcome, program: Program, job: Job, wires: Lossy, settings: Settings
) -> Job:
    """Return the job at the rate that suits the program best in this cell."""
    rates = program.rates_mbit
    if not rates:
        return job
    if settings.quick:
        return at_rate(job, rates[len(rates) // 2])
    found: dict[int, float] = {}
    for rate in rates:
        one = _try(outcome, program, at_rate(job, rate), wires, settings, told=False)
        found[rate] = 0.0 if one is None else one.mbytes_per_s
    return at_rate(job, max(found, key=found.__getitem__))


def _try(
    outcome: Outcome,
    program: Program,
    job: Job,
    wires: Lossy,
    settings: Settings,
    *,
    told: bool = True,
) -> Run | None:
    try:
        return deliver(program, job, wires, limit_s=settings.pick(60, 25))
    except DeliveryError as failure:
        if told:
            loss, count = wires.percent, len(job.receivers)
            outcome.notes.append(f"{failure} ({count} receivers, {loss} % loss).")
        return None


def _rows(
    outcome: Outcome,
    where: str,
    runs: dict[Program, list[Run]],
    speed: Samples,
    cpu: Samples,
) -> None:
    for program, done in runs.items():
        if done:
            note = f"{_note(done)}; {cpu.of(program.name).median:.1f} CPU s/GB"
            label, ours = f"{program.name}, {where}", program is GROUPWIRE
            value = speed.of(program.name)
            outcome.rows.append(Row(label, value, "MB/s", note, ours=ours))
    if _BOUND in speed.variants():
        label = f"{_BOUND}, {where}"
        outcome.rows.append(Row(label, speed.of(_BOUND), "MB/s"))
    if _BARE in speed.variants():
        outcome.rows.append(Row(_BARE, speed.of(_BARE), "MB/s"))


def _note(done: list[Run]) -> str:
    made = sum(run.made for run in done) / len(done)
    overrun = sum(run.overrun for run in done) / len(done)
    return f"lost on purpose {made:.1%}, overrun {overrun:.0f} packets a run"


def _goals(
    outcome: Outcome,
    where: str,
    speed: Samples,
    cpu: Samples,
    runs: dict[Program, list[Run]],
    percent: float,
) -> None:
    ours = GROUPWIRE.name
    if not runs[GROUPWIRE]:
        return
    limits = {UFTP: 2.0 if percent else 3.0, UDPCAST: 2.0 if percent else 3.0}
    for peer, limit in {**limits, LIBNORM: 2.0}.items():
        if not runs.get(peer):
            continue
        with suppress(ValueError):  # no round in which both came through
            ratio = speed.ratio(ours, peer.name)
            text = f"throughput, groupwire / {peer.name}, {where}"
            outcome.goals.append(Goal(text, limit, ratio, at_least=True))
            spent = cpu.ratio(ours, peer.name)
            text = f"CPU time per GB, groupwire / {peer.name}, {where}"
            outcome.goals.append(Goal(text, 1.0, spent))
    if _BARE in speed.variants():
        part = speed.ratio(ours, _BARE)
        text = f"throughput, groupwire / {_BARE}, {where}"
        outcome.goals.append(Goal(text, 0.12, part, at_least=True))


class _Bare:
    """Sockets that send and receive rows, and nothing else: the measure of the wire."""

    def __init__(self, wires: Lossy) -> None:
        group = ("239.255.42.94", 14000)
        sender, receiver = wires.sender, wires.receivers[0]
        self._sender = Worker(engine.send_rows, sender, group, host=sender)
        self._receiver = Worker(engine.receive_rows, receiver, group, host=receiver)
        self._sender.receive()
        self._receiver.receive()

    def mbytes_per_s(self) -> float:
        self._receiver.tell()
        time.sleep(0.05)
        self._sender.ask(0.5)
        arrived: rows.Arrived = self._receiver.receive()
        return arrived[0] / arrived[1] / 1e6

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()


CASE = Case(
    name="deliver",
    title="A file to every receiver",
    about=(
        "400 MB of random bytes in segments of 1400 bytes, hosts on one switch, files "
        "in memory. The clock runs from the start of the sender's command to its end, "
        "when it knows that everybody has the file; the files are compared afterwards. "
        "Where packets are lost on purpose, each receiver's host drops them one by one "
        "and independently, and the sender's cable segments them for all programs "
        "alike. What Python could carry at most is what its processor time would allow "
        "if it did nothing but read, digest, send, receive, digest and write, with "
        "nothing numbered or repaired. The peers that want a rate get the one of "
        "several that suits them best in each cell; every receiver asks for a buffer "
        "of 4 MiB at least. CPU time is "
        "that of the sender and all receivers."
    ),
    run=run,
    axis="MB/s",
)
