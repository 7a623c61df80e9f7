"""``pull``: takes what is pushed to a group, verified before it has its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import DeliveryPlace, Reach, Speech, Where
from groupwire.cli.options.pulling import PullOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.descriptors import open_many
from groupwire.cli.plumbing.sink import write_stdout
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out

if TYPE_CHECKING:
    from groupwire.aio import PullConfig, Pulling
    from groupwire.cli.render.deliveries.pulled.for_people import PullText
    from groupwire.cli.render.deliveries.pulled.for_programs import PullJson
    from groupwire.deliver.report import PullReport

__all__ = ["pull"]

STDOUT = "-"


@spread
def pull(
    options: PullOptions, place: DeliveryPlace, reach: Reach, speech: Speech
) -> int:
    """Take what is pushed to a group, verified before it has its name.

    It waits for one delivery, whoever sends it, and ends when all of it is stored and
    the sender has the receipt. What an interrupted pull had received is not asked for
    again. A file that is there already is replaced only if an earlier pull stored it.
    """
    out = speech.out(raw=options.into == STDOUT)
    where = place.read()
    config = options.config(where, reach, out.rhythm_s)
    plan = _Plan(where, options.into, options.limit, config)
    return signals.run(_pull(plan, out), out)


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    into: str
    count: int | None
    config: PullConfig


async def _pull(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    open_many()
    shown = _renderer(plan, out)
    into = aio.Output(write_stdout) if plan.into == STDOUT else plan.into
    pulling = aio.pull(plan.where.group, into, count=plan.count, config=plan.config)
    reports: list[PullReport] = []
    with signals.ending(lambda: shown.begun, lambda: shown.end(reports)):
        try:
            async with pulling:
                await _watch(pulling, plan, shown, out)
        finally:
            if shown.begun:
                reports.extend(pulling.reports)
    enough = len(reports) >= (plan.count or 1)
    complete = enough and all(report.complete for report in reports)
    return ExitCode.DONE if complete else ExitCode.MISSING


async def _watch(
    pulling: Pulling, plan: _Plan, shown: PullText | PullJson, out: Out
) -> None:
    from groupwire.cli.render.links import show_change
    from groupwire.net import MembershipLost, MembershipRenewed

    shown.start(_opening(pulling, plan))
    if pulling.problem:
        shown.problem(plan.into, pulling.problem)
    async for event in pulling:
        if isinstance(event, MembershipLost | MembershipRenewed):
            show_change(out, event)
        else:
            shown.show(event)


def _renderer(plan: _Plan, out: Out) -> PullText | PullJson:
    if out.json:
        from groupwire.cli.render.deliveries.pulled.for_programs import PullJson

        return PullJson(out)
    from groupwire.cli.render.deliveries.pulled.for_people import PullText

    return PullText(out, plan.count, plan.config.timeout)


def _opening(pulling: Pulling, plan: _Plan) -> Opening:
    return Opening(
        group=str(plan.where.group),
        interfaces=[one.name for one in pulling.choice.interfaces],
        reason=pulling.choice.reason,
        name=pulling.name,
        into=plan.into,
    )
