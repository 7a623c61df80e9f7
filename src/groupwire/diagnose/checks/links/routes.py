"""The way out for the group: whether there is one, and whether it is the one meant."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.checks.links.states import fine
from groupwire.diagnose.commands import route_groups_by
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.net.links.choose import why_not_meant
from groupwire.values import Interface
from groupwire.values.interface import listed

__all__ = ["Routes"]


class Routes:
    """Looks at where the system would send the group's datagrams."""

    codes: ClassVar[tuple[str, ...]] = ("no-route", "wrong-interface")

    def look(self, scene: Scene) -> Looked:
        """Say whether that way is there and meant."""
        ip = scene.question.group.ip
        at = f"the route for {ip} (netlink)"
        out = scene.before.named(scene.before.routes.get(ip))
        meant = [one for one in scene.question.about if fine(one, scene)]
        if out is None:
            return Looked(at=(at,), findings=(_no_route(scene, meant),))
        found = _not_meant(scene, out, meant)
        at = f"{at}: by {out.name}"
        return Looked(at=(at,), findings=() if found is None else (found,))


def _no_route(scene: Scene, meant: list[Interface]) -> Finding:
    question = scene.question
    ip = question.group.ip
    link = meant[0].name if meant else _loopback(scene)
    return Finding(
        code="no-route",
        severity=_severity(scene, meant),
        says=f"This machine does not know by which interface to send to {ip}. Programs "
        'that name no interface fail: "Network is unreachable" when they send, "No '
        f'such device" when they join.{_ours(scene)}{_several(meant)}',
        evidence=(f"no route for {ip} (netlink)",),
        fix=()
        if not link or _leads_nowhere(scene, link)
        else (route_groups_by(link, ip),),
        # Each of these takes routes away, and their fixes bring one back.
        explained_by=("interface-down", "no-address", "not-multicast"),
    )


def _leads_nowhere(scene: Scene, link: str) -> bool:
    """Tell whether it is loopback, over which Linux carries no IPv6 groups."""
    return scene.question.group.version == 6 and link == _loopback(scene)


def _severity(scene: Scene, meant: list[Interface]) -> Severity:
    if scene.question.named:
        return Severity.WARNING
    # Where there is nothing but loopback, that is how it was wanted.
    alone = all(one.loopback for one in scene.question.about)
    return Severity.ERROR if meant or not alone else Severity.INFO


def _ours(scene: Scene) -> str:
    out = scene.question.send_by
    return f" groupwire itself would take {out.name}." if out is not None else ""


def _several(meant: list[Interface]) -> str:
    if len(meant) < 2:
        return ""
    names = listed([one.name for one in meant])
    return f" Of {names} take the one that leads to the other machines."


def _loopback(scene: Scene) -> str:
    return next((one.name for one in scene.before.interfaces if one.loopback), "")


def _not_meant(scene: Scene, out: Interface, meant: list[Interface]) -> Finding | None:
    what = "loopback, which leads nowhere" if out.loopback else why_not_meant(out)
    others = [one.name for one in meant if one != out]
    if not what or not others or out in scene.question.about:
        return None
    ip = scene.question.group.ip
    named = scene.question.named
    return Finding(
        code="wrong-interface",
        severity=Severity.WARNING if named else Severity.ERROR,
        interface=out.name,
        says=f"What this machine sends to {ip} leaves by {out.name}, {what}; "
        f"{listed(others, between=' or ')} looks meant. Programs that name no "
        f"interface also join by {out.name} alone.",
        evidence=(
            f"the route for {ip} leaves by {out.name} (netlink)",
            f"also up and able: {listed(others)}",
        ),
        sure=Sureness.LIKELY,
        fix=(route_groups_by(others[0], ip, _line(scene)),),
    )


def _line(scene: Scene) -> IPv4Network | IPv6Network | None:
    ip = scene.question.group.ip
    # IPv6 has a line for each interface, and takes the first: one of the group's own
    # comes before them all.
    return scene.before.matched.get(ip) if ip.version == 4 else IPv6Network(str(ip))
