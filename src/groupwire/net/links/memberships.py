"""Which groups this machine has joined, as the kernel's tables in ``/proc`` tell it.

Groups of all programs, and those that the kernel itself joins. Reading needs no
permission. The parsers take text and touch nothing.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal

__all__ = [
    "IgmpState",
    "Memberships",
    "parse_igmp",
    "parse_igmp6",
    "parse_mld_version",
    "read_memberships",
]

# Not /proc/net, which is the first thread's network namespace.
_NET = Path("/proc/thread-self/net")
_CONF = Path("/proc/sys/net/ipv6/conf")


@dataclass(frozen=True, slots=True)
class IgmpState:
    """IPv4 on one interface: groups joined, IGMP version in force."""

    version: int
    groups: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class Memberships:
    """The groups of one interface in both families.

    ``igmp`` is 1, 2 or 3 as the last querier heard made it, None without IPv4. ``mld``
    is 2 unless the system is told to speak 1; what a querier made of it Linux does not
    tell. None without IPv6.
    """

    groups: tuple[IPv4Address | IPv6Address, ...] = ()
    igmp: int | None = None
    mld: int | None = None


def read_memberships(names: Mapping[int, str]) -> dict[int, Memberships]:
    """Return the groups by interface index; ``names`` are the interfaces that count.

    Empty where the system has no such tables.
    """
    ipv4 = parse_igmp(_read(_NET / "igmp"))
    ipv6 = parse_igmp6(_read(_NET / "igmp6"))
    return {
        index: _joined(name, ipv4.get(index), ipv6.get(index))
        for index, name in names.items()
    }


def parse_igmp(
    text: str, byteorder: Literal["little", "big"] = sys.byteorder
) -> dict[int, IgmpState]:
    """Read ``/proc/net/igmp``: a line for each interface, its groups indented below.

    An address stands there as this machine's integer: ``010000E0`` is 224.0.0.1 where
    the smallest byte comes first.
    """
    versions: dict[int, int] = {}
    groups: defaultdict[int, list[IPv4Address]] = defaultdict(list)
    index = 0
    for line in text.splitlines():
        words = line.split()
        if line[:1].isspace() and words and index:
            packed = int(words[0], 16).to_bytes(4, byteorder)
            groups[index].append(IPv4Address(packed))
        elif words and words[0].isdigit():
            index = int(words[0])
            versions[index] = int(words[-1].removeprefix("V"))
    return {i: IgmpState(v, tuple(sorted(groups[i]))) for i, v in versions.items()}


def parse_igmp6(text: str) -> dict[int, tuple[IPv6Address, ...]]:
    """Read ``/proc/net/igmp6``: index, device and group on each line."""
    groups: defaultdict[int, set[IPv6Address]] = defaultdict(set)
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 and words[0].isdigit():
            groups[int(words[0])].add(IPv6Address(bytes.fromhex(words[2])))
    return {index: tuple(sorted(found)) for index, found in groups.items()}


def parse_mld_version(forced: str) -> int:
    """Read ``force_mld_version``: 0 leaves it to the system, which begins with 2."""
    return 1 if forced.strip() == "1" else 2


def _joined(
    name: str, ipv4: IgmpState | None, ipv6: tuple[IPv6Address, ...] | None
) -> Memberships:
    return Memberships(
        groups=(*(ipv4.groups if ipv4 else ()), *(ipv6 or ())),
        igmp=ipv4.version if ipv4 else None,
        mld=_mld(name) if ipv6 else None,
    )


def _mld(name: str) -> int:
    return parse_mld_version(_read(_CONF / name / "force_mld_version"))


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
