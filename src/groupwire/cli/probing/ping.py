"""``ping``: unicast and multicast side by side, to every responder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Place, Speech, TtlOption
from groupwire.cli.options.members import expectation, networks
from groupwire.cli.options.probing.pinging import (
    HostsArgument,
    PingOptions,
    ServeOptions,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.pinged import PingedHosts, PingedMembers, Serving
from groupwire.errors import UsageError
from groupwire.gather import Expectation, checked_name
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.probing.ping import MemberPinged, Pinged

__all__ = ["PingLimits", "ping"]


@spread
def ping(
    options: PingOptions,
    serving: ServeOptions,
    place: Place,
    speech: Speech,
    hosts: HostsArgument = None,
    ttl: TtlOption = 1,
) -> int:
    """Ask responders by unicast; hear them by unicast and multicast, side by side.

    The answers by multicast come from the responder: the way there to here. It is
    ssmping's protocol (RFC 6450), against ssmpingd too. With -g alone every member
    that runs `groupwire receive` is asked by multicast, and answers by unicast: the
    way here to there. Exit code 1 where a way carries nothing.
    """
    out = speech.out()
    if serving.serve:
        if hosts:
            raise UsageError("--serve asks nobody", fix="leave the hosts out")
        return signals.run(_serve(serving, out), out)
    limits = PingLimits(options.max_loss, options.max_rtt)
    if hosts:
        if options.expect is not None:
            raise UsageError(
                "--expect is for members of a group", fix="leave the hosts out"
            )
        return signals.run(_hosts(hosts, options, place, limits, out), out)
    if place.group is None:
        raise UsageError(
            "nobody is named to be asked",
            fix="name a host, or a group with -g to ask its members",
        )
    expected = expectation(options.expect)
    return signals.run(_members(options, place, ttl, expected, limits, out), out)


@dataclass(frozen=True, slots=True)
class PingLimits:
    """What is to be kept: a part of 1, seconds. A way that carries nothing fails."""

    max_loss: float | None
    max_rtt: float | None

    def broken(self, what: str, loss: float, rtt: float | None) -> str | None:
        """Return in words what is not kept on one way; None: all is."""
        if loss >= 1.0:
            return f"{what}: nothing arrives"
        if self.max_loss is not None and loss > self.max_loss:
            return f"{what}: {100 * loss:.3g} % are lost"
        if self.max_rtt is not None and rtt is not None and rtt > self.max_rtt:
            return f"{what}: the median is {rtt * 1e3:.3g} ms"
        return None

    def of_host(self, pinged: Pinged) -> list[str]:
        """Return what is not kept of a responder."""
        ways = {"unicast": pinged.unicast, "multicast": pinged.multicast}
        found = (
            self.broken(
                f"{pinged.host} by {way}",
                leg.loss(pinged.asked) if leg.received else 1.0,
                leg.rtts.at(0.5),
            )
            for way, leg in ways.items()
        )
        return [text for text in found if text is not None]

    def of_member(self, pinged: MemberPinged) -> list[str]:
        """Return what is not kept of a member."""
        text = self.broken(pinged.name, pinged.loss, pinged.rtts.at(0.5))
        return [] if text is None else [text]


async def _hosts(
    hosts: Sequence[str],
    options: PingOptions,
    place: Place,
    limits: PingLimits,
    out: Out,
) -> int:
    from groupwire.aio.probing.ping import Pinged
    from groupwire.aio.probing.ping import ping as pinging

    shown = PingedHosts(out)
    running = pinging(
        hosts,
        None if place.group is None else Group.parse(place.group),
        count=options.count,
        interval=options.interval,
        timeout=options.timeout,
        size=options.size,
        interface=place.interface,
    )
    with signals.ending(lambda: shown.begun, shown.end):
        async with aclosing(running) as events:
            try:
                async for event in events:
                    if not isinstance(event, Pinged):
                        shown.take(event)
            finally:  # Ctrl-C is how it ends that is not counted
                for pinged in events.results:
                    shown.result(pinged, limits.of_host(pinged))
    return ExitCode.MISSING if shown.problems else ExitCode.DONE


async def _members(
    options: PingOptions,
    place: Place,
    ttl: int,
    expected: Expectation | None,
    limits: PingLimits,
    out: Out,
) -> int:
    from groupwire import aio
    from groupwire.aio.probing.ping import MemberPinged, ping_members

    shown = PingedMembers(out)
    running = ping_members(
        place.read().group,
        count=options.count,
        interval=options.interval,
        timeout=options.timeout,
        size=options.size,
        expect=expected,
        config=aio.PeerConfig(interface=place.interface, ttl=ttl),
    )
    with signals.ending(lambda: shown.begun, shown.end):
        async with aclosing(running) as events:
            try:
                async for event in events:
                    if not isinstance(event, MemberPinged):
                        shown.take(event)
            finally:
                for pinged in events.results:
                    shown.result(pinged, limits.of_member(pinged))
    wanted = expected.size if expected is not None else 1
    few = shown.answering < (wanted or 1)
    return ExitCode.MISSING if few or shown.problems else ExitCode.DONE


async def _serve(options: ServeOptions, out: Out) -> int:
    from groupwire.aio.probing.ping import serve_ping

    shown = Serving(out)
    serving = serve_ping(
        name=None if options.name is None else checked_name(options.name),
        answer_to=networks("--answer-to", options.answer_to),
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
