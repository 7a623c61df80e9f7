"""How much memory a file of 4 GB takes on either side."""

from __future__ import annotations

from pathlib import Path

from ..delivery.programs import GROUPWIRE, Job
from ..delivery.trial import DeliveryError, deliver
from ..delivery.wires import Lossy
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import summarise
from .deliver import scratch

__all__ = ["CASE"]

_FULL, _QUICK = 4_000_000_000, 400_000_000
_LIMIT_MB = 100.0


def run(settings: Settings) -> Outcome:
    """Deliver a file with holes: what counts is how much is kept of it."""
    outcome = Outcome()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    with scratch() as room:
        file = room / "large.bin"
        with file.open("wb") as out:
            out.truncate(settings.pick(_FULL, _QUICK))
        wires = Lossy(settings.network, 1, 0)
        job = Job(file, wires.sender, wires.receivers, [Path(room / "into")])
        try:
            found = deliver(GROUPWIRE, job, wires, limit_s=300)
        except DeliveryError as error:
            outcome.notes.append(f"{error}.")
            return outcome
    sides = {"sender": found.sender_rss_bytes, "member": found.receiver_rss_bytes}
    for side, rss_bytes in sides.items():
        summary = summarise([rss_bytes / 1e6])
        outcome.rows.append(Row(f"resident, {side}", summary, "MB", ours=True))
        text = f"memory of the {side}, {file.name} of {job_gb(settings)} GB"
        outcome.goals.append(Goal(text, _LIMIT_MB, summary, unit="MB"))
    return outcome


def job_gb(settings: Settings) -> float:
    return settings.pick(_FULL, _QUICK) / 1e9


CASE = Case(
    name="deliver-memory",
    title="Memory of a large delivery",
    about="The most resident memory of either process, its interpreter included.",
    run=run,
)
