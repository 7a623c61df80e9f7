"""rp_filter: datagrams thrown away because of where their sender's address leads.

RFC 3704 describes it. It is made for unicast; a datagram to a group that comes in by
one interface, while the way back to its sender leaves by another, is dropped as forged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from groupwire.diagnose.check import ELSEWHERE, Scene
from groupwire.diagnose.commands import link_setting
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.came import Came
from groupwire.values import Interface

__all__ = ["ReversePath"]

_STRICT, _LOOSE = 1, 2


class ReversePath:
    """Looks at the setting, the routes back, and the counter of what it threw away."""

    codes: ClassVar[tuple[str, ...]] = ("rp-filter",)

    def look(self, scene: Scene) -> Looked:
        """Say whether senders are, or would be, taken for forgers."""
        if scene.question.group.version == 6:
            return Looked(at=("rp_filter: IPv6 has none",))
        looking = _Looking(scene)
        at = (
            "rp_filter of all and of each interface (/proc/sys/net/ipv4/conf)",
            f"IPReversePathFilter {looking.counted} (/proc/net/netstat)",
        )
        return Looked(at=at, findings=tuple(looking.findings()))


@dataclass(frozen=True, slots=True)
class _Looking:
    scene: Scene

    @property
    def counted(self) -> str:
        return f"{self._before} -> {self._after}"

    @property
    def _before(self) -> int:
        return self.scene.before.counters.reverse_path

    @property
    def _after(self) -> int:
        return self.scene.after.counters.reverse_path

    @property
    def _grown(self) -> int:
        return self._after - self._before

    def findings(self) -> Iterator[Finding]:
        filtered = [
            one
            for one in self.scene.question.receive_on
            if not one.loopback and self._mode(one)
        ]
        known = [found for one in filtered for found in self._known(one)]
        yield from known
        if known:
            return
        if self._grown > 0 and filtered:
            yield self._seen(filtered)
            return
        for one in filtered:
            yield from self._feared(one)

    def _mode(self, link: Interface) -> int:
        """Return what is in force: the larger of the two settings."""
        own = self.scene.before.facts(link).rp_filter or 0
        return max(own, self.scene.before.settings.rp_filter or 0)

    def _known(self, link: Interface) -> Iterator[Finding]:
        """Judge senders that were named, or seen on the wire."""
        question = self.scene.question
        for source, seen in self._sources(link).items():
            if not self._refused(link, source) or link.reaches(source):
                continue
            way = self.scene.before.named(self._route(source))
            back = f"leaves by {way.name}" if way else "is not known"
            # Of several interfaces they may well come in by the right one.
            here = seen or question.named or way is None or self._grown > 0
            also = ""
            if way is not None and not here:
                also = f" Those that come in by {way.name} pass."
            yield self._finding(
                link,
                f"Datagrams from {source} that come in by {link.name} are thrown away "
                f"as forged, because the way back to {source} {back}.{also}",
                severity=Severity.ERROR if here else Severity.WARNING,
                certain=self._grown > 0,
                loose=way is not None,
            )

    def _sources(self, link: Interface) -> dict[IPv4Address | IPv6Address, bool]:
        """Return them, and whether they were seen here and not heard."""
        question = self.scene.question
        named = [ip for ip in (question.group.source, question.peer) if ip is not None]
        seen = [
            ip
            for came in self.scene.seen(Came)
            if came.interface == link.name
            for ip in came.unheard
        ]
        return {**dict.fromkeys(named, False), **dict.fromkeys(seen, True)}

    def _route(self, source: IPv4Address | IPv6Address) -> int | None:
        routes = self.scene.before.routes
        return routes[source] if source in routes else routes.get(ELSEWHERE)

    def _refused(self, link: Interface, source: IPv4Address | IPv6Address) -> bool:
        route = self._route(source)
        if self._mode(link) == _STRICT:
            return route != link.index
        return route is None

    def _seen(self, links: list[Interface]) -> Finding:
        """Tell what was thrown away meanwhile; who had sent it is not known."""
        loose = self.scene.before.routes.get(ELSEWHERE) is not None
        works = self._works(links)
        found = self._finding(
            links[0],
            f"While the doctor looked, this machine threw away {self._grown} packets "
            "as forged: they came in by another interface than the one by which it "
            f"would answer their senders. The setting is rp_filter.{works}",
            severity=Severity.WARNING if works else Severity.ERROR,
            loose=loose,
        )
        return _for_all(found, [self._fix(one, loose=loose) for one in links], links)

    def _works(self, links: list[Interface]) -> str:
        """Say how it is known that the group is not concerned; empty: it may be."""
        names = {one.name for one in links}
        came = [one for one in self.scene.seen(Came) if one.interface in names]
        if not came or any(one.unheard for one in came):
            return ""
        if all(one.on_wire is not None for one in came):
            # While the wire was looked at, all of them were thrown away.
            whole = came[0].reverse_path == self._grown
            word = "They were no" if whole else "As far as was seen they were no"
            return f" {word} datagrams of this group."
        if any(one.heard > one.tests for one in came):
            return " Datagrams of this group were among those that arrived."
        return ""

    def _feared(self, link: Interface) -> Iterator[Finding]:
        way = self.scene.before.routes.get(ELSEWHERE)
        strict = self._mode(link) == _STRICT
        if way == link.index or not (strict or way is None):
            return
        yield self._finding(
            link,
            f"Datagrams of senders beyond the own network that come in by {link.name} "
            f"would be thrown away as forged (rp_filter), because the way back to them "
            "does not leave by it. Senders on the own network are safe.",
            severity=Severity.WARNING,
            loose=way is not None,
        )

    def _finding(
        self,
        link: Interface,
        says: str,
        *,
        severity: Severity = Severity.ERROR,
        certain: bool = False,
        loose: bool,
    ) -> Finding:
        likely = Sureness.LIKELY if severity is Severity.ERROR else Sureness.POSSIBLE
        before = self.scene.before
        return Finding(
            code="rp-filter",
            severity=severity,
            interface=link.name,
            says=says,
            evidence=(
                f"rp_filter: all {before.settings.rp_filter}, {link.name} "
                f"{before.facts(link).rp_filter} (/proc/sys/net/ipv4/conf); the larger "
                "counts: 1 strict, 2 loose",
                f"IPReversePathFilter {self.counted} (/proc/net/netstat)",
            ),
            sure=Sureness.CERTAIN if certain else likely,
            fix=self._fix(link, loose=loose),
        )

    def _fix(self, link: Interface, *, loose: bool) -> tuple[str, ...]:
        """Return what lets them in: loose where that is enough."""
        if loose and self._mode(link) == _STRICT:
            return (link_setting(4, link.name, "rp_filter", _LOOSE),)
        off = [link_setting(4, link.name, "rp_filter", 0)]
        if self.scene.before.settings.rp_filter:
            off.insert(0, link_setting(4, "all", "rp_filter", 0))
        return tuple(off)


def _for_all(
    found: Finding, fixes: list[tuple[str, ...]], links: list[Interface]
) -> Finding:
    lines = dict.fromkeys(line for fix in fixes for line in fix)
    interface = links[0].name if len(links) == 1 else None
    return replace(found, fix=tuple(lines), interface=interface)
