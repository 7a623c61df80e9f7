"""What the group's address itself is: reserved, shared, or in need of an interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.checks.links.states import fine
from groupwire.diagnose.commands import command
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.values import ethernet_address
from groupwire.values.explanation import Explanation
from groupwire.values.interface import MOST_NAMED, listed

__all__ = ["Addressing"]

_CONTROL = IPv4Network("224.0.0.0/24")


class Addressing:
    """Looks at the address alone, and at the groups joined beside it."""

    codes: ClassVar[tuple[str, ...]] = ("ipv6-zone", "reserved-group", "mac-collision")

    def look(self, scene: Scene) -> Looked:
        """Say why another address would be better."""
        ip = scene.question.group.ip
        findings = (*_zone(scene), *_reserved(scene), *_shared(scene))
        return Looked(
            at=(f"what {ip} is assigned for, and its address on Ethernet",),
            findings=findings,
            unsure=_without_source(scene),
        )


def _without_source(scene: Scene) -> tuple[str, ...]:
    group = scene.question.group
    if not group.is_source_specific or group.source is not None:
        return ()
    return (
        f"{group.ip} is received from one named sender (RFC 4607), and none is named: "
        f"give -g SENDER@{group}, and let receivers name it too",
    )


def _zone(scene: Scene) -> Iterator[Finding]:
    group = scene.question.group
    if not group.needs_zone or scene.question.named:
        return
    # Linux carries no IPv6 groups over loopback.
    about = [one for one in scene.question.about if not one.loopback]
    well = [one for one in about if fine(one, scene)]
    ways = [one.name for one in well or about]
    here = f"Here there are {listed(ways)}." if ways else "Here is none but loopback."
    example = ways[0] if ways else "eth0"
    yield Finding(
        code="ipv6-zone",
        severity=Severity.ERROR,
        says=f"{group.ip} is another group on every interface, so it means nothing "
        f"until one is named: write [{group.ip}%{example}]:{group.port}, in every "
        f"program. {here}",
        evidence=(f"the scope of {group.ip} is {group.scope.name} (RFC 4007)",),
        fix=tuple(
            command("groupwire", "doctor", "-g", group.on(way)).removeprefix("sudo ")
            for way in ways[:MOST_NAMED]
        ),
    )


def _reserved(scene: Scene) -> Iterator[Finding]:
    group = scene.question.group
    told = Explanation(group.ip, group.port, group.source, group.interface)
    if not (told.block.advice or told.well_known):
        return
    used = f"; it is used for {told.well_known}" if told.well_known else ""
    control = group.ip in _CONTROL if isinstance(group.ip, IPv4Address) else False
    far = " No router passes it on, whatever the TTL." if control else ""
    yield Finding(
        code="reserved-group",
        severity=Severity.WARNING if control or used else Severity.INFO,
        says=f"{group.ip} lies in {told.block.range}, {told.block.name}"
        f"{used}.{far} {_sentence(told.block.advice)}".rstrip(),
        evidence=(f"{told.block.range}: {told.block.rfc}",),
        sure=Sureness.CERTAIN,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _shared(scene: Scene) -> Iterator[Finding]:
    group = scene.question.group
    mac = ethernet_address(group.ip)
    control = _CONTROL[int(group.ip) & 0xFF]
    mine = group.ip in _CONTROL if isinstance(group.ip, IPv4Address) else True
    if not mine and mac == ethernet_address(control):
        yield Finding(
            code="mac-collision",
            severity=Severity.WARNING,
            says=f"{group.ip} has the same address on Ethernet as {control}, which "
            "switches send to everybody: every machine gets this group's datagrams. "
            "Take another one, such as 239.255.42.99.",
            evidence=(f"{mac} (RFC 1112 section 6.4)",),
        )
        return
    for link in scene.question.receive_on:
        others = [
            ip
            for ip in scene.before.facts(link).groups
            if ip != group.ip
            and ip.version == group.version
            and ethernet_address(ip) == mac
        ]
        if others and not link.loopback:
            yield _collision(link.name, others, scene)
            return


def _collision(link: str, others: Sequence[object], scene: Scene) -> Finding:
    group = scene.question.group
    names = listed([str(one) for one in others])
    return Finding(
        code="mac-collision",
        severity=Severity.INFO,
        interface=link,
        says=f"On {link} this machine has also joined {names}. On Ethernet it has the "
        f"same address as {group.ip}: network cards and many switches cannot tell them "
        "apart, and each of them brings the other's datagrams too.",
        evidence=(
            f"both are {ethernet_address(group.ip)} (RFC 1112, RFC 2464)",
            f"joined on {link}: {names} (/proc/net/igmp, /proc/net/igmp6)",
        ),
    )
