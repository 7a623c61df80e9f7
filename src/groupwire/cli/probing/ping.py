"""``ping``: unicast and multicast side by side, to every responder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Speech
from groupwire.cli.options.members import expectation, networks
from groupwire.cli.options.probing.pinging import (
    HostsArgument,
    PingOptions,
    PingPlace,
    ServeOptions,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.pinged import PingedHosts, PingedMembers, Serving
from groupwire.cli.render.probing.quantities import in_time, percent
from groupwire.errors import UsageError
from groupwire.gather import checked_name
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.probing.ping import MemberPinged, Pinged, Pinging
    from groupwire.probe.ping import Leg

__all__ = ["PingLimits", "ping"]

ResultT = TypeVar("ResultT")
ResultT_contra = TypeVar("ResultT_contra", contravariant=True)


class _Shown(Protocol[ResultT_contra]):
    """What shows events and results."""

    begun: bool

    def is_result(self, event: object) -> bool: ...

    def take(self, event: Any) -> None: ...

    def result(self, pinged: ResultT_contra, problems: Sequence[str]) -> None: ...


@spread
def ping(
    options: PingOptions,
    serving: ServeOptions,
    place: PingPlace,
    speech: Speech,
    hosts: HostsArgument = None,
) -> int:
    """Ask responders or members: unicast and multicast side by side.

    A HOST is asked by unicast and answers by both: the way there to here. It is
    ssmping's protocol (RFC 6450), against ssmpingd too. Without one, every member of
    the group, such as `groupwire receive`, is asked by both and answers by unicast:
    the way here to there. Exit code 1 where multicast is lost.
    """
    out = speech.out()
    _check(hosts, options, serving)
    if serving.serve:
        return signals.run(_serve(serving, place, out), out)
    if hosts:
        return signals.run(_hosts(hosts, options, place, out), out)
    return signals.run(_members(options, place, out), out)


def _check(
    hosts: Sequence[str] | None, options: PingOptions, serving: ServeOptions
) -> None:
    """Raise UsageError for options that would do nothing."""
    if serving.serve and (hosts or options != PingOptions()):
        raise UsageError(
            "--serve asks nobody", fix="leave out the hosts, and what is for asking"
        )
    if not serving.serve and serving != ServeOptions():
        raise UsageError(
            "--name and --answer-to are for who answers", fix="add --serve"
        )
    if hosts and options.expect is not None:
        raise UsageError(
            "--expect is for members of a group", fix="leave the hosts out"
        )
    if hosts and options.ttl is not None:
        raise UsageError(
            "--ttl is for questions to a group; a host is asked by unicast",
            fix="leave it out",
        )


@dataclass(frozen=True, slots=True)
class PingLimits:
    """What is to be kept: a part of 1, seconds. Without them no multicast is lost."""

    max_loss: float | None
    max_rtt: float | None

    def broken(self, what: str, leg: Leg, most: float | None) -> str | None:
        """Return in words what is not kept on one way; None: all is."""
        middle = leg.rtts.at(0.5)
        if most is not None and leg.loss > most:
            if not leg.received:
                return f"{what}: nothing arrives"
            return f"{what}: {percent(leg.loss)} lost"
        if self.max_rtt is not None and middle is not None and middle > self.max_rtt:
            return f"{what}: the median is {in_time(middle)}"
        return None

    def of_host(self, pinged: Pinged) -> list[str]:
        """Return what is not kept of a responder."""
        return self._of(pinged.host, pinged.unicast, pinged.multicast)

    def of_member(self, pinged: MemberPinged) -> list[str]:
        """Return what is not kept of a member."""
        name = pinged.name or pinged.sender
        if not pinged.sender:
            text = self.broken(name, pinged.multicast, self.max_loss or 0.0)
            return [] if text is None else [text]
        unicast = pinged.unicast if pinged.unicast_known else None
        return self._of(name, unicast, pinged.multicast)

    def _of(self, who: str, unicast: Leg | None, multicast: Leg) -> list[str]:
        found = [self.broken(f"{who} by multicast", multicast, self.max_loss or 0.0)]
        if unicast is not None:
            found.insert(0, self.broken(f"{who} by unicast", unicast, self.max_loss))
        return [text for text in found if text is not None]


async def _hosts(
    hosts: Sequence[str], options: PingOptions, place: PingPlace, out: Out
) -> int:
    from groupwire.aio.probing.ping import ping as pinging

    shown = PingedHosts(out)
    limits = PingLimits(options.max_loss, options.max_rtt)
    running = pinging(
        hosts,
        None if place.group is None else Group.parse(place.group),
        count=options.count,
        interval=options.interval,
        timeout=options.timeout,
        size=options.size,
        interface=place.read().interface,
    )
    with signals.ending(lambda: shown.begun, shown.end):
        await _follow(running, shown, limits.of_host, out)
    return ExitCode.MISSING if shown.problems else ExitCode.DONE


async def _members(options: PingOptions, place: PingPlace, out: Out) -> int:
    from groupwire import aio
    from groupwire.aio.probing.ping import ping_members

    shown = PingedMembers(out)
    limits = PingLimits(options.max_loss, options.max_rtt)
    expected = expectation(options.expect)
    where, ttl = place.read(), 1 if options.ttl is None else options.ttl
    running = ping_members(
        where.group,
        count=options.count,
        interval=options.interval,
        timeout=options.timeout,
        size=options.size,
        expect=expected,
        config=aio.PeerConfig(interface=where.interface, ttl=ttl),
    )
    with signals.ending(lambda: shown.begun, shown.end):
        await _follow(running, shown, limits.of_member, out)
        if expected is not None and shown.answering < expected.count:
            shown.few(expected.count)
    missing = shown.problems or not shown.answering
    return ExitCode.MISSING if missing else ExitCode.DONE


async def _follow(
    running: Pinging[Any, ResultT],
    shown: _Shown[ResultT],
    problems: Callable[[ResultT], list[str]],
    out: Out,
) -> None:
    """Show what comes, and what it comes to, also where it is interrupted."""
    async with aclosing(running) as events:
        try:
            async for event in events:
                if not shown.is_result(event):
                    shown.take(event)
        except asyncio.CancelledError:  # Ctrl-C is how it ends that is not counted
            out.last_note("interrupted")
            raise
        finally:
            for pinged in events.results if shown.begun else ():
                shown.result(pinged, problems(pinged))


async def _serve(options: ServeOptions, place: PingPlace, out: Out) -> int:
    from groupwire.aio.probing.ping import serve_ping

    shown = Serving(out)
    serving = serve_ping(
        name=None if options.name is None else checked_name(options.name),
        answer_to=networks("--answer-to", options.answer_to),
        group=place.group,
        interface=place.interface,
    )
    with signals.ending(lambda: shown.begun, shown.end):
        async with serving:
            shown.take(serving.state)
            try:
                async for state in serving:
                    shown.take(state)
            finally:
                shown.latest = serving.state
    return ExitCode.DONE
