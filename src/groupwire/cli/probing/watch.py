"""``watch``: joins groups and shows what comes to them, by source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Place, Speech, Where
from groupwire.cli.options.probing.watching import (
    GroupsArgument,
    WatchOptions,
    listed_groups,
    metrics_address,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.probing.recording import Recording, recording
from groupwire.cli.render.links import show_change
from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.watch_json import WatchJson
from groupwire.cli.render.probing.watch_text import WatchText
from groupwire.probe.flow import WatchReport
from groupwire.probe.flow.naming import groups_of
from groupwire.probe.flow.verdict import Limits, Problem, judge
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio import Joined, MembershipEvent, Watching

__all__ = ["watch"]


@spread
def watch(
    options: WatchOptions, place: Place, speech: Speech, groups: GroupsArgument = None
) -> int:
    """Join groups and show what comes to them, by source.

    Rate, size, TTL, jitter, bursts and silence of any stream. What is lost, late or
    doubled is known where packets bear numbers: RTP, MPEG-TS, NORM, ssmping and
    groupwire's own are recognised. Nothing is sent.
    """
    out = speech.out()
    named = listed_groups([*(groups or ()), *([place.group] if place.group else ())])
    where = Where.read(place.group if groups is None else None, place.interface)
    plan = _Plan(
        groups=groups_of(named or [where.group]),
        interface=where.interface,
        interval=options.interval,
        duration=options.seconds,
        limits=Limits(options.max_loss, options.min_rate),
        metrics=metrics_address(options.metrics),
        dots=options.dots,
        record=options.record,
    )
    return signals.run(_watch(plan, out), out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    groups: tuple[Group, ...]
    interface: str | None
    interval: float
    duration: float | None
    limits: Limits
    metrics: tuple[str, int] | None
    dots: bool
    record: str | None


class _View(Protocol):
    def start(self, joined: Sequence[Joined], metrics: str | None) -> None: ...
    def show(self, report: WatchReport) -> None: ...
    def end(
        self,
        report: WatchReport,
        problems: Sequence[Problem],
        limits: Limits,
        *,
        recorded: bool = True,
    ) -> None: ...


class _Session:
    """What is shown of one watch, and what it came to."""

    def __init__(self, plan: _Plan, out: Out) -> None:
        self._plan = plan
        self._out = out
        self._text = None if out.json else WatchText(out)
        self._view: _View = self._text or WatchJson(out)
        self.latest: WatchReport | None = None
        self.problems: tuple[Problem, ...] = ()
        self.tap: Recording | None = None

    def start(self, joined: Sequence[Joined], metrics: str | None) -> None:
        self._view.start(joined, metrics)

    def show(self, report: WatchReport) -> None:
        self.latest = report
        self._view.show(report)

    def changed(self, event: MembershipEvent) -> None:
        if self._text is not None:
            self._text.wipe()
        show_change(self._out, event)

    def leaving(self, report: WatchReport) -> None:
        """Take the last figures, while the sockets are still there."""
        self.latest = report

    def end(self) -> None:
        if self.latest is not None:
            self.problems = judge(self.latest, self._plan.limits)
            recorded = self.tap is None or not self.tap.failed
            limits = self._plan.limits
            self._view.end(self.latest, self.problems, limits, recorded=recorded)


async def _watch(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    session = _Session(plan, out)
    async with AsyncExitStack() as stack:
        stack.enter_context(
            signals.ending(lambda: session.latest is not None, session.end)
        )
        session.tap = await stack.enter_async_context(recording(plan.record, out))
        watching = aio.watch(
            plan.groups,
            interval=plan.interval,
            duration=plan.duration,
            tap=session.tap,
            on_change=session.changed,
            config=aio.WatchConfig(interface=plan.interface, trail=plan.dots),
        )
        async with watching, _metrics(plan, session) as address:
            session.start(watching.joined, address)
            await _follow(watching, session)
    return ExitCode.MISSING if session.problems else ExitCode.DONE


async def _follow(watching: Watching, session: _Session) -> None:
    try:
        async for report in watching:
            session.show(report)
    finally:
        session.leaving(watching.look())


@asynccontextmanager
async def _metrics(plan: _Plan, session: _Session) -> AsyncGenerator[str | None]:
    if plan.metrics is None:
        yield None
        return
    from groupwire.aio.probing.watch_metrics import serve_metrics
    from groupwire.cli.render.probing.watch_metrics import metrics

    host, port = plan.metrics
    async with serve_metrics(host, port, lambda: metrics(session.latest)) as bound:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{bound}/metrics"
