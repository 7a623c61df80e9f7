"""Commands that mend, as a person types them: quoted, with ``sudo`` where it is due.

Checks write every line with ``sudo``; what this system has decides at the end.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from groupwire.diagnose.finding import Finding, Looked
from groupwire.values import Group

__all__ = [
    "Shell",
    "command",
    "link_setting",
    "route_groups_by",
    "serving",
    "setting",
]

ALL_GROUPS = IPv4Network("224.0.0.0/4")
_SUDO = "sudo "
_SYSCTL = "sysctl -w "


def command(*words: object) -> str:
    """Return a line for a shell; odd names are quoted."""
    return shlex.join(["sudo", *map(str, words)])


def setting(key: str, value: object) -> str:
    """Return the line that sets ``net/ipv4/igmp_max_msf``; slashes part the names."""
    # Interfaces may have dots in their names: then sysctl wants slashes (sysctl(8)).
    dotted = key.replace("/", ".") if "." not in key else key
    return command("sysctl", "-w", f"{dotted}={value}")


def link_setting(version: int, link: str, name: str, value: object) -> str:
    """Return the line that sets something of one interface, or of ``all``."""
    return setting(f"net/ipv{version}/conf/{link}/{name}", value)


def route_groups_by(
    link: str,
    ip: IPv4Address | IPv6Address,
    matched: IPv4Network | IPv6Network | None = None,
) -> str:
    """Return the line that sends groups by an interface.

    ``matched`` is the line of the routing table that is to be another.
    """
    if ip.version == 6:
        # Groups of IPv6 are looked up in this table, a line for each interface.
        return command(
            *("ip", "-6", "route", "replace", "multicast", matched or "ff00::/8"),
            *("dev", link, "table", "local"),
        )
    narrow = matched is not None and matched.prefixlen > ALL_GROUPS.prefixlen
    network = matched if narrow else ALL_GROUPS
    return command("ip", "route", "replace", network, "dev", link)


def serving(group: Group) -> str:
    """Return the line that makes another machine the other end."""
    # Its interface has a name of its own, which nobody here knows.
    there = ("-i", "INTERFACE") if group.needs_zone else ()
    words = ("groupwire", "doctor", "--serve", "-g", str(group.on(None)))
    return shlex.join((*words, *there))


@dataclass(frozen=True, slots=True)
class Shell:
    """What the person who reads types into."""

    root: bool = False
    """Whether it is root's own: there sudo is of no use, and often missing."""
    sysctl: bool = True
    """Whether there is a program of that name."""
    sudo: bool = True
    """Whether there is a program of that name."""

    def fit(self, looked: Looked) -> Looked:
        """Return the same with fixes that can be typed here."""
        return replace(looked, findings=tuple(map(self._fitted, looked.findings)))

    def _fitted(self, finding: Finding) -> Finding:
        return replace(finding, fix=tuple(self._lines(finding.fix)))

    def _lines(self, fix: Iterable[str]) -> Iterable[str]:
        for line in fix:
            typed = line if self.sysctl else _without_sysctl(line)
            yield typed if self.sudo and not self.root else self._as_root(typed)

    def _as_root(self, line: str) -> str:
        bare = _without_sudo(line)
        # su(1) is everywhere; it asks for root's password instead of one's own.
        return bare if self.root or bare == line else f"su -c {shlex.quote(bare)}"


def _without_sudo(line: str) -> str:
    return line.removeprefix(_SUDO).replace(f"| {_SUDO}", "| ")


def _without_sysctl(line: str) -> str:
    """Return what does the same through ``/proc/sys``."""
    words = shlex.split(line)
    if words[1:3] != _SYSCTL.split():
        return line
    key, _, value = words[3].rpartition("=")
    path = key if "/" in key else key.replace(".", "/")
    into = shlex.join(["sudo", "tee", f"/proc/sys/{path}"])
    return f"echo {value} | {into}"
