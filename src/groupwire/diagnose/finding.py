"""What a check has to say: findings with their evidence, and the verdict of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

__all__ = ["Diagnosis", "Finding", "Looked", "Severity", "Sureness", "Verdict"]


class Severity(Enum):
    """How much a finding matters to who waits for a group's datagrams."""

    ERROR = "error"
    """With this, datagrams do not arrive."""
    WARNING = "warning"
    """With this, they may not arrive, or not for long, or not all."""
    INFO = "info"
    """Good to know."""


class Sureness(Enum):
    """How far the evidence carries."""

    CERTAIN = "certain"
    """It was seen: a counter grew, a datagram stayed away, the kernel refused."""
    LIKELY = "likely"
    """The configuration leads to it; it was not seen happening."""
    POSSIBLE = "possible"
    """It is one of several explanations."""


class Verdict(Enum):
    """What all findings come to."""

    OK = "ok"
    BROKEN = "broken"
    """At least one error."""
    INCONCLUSIVE = "inconclusive"
    """No error, but something that decides could not be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is so, in words for who has never heard of IGMP.

    ``code`` is stable: programs and the documentation know the finding by it.
    ``evidence`` are facts with where they come from (a file, a counter before and
    after, a packet). ``fix`` are commands that can be typed as they stand on this
    system, one a line; empty where no command of this machine mends it, and then
    ``says`` tells who can. ``explained_by`` are the codes of causes: with an error of
    one of them this finding is only its consequence, and is left out. With its own
    code among them it is left out beside a finding that knows more of the same.
    """

    code: str
    severity: Severity
    says: str
    interface: str | None = None
    evidence: tuple[str, ...] = ()
    sure: Sureness = Sureness.CERTAIN
    fix: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one check did: where it looked, what it found, what it could not tell.

    ``unsure`` are sentences about what would decide and could not be seen; any makes
    a verdict without errors ``inconclusive``. ``missed`` are sentences about what root
    (or a longer look, or a peer) would add; they change no verdict.
    """

    at: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    unsure: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was looked at, by the name of the check."""

    looked: tuple[tuple[str, Looked], ...]
    seconds: float = 0.0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Errors first, then warnings; consequences of another error are left out."""
        found = self._causes()
        ranks = list(Severity)
        return tuple(sorted(found, key=lambda finding: ranks.index(finding.severity)))

    @property
    def verdict(self) -> Verdict:
        """Broken with any error; inconclusive where something stayed open."""
        if self.count(Severity.ERROR):
            return Verdict.BROKEN
        return Verdict.INCONCLUSIVE if self.unsure else Verdict.OK

    @property
    def unsure(self) -> tuple[str, ...]:
        """What would decide and could not be seen."""
        return _each_once(line for _, looked in self.looked for line in looked.unsure)

    @property
    def missed(self) -> tuple[str, ...]:
        """What root, more time or a peer would add."""
        return _each_once(line for _, looked in self.looked for line in looked.missed)

    def _causes(self) -> list[Finding]:
        found = [finding for _, looked in self.looked for finding in looked.findings]
        errors = {
            one.code
            for one in found
            if one.severity is Severity.ERROR and one.code not in one.explained_by
        }
        return [one for one in found if errors.isdisjoint(one.explained_by)]

    def count(self, severity: Severity) -> int:
        """Return how many findings are that severe."""
        return sum(finding.severity is severity for finding in self.findings)


def _each_once(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))
