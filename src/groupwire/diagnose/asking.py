"""Makes the question: which group, by which interfaces, and why there is none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from groupwire.diagnose.check import Question
from groupwire.errors import AddressError, InterfaceError
from groupwire.net.links import (
    Choice,
    candidates,
    choose_receivers,
    choose_sender,
    list_interfaces,
    route_interface,
)
from groupwire.net.links.choose import find
from groupwire.values import DEFAULT_GROUP, Group, Interface

__all__ = ["ask", "may_look_deeper"]


def ask(
    group: Group | str | None = None,
    interface: str | int | None = None,
    *,
    ttl_hops: int = 1,
    peer: IPv4Address | IPv6Address | str | None = None,
    listen_s: float = 0.0,
    soak_s: float = 0.0,
) -> Question:
    """Return the question as this machine stands now.

    AddressError for texts that are no addresses; InterfaceError where there is no
    interface of that name. One that cannot be used is no error here but the case.
    """
    wanted_group = _read_group(group)
    asked = None if peer is None else _read_peer(peer, wanted_group)
    links = list_interfaces()
    wanted = wanted_group.interface if interface is None else interface
    wanted = _toward(asked, wanted, links)
    receiving, why_not = _receivers(wanted_group, wanted, links)
    sending, why_not_sent = _sender(wanted_group, wanted, links)
    deeper = may_look_deeper()
    return Question(
        group=wanted_group,
        about=_about(wanted, links),
        named=wanted is not None and str(wanted).lower() != "all",
        receive_on=receiving,
        send_by=sending,
        trouble=tuple(dict.fromkeys((*why_not, *why_not_sent))),
        ttl_hops=ttl_hops,
        root=deeper,
        hobbled=not deeper and os.geteuid() == 0,
        peer=asked,
        listen_s=listen_s,
        soak_s=soak_s,
    )


def may_look_deeper() -> bool:
    """Tell whether this process may open raw sockets and read the firewall."""
    try:
        status = _STATUS.read_text("ascii", "replace")
    except OSError:
        return False
    line = next((one for one in status.splitlines() if one.startswith("CapEff:")), "")
    return int(line.partition(":")[2] or "0", 16) & _NEEDED == _NEEDED


_STATUS = Path("/proc/thread-self/status")
_NEEDED = 1 << 12 | 1 << 13  # CAP_NET_ADMIN, CAP_NET_RAW


def _read_group(group: Group | str | None) -> Group:
    if group is None:
        return DEFAULT_GROUP
    return Group.parse(group) if isinstance(group, str) else group


def _read_peer(
    peer: IPv4Address | IPv6Address | str, group: Group
) -> IPv4Address | IPv6Address:
    try:
        ip = ip_address(str(peer))
    except ValueError:
        raise AddressError(
            str(peer),
            "it is no IP address",
            fix="give the peer's address as it is, such as 192.168.1.20",
        ) from None
    if ip.version != group.version or ip.is_multicast or ip.is_unspecified:
        raise AddressError(
            str(peer),
            f"it is no address of a machine that {group} reaches",
            fix=f"give the peer's own IPv{group.version} address",
        )
    return ip


def _toward(
    peer: IPv4Address | IPv6Address | None,
    wanted: str | int | None,
    links: Sequence[Interface],
) -> str | int | None:
    """Return the interface that ``fe80::2%eth1`` names, where no other is named."""
    zone = peer.scope_id if isinstance(peer, IPv6Address) else None
    if zone is None:
        return wanted
    behind = find(zone, links)
    if wanted is not None and not _is(behind, wanted, links):
        raise AddressError(
            str(peer),
            f"it is behind {behind.name}, and {wanted} was named for the group",
            fix=f"name one interface only, for example -i {behind.name}",
        )
    return behind.name


def _is(link: Interface, wanted: str | int, links: Sequence[Interface]) -> bool:
    return str(wanted).lower() == "all" or find(wanted, links).index == link.index


def _about(
    wanted: str | int | None, links: Sequence[Interface]
) -> tuple[Interface, ...]:
    if wanted is not None and str(wanted).lower() != "all":
        return (find(wanted, links),)
    meant = candidates(links, whatever_state=True)
    return tuple(meant or [one for one in links if one.loopback])


def _receivers(
    group: Group, wanted: str | int | None, links: Sequence[Interface]
) -> tuple[tuple[Interface, ...], list[str]]:
    try:
        return choose_receivers(group, wanted, links).interfaces, []
    except InterfaceError as error:
        return (), [error.problem]


def _sender(
    group: Group, wanted: str | int | None, links: Sequence[Interface]
) -> tuple[Interface | None, list[str]]:
    try:
        choice: Choice = choose_sender(group, wanted, links, route_interface(group.ip))
    except InterfaceError as error:
        return None, [error.problem]
    return choice.interfaces[0], []
