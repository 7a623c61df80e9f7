"""What one more subscriber costs the publisher: bytes, system calls, user time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from ...messages.ours import OURS
from ...messages.peer import Order
from ...messages.trial import Group, Result, open_group
from ...network import Lan
from ...outcome import Case, Goal, Outcome, Row, Settings
from ...stats import Samples

__all__ = ["CASE"]

_SIZE, _INTERVAL_S, _TOGETHER = 1000, 0.006, 6
_LIMIT = 1.10
_BYTES, _CALLS, _USER = "bytes sent", "system calls", "user-mode time"
_UNITS = {_BYTES: "B", _CALLS: "calls", _USER: "µs"}
_FEW = 240
"""Messages that are subtracted from the many of which system calls are counted."""


def run(settings: Settings) -> Outcome:
    outcome = Outcome()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    counts = (1, 4) if settings.quick else (1, 8, 32)
    samples = {what: Samples() for what in _UNITS}
    for _ in range(settings.pick(5, 1)):
        for count in counts:
            lan = settings.network.lan(1 + count)
            for what, value in _measured(outcome, lan, settings):
                samples[what].add(str(count), [value])
    if shutil.which("strace") is None:
        outcome.notes.append("System calls are not counted (apt install strace).")
    for what, found in samples.items():
        _tell(outcome, what, found)
    return outcome


def _measured(
    outcome: Outcome, lan: Lan, settings: Settings
) -> Iterator[tuple[str, float]]:
    """Iterate over what a message costs, by what is counted."""
    order = _order(settings.pick(6000, 300))
    with _opened(lan) as group:
        sent = _checked(outcome, group.obey(order)).sent
    yield _BYTES, sent.sent_bytes / order.count
    yield _USER, sent.user_s * 1e6 / order.count
    if shutil.which("strace") is not None:
        many = _order(_FEW + settings.pick(2400, 240))
        calls = [_calls(outcome, lan, order) for order in (_order(_FEW), many)]
        yield _CALLS, (calls[1] - calls[0]) / (many.count - _FEW)


def _order(count: int) -> Order:
    return Order(count, _SIZE, _INTERVAL_S, _TOGETHER)


def _opened(lan: Lan, under: tuple[str, ...] = ()) -> AbstractContextManager[Group]:
    host, *others = lan.hosts
    return open_group(OURS, host, others, under=under)


def _checked(outcome: Outcome, result: Result) -> Result:
    if result.delivered < 1.0:
        outcome.notes.append(f"Only {result.delivered:.1%} were delivered.")
    return result


def _calls(outcome: Outcome, lan: Lan, order: Order) -> int:
    """Return all system calls of a publisher's process that obeys an order."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        report = Path(place) / "report"
        under = ("strace", "-f", "-qq", "-c", "-o", str(report))
        group = stack.enter_context(_opened(lan, under))
        _checked(outcome, group.obey(order))
        group.finish()
        # Of strace's table the last line: share, seconds, usecs/call, calls.
        lines = report.read_text().splitlines()
        return int(next(x for x in lines if x.endswith("total")).split()[3])


def _tell(outcome: Outcome, what: str, found: Samples) -> None:
    one = found.of("1") if "1" in found.variants() else None
    for count in found.variants():
        label = f"{what} for a message, {count} subscriber{'s' * (count != '1')}"
        value = found.of(count)
        outcome.rows.append(Row(label, value, _UNITS[what], ours=True))
        curve = outcome.curves.setdefault(what, {}).setdefault(OURS.name, {})
        curve[int(count)] = value.median
        if one is not None and count != "1":
            text = f"{what}: {count} subscribers / 1"
            outcome.goals.append(Goal(text, _LIMIT, found.ratio(count, "1")))


CASE = Case(
    name="messages-subscribers",
    title="What one more subscriber costs",
    about=(
        "A thousand messages a second of 1000 bytes, six at a time, to 1 to 32 "
        "subscribers on one switch, each on a host of its own. Bytes are what the "
        "publisher has sent with headers and repairs, system calls are counted by "
        "strace in runs apart, processor time is by getrusage."
    ),
    run=run,
)
