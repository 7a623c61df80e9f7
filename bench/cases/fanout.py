"""What one more receiver costs the sender: nothing, or one more of everything."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .. import fans, ours
from ..fans import Cost
from ..network import Host, Lan
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..plain import Place
from ..stats import Summary, summarise
from ..worker import Worker

__all__ = ["CASE", "COUNTS"]

COUNTS = (1, 8, 64)
_BURST = 2000
"""Large, so that how cold the caches are at its start does not count."""
_LIMIT = 1.10
_USER_S = 0.5
_SURE = ("bytes sent", "system calls")
_USER, _KERNEL = "user-mode time, µs", "kernel time, µs"
_OURS = "groupwire, peer.send()"
_PLAIN = "plain socket, multicast"
_UNICAST = "plain socket, unicast in a loop"
_DIRECT = "groupwire, no wire: the kernel copies in the sender's call"
_SENDERS: dict[str, Callable[..., None]] = {
    _OURS: ours.send_messages,
    _PLAIN: fans.send_multicast,
    _UNICAST: fans.send_unicast,
    _DIRECT: ours.send_messages,
}


@dataclass(slots=True)
class _Fan:
    """One way of sending to one number of receivers."""

    label: str
    receivers: int
    host: Host
    target: Place | list[Place]
    sender: Worker
    receiver: Worker
    wire: Worker | None
    costs: list[Cost] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    arrived: int = 0
    calls: float | None = None

    @property
    def burst(self) -> int:
        """Messages that are sent before the receivers are emptied."""
        return _BURST // self.receivers if self.label == _UNICAST else _BURST

    def wait(self) -> None:
        """Wait until both ends are ready."""
        self.sender.receive()
        self.receiver.receive()

    def send(self, bursts: int) -> None:
        """Send ``bursts`` times and see that all arrives; note the sum as one cost."""
        total = Cost(0.0, 0.0, 0)
        for _ in range(bursts):
            total += self.sender.ask(self.burst)
            if self.wire is not None:
                copies = self.receivers if self.label == _UNICAST else 1
                self.wire.ask(self.burst * copies)
            self.arrived += self.receiver.ask(self.burst)
        self.costs.append(total)
        self.messages.append(bursts * self.burst)

    def per_block(self, of: Callable[[Cost], float]) -> list[float]:
        """Return what a message has cost in each block."""
        return [
            of(cost) / messages
            for cost, messages in zip(self.costs, self.messages, strict=True)
        ]

    def per_message(self, of: Callable[[Cost], float]) -> Summary:
        """Return the mean over everything; the spread is that of the blocks."""
        each = self.per_block(of)
        mean = sum(of(cost) for cost in self.costs) / sum(self.messages)
        return Summary(mean, min(each), max(each), len(each))

    @property
    def share_arrived(self) -> float:
        return self.arrived / (sum(self.messages) * self.receivers)


def run(settings: Settings) -> Outcome:
    """Send in turns by every way to every number of receivers."""
    with ExitStack() as stack:
        found = [
            fan
            for count in COUNTS
            for fan in _spread_out(settings.network.lan(1 + count), stack)
        ]
        for fan in found:
            fan.wait()
        for _ in range(settings.pick(12, 2)):
            for fan in found:
                fan.send(1 if settings.quick else _bursts(fan))
    for fan in found:
        if fan.label != _DIRECT:
            fan.calls = _count_calls(fan)
    outcome = _tell(found)
    # User time is promised where a wire keeps the copies out, with ticks enough.
    timed = settings.network.private and not settings.quick
    outcome.goals = list(_goals(outcome, _SURE))
    if timed:
        outcome.goals += _user_goals([fan for fan in found if fan.label == _OURS])
    return outcome


def _bursts(fan: _Fan) -> int:
    """Return how many make a block.

    The system splits processor time into user and kernel by ticks, 250 a second at
    best: what is promised of user time needs seconds of it.
    """
    if fan.label != _OURS or not fan.costs:
        return 2
    user_s = sum(cost.user_s for cost in fan.costs)
    each_s = user_s * fan.burst / sum(fan.messages)
    return min(16, max(2, round(_USER_S / max(each_s, 1e-6))))


def _spread_out(lan: Lan, stack: ExitStack) -> Iterator[_Fan]:
    direct, *far = lan.hosts
    host, carrier = lan.behind_a_wire()
    wire = None
    if carrier is not None:
        wire = stack.enter_context(Worker(fans.carry, host=carrier))
        wire.receive()
    for port, label in enumerate(_SENDERS, start=14300 + 10 * len(far)):
        place = ("239.255.42.99", port)
        places = None
        if label == _UNICAST:  # by port too: on loopback all addresses are one
            places = [(h.address, 20_000 + at) for at, h in enumerate(far)]
        receiver = _receiver(far, places or [place] * len(far), stack)
        near, between = (direct, None) if label == _DIRECT else (host, wire)
        sender = stack.enter_context(
            Worker(_SENDERS[label], near, places or place, host=near)
        )
        yield _Fan(label, len(far), near, places or place, sender, receiver, between)


def _receiver(hosts: list[Host], places: Sequence[Place], stack: ExitStack) -> Worker:
    """Start one process with a socket on every host."""
    paths = [host.path if host.namespace else "" for host in hosts]
    target = fans.receive_everywhere
    worker = Worker(target, hosts, paths, places, host=hosts[0])
    return stack.enter_context(worker)


def _count_calls(fan: _Fan) -> float | None:
    """Return the system calls of one message, by strace and by subtraction."""
    if shutil.which("strace") is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        runs = [_Traced(fan, Path(place) / str(n), n) for n in (50, 1050)]
        few, many = [run.total() for run in runs]
    return (many - few) / 1000


class _Traced:
    """A sender whose system calls are counted; it starts at once."""

    def __init__(self, fan: _Fan, report: Path, messages: int) -> None:
        under = ["strace", "-f", "-qq", "-c", "-o", str(report)]
        send = _SENDERS[fan.label]
        self._sender = Worker(send, fan.host, fan.target, host=fan.host, under=under)
        self._report = report
        self._messages = messages

    def total(self) -> int:
        self._sender.receive()
        self._sender.ask(self._messages)
        self._sender.finish()
        return _total(self._report.read_text())


def _total(report: str) -> int:
    """Read the last line of strace's table: share, seconds, usecs/call, calls."""
    line = next(x for x in report.splitlines() if x.rstrip().endswith("total"))
    return int(line.split()[3])


def _tell(found: list[_Fan]) -> Outcome:
    outcome = Outcome()
    for fan in found:
        for what, unit, value in _measured(fan):
            note = f"{100 * fan.share_arrived:.1f} % arrived"
            label = f"{what}, {fan.receivers} receivers: {fan.label}"
            outcome.rows.append(Row(label, value, unit, note, "groupwire" in fan.label))
            curve = outcome.curves.setdefault(what, {}).setdefault(fan.label, {})
            curve[fan.receivers] = value.median
    return outcome


def _measured(fan: _Fan) -> Iterator[tuple[str, str, Summary]]:
    yield "bytes sent", "B", fan.per_message(lambda cost: cost.wire_bytes)
    if fan.calls is not None:
        yield "system calls", "calls", summarise([fan.calls])
    yield _USER, "µs", fan.per_message(lambda cost: cost.user_s * 1e6)
    yield _KERNEL, "µs", fan.per_message(lambda cost: cost.kernel_s * 1e6)


def _user_goals(fans_of_ours: list[_Fan]) -> Iterator[Goal]:
    """Compare all that was measured; the spread is that of the blocks."""
    alone, *more = fans_of_ours
    for fan in more:
        blocks = zip(fan.per_block(_user_s), alone.per_block(_user_s), strict=True)
        ratios = [many / one for many, one in blocks if one]
        whole = fan.per_message(_user_s).median / alone.per_message(_user_s).median
        ratio = Summary(whole, min(ratios), max(ratios), len(ratios))
        yield Goal(f"user-mode time: {fan.receivers} receivers / 1", _LIMIT, ratio)


def _user_s(cost: Cost) -> float:
    return cost.user_s


def _goals(outcome: Outcome, promised: Sequence[str]) -> Iterator[Goal]:
    for what in promised:
        curve = outcome.curves.get(what, {}).get(_OURS, {})
        for count in COUNTS[1:]:
            if count in curve:
                ratio = summarise([curve[count] / curve[1]])
                yield Goal(f"{what}: {count} receivers / 1", _LIMIT, ratio)


CASE = Case(
    name="fanout",
    title="One message to more and more receivers",
    about=(
        "One sender, and 1, 8 or 64 hosts on a switch that each receive every message "
        "of 1000 bytes. Between the sender and the switch lies a wire that holds each "
        "burst until it has been sent: what is measured is the sender's own work, as "
        "in a network, where others copy. Without the wire, on one machine, the kernel "
        "makes all copies inside the sender's call: the last line. Bytes are counted "
        "at the sender's interface, system calls by strace in a run apart, processor "
        "time by getrusage."
    ),
    run=run,
)
