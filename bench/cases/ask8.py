"""Eight members answer one question: how long until the eighth answer is there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from .. import bare, ours, peers, plain
from ..network import Host
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples
from ..worker import Worker

__all__ = ["CASE"]

Askers = dict[str, Worker]
Star = Callable[[Host], AbstractContextManager[Askers]]
Way = Callable[..., None]
Asks = dict[str, Way]

_MEMBERS = 8
_IP = "239.255.42.99"
_ASK = 100
_PLAIN = "plain sockets, both ends"
_OUR_ASKER = "groupwire asks, plain sockets answer"
_BARE = "bare asyncio, both ends"
_BARE_ANEW = "bare asyncio, a port for each question"
_OURS = "groupwire, both ends"
_OURS_BY_PEER = "groupwire, both ends, asked by a joined peer"
_OURS_TAGGED = "groupwire, both ends, tagged"
_NNG_TCP = "nng survey over TCP"
_NNG_IPC = "nng survey over a Unix socket"
_ZENOH = "zenoh get over TCP"


def run(settings: Settings) -> Outcome:
    """Ask in turns: every round asks with each variant."""
    samples = Samples()
    host = settings.network.loopback
    with ExitStack() as stack:
        askers: Askers = {}
        for way in _ways():
            askers |= stack.enter_context(way(host))
        for asker in askers.values():
            asker.ask(_ASK)
        for _ in range(settings.pick(40, 5)):
            for label, asker in askers.items():
                samples.add(label, [seconds * 1e3 for seconds in asker.ask(_ASK)])
    return _tell(samples)


def _tell(samples: Samples) -> Outcome:
    outcome = Outcome()
    outcome.rows = [
        Row(label, samples.of(label), "ms", ours="groupwire" in label)
        for label in samples.variants()
    ]
    outcome.goals = [
        Goal(f"{label} / {beside}", limit, samples.ratio(label, beside))
        for label, beside, limit in _PROMISES
        if beside in samples.variants()
    ]
    outcome.notes = [
        f"{label}: not installed, not measured."
        for label in (_NNG_TCP, _NNG_IPC, _ZENOH)
        if label not in samples.variants()
    ]
    return outcome


_PROMISES = [
    (_OUR_ASKER, _PLAIN, 2.0),
    (_OURS, _BARE, 1.5),
    (_OURS, _BARE_ANEW, 1.5),
    (_OURS, _NNG_TCP, 1.0),
    (_OURS, _NNG_IPC, 1.0),
    (_OURS, _ZENOH, 1.0),
]


@contextmanager
def _exchange(
    host: Host, port: int, answer: Callable[..., None], asks: Asks
) -> Iterator[Askers]:
    """Start eight members, each in a process of its own, and all who ask them."""
    group = (_IP, port)
    with ExitStack() as stack:
        members = [
            stack.enter_context(Worker(answer, host, group, host=host))
            for _ in range(_MEMBERS)
        ]
        askers = {
            label: stack.enter_context(Worker(ask, host, group, _MEMBERS, host=host))
            for label, ask in asks.items()
        }
        for worker in (*members, *askers.values()):
            worker.receive()
        yield askers


@contextmanager
def _star(
    host: Host, label: str, address: str, ask: Way, answer: Way
) -> Iterator[Askers]:
    """Start who asks, then eight members that connect to it."""
    with ExitStack() as stack:
        asker = stack.enter_context(Worker(ask, address, _MEMBERS, host=host))
        asker.receive()
        members = [
            stack.enter_context(Worker(answer, address, number, host=host))
            for number in range(_MEMBERS)
        ]
        for member in members:
            member.receive()
        asker.ask()
        yield {label: asker}


def _plain(host: Host) -> AbstractContextManager[Askers]:
    asks = {_PLAIN: plain.ask_questions, _OUR_ASKER: ours.ask_questions}
    return _exchange(host, 14010, plain.answer_questions, asks)


def _bare(host: Host) -> AbstractContextManager[Askers]:
    asks = {_BARE: bare.ask_questions, _BARE_ANEW: bare.ask_questions_anew}
    return _exchange(host, 14011, bare.answer_questions, asks)


def _ours(host: Host) -> AbstractContextManager[Askers]:
    asks = {
        _OURS: ours.ask_questions,
        _OURS_TAGGED: ours.ask_questions_tagged,
        _OURS_BY_PEER: ours.ask_questions_by_peer,
    }
    return _exchange(host, 14012, ours.answer_questions, asks)


def _nng_over_tcp(host: Host) -> AbstractContextManager[Askers]:
    address = "tcp://127.0.0.1:14013"
    return _star(host, _NNG_TCP, address, peers.ask_nng, peers.respond_nng)


@contextmanager
def _nng_over_a_unix_socket(host: Host) -> Iterator[Askers]:
    with tempfile.TemporaryDirectory() as place:
        address = f"ipc://{Path(place) / 'survey'}"
        star = _star(host, _NNG_IPC, address, peers.ask_nng, peers.respond_nng)
        with star as askers:
            yield askers


def _zenoh(host: Host) -> AbstractContextManager[Askers]:
    address = "tcp/127.0.0.1:14014"
    return _star(host, _ZENOH, address, peers.ask_zenoh, peers.respond_zenoh)


def _ways() -> list[Star]:
    """Leave out peers for which this platform has no wheel."""
    ways: list[Star] = [_plain, _bare, _ours]
    if find_spec("pynng"):
        ways += [_nng_over_tcp, _nng_over_a_unix_socket]
    if find_spec("zenoh"):
        ways += [_zenoh]
    return ways


CASE = Case(
    name="ask8",
    title="Eight answers to one question",
    about=(
        "Eight members, each a process of its own, and an asker, all on one machine: "
        "how long from the question until the eighth answer is there. The question "
        "has 19 bytes, an answer 3. Sockets, surveyor and session are open before the "
        "clock starts; groupwire takes a local port of its own for each question all "
        "the same, so that no late answer counts for the next, and so does one row of "
        "bare asyncio; the others keep theirs. nng and zenoh talk over TCP connections "
        "that stand already; zenoh's queryables are asked without consolidation, so "
        "that all eight replies arrive."
    ),
    run=run,
    axis="milliseconds until the eighth answer",
)
