"""``pull``: takes what is pushed to a group, verified before it has its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import (
    DeliveryGroupOption,
    DscpOption,
    InterfaceOption,
    JsonOption,
    QuietOption,
    TtlOption,
    VerboseOption,
    Where,
    tone,
)
from groupwire.cli.options.members import networks
from groupwire.cli.options.pulling import (
    DeliveriesOption,
    ForeverOption,
    FromOption,
    IntoOption,
    LoseOption,
    MaxSizeOption,
    OverwriteOption,
    PullLinksOption,
    PullPatienceOption,
    PullTimeoutOption,
)
from groupwire.cli.options.receiving import AnswerToOption, NameOption
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.descriptors import open_many
from groupwire.cli.plumbing.sink import write_stdout
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out
from groupwire.errors import UsageError
from groupwire.values import DEFAULT_DELIVERY_GROUP

if TYPE_CHECKING:
    from groupwire.aio import PullConfig, Pulling
    from groupwire.cli.render.deliveries.pulled.for_people import PullText
    from groupwire.cli.render.deliveries.pulled.for_programs import PullJson
    from groupwire.deliver.report import PullReport

__all__ = ["pull"]

STDOUT = "-"


def pull(  # noqa: PLR0913, PLR0917 - one parameter for each option
    into: IntoOption = ".",
    count: DeliveriesOption = None,
    forever: ForeverOption = False,
    timeout: PullTimeoutOption = None,
    allowed: FromOption = None,
    overwrite: OverwriteOption = False,
    max_size: MaxSizeOption = None,
    links: PullLinksOption = False,
    patience: PullPatienceOption = 10.0,
    lose: LoseOption = 0.0,
    name: NameOption = None,
    answer_to: AnswerToOption = None,
    group: DeliveryGroupOption = None,
    interface: InterfaceOption = None,
    ttl: TtlOption = 1,
    dscp: DscpOption = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Take what is pushed to a group, verified before it has its name.

    It waits for one delivery, whoever sends it, and ends when all of it is stored and
    the sender has the receipt. What an interrupted pull had received is not asked for
    again. A file that is there already is replaced only if an earlier pull stored it.
    """
    from groupwire.aio import PullConfig

    out = Out(tone(json=json, quiet=quiet, verbose=verbose), raw=into == STDOUT)
    where = Where.read(group, interface, default=DEFAULT_DELIVERY_GROUP)
    config = PullConfig(
        timeout=timeout,
        patience=patience,
        overwrite=overwrite,
        max_size=max_size,
        links=links,
        allowed=networks("--from", allowed),
        name=name,
        interface=where.interface,
        ttl=ttl,
        dscp=dscp,
        answer_to=networks("--answer-to", answer_to),
        lose=lose / 100,
        progress_s=_LIVE_S if out.live else _PROGRESS_S,
    )
    plan = _Plan(where, into, _limit(count, forever=forever), config)
    return signals.run(_pull(plan, out), out)


_LIVE_S = 0.2
_PROGRESS_S = 1.0


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    into: str
    count: int | None
    config: PullConfig


def _limit(count: int | None, *, forever: bool) -> int | None:
    """Return how many deliveries it waits for, None for no limit."""
    if forever and count is not None:
        raise UsageError(
            "--count and --forever contradict each other", fix="give one of them"
        )
    return None if forever else count or 1


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
