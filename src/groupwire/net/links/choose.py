"""Which interface: a function of what is there and what was asked, with the reason.

The rules stand in docs/design.md under "Which interface".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address

from groupwire.errors import InterfaceChoiceError, InterfaceError
from groupwire.values import Group, Interface
from groupwire.values.interface import listed

__all__ = [
    "Choice",
    "candidates",
    "choose_receivers",
    "choose_sender",
    "find",
    "why_not_meant",
]

_TUNNEL_KINDS = frozenset(
    [
        "tun",
        "wireguard",
        "ipip",
        "gre",
        "gretap",
        "erspan",
        "sit",
        "ip6tnl",
        "ip6gre",
        "vti",
        "vti6",
        "xfrm",
        "ppp",
    ]
)
_TUNNEL_NAMES = re.compile(r"(tun|tap|wg|tailscale|zt|utun|ppp|ipsec|nebula)\w*$")
_CONTAINER_NAMES = re.compile(
    r"(docker|virbr|lxcbr|lxdbr|incusbr|cni|podman|nerdctl|flannel|cali|cilium|kube)"
    r"[\w.-]*$|br-[0-9a-f]{12}$"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The interfaces chosen, and why in one sentence for people."""

    interfaces: tuple[Interface, ...]
    reason: str


def choose_receivers(
    group: Group, wanted: str | int | None, interfaces: Sequence[Interface]
) -> Choice:
    """Choose where to join. Raises InterfaceError with what would do.

    ``wanted`` is a name, index, address or ``all``; None: every candidate, and
    loopback.
    """
    if _is_all(wanted):
        able = [i for i in interfaces if _can_multicast(i)]
        found = _of_version([*able, *_loopbacks(interfaces)], group)
        return Choice(_some(found, group, interfaces), "every interface, as asked")
    if wanted is not None:
        return Choice((_named(wanted, interfaces),), f"{wanted} was named")
    found = _of_version([*candidates(interfaces), *_loopbacks(interfaces)], group)
    reason = "every interface that can multicast, and loopback"
    return Choice(_some(found, group, interfaces), reason)


def choose_sender(
    group: Group,
    wanted: str | int | None,
    interfaces: Sequence[Interface],
    route: int | None,
) -> Choice:
    """Choose the way out; ``route`` is the index that the system's route gives.

    Raises InterfaceError, or InterfaceChoiceError when several would do.
    """
    if _is_all(wanted):
        return _all_ways(group, interfaces)
    if wanted is not None:
        chosen = _named(wanted, interfaces)
        _require_address(chosen, group)
        return Choice((chosen,), f"{wanted} was named")
    by_route = next((i for i in interfaces if i.index == route), None)
    if by_route is not None and by_route.up:
        return _routed(group, by_route, interfaces)
    return _only_candidate(group, interfaces)


def candidates(
    interfaces: Sequence[Interface], *, whatever_state: bool = False
) -> list[Interface]:
    """Return the interfaces that look meant: up, able, no tunnel, no container's.

    With ``whatever_state`` also those that are down or have multicast switched off.
    """
    meant = [i for i in interfaces if not (i.loopback or why_not_meant(i))]
    return [i for i in meant if whatever_state or _can_multicast(i)]


def find(wanted: str | int, interfaces: Sequence[Interface]) -> Interface:
    """Return the interface of that name, index or address, in whatever state it is.

    Raises InterfaceError where there is none.
    """
    text = str(wanted)
    found = _called(text, interfaces)
    if found is None:
        raise InterfaceError(
            f"there is no interface {text}", fix=_suggestion(text, interfaces)
        )
    return found


def why_not_meant(interface: Interface) -> str:
    """Return what it is when hardly anybody means it; empty for all others."""
    if interface.master:
        return "a port of a bridge or bond"
    if (
        interface.point_to_point
        or interface.kind in _TUNNEL_KINDS
        or _TUNNEL_NAMES.match(interface.name)
    ):
        return "a tunnel"
    if _CONTAINER_NAMES.match(interface.name):
        return "a bridge for containers"
    return ""


def _routed(group: Group, chosen: Interface, interfaces: Sequence[Interface]) -> Choice:
    reason = f"the route for {group.ip} leaves by {chosen.name}"
    others = [i.name for i in candidates(interfaces) if i != chosen]
    if (what := why_not_meant(chosen)) and others:
        meant = listed(others, between=" or ")
        reason += f", {what}; if {meant} is meant, name it with -i"
    return Choice((chosen,), reason)


def _only_candidate(group: Group, interfaces: Sequence[Interface]) -> Choice:
    found = _of_version(candidates(interfaces), group)
    if len(found) > 1:
        names = [i.name for i in found]
        raise InterfaceChoiceError(
            f"no route for {group.ip}, and several interfaces would do: "
            + listed([_described(i) for i in found]),
            fix=f"name one with -i, for example -i {names[0]}",
            candidates=names,
        )
    if found:
        name = found[0].name
        return Choice(found, f"no route for {group.ip}; {name} is the only candidate")
    loopbacks = _of_version(_loopbacks(interfaces), group)
    return Choice(_some(loopbacks, group, interfaces), "nothing but loopback is up")


def _all_ways(group: Group, interfaces: Sequence[Interface]) -> Choice:
    able = [i for i in interfaces if _can_multicast(i) and not i.master]
    found = tuple(i for i in able if i.address(group.version) is not None)
    if not found:
        found = _of_version(_loopbacks(interfaces), group)
    return Choice(_some(found, group, interfaces), "every interface, as asked")


def _named(wanted: str | int, interfaces: Sequence[Interface]) -> Interface:
    found = find(wanted, interfaces)
    if not found.up:
        raise InterfaceError(
            f"interface {found.name} is down",
            fix=f"bring it up: ip link set {found.name} up",
        )
    if not (found.multicast or found.loopback):
        raise InterfaceError(
            f"interface {found.name} has multicast switched off",
            fix=f"switch it on: ip link set {found.name} multicast on",
        )
    return found


def _called(text: str, interfaces: Sequence[Interface]) -> Interface | None:
    """Find by name, then by index, then by address."""
    for interface in interfaces:
        if interface.name == text:
            return interface
    for interface in interfaces:
        if str(interface.index) == text:
            return interface
    return next((i for i in interfaces if _has(i, text)), None)


def _has(interface: Interface, text: str) -> bool:
    """Tell whether ``text`` is an address of it; ``%zone`` tells twins apart."""
    address, _, zone = text.partition("%")
    if zone not in {"", interface.name, str(interface.index)}:
        return False
    with suppress(ValueError):
        ip = ip_address(address)
        return any(own.ip == ip for own in interface.addresses)
    return False


def _suggestion(text: str, interfaces: Sequence[Interface]) -> str:
    names = [i.name for i in interfaces]
    close = get_close_matches(text, names, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are {listed(names) or 'none at all'}"


def _require_address(interface: Interface, group: Group) -> None:
    if interface.address(group.version) is None:
        address = "10.0.0.2/24" if group.version == 4 else "fd00::2/64"
        raise InterfaceError(
            f"interface {interface.name} has no IPv{group.version} address to send "
            "from",
            fix=f"give it one, for example: ip address add {address} "
            f"dev {interface.name}",
        )


def _of_version(interfaces: Sequence[Interface], group: Group) -> tuple[Interface, ...]:
    """Leave out what cannot carry the group's IP version.

    An IPv4 group is joined without any address. IPv6 is off where there is not even a
    link-local address, and Linux carries no IPv6 groups on loopback.
    """
    if group.version == 4:
        return tuple(interfaces)
    return tuple(i for i in interfaces if i.address(6) is not None)


def _some(
    found: tuple[Interface, ...], group: Group, interfaces: Sequence[Interface]
) -> tuple[Interface, ...]:
    """Return what was found; InterfaceError where it is nothing."""
    if found:
        return found
    others = [i for i in interfaces if not i.loopback]
    if others and not any(i.up for i in others):
        raise InterfaceError(
            "no interface is up", fix=f"bring one up: ip link set {others[0].name} up"
        )
    raise InterfaceError(
        f"no interface here can carry an IPv{group.version} group",
        fix="see what there is: groupwire interfaces",
    )


def _loopbacks(interfaces: Sequence[Interface]) -> list[Interface]:
    return [i for i in interfaces if i.loopback and i.up]


def _can_multicast(interface: Interface) -> bool:
    return interface.up and interface.multicast and not interface.loopback


def _is_all(wanted: str | int | None) -> bool:
    return isinstance(wanted, str) and wanted.lower() == "all"


def _described(interface: Interface) -> str:
    addresses = [str(a.ip) for a in interface.addresses if a.version == 4]
    return f"{interface.name} ({addresses[0]})" if addresses else interface.name
