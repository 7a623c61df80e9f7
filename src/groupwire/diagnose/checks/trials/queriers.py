"""Who keeps the switches informed? Judged by the queries that were heard, or not.

A switch with IGMP snooping sends a group only to ports where somebody says that he
wants it, and forgets who has not said so for some minutes. Members say it when a
*querier* asks. Without one a group works for minutes, and then no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import command
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.seen import QueriesSeen, QueryHeard
from groupwire.values import Interface
from groupwire.values.interface import listed

__all__ = ["QUERY_INTERVAL_S", "Queriers", "other_querier_s", "querier_fix"]

QUERY_INTERVAL_S = 125.0
"""RFC 3376 section 8.2: so often a querier asks unless it was told otherwise."""
_ROBUSTNESS = 2


class Queriers:
    """Knows who asks, in which version, and whether it still does."""

    codes: ClassVar[tuple[str, ...]] = (
        "querier",
        "no-querier",
        "querier-silent",
        "igmp-v2",
    )

    def look(self, scene: Scene) -> Looked:
        """Judge what was heard on each interface."""
        seen = scene.seen(QueriesSeen)
        return Looked(
            at=tuple(_where(seen)),
            findings=tuple(found for one in seen for found in _findings(one, scene)),
            unsure=tuple(_unsure(seen, scene)),
            missed=tuple(_missed(seen, scene)),
        )


def other_querier_s(query: QueryHeard) -> float:
    """Return the silence after which a querier counts as gone (RFC 3376 8.5)."""
    times = query.robustness or _ROBUSTNESS
    return times * (query.interval_s or QUERY_INTERVAL_S) + query.response_s / 2


def querier_fix(scene: Scene, name: str) -> tuple[str, ...]:
    """Return the command where this very host is the switch; else there is none."""
    bridge = _bridge(scene, name)
    if bridge is None:
        return ()
    bridging = ("type", "bridge", "mcast_querier", 1)
    return (command("ip", "link", "set", bridge.name, *bridging),)


def _bridge(scene: Scene, name: str) -> Interface | None:
    links = {one.name: one for one in scene.before.interfaces}
    link = links.get(name)
    if link is not None and link.master:
        link = scene.before.named(link.master)
    return link if link is not None and link.kind == "bridge" else None


def _where(seen: Sequence[QueriesSeen]) -> Iterator[str]:
    """Say it once for all interfaces: they were listened to together."""
    for one in seen[:1]:
        names = listed([each.interface for each in seen])
        if one.able:
            yield f"{one.listened_s:.0f} s of {_protocol(one)} queries on {names}"
        else:
            yield f"the {_protocol(one)} version in force on {names}"


def _protocol(seen: QueriesSeen) -> str:
    return "IGMP" if seen.version == 4 else "MLD"


def _findings(seen: QueriesSeen, scene: Scene) -> Iterator[Finding]:
    if seen.queries:
        yield from _heard(seen, scene)
    elif _absent(seen, scene):
        yield _none(seen, scene)
    yield from _version(seen, scene)


# One that asks


def _heard(seen: QueriesSeen, scene: Scene) -> Iterator[Finding]:
    last = seen.queries[-1]
    silent_s = seen.listened_s - last.at_s
    if silent_s >= other_querier_s(last):
        yield _silent(seen, scene, silent_s)
    else:
        yield Finding(
            code="querier",
            severity=Severity.INFO,
            interface=seen.interface,
            says=f"{_who(last)} asks on {seen.interface} which groups are wanted, "
            "as switches need it.",
            evidence=(_query(seen, last),),
        )


def _who(query: QueryHeard) -> str:
    if query.source in {"0.0.0.0", "::"}:
        return "A switch (it gives no address)"
    return query.source


def _query(seen: QueriesSeen, query: QueryHeard) -> str:
    often = f", every {query.interval_s:g} s" if query.interval_s else ""
    return (
        f"{_protocol(seen)} version {query.version} query from {query.source}{often}; "
        f"{seen.asked} heard within {seen.listened_s:.0f} s"
    )


def _silent(seen: QueriesSeen, scene: Scene, silent_s: float) -> Finding:
    last = seen.queries[-1]
    return Finding(
        code="querier-silent",
        severity=Severity.WARNING,
        interface=seen.interface,
        says=(
            f"{_who(last)} asked on {seen.interface} which groups are wanted, and has "
            f"stopped. Switches will soon forget who wants {scene.question.group.ip}, "
            "and it will arrive no more. Bring that router or switch back, or switch "
            "on another one's querier."
        ),
        evidence=(
            _query(seen, last),
            f"silent for {silent_s:.0f} s; gone after {other_querier_s(last):.0f} s",
        ),
        fix=querier_fix(scene, seen.interface),
    )


# None that asks


def _absent(seen: QueriesSeen, scene: Scene) -> bool:
    # RFC 4541 section 2.1.2: 224.0.0.0/24 is sent to every port, asked for or not.
    return seen.listened_s >= QUERY_INTERVAL_S and _matters(scene)


def _matters(scene: Scene) -> bool:
    group = scene.question.group
    return group.version == 6 or group.ip.packed[:3] != b"\xe0\0\0"


def _none(seen: QueriesSeen, scene: Scene) -> Finding:
    return Finding(
        code="no-querier",
        severity=Severity.WARNING,
        interface=seen.interface,
        says=(
            f"Nobody on {seen.interface} asks which groups are wanted. If a switch "
            f"there has {_protocol(seen)} snooping on, {scene.question.group.ip} "
            "arrives for some four minutes after a program has joined, and then no "
            f'more. Switch on "{_protocol(seen)} querier" on that switch or on its '
            "router, or switch snooping off."
        ),
        evidence=(f"no {_protocol(seen)} query within {seen.listened_s:.0f} s",),
        sure=Sureness.LIKELY,
        fix=querier_fix(scene, seen.interface),
        explained_by=("no-querier",),
    )


def _unsure(seen: Sequence[QueriesSeen], scene: Scene) -> Iterator[str]:
    silent = [one for one in seen if not one.queries]
    if not scene.question.listen_s or not silent or not _matters(scene):
        return
    one, names = silent[0], listed([one.interface for one in silent])
    if not one.able:
        yield (
            f"whether a router or switch on {names} asks who wants which group: only "
            "root may listen for it"
        )
    elif one.listened_s < QUERY_INTERVAL_S:
        yield (
            f"whether a router or switch on {names} asks who wants which group: none "
            f"was heard within {one.listened_s:.0f} s, and one that is there asks "
            f"every {QUERY_INTERVAL_S:.0f} s (--listen 130 waits for it)"
        )


def _missed(seen: Sequence[QueriesSeen], scene: Scene) -> Iterator[str]:
    silent = [one for one in seen if not one.queries]
    if scene.question.listen_s or not silent or not _matters(scene):
        return
    root = "" if silent[0].able else "as root, "
    yield (
        f"whether a router or switch on {listed([one.interface for one in silent])} "
        "asks who wants which group, without which switches forget it: "
        f"{root}--listen 130 waits for it"
    )


# Its version


def _version(seen: QueriesSeen, scene: Scene) -> Iterator[Finding]:
    """Tell of MLD version 1; what a querier made of IGMP the system itself tells."""
    old = [query for query in seen.queries if query.igmp < 3]
    if seen.version == 6 and old:
        yield _old(seen, scene, old[-1])


def _old(seen: QueriesSeen, scene: Scene, query: QueryHeard) -> Finding:
    group = scene.question.group
    severity = Severity.INFO if group.source is None else Severity.WARNING
    return Finding(
        code=f"igmp-v{query.igmp}",
        severity=Severity.ERROR if group.is_source_specific else severity,
        interface=seen.interface,
        says=(
            f"{_who(query)} speaks MLD version {query.version} on {seen.interface}, so "
            "this host does, too. That version cannot name a source: routers will not "
            "bring groups that are asked for by source (SSM, ff3x::/32), and switches "
            "let any sender through. Set that switch or router to MLD version 2."
        ),
        evidence=(_query(seen, query),),
    )
