"""The version of IGMP (or MLD) in force: old ones cannot ask for a sender."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import link_setting
from groupwire.diagnose.evidence.surroundings import LinkFacts
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.values import Interface

__all__ = ["Versions"]


class Versions:
    """Looks at what the last querier made of it, and at what this machine forces."""

    codes: ClassVar[tuple[str, ...]] = ("igmp-v1", "igmp-v2", "forced-igmp")

    def look(self, scene: Scene) -> Looked:
        """Say where an old version is spoken."""
        version = scene.question.group.version
        looking = _Looking(scene)
        ways = [one for one in scene.question.receive_on if not one.loopback]
        findings = [found for link in ways for found in looking.at(link)]
        table = "igmp" if version == 4 else "igmp6"
        name = "igmp" if version == 4 else "mld"
        return Looked(
            at=(f"version in force (/proc/net/{table}), force_{name}_version",),
            findings=tuple(findings),
        )


@dataclass(frozen=True, slots=True)
class _Looking:
    scene: Scene

    def at(self, link: Interface) -> Iterator[Finding]:
        facts = self.scene.after.facts(link)
        version = self.scene.question.group.version
        forced = _forced(self.scene, facts, version)
        # MLD does not show what a querier made of it; its forced version is 1 or 2.
        if 0 < forced < (3 if version == 4 else 2):
            yield self._by_setting(link, forced)
        elif version == 4 and facts.igmp in {1, 2}:
            yield self._by_querier(link, facts.igmp)

    def _severity(self, version: int) -> Severity:
        group = self.scene.question.group
        if group.is_source_specific:
            return Severity.ERROR
        asks_for_one = group.source is not None or version == 1
        return Severity.WARNING if asks_for_one else Severity.INFO

    def _means(self, version: int, protocol: str) -> str:
        """Say what follows for this group."""
        group = self.scene.question.group
        if group.is_source_specific:
            return (
                f"The group {group.ip} exists only together with its sender, and "
                f"{protocol} version {version} cannot name one: routers and many "
                "switches will not bring it here."
            )
        if group.source is not None:
            return (
                f"{protocol} version {version} cannot name a sender, so the network "
                "brings everybody's datagrams, and this machine throws away the rest."
            )
        if version == 1:
            return "In version 1 nobody can leave a group; it goes on for minutes."
        return "For a group without a named sender that is enough."

    def _by_querier(self, link: Interface, version: int) -> Finding:
        return Finding(
            code=f"igmp-v{version}",
            severity=self._severity(version),
            interface=link.name,
            says=f"A router or switch on {link.name} speaks IGMP version {version}, "
            "the language in which machines say what they want to receive, so this "
            f"machine does too. {self._means(version, 'IGMP')} Set it "
            "to version 3 there: no command of this machine can.",
            evidence=(f"{link.name} is at V{version} (/proc/net/igmp)",),
            sure=Sureness.CERTAIN,
        )

    def _by_setting(self, link: Interface, forced: int) -> Finding:
        version = self.scene.question.group.version
        protocol = "IGMP" if version == 4 else "MLD"
        name = f"force_{protocol.lower()}_version"
        before = self.scene.before
        own = getattr(before.facts(link), f"force_{protocol.lower()}")
        of_all = getattr(before.settings, f"force_{protocol.lower()}")
        lines = [
            link_setting(version, where, name, 0)
            for where, value in (("all", of_all), (link.name, own))
            if value
        ]
        # MLD 1 does what IGMP 2 does.
        able = forced if version == 4 else forced + 1
        return Finding(
            code="forced-igmp",
            severity=self._severity(able),
            interface=link.name,
            says=f"This machine is set to speak {protocol} version {forced} on "
            f"{link.name}, whatever the network speaks. "
            f"{self._means(forced, protocol)}",
            evidence=(
                f"{name}: all {of_all}, {link.name} {own} "
                f"(/proc/sys/net/ipv{version}/conf)",
            ),
            fix=tuple(lines),
        )


def _forced(scene: Scene, facts: LinkFacts, version: int) -> int:
    """Return what is forced; of two settings the system takes that of all."""
    if version == 4:
        return scene.before.settings.force_igmp or facts.force_igmp
    return scene.before.settings.force_mld or facts.force_mld
