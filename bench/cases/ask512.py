"""Five hundred and twelve members answer one question; does every answer arrive?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from .. import crowd, ours
from ..network import Host
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..plain import Place
from ..stats import Samples, Summary
from ..worker import Worker

__all__ = ["CASE"]

_MEMBERS = 512
_PROCESSES = 4
_BUSY_S = 0.1
_OURS = "groupwire, tagged: members spread their answers"
_NO_SPREAD = "groupwire, tagged, without spread"
_PLAIN = "plain sockets, asker reads at once"
_PLAIN_BUSY = "plain sockets, asker busy for 0.1 s"


def run(settings: Settings) -> Outcome:
    """Ask in turns, each way as often."""
    answers, seconds = Samples(), Samples()
    host = settings.network.loopback
    with ExitStack() as stack:
        plain = _crowd(stack, host, 14400, crowd.answer_as_many, crowd.ask_plainly)
        own = _crowd(stack, host, 14401, ours.answer_as_many, ours.ask_crowd)
        ways: dict[str, Callable[[], crowd.Gathered]] = {
            _OURS: lambda: own.ask(_MEMBERS, True),
            _NO_SPREAD: lambda: own.ask(_MEMBERS, False),
            _PLAIN: lambda: plain.ask(0.0),
            _PLAIN_BUSY: lambda: plain.ask(_BUSY_S),
        }
        for _ in range(settings.pick(20, 5)):
            for label, ask in ways.items():
                count, took = ask()
                answers.add(label, [count])
                seconds.add(label, [took * 1e3])
    return _tell(answers, seconds)


def _crowd(
    stack: ExitStack,
    host: Host,
    port: int,
    answer: Callable[..., None],
    ask: Callable[..., None],
) -> Worker:
    """Start the members and return who asks them."""
    group: Place = ("239.255.42.99", port)
    each = _MEMBERS // _PROCESSES
    crowds = [
        stack.enter_context(Worker(answer, host, group, each, host=host))
        for _ in range(_PROCESSES)
    ]
    for members in crowds:
        members.receive()
    asker = stack.enter_context(Worker(ask, host, group, host=host))
    asker.receive()
    return asker


def _tell(answers: Samples, seconds: Samples) -> Outcome:
    outcome = Outcome()
    for label in answers.variants():
        value, took = _whole(answers, label), seconds.of(label)
        note = f"the last after {took.median:.0f} ms"
        outcome.rows.append(
            Row(label, value, "answers", note, ours="groupwire" in label)
        )
    # Every time means the worst time.
    kept = _whole(answers, _OURS)
    worst = Summary(kept.low, kept.low, kept.high, kept.count)
    text = f"fewest answers of {_MEMBERS} in {kept.count} runs"
    outcome.goals = [Goal(text, _MEMBERS, worst, unit="answers", at_least=True)]
    return outcome


def _whole(samples: Samples, label: str) -> Summary:
    """Return the median with the extremes: a tenth of the runs must not hide."""
    found = samples.of(label)
    values = samples.all(label)
    return Summary(found.median, min(values), max(values), found.count)


CASE = Case(
    name="ask512",
    title="512 answers to one question",
    about=(
        "512 members in four processes, each with a socket and a name of its own, "
        "answer one question; the asker keeps the receive buffer that the system "
        "gives every socket, which holds 256 small answers. Tagged questions tell "
        "the members how long to wait at random (RFC 7252, section 8.2). Nobody is "
        "asked twice."
    ),
    run=run,
    axis="answers that arrived, of 512",
)
