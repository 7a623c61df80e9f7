"""How many messages a second a receiver takes, through asyncio and without."""

from __future__ import annotations

from contextlib import ExitStack

from .. import engine, floods, ours
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples
from ..worker import Worker

__all__ = ["CASE"]

_IP = "239.255.42.99"
_SIZE = 100
_BARE = "bare blocking recv loop"
_PORT = "groupwire's driver and port, through asyncio"
_LISTEN = "groupwire, peer.listen()"
_PROTOCOL = "asyncio's DatagramProtocol"
_LIVE = " (live flood)"
_TAKERS = {
    _BARE: floods.take_by_recv,
    _PORT: engine.take_by_port,
    _LISTEN: ours.take_by_listen,
    _PROTOCOL: floods.take_by_protocol,
}


def run(settings: Settings) -> Outcome:
    host = settings.network.loopback
    samples = Samples()
    with ExitStack() as stack:
        sender = stack.enter_context(Worker(floods.flood, host, _SIZE, host=host))
        sender.receive()
        takers = {}
        granted = []
        for port, (label, take) in enumerate(_TAKERS.items(), start=14100):
            group = (_IP, port)
            taker = stack.enter_context(Worker(take, host, group, host=host))
            granted.append(taker.receive())
            takers[label] = (group, taker)
        waiting = min(8000, min(granted) // 1024)
        for _ in range(settings.pick(30, 5)):
            for label, (group, taker) in takers.items():
                sender.ask(group, waiting)
                samples.add(label, [waiting / taker.ask(waiting)])
        for _ in range(settings.pick(10, 2)):
            for label, (group, taker) in takers.items():
                samples.add(label + _LIVE, [_live(sender, group, taker)])
    return _tell(samples, waiting)


def _live(sender: Worker, group: tuple[str, int], taker: Worker) -> float:
    """Measure while the sender sends more than anybody can take."""
    count = 30_000
    sender.ask(group, 0)
    seconds: float = taker.ask(count)
    sender.ask(group, 0)
    taker.ask(None)
    return count / seconds


def _tell(samples: Samples, waiting: int) -> Outcome:
    outcome = Outcome()
    outcome.rows = [
        Row(label, samples.of(label), "messages/s", ours="groupwire" in label)
        for label in samples.variants()
    ]
    for suffix in ("", _LIVE):
        ratio = samples.ratio(_PORT + suffix, _BARE + suffix)
        text = f"{_PORT}{suffix} / {_BARE}"
        outcome.goals.append(Goal(text, 0.9, ratio, at_least=True))
    outcome.notes.append(f"{waiting} messages of {_SIZE} bytes wait in the socket.")
    return outcome


CASE = Case(
    name="drain",
    title="Messages received a second",
    about=(
        "First a socket is filled, then the clock starts and the receiver empties it. "
        "In the live flood a sender on another processor sends more than anybody can "
        "take all the while. The bare loop learns nothing but the bytes; groupwire "
        "also keeps the sender, the group, the interface, the TTL and the kernel's "
        "time of each message; `peer.listen()` has looked at each, as it must before "
        "it may be answered."
    ),
    run=run,
    axis="messages a second",
)
