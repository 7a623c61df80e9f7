"""The firewall: whether it lets the group pass, and the talk with the switches.

Judged by its rules, which only root may read. Without root it is told whether there is
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from groupwire.diagnose.check import Question, Scene
from groupwire.diagnose.checks.machine.passing import Drop, Packet, drops
from groupwire.diagnose.commands import command
from groupwire.diagnose.evidence.firewall.answers import fits
from groupwire.diagnose.evidence.firewall.rules import Chain, Hook
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.seen import LoopbackSeen
from groupwire.values import Interface
from groupwire.values.interface import listed

__all__ = ["MOST_INTERFACES", "MOST_RULES", "Rules"]

MOST_INTERFACES = 16
"""Interfaces for which packets are led through the rules: 2,000 of them take time."""

MOST_RULES = 3
"""Rules that may drop something which are shown; the rest are counted."""

_IN = (Hook.INGRESS, Hook.PREROUTING, Hook.INPUT)
# A packet that no rule has touched yet; the first of its flow, as all are to a group.
_FRESH = {"state": "new", "status": None, "mark": 0, "dsttype": "multicast"}
_IN_ZONE, _IN_POLICY = "filter_IN_", "filter_IN_policy_"
_OUT = (Hook.OUTPUT, Hook.POSTROUTING, Hook.EGRESS)


class Rules:
    """Leads the packets that matter through the rules."""

    codes: ClassVar[tuple[str, ...]] = ("firewall",)

    def look(self, scene: Scene) -> Looked:
        """Say which of them are thrown away, and by which rule."""
        firewall = scene.before.firewall
        if not scene.question.root:
            return _from_outside(scene)
        rules = sum(len(chain.rules) for chain in firewall.chains)
        at = ", ".join(firewall.read) or "no program here lists firewall rules"
        return Looked(
            at=(f"{at}: {len(firewall.chains)} chains, {rules} rules",),
            findings=tuple(_findings(scene)),
            missed=firewall.hidden,
        )


def _from_outside(scene: Scene) -> Looked:
    active = scene.before.firewall.active
    unsure = tuple(
        f"there is a firewall ({name}), and whether it lets the group in only "
        "root can read: sudo groupwire doctor"
        for name in active[:1]
    )
    missed = [] if active else ["root would also read the rules of a firewall"]
    return Looked(
        at=("whether ufw, firewalld or nftables run",),
        unsure=unsure,
        missed=(*missed, *([_HOBBLED] if scene.question.hobbled else [])),
    )


_HOBBLED = (
    "this is root without the rights CAP_NET_ADMIN and CAP_NET_RAW, as in most "
    "containers: started with --cap-add NET_ADMIN --cap-add NET_RAW it has them"
)


@dataclass(frozen=True, slots=True)
class _Case:
    """A packet that has to pass somewhere, and what follows if it does not."""

    what: str
    then: str
    packet: Packet
    link: Interface
    hooks: tuple[Hook, ...]
    words: Mapping[str, tuple[str, ...]]
    """What accepts it, in the words of each tool."""
    datagram: bool = True


@dataclass(slots=True)
class _Lost:
    """What is thrown away, and the places where: of rules that may do so, all."""

    cases: list[_Case]
    """The same packet, by interface."""
    drops: dict[str, Drop]
    """By the text of the rule."""


def _findings(scene: Scene) -> Iterator[Finding]:
    """Iterate over what is thrown away, each by each rule once for all interfaces."""
    found: dict[tuple[str, ...], _Lost] = {}
    for case in _cases(scene):
        for drop in drops(
            scene.before.firewall, case.packet, case.hooks, case.link.name
        ):
            lost = found.setdefault(_key(case, drop), _Lost([], {}))
            lost.drops.setdefault(drop.rule.text if drop.rule else "", drop)
            lost.cases.append(case)
    for lost in found.values():
        yield _finding(scene, lost)


def _key(case: _Case, drop: Drop) -> tuple[str, ...]:
    """Tell apart what deserves a finding: a list of 2,000 senders is one."""
    chain, rule = drop.chain, drop.rule
    text = rule.text if rule and drop.sure else ""
    where = (chain.tool, chain.family, chain.table, chain.name)
    return (*where, text, case.what, "sure" if drop.sure else "")


def _cases(scene: Scene) -> Iterator[_Case]:
    question = scene.question
    inward = [one for one in question.receive_on if not one.loopback]
    for link in (inward or question.receive_on)[:MOST_INTERFACES]:
        yield _datagram_in(question, link)
    if question.send_by is not None:
        yield _datagram_out(question, question.send_by)
    for link in inward[:MOST_INTERFACES]:
        yield _membership(question, link, inward=True)
        yield _membership(question, link, inward=False)


def _datagram_in(question: Question, link: Interface) -> _Case:
    packet = {**_datagram(question), "iif": link.name, "oif": None}
    if question.group.source is not None:
        packet["saddr"] = question.group.source
    return _Case(
        f"what is sent to {question.group.ip}, port {question.group.port},",
        "No program here gets it.",
        {**packet, "pkttype": "multicast"},
        link,
        _IN,
        _datagram_words(question),
    )


def _datagram_out(question: Question, link: Interface) -> _Case:
    packet = {**_datagram(question), "iif": None, "oif": link.name}
    if (own := link.address(question.group.version)) is not None:
        packet["saddr"] = own
    return _Case(
        f"what this machine sends to {question.group.ip}, port {question.group.port},",
        "Nobody gets it.",
        {**packet, "pkttype": "host"},
        link,
        _OUT,
        _datagram_words(question),
    )


def _datagram(question: Question) -> dict[str, object]:
    group = question.group
    return {
        **_family(group.version),
        "daddr": group.ip,
        "proto": "udp",
        "dport": group.port,
        "type": None,
        **_FRESH,
    }


def _family(version: int) -> dict[str, object]:
    return {"family": f"ipv{version}", "ethertype": "ip" if version == 4 else "ip6"}


def _datagram_words(question: Question) -> dict[str, tuple[str, ...]]:
    ip, port = str(question.group.ip), str(question.group.port)
    family = "ip" if question.group.version == 4 else "ip6"
    return {
        "nft": (family, "daddr", ip, "udp", "dport", port, "accept"),
        "iptables": ("-d", ip, "-p", "udp", "--dport", port, "-j", "ACCEPT"),
        "firewall-cmd": (f"--add-port={port}/udp",),
        "ufw": ("allow", "in", "proto", "udp", "to", ip, "port", port),
    }


def _membership(question: Question, link: Interface, *, inward: bool) -> _Case:
    """Return the question of a querier, or the answer of this machine."""
    four = question.group.version == 4
    kinds = ("membership-query", "membership-report-v3")
    kinds = kinds if four else ("mld-listener-query", "mld2-listener-report")
    groups = ("224.0.0.1", "224.0.0.22") if four else ("ff02::1", "ff02::16")
    protocol = "igmp" if four else "ipv6-icmp"
    packet: dict[str, object] = {
        **_family(question.group.version),
        "daddr": ip_address(groups[0] if inward else groups[1]),
        "proto": protocol,
        "dport": None,
        "sport": None,
        "type": kinds[0] if inward else kinds[1],
        **_FRESH,
        "iif": link.name if inward else None,
        "oif": None if inward else link.name,
        "pkttype": "multicast" if inward else "host",
    }
    name = "IGMP" if four else "MLD"
    return _Case(
        f"{'the questions' if inward else 'the answers'} by which switches and routers "
        f"learn who wants which group ({name})",
        "Many switches then stop sending the group here, at once or after some "
        "minutes.",
        packet,
        link,
        _IN if inward else _OUT,
        {
            "nft": ("meta", "l4proto", protocol, "accept"),
            "iptables": ("-p", protocol, "-j", "ACCEPT"),
            "firewall-cmd": (f"--add-protocol={protocol}",),
        },
        datagram=False,
    )


def _finding(scene: Scene, lost: _Lost) -> Finding:
    case, drop = lost.cases[0], next(iter(lost.drops.values()))
    links = list(dict.fromkeys(one.link.name for one in lost.cases))
    names = listed(links)
    what = f"{case.what[:1].upper()}{case.what[1:]}"
    missed = not drop.sure and _own_is_missed(scene, case, links)
    if drop.sure:
        by = "a rule" if drop.rule else "default, as no rule accepts it"
        says = f"The firewall of this machine throws away {case.what} on {names}, "
        says += f"by {by}. {case.then}"
    elif missed:
        says = f"The firewall of this machine throws away {case.what} on {names}, most "
        says += "likely by a rule that asks for what the doctor cannot know: what this "
        says += f"machine sent itself did not come back. {case.then}"
    else:
        says = f"{what} may be thrown away on {names} by the firewall of this "
        says += "machine: it depends on what the doctor cannot know, such as who sends."
    return Finding(
        code="firewall",
        severity=Severity.ERROR if drop.sure or missed else Severity.WARNING,
        interface=links[0] if len(links) == 1 else None,
        says=says,
        evidence=tuple(_rules(lost)),
        sure=Sureness.LIKELY if missed else _sureness(scene, case, drop),
        fix=tuple(dict.fromkeys(_fix(scene, one, drop) for one in lost.cases)),
    )


def _own_is_missed(scene: Scene, case: _Case, links: list[str]) -> bool:
    """Tell whether datagrams that were tried were lost where these rules are."""
    return (
        case.datagram
        and case.hooks is _IN
        and any(
            one.interface in links and one.sent and not (one.heard or one.own_port)
            for one in scene.seen(LoopbackSeen)
        )
    )


def _rules(lost: _Lost) -> Iterator[str]:
    """Iterate over the rules that do it, of many the first ones."""
    for drop in list(lost.drops.values())[:MOST_RULES]:
        chain = drop.chain
        where = f"{chain.family} {chain.table} {chain.name}"
        rule = f"`{drop.rule.text}`" if drop.rule else "`policy drop`"
        yield f"{rule} in {where} ({_listed_by(chain)})"
    if (more := len(lost.drops) - MOST_RULES) > 0:
        yield f"{more:,} more rules like these"


def _sureness(scene: Scene, case: _Case, drop: Drop) -> Sureness:
    if not drop.sure:
        return Sureness.POSSIBLE
    seen = any(
        one.interface == case.link.name and one.on_wire and not one.heard
        for one in scene.seen(Came)
    )
    inward = case.hooks is _IN and case.datagram
    return Sureness.CERTAIN if seen and inward else Sureness.LIKELY


def _listed_by(chain: Chain) -> str:
    return "nft list ruleset" if chain.tool == "nft" else f"{chain.tool}-save"


def _fix(scene: Scene, case: _Case, drop: Drop) -> str:
    """Return what lets it pass, in the words of the program that wrote the rules."""
    chain = _base(scene, drop.chain, case)
    if chain.table == "firewalld" and case.hooks is _IN:
        zone = _zone(scene, case.link.name)
        return command("firewall-cmd", *zone, *case.words["firewall-cmd"])
    if chain.tool == "nft":
        where = (chain.family, chain.table, chain.name)
        return command("nft", "insert", "rule", *where, *case.words["nft"])
    if _by_ufw(scene, chain) and case.hooks is _IN and "ufw" in case.words:
        return command("ufw", *case.words["ufw"])
    table = () if chain.table == "filter" else ("-t", chain.table)
    words = case.words["iptables"]
    return command(chain.tool, *table, "-I", chain.name, *words)


def _base(scene: Scene, chain: Chain, case: _Case) -> Chain:
    """Return the chain where the packet came in, of the same table."""
    if chain.hook is not None:
        return chain
    return next(
        (
            one
            for one in scene.before.firewall.chains
            if one.hook in case.hooks
            and (one.tool, one.family, one.table)
            == (chain.tool, chain.family, chain.table)
        ),
        chain,
    )


def _zone(scene: Scene, link: str) -> tuple[str, ...]:
    """Return firewalld's zone of an interface, as its chains show it; else none."""
    ways = [
        rule
        for chain in scene.before.firewall.chains
        if chain.table == "firewalld" and chain.name.startswith("filter_INPUT")
        for rule in chain.rules
        if rule.target.startswith(_IN_ZONE) and not rule.target.startswith(_IN_POLICY)
    ]
    for rule in ways:
        asked = rule.matches[0] if len(rule.matches) == 1 else None
        own = asked and asked.key == "iif" and any(fits(v, link) for v in asked.values)
        # What has no zone of its own is in the last one, the default.
        if own or not rule.matches:
            return (f"--zone={rule.target.removeprefix(_IN_ZONE)}",)
    return ()


def _by_ufw(scene: Scene, chain: Chain) -> bool:
    return any(
        one.name.startswith("ufw") and one.tool == chain.tool
        for one in scene.before.firewall.chains
    )
