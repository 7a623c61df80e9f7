"""When a roll-call is over: who was to be there, and who is."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from groupwire.deliver.push.group.members import Member, Members
from groupwire.deliver.push.rules import PushRules
from groupwire.values import Origin

__all__ = ["EXPECTED_S", "Gathered", "Gathering"]

EXPECTED_S = 5.0
"""Who is expected has so long to appear, where nothing else was said."""
_ANYBODY_S = 1.2
"""Time for three calls, the last one answered."""


class Gathered(Enum):
    """How a roll-call stands."""

    NOT_YET = auto()
    BEGIN = auto()
    NOBODY = auto()


class Gathering:
    """Judges the roll-call by what the rules expect."""

    def __init__(self, rules: PushRules, members: Members) -> None:
        self._rules = rules
        self._expect = rules.expect
        self._members = members
        self._names = frozenset(rules.expect.names)
        self._hosts = frozenset(map(str, rules.expect.addresses))
        self._nodes = {
            int(ip): str(ip) for ip in rules.expect.addresses if ip.version == 4
        }
        """Hosts of foreign receivers, by the node ids that they would have."""
        self._from = 0.0

    def start(self, now: float) -> None:
        """Begin to wait."""
        self._from = now

    def judge(self, now: float) -> Gathered:
        """Return whether to begin."""
        there = len(self._members)
        if self._enough(there):
            return Gathered.BEGIN
        if now < self._deadline(there):
            return Gathered.NOT_YET
        # Foreign receivers may be there, though they have not said anything.
        if there or self._rules.start_with == 0 or any(self.foreign()):
            return Gathered.BEGIN
        return Gathered.NOBODY

    def deadline(self) -> float:
        """Return when to judge again."""
        return self._deadline(len(self._members))

    def foreign(self) -> Iterator[tuple[int, Origin]]:
        """Iterate over expected addresses, as node ids, where nobody has answered.

        docs/delivery.md §7.1: that may be foreign receivers.
        """
        hosts = {m.origin.host for m in self._members}
        for node, host in self._nodes.items():
            if host not in hosts:
                yield node, Origin(host, 0)

    def is_foreign(self, node: int, origin: Origin) -> bool:
        """Return whether a NORM node is such a receiver; asked for each datagram."""
        host = origin.host
        if self._nodes.get(node) != host:
            return False
        known = self._members.get(node)
        if known is not None and known.origin.host == host:
            return False
        return all(member.origin.host != host for member in self._members)

    def is_extra(self, member: Member) -> bool:
        """Return whether others are expected by name or address, and not this one."""
        if not (self._names or self._hosts):
            return False
        return member.given not in self._names and member.origin.host not in self._hosts

    @property
    def waited(self) -> list[Member]:
        """Who is to be waited for: the expected, or all while none of them is there."""
        expected = [m for m in self._members if not self.is_extra(m)]
        return [m for m in expected or self._members if not m.settled]

    def missing_names(self) -> tuple[str, ...]:
        """Return names and addresses of whom nobody is there that has everything."""
        good = [m for m in self._members if m.has_all]
        return self._lacking(good)

    @property
    def lacking(self) -> int:
        """How many have not got everything of the number that was expected."""
        return self._expect.count - sum(m.has_all for m in self._members)

    def absent(self) -> tuple[str, ...]:
        """Return names and addresses of whom nothing was heard."""
        return self._lacking(list(self._members))

    def _lacking(self, members: list[Member]) -> tuple[str, ...]:
        given = {m.given for m in members}
        hosts = {m.origin.host for m in members}
        names = [n for n in self._expect.names if n not in given]
        return (
            *names,
            *(str(ip) for ip in self._expect.addresses if str(ip) not in hosts),
        )

    def _enough(self, there: int) -> bool:
        if self._rules.start_with is not None:
            return there >= self._rules.start_with
        if self._expect.count:
            return there >= self._expect.count
        return bool(self._expect) and not self.absent()

    def _deadline(self, there: int) -> float:
        rules = self._rules
        expected = bool(self._expect) or bool(rules.start_with)
        # The first call takes a moment to be answered, even where nobody waits.
        wait_s = None if rules.wait_s is None else max(rules.wait_s, rules.stall_s)
        if expected or not there:
            usual = EXPECTED_S if expected else _ANYBODY_S
            return self._from + (usual if wait_s is None else wait_s)
        silent = self._members.newest_at + rules.stall_s
        return max(self._from + (wait_s or 0.0), silent)
