"""Interfaces that are switched off, unplugged, deaf to groups or without an address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import command, link_setting, route_groups_by
from groupwire.diagnose.finding import Finding, Looked, Severity
from groupwire.values import Interface
from groupwire.values.interface import listed

__all__ = ["LinkStates", "fine"]

_NEVER_MEANT = frozenset(["ifb", "dummy", "nlmon", "can", "vcan", "netdevsim"])
"""Kinds that lie about on many machines, switched off, and trouble nobody."""


class LinkStates:
    """Looks at the interfaces in question."""

    codes: ClassVar[tuple[str, ...]] = (
        "interface-down",
        "no-carrier",
        "not-multicast",
        "no-address",
    )

    def look(self, scene: Scene) -> Looked:
        """Say which of them cannot carry the group."""
        about = [one for one in scene.question.about if not one.loopback]
        looking = _Looking(scene, any(fine(one, scene) for one in about))
        findings = [found for link in about for found in looking.at(link)]
        findings += [
            looking.loopback_down(one)
            for one in scene.before.interfaces
            if one.loopback and not one.up
        ]
        names = listed([link.name for link in about]) or "loopback alone"
        return Looked(
            at=(f"state, carrier, flags and addresses of {names} (netlink)",),
            findings=tuple(findings),
        )


def fine(link: Interface, scene: Scene) -> bool:
    """Tell whether an interface can carry the group, by all that is to be seen."""
    able = link.up and link.carrier and link.multicast and not link.loopback
    return able and link.address(scene.question.group.version) is not None


@dataclass(frozen=True, slots=True)
class _Looking:
    scene: Scene
    another: bool
    """Whether an interface is fine, so that this one may be of no concern."""

    def at(self, link: Interface) -> Iterator[Finding]:
        if not self._concerns(link):
            return
        if not link.up:
            yield self._down(link)
        elif not link.carrier:
            yield self._unplugged(link)
        elif not link.multicast:
            yield self._deaf(link)
        elif link.address(self._version) is None:
            yield self._nameless(link)

    def loopback_down(self, link: Interface) -> Finding:
        """Tell of it even where others are fine: programs here need it."""
        return Finding(
            code="interface-down",
            severity=Severity.WARNING if self.another else Severity.ERROR,
            interface=link.name,
            says=f"Loopback ({link.name}) is switched off: programs on this machine "
            "cannot talk to each other.",
            evidence=(f"{link.name} lacks the flag UP (netlink)",),
            fix=(command("ip", "link", "set", link.name, "up"),),
        )

    @property
    def _version(self) -> int:
        return self.scene.question.group.version

    def _concerns(self, link: Interface) -> bool:
        if self.scene.question.named:
            return True
        # Every interface that is up gives itself a link-local address of IPv6.
        if any(one.version == 4 or not one.ip.is_link_local for one in link.addresses):
            return True
        return not self.another and link.kind not in _NEVER_MEANT

    @property
    def _severity(self) -> Severity:
        if self.scene.question.named or not self.another:
            return Severity.ERROR
        return Severity.WARNING

    def _down(self, link: Interface) -> Finding:
        return Finding(
            code="interface-down",
            severity=self._severity,
            interface=link.name,
            says=f"The network interface {link.name} is switched off: nothing comes "
            "in by it, and nothing leaves.",
            evidence=(f"{link.name} lacks the flag UP (netlink)",),
            fix=(command("ip", "link", "set", link.name, "up"), *self._route(link)),
        )

    def _unplugged(self, link: Interface) -> Finding:
        return Finding(
            code="no-carrier",
            severity=self._severity,
            interface=link.name,
            says=f"{link.name} is switched on, but nothing is at the other end: "
            f"{_other_end(link)}. What is sent by it is lost, and nobody says so.",
            evidence=(f"{link.name} is UP and not LOWER_UP: no carrier (netlink)",),
        )

    def _deaf(self, link: Interface) -> Finding:
        return Finding(
            code="not-multicast",
            severity=self._severity,
            interface=link.name,
            says=f"Multicast is switched off on {link.name}, so it sends and receives "
            "for no group.",
            evidence=(f"{link.name} lacks the flag MULTICAST (netlink)",),
            fix=(command("ip", "link", "set", link.name, "multicast", "on"),),
        )

    def _nameless(self, link: Interface) -> Finding:
        version = self._version
        if version == 6 and self.scene.before.facts(link).ipv6_pending:
            return self._on_trial(link)
        return Finding(
            code="no-address",
            severity=self._severity,
            interface=link.name,
            says=f"{link.name} has no IPv{version} address, so this machine cannot "
            f"send by it. {_whence(version)}",
            evidence=(f"no IPv{version} address on {link.name} (netlink)",),
            fix=self._address(link),
        )

    def _on_trial(self, link: Interface) -> Finding:
        return Finding(
            code="no-address",
            severity=Severity.WARNING,
            interface=link.name,
            says=f"{link.name} has just been given an IPv6 address, and still asks "
            "whether anybody else has it. That takes a second or two: look again.",
            evidence=(f"an address on {link.name} is tentative (/proc/net/if_inet6)",),
        )

    def _address(self, link: Interface) -> tuple[str, ...]:
        if self._version == 6:
            if not self.scene.before.facts(link).ipv6:
                return (link_setting(6, link.name, "disable_ipv6", 0),)
            words = ("ip", "address", "add", "fd00::2/64", "dev", link.name)
            return (command(*words),)
        # RFC 3927: anybody may take one of these until a better one is given.
        own = IPv4Address("169.254.1.0") + (link.index * 2039) % 65_024
        words = ("ip", "address", "add", f"{own}/16", "dev", link.name)
        return (command(*words), *self._route(link))

    def _route(self, link: Interface) -> tuple[str, ...]:
        """Return the line that gives groups a way, where they have none."""
        ip = self.scene.question.group.ip
        known = self.scene.before.routes.get(ip) is not None
        # Where another is fine, the group's way is to lead there.
        if ip.version == 6 or known or self.another:
            return ()
        return (route_groups_by(link.name, ip),)


def _other_end(link: Interface) -> str:
    if link.wireless:
        return "it is connected to no wireless network; connect it to one"
    if link.kind == "bridge":
        return "none of its ports is in use; the machines behind it have to be started"
    return "plug the cable in, or have the port of the switch switched on"


def _whence(version: int) -> str:
    if version == 6:
        return "Routers and DHCP usually give one."
    return (
        "Usually DHCP gives one; else it is set by hand, one that fits the network: "
        "the one below is for a trial."
    )
