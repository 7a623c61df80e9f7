"""``push``: files and directories to every member of a group, with receipts."""

from __future__ import annotations

from collections.abc import Sequence
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
from groupwire.cli.options.members import expectation, networks
from groupwire.cli.options.pushing import (
    DropBelowOption,
    DryRunOption,
    ExcludeOption,
    ExpectOption,
    LinksOption,
    ParityOption,
    PathsArgument,
    PatienceOption,
    RateOption,
    SenderNameOption,
    StartWithOption,
    TitleOption,
    WaitOption,
)
from groupwire.cli.options.receiving import AnswerToOption
from groupwire.cli.plumbing import signals
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out
from groupwire.errors import UsageError
from groupwire.gather import Expectation
from groupwire.values import DEFAULT_DELIVERY_GROUP

if TYPE_CHECKING:
    from groupwire.aio import PushConfig, Pushing
    from groupwire.aio.delivery.config import Networks
    from groupwire.cli.render.deliveries.pushed.for_people import PushText
    from groupwire.cli.render.deliveries.pushed.for_programs import PushJson
    from groupwire.deliver.report import PushReport
    from groupwire.deliver.store.walk import Tree

__all__ = ["push"]


def push(  # noqa: PLR0913, PLR0917 - one parameter for each option
    paths: PathsArgument = None,
    expect: ExpectOption = None,
    wait: WaitOption = None,
    start_with: StartWithOption = None,
    rate: RateOption = None,
    drop_below: DropBelowOption = None,
    parity: ParityOption = 0,
    exclude: ExcludeOption = None,
    links: LinksOption = False,
    dry_run: DryRunOption = False,
    patience: PatienceOption = 10.0,
    title: TitleOption = None,
    name: SenderNameOption = None,
    answer_to: AnswerToOption = None,
    group: DeliveryGroupOption = None,
    interface: InterfaceOption = None,
    ttl: TtlOption = 1,
    dscp: DscpOption = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Deliver files and directories to every member of a group, with receipts.

    Members run `groupwire pull`. Whatever was lost is sent again until all have it;
    each verifies what it has stored and signs for it. What members have already is
    not sent. Exit code 0 only if everybody who was expected, or who answered, has
    everything.
    """
    out = Out(tone(json=json, quiet=quiet, verbose=verbose))
    where = Where.read(group, interface, default=DEFAULT_DELIVERY_GROUP)
    way = _Way(where, name, ttl, dscp, networks("--answer-to", answer_to))
    plan = _Plan(
        way=way,
        paths=_named(paths),
        expected=expectation(expect),
        wait=wait,
        start_with=start_with,
        rate=rate,
        drop_below=drop_below,
        parity=parity,
        exclude=tuple(exclude or ()),
        links=links,
        patience=patience,
        title=title,
    )
    return _list(plan, out) if dry_run else signals.run(_push(plan, out), out)


_LIVE_S = 0.2
_PROGRESS_S = 1.0
_SEGMENT_BYTES = 1400
"""What a push usually sends; for shares of what was lost."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where it goes, and how."""

    where: Where
    name: str | None
    ttl: int
    dscp: int
    answer_to: Networks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What was asked for."""

    way: _Way
    paths: Sequence[str]
    expected: Expectation | None
    wait: float | None
    start_with: int | None
    rate: float | None
    drop_below: float | None
    parity: int
    exclude: tuple[str, ...]
    links: bool
    patience: float
    title: str | None

    def config(self, *, live: bool) -> PushConfig:
        """Return it as the library has it; UsageError where that cannot work."""
        from groupwire.aio import PushConfig

        way = self.way
        return PushConfig(
            expect=self.expected,
            wait=self.wait,
            start_with=self.start_with,
            patience=self.patience,
            rate=self.rate,
            drop_below=self.drop_below,
            parity=self.parity,
            exclude=self.exclude,
            links=self.links,
            title=self.title,
            name=way.name,
            interface=way.where.interface,
            ttl=way.ttl,
            dscp=way.dscp,
            answer_to=way.answer_to,
            progress_s=_LIVE_S if live else _PROGRESS_S,
        )


def _named(paths: Sequence[str] | None) -> Sequence[str]:
    if not paths:
        raise UsageError(
            "there is nothing to push",
            fix="groupwire push PATH..., or - to read standard input",
        )
    return paths


def _list(plan: _Plan, out: Out) -> int:
    from groupwire.cli.render.deliveries.listing import show_left, show_listing
    from groupwire.deliver.store.walk import walk

    config = plan.config(live=out.live)
    name = {} if config.title is None else {"stdin_name": config.title}
    tree = walk(plan.paths, exclude=config.exclude, links=config.links, **name)
    show_left(out, tree)
    show_listing(out, tree.manifest(0))
    return ExitCode.MISSING if tree.problems else ExitCode.DONE


async def _push(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    config = plan.config(live=out.live)
    shown = _renderer(plan, out)
    pushing = aio.push(plan.way.where.group, plan.paths, config=config)
    ended: list[PushReport] = []
    with signals.ending(
        lambda: shown.begun, lambda: shown.end(ended[0] if ended else None)
    ):
        try:
            async with pushing:
                await _watch(pushing, plan, shown, out)
        finally:
            if shown.begun:
                ended.append(pushing.report)
    done = ended[0].complete and not pushing.tree.problems
    return ExitCode.DONE if done else ExitCode.MISSING


async def _watch(
    pushing: Pushing, plan: _Plan, shown: PushText | PushJson, out: Out
) -> None:
    from groupwire.cli.render.deliveries.listing import show_left
    from groupwire.cli.render.links import show_change
    from groupwire.net import MembershipLost, MembershipRenewed

    show_left(out, pushing.tree)
    shown.start(_opening(pushing, pushing.tree, plan))
    async for event in pushing:
        if isinstance(event, MembershipLost | MembershipRenewed):
            show_change(out, event)
        else:
            shown.show(event)


def _renderer(plan: _Plan, out: Out) -> PushText | PushJson:
    # Each is imported only where it is wanted: a small push is as quick as its start.
    if out.json:
        from groupwire.cli.render.deliveries.pushed.for_programs import PushJson

        return PushJson(out, plan.expected)
    from groupwire.cli.render.deliveries.pushed.for_people import PushText

    return PushText(out, plan.expected, segment_bytes=_SEGMENT_BYTES)


def _opening(pushing: Pushing, tree: Tree, plan: _Plan) -> Opening:
    from groupwire.aio import default_name

    manifest = tree.manifest(0)
    return Opening(
        group=str(plan.way.where.group),
        interfaces=[one.name for one in pushing.choice.interfaces],
        reason=pushing.choice.reason,
        name=plan.way.name or default_name(),
        ttl=plan.way.ttl,
        title=plan.title or manifest.title,
        files=manifest.files,
        total_bytes=manifest.total_bytes,
        problems=[left.path for left in tree.problems],
    )
