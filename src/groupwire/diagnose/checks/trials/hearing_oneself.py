"""Does this host hear what it sends to the group itself? Judged by real datagrams."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import setting
from groupwire.diagnose.finding import Finding, Looked, Severity
from groupwire.diagnose.trials.seen import LoopbackSeen

__all__ = ["RULES", "HearingOneself"]

RULES = "as root, nft list ruleset or iptables-save shows them"

_LIMIT = {errno.ENOBUFS, errno.ENOMEM}
_FORBIDDEN = {errno.EPERM, errno.EACCES}


class HearingOneself:
    """Knows ``loopback``, and what refused joins and datagrams say for certain."""

    codes: ClassVar[tuple[str, ...]] = ("loopback", "firewall", "membership-limit")

    def look(self, scene: Scene) -> Looked:
        """Judge the datagrams that this host sent to itself."""
        seen = scene.seen(LoopbackSeen)
        return Looked(
            at=tuple(_where(one) for one in seen),
            findings=tuple(found for one in seen for found in _findings(one, scene)),
            unsure=() if seen else (_nothing_tried(scene),),
        )


def _nothing_tried(scene: Scene) -> str:
    question = scene.question
    if question.group.version == 6 and all(one.loopback for one in question.about):
        return (
            f"whether {question.group.ip} works: Linux carries no IPv6 groups over "
            "loopback; for programs on this machine alone take an IPv4 group, such as "
            "239.255.42.99"
        )
    return (
        "no datagram was tried on this host: it has no usable interface for the group"
    )


def _where(seen: LoopbackSeen) -> str:
    return f"a datagram sent to the group on {seen.interface}, heard by this host"


def _findings(seen: LoopbackSeen, scene: Scene) -> Iterator[Finding]:
    if seen.join_error in _LIMIT:
        yield _limit(seen, scene)
    elif seen.join_error:
        yield _refused(seen, "joined", seen.join_error)
    elif seen.send_error in _FORBIDDEN:
        yield _forbidden(seen, scene)
    elif seen.send_error:
        yield _refused(seen, "sent to", seen.send_error)
    elif not seen.heard and not seen.own_port:
        yield _deaf(seen, scene)


def _limit(seen: LoopbackSeen, scene: Scene) -> Finding:
    what = "sources for a group" if scene.question.group.source else "groups"
    key = "igmp_max_msf" if scene.question.group.source else "igmp_max_memberships"
    value = 64 if scene.question.group.source else 200
    return Finding(
        code="membership-limit",
        severity=Severity.ERROR,
        interface=seen.interface,
        says=f"The system lets a program join too few {what}: not even one more.",
        evidence=(f"joining on {seen.interface}: {_named(seen.join_error)}",),
        fix=(setting(f"net/ipv4/{key}", value),),
        explained_by=("membership-limit",),
    )


def _refused(seen: LoopbackSeen, what: str, number: int) -> Finding:
    return Finding(
        code="loopback",
        severity=Severity.WARNING,
        interface=seen.interface,
        says=f"The group could not be {what} on {seen.interface}.",
        evidence=(f"{seen.interface}: {_named(number)}",),
    )


def _forbidden(seen: LoopbackSeen, scene: Scene) -> Finding:
    return Finding(
        code="firewall",
        severity=Severity.ERROR,
        interface=seen.interface,
        says=(
            f"A firewall on this host forbids sending to {scene.question.group.ip} "
            f"by {seen.interface}: one of its output rules drops it. Find that rule "
            f"({RULES}), and let the group through."
        ),
        evidence=(
            f"sending to {scene.question.group.ip} port {seen.port} by "
            f"{seen.interface}: {_named(seen.send_error)}",
        ),
        explained_by=("firewall",),
    )


def _deaf(seen: LoopbackSeen, scene: Scene) -> Finding:
    group = scene.question.group
    return Finding(
        code="loopback",
        severity=Severity.ERROR,
        interface=seen.interface,
        says=(
            f"This host does not hear what it sends itself to {group.ip} on "
            f"{seen.interface}. Something on this very host drops it, most often a "
            f"firewall's rules ({RULES}). What others send is then dropped, too."
        ),
        evidence=(
            f"{seen.sent} datagrams to {group.ip} on {seen.interface}, joined there: "
            f"none came back within {seen.waited_s:g} s, neither at a port of their "
            f"own nor at {group.port}",
        ),
        explained_by=("firewall", "interface-down"),
    )


def _named(number: int) -> str:
    return errno.errorcode.get(number, f"error {number}")
