"""``push``: files and directories to every member of a group, with receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import DeliveryPlace, Reach, Speech, Where
from groupwire.cli.options.members import expectation
from groupwire.cli.options.pushing import PathsArgument, PushOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out
from groupwire.errors import UsageError
from groupwire.gather import Expectation

if TYPE_CHECKING:
    from groupwire.aio import PushConfig, Pushing
    from groupwire.cli.render.deliveries.pushed.for_people import PushText
    from groupwire.cli.render.deliveries.pushed.for_programs import PushJson
    from groupwire.deliver.report import PushReport
    from groupwire.deliver.store.walk import Tree

__all__ = ["push"]


@spread
def push(
    options: PushOptions,
    place: DeliveryPlace,
    reach: Reach,
    speech: Speech,
    paths: PathsArgument = None,
) -> int:
    """Deliver files and directories to every member of a group, with receipts.

    Members run `groupwire pull`. Whatever was lost is sent again until all have it;
    each verifies what it has stored and signs for it. What members have already is
    not sent. Exit code 0 only if everybody who was expected, or who answered, has
    everything.
    """
    out = speech.out()
    where = place.read()
    expected = expectation(options.expect)
    config = options.config(where, reach, out.rhythm_s, expected=expected)
    plan = _Plan(_named(paths), where, expected, config)
    return _list(plan, out) if options.dry_run else signals.run(_push(plan, out), out)


_SEGMENT_BYTES = 1400
"""What a push usually sends; for shares of what was lost."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was asked for."""

    paths: Sequence[str]
    where: Where
    expected: Expectation | None
    config: PushConfig


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

    config = plan.config
    name = {} if config.title is None else {"stdin_name": config.title}
    tree = walk(plan.paths, exclude=config.exclude, links=config.links, **name)
    show_left(out, tree)
    show_listing(out, tree.manifest(0))
    return ExitCode.MISSING if tree.problems else ExitCode.DONE


async def _push(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    shown = _renderer(plan, out)
    pushing = aio.push(plan.where.group, plan.paths, config=plan.config)
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
        group=str(plan.where.group),
        interfaces=[one.name for one in pushing.choice.interfaces],
        reason=pushing.choice.reason,
        name=plan.config.name or default_name(),
        ttl=plan.config.ttl,
        title=plan.config.title or manifest.title,
        files=manifest.files,
        total_bytes=manifest.total_bytes,
        problems=[left.path for left in tree.problems],
    )
