"""Many segments in one system call against one packet a call, over multicast."""

from __future__ import annotations

from contextlib import ExitStack

from .. import engine, rows
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples
from ..worker import Worker

__all__ = ["CASE"]

_BARE = "one packet a call, both ends"
_OURS = "groupwire's segments"
_ENDS = {
    _BARE: (rows.send_one_by_one, rows.receive_one_by_one),
    _OURS: (engine.send_rows, engine.receive_rows),
}
_SENDER = ", sent"


def run(settings: Settings) -> Outcome:
    """Send by each way in turn from one host to another."""
    samples = Samples()
    near, far = settings.network.lan(2).hosts
    with ExitStack() as stack:
        ends = {}
        for port, (label, (send, receive)) in enumerate(_ENDS.items(), start=14200):
            group = ("239.255.42.99", port)
            receiver = stack.enter_context(Worker(receive, far, group, host=far))
            receiver.receive()
            sender = stack.enter_context(Worker(send, near, group, host=near))
            sender.receive()
            ends[label] = (sender, receiver)
        for _ in range(settings.pick(12, 3)):
            for label, (sender, receiver) in ends.items():
                _measure(samples, label, sender, receiver)
    return _tell(samples)


def _measure(samples: Samples, label: str, sender: Worker, receiver: Worker) -> None:
    seconds = 0.6
    receiver.tell()
    sent = sender.ask(seconds)
    arrived, took = receiver.receive()
    samples.add(label, [arrived * 8e-9 / took])
    samples.add(label + _SENDER, [sent * 8e-9 / seconds])


def _tell(samples: Samples) -> Outcome:
    outcome = Outcome()
    for label in _ENDS:
        lost = 100 * (1 - 1 / samples.ratio(label + _SENDER, label).median)
        note = f"{max(lost, 0):.1f} % of what was sent did not arrive"
        outcome.rows.append(
            Row(label, samples.of(label), "Gbit/s", note, ours=label == _OURS)
        )
    ratio = samples.ratio(_OURS, _BARE)
    outcome.goals.append(Goal(f"{_OURS} / {_BARE}", 8.0, ratio, at_least=True))
    return outcome


CASE = Case(
    name="segments",
    title="Segments of 1400 bytes",
    about=(
        "One host sends as fast as it can to a group, another counts the bytes that "
        "arrive. groupwire hands the kernel a row of 45 segments in one call "
        "(`UDP_SEGMENT`) and takes them coalesced (`UDP_GRO`); beside it, one `sendto` "
        "and one `recv_into` for each packet."
    ),
    run=run,
    axis="Gbit/s that arrived",
)
