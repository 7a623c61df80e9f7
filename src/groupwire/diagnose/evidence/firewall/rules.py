"""Rules of nftables and iptables in one form, so that a packet can be led through.

What a rule asks of a packet and we do not understand is kept as a question without an
answer: such a rule may apply or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from groupwire.diagnose.evidence.firewall.answers import Answer

__all__ = ["Chain", "Firewall", "Hook", "Match", "Rule", "Verdict"]


class Hook(Enum):
    """The stations of a packet, in the order in which it passes them."""

    INGRESS = "ingress"
    PREROUTING = "prerouting"
    INPUT = "input"
    OUTPUT = "output"
    POSTROUTING = "postrouting"
    EGRESS = "egress"


class Verdict(Enum):
    """What becomes of a packet to which a rule applies."""

    ACCEPT = "accept"
    DROP = "drop"
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"
    NOTHING = "nothing"
    """It counts, logs or marks, and the packet goes on."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Match:
    """One question about a packet.

    ``key`` is what is looked at (``daddr``, ``dport``, ``iif``, ...), empty for a
    question that we do not understand. ``values`` are the answers that apply, or with
    ``negated`` those that do not.
    """

    key: str
    values: tuple[Answer, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: all of its matches have to apply. ``text`` is for people."""

    text: str
    verdict: Verdict
    matches: tuple[Match, ...] = ()
    target: str = ""
    """The chain that a jump or goto leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A list of rules; with a hook packets begin there, else others lead to it."""

    tool: str
    """The program that speaks of it: ``nft``, ``iptables``, ``ip6tables-legacy``."""
    family: str
    """``ip``, ``ip6``, ``inet``, ``netdev`` or ``bridge``."""
    table: str
    name: str
    hook: Hook | None = None
    priority: int = 0
    devices: tuple[str, ...] = ()
    """The interfaces of an ingress chain; none: they are not told."""
    policy: Verdict = Verdict.ACCEPT
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """All chains, as far as they could be read."""

    chains: tuple[Chain, ...] = ()
    read: tuple[str, ...] = ()
    """The commands whose output was read."""
    hidden: tuple[str, ...] = ()
    """Why something could not be read, as sentences."""
    active: tuple[str, ...] = ()
    """What shows without root that there is a firewall (``ufw``, ``firewalld``)."""
