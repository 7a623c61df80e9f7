"""A pipe beside ``push``: the same bytes to three readers."""

from __future__ import annotations

from ...delivery.programs import GROUPWIRE, PIPE, Job
from ...delivery.trial import DeliveryError, deliver
from ...delivery.wires import Lossy
from ...outcome import Case, Goal, Outcome, Row, Settings
from ...stats import Samples
from ..deliver import fill, scratch

__all__ = ["CASE"]

_FULL, _QUICK = 200_000_000, 20_000_000
_LEAST = 0.8


def run(settings: Settings) -> Outcome:
    outcome = Outcome()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    wires = Lossy(settings.network, settings.pick(3, 1), 0)
    speed = Samples()
    with scratch() as room:
        file = room / "random.bin"
        fill(file, settings.pick(_FULL, _QUICK))
        into = [room / f"into{number}" for number in range(len(wires.receivers))]
        job = Job(file, wires.sender, wires.receivers, into)
        for _ in range(settings.pick(5, 1)):
            for program in (PIPE, GROUPWIRE):
                try:
                    found = [deliver(program, job, wires).mbytes_per_s]
                except DeliveryError as failure:
                    outcome.notes.append(f"{failure}.")
                    found = []
                speed.add(program.name, found)
    _tell(outcome, speed)
    return outcome


def _tell(outcome: Outcome, speed: Samples) -> None:
    measured = [name for name in speed.variants() if speed.all(name)]
    for name in measured:
        outcome.rows.append(Row(name, speed.of(name), "MB/s", ours=name == PIPE.name))
    if len(measured) == len(speed.variants()):
        ratio = speed.ratio(PIPE.name, GROUPWIRE.name)
        text = f"{PIPE.name} / {GROUPWIRE.name}"
        outcome.goals.append(Goal(text, _LEAST, ratio, at_least=True))


CASE = Case(
    name="messages-pipe",
    title="A pipe, beside push",
    about=(
        "200 MB of random bytes to three hosts on one switch: from a file through "
        "`pipe` into files, and by `push` to `pull`. The clock runs from the start of "
        "the sender's command to its end, when it knows that all have everything; the "
        "files are compared afterwards. Both have segments of 1,400 bytes."
    ),
    run=run,
    axis="MB/s",
)
