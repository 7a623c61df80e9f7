"""Reads what ``iptables-save`` prints (iptables-save(8)); it touches nothing.

An option that is not understood becomes a question without an answer.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from groupwire.diagnose.evidence.firewall.answers import Answer, address, numbers
from groupwire.diagnose.evidence.firewall.rules import (
    Chain,
    Hook,
    Match,
    Rule,
    Verdict,
)

__all__ = ["parse_iptables"]

_HOOKS = {
    "PREROUTING": Hook.PREROUTING,
    "INPUT": Hook.INPUT,
    "OUTPUT": Hook.OUTPUT,
    "POSTROUTING": Hook.POSTROUTING,
}
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
_VERDICTS = {
    "ACCEPT": Verdict.ACCEPT,
    "DROP": Verdict.DROP,
    "REJECT": Verdict.DROP,
    "RETURN": Verdict.RETURN,
}
_HARMLESS_TARGETS = frozenset(
    ["LOG", "NFLOG", "MARK", "CONNMARK", "CT", "NOTRACK", "TOS", "DSCP", "CLASSIFY"]
)
_HARMLESS_OPTIONS = frozenset(["--comment", "--reject-with", "--log-prefix"])
_UNKNOWN = Match("")
_OTHER_PROTOCOLS = {"2": "igmp", "17": "udp", "6": "tcp", "58": "ipv6-icmp"}
_SILENT = frozenset(
    [
        *("udp", "tcp", "comment", "pkttype", "multiport", "addrtype", "conntrack"),
        *("state", "iprange", "mark"),
    ]
)


def parse_iptables(text: str, *, tool: str, version: int) -> tuple[Chain, ...]:
    """Return the chains of all tables; ``tool`` is the command that changes them."""
    family, table = ("ip" if version == 4 else "ip6"), ""
    chains: dict[tuple[str, str], Chain] = {}
    rules: dict[tuple[str, str], list[Rule]] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            name, policy = (*line[1:].split(), "", "")[:2]
            chains[table, name] = _chain(tool, family, table, name, policy)
        elif line.startswith("-A "):
            name, rule = _rule(line)
            rules.setdefault((table, name), []).append(rule)
    return tuple(
        replace(chain, rules=tuple(rules.get(key, ()))) for key, chain in chains.items()
    )


def _chain(tool: str, family: str, table: str, name: str, policy: str) -> Chain:
    return Chain(
        tool=tool,
        family=family,
        table=table,
        name=name,
        hook=_HOOKS.get(name) if policy != "-" else None,
        priority=_PRIORITIES.get(table, 0),
        policy=Verdict.DROP if policy == "DROP" else Verdict.ACCEPT,
    )


def _rule(line: str) -> tuple[str, Rule]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return words[1] if len(words) > 1 else "", _Options(words[2:]).rule(line)


@dataclass(slots=True)
class _Options:
    """The options of one rule, read one after the other."""

    words: list[str]
    matches: list[Match] = field(default_factory=list[Match])
    verdict: Verdict = Verdict.NOTHING
    target: str = ""

    def rule(self, line: str) -> Rule:
        for option, values, negated in self._options():
            self._read(option, values, negated)
        return Rule(line, self.verdict, tuple(self.matches), self.target)

    def _options(self) -> Iterator[tuple[str, list[str], bool]]:
        """Iterate over options with their values, and whether a ``!`` is before."""
        at, negated = 0, False
        while at < len(self.words):
            word = self.words[at]
            at += 1
            if word == "!":
                negated = True
                continue
            values: list[str] = []
            while at < len(self.words) and self.words[at][:1] not in {"-", "!"}:
                values.append(self.words[at])
                at += 1
            yield word, values, negated
            negated = False

    def _read(self, option: str, values: list[str], negated: bool) -> None:
        if option in {"-j", "-g"}:
            self._jump(option, values[0] if values else "")
        elif option == "-m":
            if not set(values) <= _SILENT:
                self.matches.append(_UNKNOWN)
        elif option not in _HARMLESS_OPTIONS:
            self.matches.append(_match(option, values, negated))

    def _jump(self, option: str, target: str) -> None:
        if target in _VERDICTS:
            self.verdict = _VERDICTS[target]
        elif target in _HARMLESS_TARGETS:
            self.verdict = Verdict.NOTHING
        elif target.isupper() and target in {"QUEUE", "NFQUEUE", "TPROXY", "DNAT"}:
            self.verdict = Verdict.UNKNOWN
        else:
            self.verdict = Verdict.GOTO if option == "-g" else Verdict.JUMP
            self.target = target


def _match(option: str, values: list[str], negated: bool) -> Match:
    if option == "-p" and values == ["all"]:
        return Match("proto", ("",), negated=True)
    key, read = _QUESTIONS.get(option, ("", _nothing))
    found = read(values[0] if values else "")
    known = tuple(one for one in found if one is not None)
    return Match(key, known, negated) if len(known) == len(found) else _UNKNOWN


def _nothing(_: str) -> list[Answer | None]:
    return [None]


def _address(text: str) -> list[Answer | None]:
    return [address(text)]


def _interface(text: str) -> list[Answer | None]:
    return [f"{text[:-1]}*" if text.endswith("+") else text]


def _protocol(text: str) -> list[Answer | None]:
    return [_OTHER_PROTOCOLS.get(text, text)]


def _ports(text: str) -> list[Answer | None]:
    return [_port(one) for one in text.split(",")]


def _port(text: str) -> Answer | None:
    first, _, last = text.partition(":")
    return numbers(first or "0", last or ("65535" if text.endswith(":") else ""))


def _names(text: str) -> list[Answer | None]:
    return [*text.lower().split(",")]


def _mark(text: str) -> list[Answer | None]:
    # The mask matters not: what was never marked is 0 under any.
    try:
        number = int(text.partition("/")[0], 0)
    except ValueError:
        return [None]
    return [(number, number)]


_QUESTIONS: dict[str, tuple[str, Callable[[str], list[Answer | None]]]] = {
    "-s": ("saddr", _address),
    "-d": ("daddr", _address),
    "-i": ("iif", _interface),
    "-o": ("oif", _interface),
    "-p": ("proto", _protocol),
    "--dport": ("dport", _ports),
    "--dports": ("dport", _ports),
    "--sport": ("sport", _ports),
    "--sports": ("sport", _ports),
    "--pkt-type": ("pkttype", _names),
    "--ctstate": ("state", _names),
    "--state": ("state", _names),
    "--dst-type": ("dsttype", _names),
    "--mark": ("mark", _mark),
}
