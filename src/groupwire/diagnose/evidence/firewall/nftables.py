"""Reads ``nft -j list ruleset`` (libnftables-json(5)); it touches nothing.

What is not understood becomes a question without an answer, never an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from groupwire.diagnose.evidence.firewall.answers import (
    Answer,
    address,
    addresses,
    numbers,
)
from groupwire.diagnose.evidence.firewall.rules import (
    Chain,
    Hook,
    Match,
    Rule,
    Verdict,
)
from groupwire.diagnose.evidence.firewall.shapes import as_dict, as_list, only
from groupwire.diagnose.evidence.firewall.wording import words

__all__ = ["parse_devices", "parse_nftables"]

_HOOKS = {hook.value: hook for hook in Hook}
_VERDICTS = {
    "accept": Verdict.ACCEPT,
    "drop": Verdict.DROP,
    "reject": Verdict.DROP,
    "return": Verdict.RETURN,
    "jump": Verdict.JUMP,
    "goto": Verdict.GOTO,
    "continue": Verdict.NOTHING,
    "queue": Verdict.UNKNOWN,
    "tproxy": Verdict.UNKNOWN,
    "fwd": Verdict.UNKNOWN,
    "dup": Verdict.NOTHING,
}
_HARMLESS = frozenset(
    ["counter", "log", "mangle", "notrack", "comment", "set", "ct helper", "meter"]
)
_META = {
    "iif": "iif",
    "iifname": "iif",
    "oif": "oif",
    "oifname": "oif",
    "l4proto": "proto",
    "pkttype": "pkttype",
    "nfproto": "family",
    "protocol": "ethertype",
    "mark": "mark",
}
_FAMILIES = {"ip": "ipv4", "ip6": "ipv6", "arp": "arp"}
_WITH_PORTS = frozenset(["udp", "tcp", "sctp", "dccp", "udplite"])
_WITH_TYPES = {"igmp": "igmp", "icmpv6": "ipv6-icmp", "icmp": "icmp"}
_PROTOCOLS = {**{name: name for name in _WITH_PORTS}, **_WITH_TYPES, "ah": "ah"}
_CT = {"state": "state", "status": "status"}
_UNKNOWN = Match("")
_MOST = 1 << 32


def parse_nftables(text: str) -> tuple[Chain, ...]:
    """Return the chains with their rules; ValueError where it is no JSON."""
    return _Reading(json.loads(text)).chains()


def parse_devices(text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the interfaces of ``nft list chains netdev``, by table and chain."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    table = chain = ""
    for line in text.splitlines():
        words = line.split()
        if words[:2] == ["table", "netdev"] and len(words) > 2:
            table = words[2]
        elif words[:1] == ["chain"] and len(words) > 1:
            chain = words[1]
        elif (told := _DEVICES.search(line)) is not None:
            found[table, chain] = tuple(_QUOTED.findall(told[1]))
    return found


_DEVICES = re.compile(r"\bhook \w+ devices? (?:= )?(\{[^}]*\}|\"[^\"]*\")")
_QUOTED = re.compile(r"\"([^\"]*)\"")
_Where: TypeAlias = tuple[str, str]
"""Family and table: what the names of sets and chains belong to."""


@dataclass(slots=True)
class _Reading:
    """One ruleset."""

    document: Any
    sets: dict[tuple[str, str, str], Sequence[Any]] = field(
        default_factory=dict[tuple[str, str, str], Sequence[Any]]
    )

    def chains(self) -> tuple[Chain, ...]:
        chains: dict[tuple[str, str, str], Chain] = {}
        rules: dict[tuple[str, str, str], list[Rule]] = {}
        for kind, one in self._objects():
            where = (str(one.get("family")), str(one.get("table")))
            name = str(one.get("chain" if kind == "rule" else "name"))
            if kind in {"set", "map"}:
                self.sets[*where, name] = as_list(one.get("elem"))
            elif kind == "chain":
                chains[*where, name] = _chain(one)
            elif kind == "rule":
                read = _RuleReading(self.sets, where, as_list(one.get("expr")))
                rules.setdefault((*where, name), []).extend(read.rules())
        return tuple(
            replace(chain, rules=tuple(rules.get(key, ())))
            for key, chain in chains.items()
        )

    def _objects(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for one in as_list(as_dict(self.document).get("nftables")):
            kind, value = only(one)
            yield kind, as_dict(value)


@dataclass(slots=True)
class _RuleReading:
    """One rule, expression by expression."""

    sets: dict[tuple[str, str, str], Sequence[Any]]
    where: _Where
    expressions: list[Any]
    matches: list[Match] = field(default_factory=list[Match])

    def rules(self) -> Iterator[Rule]:
        """Iterate over one rule, or one for each line of a verdict map in it."""
        text = words(self.expressions)
        for name, value in map(only, self.expressions):
            if name == "vmap":
                yield from self._mapped(text, as_dict(value))
                return
            if (verdict := _verdict(name, value)) is not None:
                yield Rule(text, verdict, tuple(self.matches), _target(value))
                return
            self._ask(name, value)
        yield Rule(text, Verdict.NOTHING, tuple(self.matches))

    def _ask(self, name: str, value: Any) -> None:
        if name == "match":
            self.matches += self._matches(as_dict(value))
        elif name not in _HARMLESS:
            self.matches.append(_UNKNOWN)

    def _mapped(self, text: str, value: dict[str, Any]) -> Iterator[Rule]:
        for pair in map(as_list, self._elements(value.get("data"))):
            if len(pair) != 2:
                continue
            name, to = only(pair[1])
            match = {"op": "==", "left": value.get("key"), "right": pair[0]}
            matches = (*self.matches, *self._matches(match))
            verdict = _VERDICTS.get(name, Verdict.UNKNOWN)
            yield Rule(text, verdict, matches, _target(to))

    def _matches(self, match: dict[str, Any]) -> list[Match]:
        *implied, asked = _looked_at(match.get("left")) or [_UNKNOWN]
        operator = match.get("op")
        values = self._values(asked.key, operator, match.get("right"))
        if values is None:
            return [*implied, _UNKNOWN]
        if not asked.key:
            return [*implied, _UNKNOWN]
        return [*implied, replace(asked, values=values, negated=operator == "!=")]

    def _values(self, key: str, operator: Any, right: Any) -> tuple[Answer, ...] | None:
        if operator not in {"==", "!=", "in"}:
            return _compared(str(operator), right)
        read = [_answer(key, one) for one in self._elements(right)]
        known = [one for one in read if one is not None]
        return tuple(known) if len(known) == len(read) else None

    def _elements(self, right: Any) -> Sequence[Any]:
        """Return what a set, a named set, a list or a single value holds."""
        if "set" in as_dict(right):
            return as_list(as_dict(right)["set"])
        if isinstance(right, str) and right.startswith("@"):
            return self.sets.get((*self.where, right[1:]), [None])
        return as_list(right) or [right]


def _verdict(name: str, value: Any) -> Verdict | None:
    # xt: what iptables wrote and nft cannot read.
    if name == "xt" and as_dict(value).get("type") == "target":
        return Verdict.UNKNOWN
    return _VERDICTS.get(name)


def _target(value: Any) -> str:
    return str(as_dict(value).get("target", ""))


def _chain(one: dict[str, Any]) -> Chain:
    device, priority = one.get("dev"), one.get("prio")
    devices = as_list(device) or [device]
    return Chain(
        tool="nft",
        family=str(one.get("family")),
        table=str(one.get("table")),
        name=str(one.get("name")),
        hook=_HOOKS.get(str(one.get("hook", ""))),
        priority=priority if isinstance(priority, int) else 0,
        devices=tuple(name for name in devices if isinstance(name, str)),
        policy=Verdict.DROP if one.get("policy") == "drop" else Verdict.ACCEPT,
    )


def _looked_at(left: Any) -> list[Match]:
    """Return what a match looks at, last, and before it what that implies."""
    name, value = only(left)
    if name == "&":
        return _masked(as_list(value))
    keys = as_dict(value)
    if name == "payload":
        return _field(str(keys.get("protocol")), str(keys.get("field")))
    asked = {
        "meta": _META.get(str(keys.get("key"))),
        "ct": _CT.get(str(keys.get("key"))),
        "fib": "dsttype" if _is_type_of_destination(keys) else None,
    }.get(name)
    return [Match(asked)] if asked else []


def _masked(pair: list[Any]) -> list[Match]:
    # What the mask leaves of a mark that was never set is 0 as well.
    found = _looked_at(pair[0]) if pair else []
    return found if [one.key for one in found] == ["mark"] else [*found[:-1], _UNKNOWN]


def _is_type_of_destination(keys: dict[str, Any]) -> bool:
    return keys.get("result") == "type" and keys.get("flags") == ["daddr"]


def _field(protocol: str, name: str) -> list[Match]:
    """Return what a field is to us, last, and before it what its protocol implies."""
    if protocol in _FAMILIES:
        key = {"protocol": "proto", "nexthdr": "proto"}.get(name, name)
        known = key in {"saddr", "daddr", "proto"}
        return [Match("family", (_FAMILIES[protocol],)), Match(key if known else "")]
    if (protocol, name) == ("ether", "type"):
        return [Match("ethertype")]
    if protocol == "th" and name in {"dport", "sport"}:
        return [Match(name)]
    if protocol not in _PROTOCOLS:
        return []
    ports = protocol in _WITH_PORTS and name in {"dport", "sport"}
    types = protocol in _WITH_TYPES and name == "type"
    implied = Match("proto", (_PROTOCOLS[protocol],))
    return [implied, Match(name if ports or types else "")]


def _answer(key: str, value: Any) -> Answer | None:
    """Read one value; None: not understood."""
    # With a counter, a comment or a time limit an element is an object.
    element = as_dict(as_dict(value).get("elem")).get("val", value)
    if key in {"saddr", "daddr"}:
        return _address(element)
    if key in {"dport", "sport", "mark"}:
        return _port(element)
    return element if isinstance(element, str) else None


def _address(value: Any) -> Answer | None:
    kind, inner = only(value)
    if kind == "prefix":
        prefix = as_dict(inner)
        return address(f"{prefix.get('addr')}/{prefix.get('len')}")
    ends = as_list(inner)
    if kind == "range" and len(ends) == 2:
        return addresses(str(ends[0]), str(ends[1]))
    return address(str(value))


def _port(value: Any) -> Answer | None:
    ends = as_list(as_dict(value).get("range"))
    return numbers(*map(str, ends)) if len(ends) == 2 else numbers(str(value))


def _compared(operator: str, right: Any) -> tuple[Answer, ...] | None:
    if not isinstance(right, int):
        return None
    ranges: dict[str, tuple[Answer, ...]] = {
        "<": ((0, right - 1),),
        "<=": ((0, right),),
        ">": ((right + 1, _MOST),),
        ">=": ((right, _MOST),),
    }
    return ranges.get(operator)
