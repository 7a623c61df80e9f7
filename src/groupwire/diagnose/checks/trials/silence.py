"""It worked, and then it did not: after how long, and what that time equals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.checks.trials.queriers import (
    QUERY_INTERVAL_S,
    other_querier_s,
    querier_fix,
)
from groupwire.diagnose.commands import serving
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.seen import QueryHeard, SoakSeen

__all__ = ["MEMBERSHIP_S", "Explained", "Silence", "explain", "silent_after"]

MEMBERSHIP_S = 260.0
"""RFC 3376 section 8.4: so long a switch remembers a member that says nothing."""
_OTHER_QUERIER_S = 255.0
_RESPONSE_S = 10.0
_SHORTEST_S = 15.0
_TIMES_LONGER = 3
_SLACK_S = 1.0


@dataclass(frozen=True, slots=True)
class Explained:
    """What a time of silence equals."""

    code: str
    interval_s: float
    name: str
    since: str
    """Since when it is counted."""


def silent_after(seen: SoakSeen) -> float | None:
    """Return when datagrams stopped for good, in seconds; None: they did not.

    A silence counts when it is three times as long as any pause before, and at least
    15 s, or a third of the time that was watched.
    """
    if not seen.stretches:
        return None
    last = seen.stretches[-1].last_s
    ends = [stretch.last_s for stretch in seen.stretches[:-1]]
    starts = [stretch.first_s for stretch in seen.stretches[1:]]
    pauses = [start - end for start, end in zip(starts, ends, strict=True)]
    longest = max([seen.longest_gap_s, *pauses])
    enough = max(min(_SHORTEST_S, seen.lasted_s / 3), _TIMES_LONGER * longest)
    # One datagram alone is no stream that could stop.
    several = sum(stretch.datagrams for stretch in seen.stretches) > 2
    return last if several and seen.lasted_s - last >= enough else None


def explain(seen: SoakSeen, stopped_s: float) -> Explained | None:
    """Return which interval of IGMP or MLD the silence fits; None: none of them."""
    query = _last_before(seen, stopped_s)
    if query is None:
        found = [(MEMBERSHIP_S, "group membership interval"), _OTHER]
        return _fitting(found, stopped_s, seen, "no-querier", "this host joined")
    learnt = _membership_s(query)
    found = [
        (learnt, "group membership interval"),
        (other_querier_s(query), "other querier present interval"),
    ]
    since_s = stopped_s - query.at_s
    return _fitting(found, since_s, seen, "querier-silent", "the last query")


_OTHER = (_OTHER_QUERIER_S, "other querier present interval")


def _fitting(
    candidates: list[tuple[float, str]],
    since_s: float,
    seen: SoakSeen,
    code: str,
    since: str,
) -> Explained | None:
    interval, name = min(candidates, key=lambda one: abs(one[0] - since_s))
    # Answers to a query come when the members like, and the last datagram may have
    # come just before the last one that would have been lost.
    response = seen.queries[-1].response_s if seen.queries else _RESPONSE_S
    slack = response + 2 * seen.longest_gap_s + _SLACK_S
    if abs(interval - since_s) > min(slack, interval / 2):
        return None
    return Explained(code, interval, name, since)


def _last_before(seen: SoakSeen, at: float) -> QueryHeard | None:
    before = [query for query in seen.queries if query.at_s <= at]
    return before[-1] if before else None


def _membership_s(query: QueryHeard) -> float:
    times = query.robustness or 2
    return times * (query.interval_s or QUERY_INTERVAL_S) + query.response_s


class Silence:
    """Knows the famous "it works for four minutes"."""

    codes: ClassVar[tuple[str, ...]] = (
        "silence",
        "no-querier",
        "querier-silent",
        "steady",
    )

    def look(self, scene: Scene) -> Looked:
        """Judge the long watch, if there was one."""
        seen = scene.seen(SoakSeen)
        return Looked(
            at=tuple(f"the group's datagrams for {_for(one.lasted_s)}" for one in seen),
            findings=tuple(found for one in seen for found in _findings(one, scene)),
            unsure=tuple(line for one in seen for line in _unsure(one, scene)),
        )


def _findings(seen: SoakSeen, scene: Scene) -> Iterator[Finding]:
    stopped = silent_after(seen)
    if stopped is not None:
        yield _stopped(seen, scene, stopped)
    elif seen.stretches:
        count = sum(stretch.datagrams for stretch in seen.stretches)
        yield Finding(
            code="steady",
            severity=Severity.INFO,
            says=f"The group went on arriving for {_for(seen.lasted_s)}.",
            evidence=(
                f"{count} datagrams, the longest pause {seen.longest_gap_s:.1f} s",
            ),
        )


def _stopped(seen: SoakSeen, scene: Scene, stopped: float) -> Finding:
    explained = explain(seen, stopped)
    went_on = _peer_went_on(seen, stopped)
    name = seen.interfaces[0] if seen.interfaces else ""
    evidence = [
        f"last datagram {stopped:.0f} s after joining, then none for "
        f"{seen.lasted_s - stopped:.0f} s"
    ]
    if went_on and seen.peer_answered_s is not None:
        evidence.append(
            f"the peer went on sending, the last time {seen.peer_answered_s:.0f} s "
            "after we had joined"
        )
    if explained is None:
        return _unexplained(seen, went_on, tuple(evidence), stopped)
    evidence.append(_equals(seen, stopped, explained))
    return Finding(
        code=explained.code,
        severity=Severity.ERROR if went_on or not seen.asked_peer else Severity.WARNING,
        interface=name or None,
        says=_tale(explained, scene, stopped),
        evidence=tuple(evidence),
        sure=Sureness.CERTAIN if went_on else Sureness.LIKELY,
        fix=querier_fix(scene, name),
    )


def _tale(explained: Explained, scene: Scene, stopped: float) -> str:
    why = (
        "nobody asks which groups are wanted, so that switches forget it"
        if explained.code == "no-querier"
        else "who asked which groups are wanted has fallen silent, and switches forget "
        "it"
    )
    protocol = "IGMP" if scene.question.group.version == 4 else "MLD"
    return (
        f"{scene.question.group.ip} arrived for {_for(stopped)}, and then no more: "
        f'{why}. Switch on "{protocol} querier" on the switch or router of this '
        "segment, or switch snooping off."
    )


def _equals(seen: SoakSeen, stopped: float, explained: Explained) -> str:
    query = _last_before(seen, stopped)
    since_s = stopped if query is None else stopped - query.at_s
    return (
        f"{since_s:.0f} s after {explained.since} is the {explained.name} of "
        f"about {explained.interval_s:.0f} s (RFC 3376 section 8)"
    )


def _unexplained(
    seen: SoakSeen, went_on: bool, evidence: tuple[str, ...], stopped: float
) -> Finding:
    gone = seen.asked_peer and not went_on
    why = (
        "The peer is silent altogether: see whether it still runs."
        if gone
        else "The time fits no interval of switches. Perhaps the sender stopped; with "
        "--peer and a doctor there that is known."
        if not went_on
        else "Unicast goes on, and the time fits no interval of switches. Look what "
        "changed in the network then."
    )
    return Finding(
        code="silence",
        severity=Severity.ERROR if went_on else Severity.WARNING,
        says=f"The group arrived for {_for(stopped)}, and then no more. {why}",
        evidence=evidence,
        sure=Sureness.CERTAIN if went_on else Sureness.POSSIBLE,
    )


def _peer_went_on(seen: SoakSeen, stopped: float) -> bool:
    return seen.peer_answered_s is not None and (
        seen.peer_answered_s - stopped >= (seen.lasted_s - stopped) / 2
    )


def _unsure(seen: SoakSeen, scene: Scene) -> Iterator[str]:
    if seen.trouble:
        yield f"whether the group goes on arriving: {seen.trouble}"
    elif not seen.stretches:
        serve = serving(scene.question.group)
        yield (
            f"whether the group goes on arriving: nothing came within "
            f"{_for(seen.lasted_s)}. Start a sender, or `{serve}` on another machine "
            "and name that with --peer"
        )
    elif seen.lasted_s < MEMBERSHIP_S + _RESPONSE_S and silent_after(seen) is None:
        yield (
            f"whether the group goes on arriving for more than {_for(seen.lasted_s)}: "
            "switches forget after some four and a half minutes (--soak 6)"
        )


def _for(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
