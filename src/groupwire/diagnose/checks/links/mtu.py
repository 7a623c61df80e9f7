"""Sizes: a datagram that fits on one side of a link and not on the other is dropped.

Nobody is told: groups have no "packet too big" that a sender would act on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import command
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.came import Came
from groupwire.values import Interface
from groupwire.values.interface import listed

__all__ = ["Sizes"]

_ETHERNET = 1500
_LEAST = {4: 576, 6: 1280}
"""What every host has to take (RFC 791, RFC 8200 section 5)."""
_CHATTER = 4
_MANY_PORTS = frozenset(["bridge", "bond", "team"])


class Sizes:
    """Looks at the MTU of interfaces and of the ports of bridges, and at drops."""

    codes: ClassVar[tuple[str, ...]] = ("mtu",)

    def look(self, scene: Scene) -> Looked:
        """Say where one size does not go with another."""
        question = scene.question
        ways = {one.index: one for one in question.receive_on if not one.loopback}
        if question.send_by is not None and not question.send_by.loopback:
            ways.setdefault(question.send_by.index, question.send_by)
        found = [one for link in ways.values() for one in _at(scene, link)]
        sizes = listed([f"{one.name} {one.mtu_bytes}" for one in ways.values()])
        at = f"MTU ({sizes or 'loopback alone'}) and packets dropped (/proc/net/dev)"
        return Looked(at=(at,), findings=tuple(found))


def _at(scene: Scene, link: Interface) -> Iterator[Finding]:
    ports = [one for one in scene.before.interfaces if one.master == link.index]
    if link.kind in _MANY_PORTS and len({one.mtu_bytes for one in ports}) > 1:
        yield _unequal(link, ports)
    elif link.mtu_bytes < _ETHERNET and (dropped := _dropped(scene, link)) > 0:
        yield _dropping(scene, link, dropped)
    elif link.mtu_bytes < _LEAST[scene.question.group.version]:
        yield _tiny(scene, link)


def _dropped(scene: Scene, link: Interface) -> int:
    return scene.after.facts(link).dropped - scene.before.facts(link).dropped


def _unequal(link: Interface, ports: list[Interface]) -> Finding:
    most = max(one.mtu_bytes for one in ports)
    small = [one for one in ports if one.mtu_bytes < most]
    names = ", ".join(one.name for one in small)
    return Finding(
        code="mtu",
        severity=Severity.ERROR,
        interface=link.name,
        says=f"The ports of {link.name} take datagrams of different size. What comes "
        f"in at {most} bytes cannot leave by {names} and is dropped without a word; "
        "small datagrams pass.",
        evidence=tuple(
            f"{one.name} has MTU {one.mtu_bytes} (netlink)" for one in ports
        ),
        sure=Sureness.LIKELY,
        fix=tuple(_set(one, most) for one in small),
    )


def _dropping(scene: Scene, link: Interface, dropped: int) -> Finding:
    before, after = scene.before.facts(link), scene.after.facts(link)
    # The counter also counts packets of protocols that nobody here speaks, such as
    # the talk of switches; those come every second or two.
    stream = dropped > _CHATTER and not _heard(scene, link)
    return Finding(
        code="mtu",
        severity=Severity.ERROR if stream else Severity.WARNING,
        interface=link.name,
        says=f"{link.name} takes datagrams of at most {link.mtu_bytes} bytes, less "
        f"than the usual {_ETHERNET}, and dropped {dropped} packets while the doctor "
        "looked. Larger datagrams of others are lost there without a word; small ones "
        "pass.",
        evidence=(
            f"{link.name} has MTU {link.mtu_bytes} (netlink)",
            f"packets dropped by {link.name} {before.dropped} -> {after.dropped} "
            "(/proc/net/dev)",
        ),
        sure=Sureness.LIKELY if stream else Sureness.POSSIBLE,
        # A peer's tests tell which sizes they were.
        explained_by=("mtu",),
        fix=(_set(link, _ETHERNET),),
    )


def _heard(scene: Scene, link: Interface) -> bool:
    return any(one.interface == link.name and one.heard for one in scene.seen(Came))


def _tiny(scene: Scene, link: Interface) -> Finding:
    version = scene.question.group.version
    return Finding(
        code="mtu",
        severity=Severity.WARNING,
        interface=link.name,
        says=f"{link.name} carries datagrams of at most {link.mtu_bytes} bytes; "
        f"IPv{version} promises {_LEAST[version]}. Larger ones are cut or lost.",
        evidence=(f"{link.name} has MTU {link.mtu_bytes} (netlink)",),
        fix=(_set(link, _ETHERNET),),
    )


def _set(link: Interface, mtu_bytes: int) -> str:
    return command("ip", "link", "set", link.name, "mtu", mtu_bytes)
