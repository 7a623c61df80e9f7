"""``send``: one message, every answer, and who is missing."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Place, Reach, Speech, Where
from groupwire.cli.options.members import expectation
from groupwire.cli.options.sending import MessageArgument, SendOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.plumbing.stdin import read_message
from groupwire.cli.render.answers import Answers, Asked, Limits
from groupwire.cli.render.out import Out
from groupwire.errors import AddressError, UsageError
from groupwire.gather import Expectation
from groupwire.values import DEFAULT_GROUP, Group
from groupwire.values.notation import split_bare

__all__ = ["send"]


@spread
def send(
    options: SendOptions,
    place: Place,
    reach: Reach,
    speech: Speech,
    message: MessageArgument = None,
) -> int:
    """Send one message to a group, list every answer, say who is missing.

    Without --expect the answers are taken as they come, until 0.2 s of silence. With
    it, the command ends as soon as all have answered, and fails if somebody has not.
    """
    out = speech.out()
    where = place.read()
    expected = expectation(options.expect)
    if options.tagged and options.plain:
        raise UsageError("--tagged and --plain contradict each other", fix="give one")
    plan = _Plan(
        where=where,
        message=_message(message, where),
        expectation=expected,
        limits=_limits(expected, options),
        options=options,
        reach=reach,
    )
    return signals.run(_send(plan, out), out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    where: Where
    message: bytes | None
    """None: to be read from standard input."""
    expectation: Expectation | None
    limits: Limits
    options: SendOptions
    reach: Reach

    @property
    def tagged(self) -> bool | None:
        """The form of the message, None for what fits."""
        return True if self.options.tagged else False if self.options.plain else None


async def _send(plan: _Plan, out: Out) -> int:
    asked = Asked()
    answers = Answers(out, plan.where.group, plan.limits, rounds=plan.options.count)
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
    for _ in range(plan.options.count):
        await asyncio.sleep(max(0.0, due - loop.time()))
        due = max(due, loop.time()) + plan.options.interval
        asking = aio.ask(
            plan.where.group,
            data,
            expect=plan.expectation,
            first=plan.limits.first,
            timeout=plan.limits.timeout,
            stall=plan.limits.stall,
            retries=plan.options.retries,
            tagged=plan.tagged,
            config=aio.PeerConfig(
                interface=plan.where.interface,
                ttl=plan.reach.ttl,
                dscp=plan.reach.dscp,
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


def _limits(expected: Expectation | None, options: SendOptions) -> Limits:
    names: tuple[str, ...] = ()
    size: int | None = None
    if expected is not None:
        names = (*expected.names, *map(str, expected.addresses))
        size = expected.size
    return Limits(size, names, options.first, options.timeout, options.stall)
