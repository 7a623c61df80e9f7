"""``send``: one message, every answer, and who is missing."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import (
    DscpOption,
    GroupOption,
    InterfaceOption,
    JsonOption,
    QuietOption,
    TtlOption,
    VerboseOption,
    Where,
    tone,
)
from groupwire.cli.options.members import expectation
from groupwire.cli.options.sending import (
    CountOption,
    ExpectOption,
    FirstOption,
    IntervalOption,
    MessageArgument,
    PlainOption,
    RetriesOption,
    StallOption,
    TaggedOption,
    TimeoutOption,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.stdin import read_message
from groupwire.cli.render.answers import Answers, Asked, Limits
from groupwire.cli.render.out import Out
from groupwire.errors import AddressError, UsageError
from groupwire.gather import Expectation
from groupwire.values import DEFAULT_GROUP, Group
from groupwire.values.notation import split_bare

__all__ = ["send"]


def send(  # noqa: PLR0913, PLR0917 - one parameter for each option
    message: MessageArgument = None,
    expect: ExpectOption = None,
    first: FirstOption = None,
    timeout: TimeoutOption = 5.0,
    stall: StallOption = 0.2,
    retries: RetriesOption = None,
    tagged: TaggedOption = False,
    plain: PlainOption = False,
    count: CountOption = 1,
    interval: IntervalOption = 1.0,
    group: GroupOption = None,
    interface: InterfaceOption = None,
    ttl: TtlOption = 1,
    dscp: DscpOption = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Send one message to a group, list every answer, say who is missing.

    Without --expect the answers are taken as they come, until 0.2 s of silence. With
    it, the command ends as soon as all have answered, and fails if somebody has not.
    """
    out = Out(tone(json=json, quiet=quiet, verbose=verbose))
    where = Where.read(group, interface)
    expected = expectation(expect)
    if tagged and plain:
        raise UsageError("--tagged and --plain contradict each other", fix="give one")
    plan = _Plan(
        where=where,
        message=_message(message, where),
        expectation=expected,
        limits=_limits(expected, first, timeout, stall),
        retries=retries,
        tagged=True if tagged else False if plain else None,
        count=count,
        interval=interval,
        ttl=ttl,
        dscp=dscp,
    )
    return signals.run(_send(plan, out), out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    where: Where
    message: bytes | None
    """None: to be read from standard input."""
    expectation: Expectation | None
    limits: Limits
    retries: int | None
    tagged: bool | None
    count: int
    interval: float
    ttl: int
    dscp: int


async def _send(plan: _Plan, out: Out) -> int:
    asked = Asked()
    answers = Answers(out, plan.where.group, plan.limits, rounds=plan.count)
    with signals.ending(lambda: answers.begun, lambda: answers.end(asked)):
        await _ask(plan, answers, asked)
    return ExitCode.MISSING if asked.missing_count else ExitCode.DONE


async def _ask(plan: _Plan, answers: Answers, asked: Asked) -> None:
    """Ask as often as was wanted; what came of it is in ``asked``, cancelled or not."""
    from groupwire import aio

    limit = 65_507 if plan.where.group.version == 4 else 65_527
    data = await read_message(limit) if plan.message is None else plan.message
    loop = asyncio.get_running_loop()
    due = loop.time()
    for _ in range(plan.count):
        await asyncio.sleep(max(0.0, due - loop.time()))
        due = max(due, loop.time()) + plan.interval
        asking = aio.ask(
            plan.where.group,
            data,
            expect=plan.expectation,
            first=plan.limits.first,
            timeout=plan.limits.timeout,
            stall=plan.limits.stall,
            retries=plan.retries,
            tagged=plan.tagged,
            config=aio.PeerConfig(
                interface=plan.where.interface, ttl=plan.ttl, dscp=plan.dscp
            ),
        )
        async with asking:
            answers.sent(asking.sent)
            try:
                async for answer in asking:
                    answers.answer(answer)
            finally:
                asked.add(asking.result)
        answers.round(asking.result)


def _message(text: str | None, where: Where) -> bytes | None:
    """Return the bytes to send; UsageError where there are none, or a slip."""
    if text is None:
        raise UsageError(
            "there is no message",
            fix='groupwire send "hello", or - to read it from standard input',
        )
    if text == "-":
        return None
    if not where.named:
        _refuse_slip(text)
    return os.fsencode(text)


def _refuse_slip(text: str) -> None:
    try:
        parts = split_bare(text)
        port = parts.port_number() if parts.port else DEFAULT_GROUP.port
        group = Group(parts.ip, port, parts.source, parts.interface)
    except AddressError:
        return
    raise UsageError(
        f"{text} reads as a group, and there is no message beside it",
        fix=f'groupwire send "hello" -g {group}',
    )


def _limits(
    expectation: Expectation | None, first: int | None, timeout: float, stall: float
) -> Limits:
    names: tuple[str, ...] = ()
    expected: int | None = None
    if expectation is not None:
        names = (*expectation.names, *map(str, expectation.addresses))
        expected = expectation.size
    return Limits(expected, names, first, timeout, stall)
