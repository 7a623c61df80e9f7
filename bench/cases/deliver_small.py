"""A small file to three members: what the start of a command costs."""

from __future__ import annotations

import subprocess
import time

from ..delivery.programs import (
    GROUPWIRE,
    LIBNORM,
    UFTP,
    UFTP_AS_IT_COMES,
    Job,
    Program,
    groupwire,
)
from ..delivery.trial import DeliveryError, deliver
from ..delivery.wires import Lossy, in_host
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples
from .deliver import installed, scratch

__all__ = ["CASE"]

_HELP = "groupwire --help"


def run(settings: Settings) -> Outcome:
    outcome, samples = Outcome(), Samples()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    with scratch() as room:
        file = room / "small.txt"
        file.write_bytes(b"x" * 1000)
        wires = Lossy(settings.network, 3, 0)
        into = [room / f"into{number}" for number in range(3)]
        job = Job(file, wires.sender, wires.receivers, into)
        programs = installed(outcome, (GROUPWIRE, UFTP_AS_IT_COMES, UFTP, LIBNORM))
        for _ in range(settings.pick(15, 3)):
            samples.add(_HELP, [_help(wires)])
            for program in programs:
                samples.add(program.name, _once(outcome, program, job, wires))
    for name in samples.variants():
        if samples.all(name):
            value = samples.of(name)
            outcome.rows.append(Row(name, value, "ms", ours=name == GROUPWIRE.name))
    _goals(outcome, samples)
    return outcome


def _once(outcome: Outcome, program: Program, job: Job, wires: Lossy) -> list[float]:
    try:
        return [deliver(program, job, wires).seconds * 1e3]
    except DeliveryError as error:
        outcome.notes.append(f"{error}.")
        return []


def _help(wires: Lossy) -> float:
    began = time.perf_counter()
    subprocess.run(
        in_host(wires.sender, groupwire, "--help"),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - began) * 1e3


def _goals(outcome: Outcome, samples: Samples) -> None:
    ours = GROUPWIRE.name
    ratio = samples.ratio(ours, _HELP)
    outcome.goals.append(Goal(f"1 kB to 3 members / {_HELP}", 1.6, ratio))
    for peer in (UFTP_AS_IT_COMES.name, UFTP.name, LIBNORM.name):
        if peer in samples.variants() and samples.all(peer):
            faster = samples.ratio(peer, ours)
            text = f"1 kB to 3 members, {peer} / groupwire"
            outcome.goals.append(Goal(text, 3.0, faster, at_least=True))


CASE = Case(
    name="deliver-small",
    title="A small file to three members",
    about=(
        "1 kB, from the start of the sender's command to its end, receivers running. "
        "Beside it what the same Python needs to print its help."
    ),
    run=run,
    axis="milliseconds",
)
