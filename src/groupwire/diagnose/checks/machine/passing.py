"""Leads a packet through the firewall's rules, as the kernel would.

Where a rule asks what we do not know (a mark, a rate, the sender's address), it may
apply or not: from there on nothing is sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from groupwire.diagnose.evidence.firewall.answers import fits
from groupwire.diagnose.evidence.firewall.rules import (
    Chain,
    Firewall,
    Hook,
    Match,
    Rule,
    Verdict,
)

__all__ = ["MAX_DEPTH", "Drop", "Packet", "drops"]

MAX_DEPTH = 16
"""Jumps within jumps; the kernel allows as many."""

Packet = Mapping[str, object]
"""What is known of a packet; a key that it cannot have stands there with None."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A packet is thrown away here: by a rule, or at the end of a chain (None).

    ``sure`` is False where it may also pass.
    """

    chain: Chain
    rule: Rule | None
    sure: bool


def drops(
    firewall: Firewall, packet: Packet, hooks: Iterable[Hook], device: str
) -> Iterator[Drop]:
    """Iterate over all places where the packet is, or may be, thrown away."""
    for hook in hooks:
        chains = [
            chain
            for chain in firewall.chains
            if chain.hook is hook
            and _sees(chain, packet)
            and (not chain.devices or device in chain.devices)
        ]
        for chain in sorted(chains, key=lambda one: one.priority):
            walk = _Walk(firewall, packet)
            # Older nft does not tell of which interface such a chain is.
            walk.sure = chain.family != "netdev" or bool(chain.devices)
            walk.base(chain)
            yield from walk.found


def _sees(chain: Chain, packet: Packet) -> bool:
    family = "ip" if packet["family"] == "ipv4" else "ip6"
    return chain.family in {family, "inet", "netdev"}


@dataclass(slots=True)
class _Walk:
    """One packet in one base chain, and in those that it leads to."""

    firewall: Firewall
    packet: Packet
    sure: bool = True
    ended: bool = False
    found: list[Drop] = field(default_factory=list[Drop])

    def base(self, chain: Chain) -> None:
        self._chain(chain, 0)
        if not self.ended and chain.policy is Verdict.DROP:
            self.found.append(Drop(chain, None, self.sure))

    def _chain(self, chain: Chain, depth: int) -> None:
        """Pass the rules; at the end the packet goes back to where it came from."""
        for rule in chain.rules:
            applies = _applies(rule, self.packet)
            if applies is False:
                continue
            if applies is None and rule.verdict is not Verdict.NOTHING:
                self._perhaps(chain, rule, depth)
            elif self._surely(chain, rule, depth):
                return

    def _perhaps(self, chain: Chain, rule: Rule, depth: int) -> None:
        if rule.verdict is Verdict.DROP:
            # Those that it lets pass go on as if it were not there.
            self.found.append(Drop(chain, rule, sure=False))
        elif rule.verdict is Verdict.JUMP:
            self.sure = self._harmless(chain, rule, depth) and self.sure
        elif rule.verdict is Verdict.GOTO:
            self._harmless(chain, rule, depth)
            self.sure = False
        else:
            self.sure = False

    def _harmless(self, chain: Chain, rule: Rule, depth: int) -> bool:
        """Look where it may lead; tell whether all packets come back from there."""
        sure, count = self.sure, len(self.found)
        self.sure = True
        self._lead(chain, rule, depth)
        harmless = self.sure and not self.ended and len(self.found) == count
        self.found[count:] = [replace(one, sure=False) for one in self.found[count:]]
        self.sure, self.ended = sure, False
        return harmless

    def _surely(self, chain: Chain, rule: Rule, depth: int) -> bool:
        """Follow a rule that applies; tell whether this chain is over."""
        match rule.verdict:
            case Verdict.DROP:
                self.found.append(Drop(chain, rule, self.sure))
                self.ended = True
            case Verdict.ACCEPT:
                self.ended = True
            case Verdict.JUMP | Verdict.GOTO:
                self._lead(chain, rule, depth)
                return self.ended or rule.verdict is Verdict.GOTO
            case Verdict.UNKNOWN:
                self.sure = False
            case _:
                return rule.verdict is Verdict.RETURN
        return self.ended

    def _lead(self, chain: Chain, rule: Rule, depth: int) -> None:
        to = self._named(chain, rule.target)
        if to is None or depth >= MAX_DEPTH:
            self.sure = False
            return
        self._chain(to, depth + 1)

    def _named(self, chain: Chain, name: str) -> Chain | None:
        return next(
            (
                one
                for one in self.firewall.chains
                if one.name == name
                and (one.tool, one.family, one.table)
                == (chain.tool, chain.family, chain.table)
            ),
            None,
        )


def _applies(rule: Rule, packet: Packet) -> bool | None:
    """Return whether all matches apply; None: perhaps."""
    answers = [_answer(match, packet) for match in rule.matches]
    if False in answers:
        return False
    return None if None in answers else True


def _answer(match: Match, packet: Packet) -> bool | None:
    if match.key not in packet:
        return None
    asked = packet[match.key]
    if asked is None:
        return False
    found = any(fits(value, asked) for value in match.values)
    return found is not match.negated
