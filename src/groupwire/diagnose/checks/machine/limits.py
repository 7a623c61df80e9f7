"""How many groups a program may join, and how many senders it may name."""

from __future__ import annotations

import errno
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import setting
from groupwire.diagnose.finding import Finding, Looked, Severity
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.seen import LoopbackSeen

__all__ = ["Limits"]

_MEMBERSHIPS, _SOURCES = "net/ipv4/igmp_max_memberships", "net/ipv4/igmp_max_msf"
_SOURCES6 = "net/ipv6/mld_max_msf"
_USUAL_MEMBERSHIPS, _USUAL_SOURCES, _USUAL_SOURCES6 = 20, 10, 64
_REFUSED = frozenset([errno.ENOBUFS, errno.ENOMEM])


class Limits:
    """Looks at the system's limits, and whether it refused a join."""

    codes: ClassVar[tuple[str, ...]] = ("membership-limit", "source-limit")

    def look(self, scene: Scene) -> Looked:
        """Say which of them is too low."""
        version = scene.question.group.version
        found = [_memberships(scene), _sources(scene)]
        return Looked(
            at=(
                "igmp_max_memberships, igmp_max_msf (/proc/sys/net/ipv4)"
                if version == 4
                else "mld_max_msf (/proc/sys/net/ipv6)",
            ),
            findings=tuple(one for one in found if one is not None),
            missed=_hidden(scene),
        )


def _hidden(scene: Scene) -> tuple[str, ...]:
    settings = scene.before.settings
    if settings.memberships is not None or settings.rp_filter is not None:
        return ()
    return ("the system's settings, such as rp_filter: /proc/sys/net cannot be read",)


def _memberships(scene: Scene) -> Finding | None:
    """Judge the limit of IPv4; IPv6 has none of its own."""
    limit = scene.before.settings.memberships
    refused = _refusals(scene)
    low = limit is not None and limit < _USUAL_MEMBERSHIPS
    if scene.question.group.version == 6 or limit is None or not (low or refused):
        return None
    none = limit < 1 or bool(refused)
    usual = f"one program may join {limit} groups with one socket"
    return Finding(
        code="membership-limit",
        severity=Severity.ERROR if none else Severity.WARNING,
        says=f"This machine limits how many groups a program may join: {usual}; usual "
        f"are {_USUAL_MEMBERSHIPS}. A join above that fails with "
        '"No buffer space available".'
        + (" It refused the doctor's own." if refused else ""),
        evidence=(f"igmp_max_memberships {limit} (/proc/sys/net/ipv4)", *refused),
        fix=(setting(_MEMBERSHIPS, max(100, limit * 2)),),
    )


def _refusals(scene: Scene) -> tuple[str, ...]:
    errors = {one.interface: one.join_error for one in scene.seen(LoopbackSeen)}
    errors |= {one.interface: one.join_error for one in scene.seen(Came)}
    return tuple(
        f"a join on {interface} was refused: error {number}, "
        f"{errno.errorcode.get(number, '?')}"
        for interface, number in errors.items()
        if number in _REFUSED
    )


def _sources(scene: Scene) -> Finding | None:
    settings, group = scene.before.settings, scene.question.group
    four = group.version == 4
    limit = settings.sources if four else settings.sources6
    usual = _USUAL_SOURCES if four else _USUAL_SOURCES6
    if limit is None or (limit >= usual and not _used_up(scene, limit)):
        return None
    none = limit < 1 and group.source is not None
    return Finding(
        code="source-limit",
        severity=Severity.ERROR if none else Severity.WARNING,
        says="This machine limits how many senders a program may name for one group: "
        f"{limit}; usual are {usual}. One more fails with "
        '"No buffer space available".',
        evidence=(
            f"{'igmp' if four else 'mld'}_max_msf {limit} "
            f"(/proc/sys/net/ipv{group.version})",
            f"{_named(scene)} senders of {group.ip} are named here "
            f"(/proc/net/mcfilter{'' if four else '6'})",
        ),
        fix=(setting(_SOURCES if four else _SOURCES6, max(100, limit * 2)),),
    )


def _used_up(scene: Scene, limit: int) -> bool:
    return _named(scene) >= limit


def _named(scene: Scene) -> int:
    """Return how many senders of the group programs here name, on one interface."""
    found = [
        one.index
        for one in scene.before.filtered
        if one.group == scene.question.group.ip
    ]
    return max((found.count(index) for index in set(found)), default=0)
