import json
from dataclasses import replace
from typing import Any

import pytest
from tests.diagnose.checks.moments import ETH0, ETH1, codes, moment, question, scene

from groupwire.diagnose.check import Question, Scene
from groupwire.diagnose.checks.machine.firewall import Rules
from groupwire.diagnose.evidence.firewall.iptables import parse_iptables
from groupwire.diagnose.evidence.firewall.nftables import parse_nftables
from groupwire.diagnose.evidence.firewall.rules import (
    Chain,
    Firewall,
    Hook,
    Match,
    Rule,
    Verdict,
)
from groupwire.diagnose.finding import Finding, Severity, Sureness
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.seen import LoopbackSeen

CHECK = Rules()
DROP = Rule("drop", Verdict.DROP)
IGMP = Match("proto", ("igmp",))
UDP = Match("proto", ("udp",))


def _nft(*rules: Rule, hook: Hook | None = Hook.INPUT, **fields: str) -> Chain:
    names = {"family": "inet", "table": "filter", "name": "c", **fields}
    return Chain(tool="nft", hook=hook, rules=rules, **names)  # type: ignore[arg-type]


def _findings(
    *chains: Chain, asked: Question | None = None, trials: list[object] | None = None
) -> tuple[Finding, ...]:
    machine = moment(firewall=Firewall(chains=chains, read=("nft -j list ruleset",)))
    return CHECK.look(scene(asked, machine, trials=trials or [])).findings


def _iptables(text: str, tool: str = "iptables") -> tuple[Chain, ...]:
    return parse_iptables(f"*filter\n{text}\nCOMMIT\n", tool=tool, version=4)


def test_without_rules_there_is_nothing_to_say() -> None:
    assert _findings() == ()
    looked = CHECK.look(scene(before=moment()))
    assert "no program" in looked.at[0]


def test_each_packet_is_told_of_with_what_lets_it_pass() -> None:
    fixes = [one.fix for one in _findings(_nft(DROP))]
    assert fixes == [
        (
            "sudo nft insert rule inet filter c ip daddr 239.255.42.99 udp dport "
            "10000 accept",
        ),
        ("sudo nft insert rule inet filter c meta l4proto igmp accept",),
    ]
    outward = _findings(_nft(DROP, hook=Hook.OUTPUT))
    assert "what this machine sends" in outward[0].says
    assert "answers" in outward[1].says


def test_igmp_alone_is_found() -> None:
    (finding,) = _findings(_nft(Rule("igmp drop", Verdict.DROP, (IGMP,))))
    assert (finding.severity, finding.sure) == (Severity.ERROR, Sureness.LIKELY)
    assert "questions" in finding.says
    assert "`igmp drop` in inet filter c (nft list ruleset)" in finding.evidence


def test_ipv6_talks_mld() -> None:
    asked = question("[ff15::4242]:10000")
    found = _findings(_nft(DROP), asked=asked)
    assert "ip6 daddr ff15::4242" in found[0].fix[0]
    assert "meta l4proto ipv6-icmp" in found[1].fix[0]


def test_what_may_be_dropped_is_a_warning() -> None:
    some = Rule("some", Verdict.DROP, (UDP, Match("")))
    (finding,) = _findings(_nft(some))
    assert (finding.severity, finding.sure) == (Severity.WARNING, Sureness.POSSIBLE)
    assert "may be thrown away on eth0" in finding.says


@pytest.mark.parametrize(
    ("seen", "severity"),
    [
        (LoopbackSeen(interface="eth0", sent=3, own_port=False), Severity.ERROR),
        (LoopbackSeen(interface="eth0", sent=3, own_port=True), Severity.WARNING),
        (LoopbackSeen(interface="eth0", sent=3, heard=1), Severity.WARNING),
        (LoopbackSeen(interface="eth0", send_error=1), Severity.WARNING),
        (LoopbackSeen(interface="eth1", sent=3), Severity.WARNING),
    ],
)
def test_what_may_be_dropped_and_is_missed_is_an_error(
    seen: LoopbackSeen, severity: Severity
) -> None:
    some = Rule("some", Verdict.DROP, (UDP, Match("")))
    (finding,) = _findings(_nft(some), trials=[seen])
    assert finding.severity is severity
    assert ("did not come back" in finding.says) == (severity is Severity.ERROR)


def test_a_long_list_of_senders_is_one_warning() -> None:
    asked = question(links=(ETH0, ETH1))
    rules = [Rule(f"{n}", Verdict.DROP, (UDP, Match(""))) for n in range(2000)]
    (finding,) = _findings(_nft(*rules), asked=asked)
    assert finding.evidence == (
        "`0` in inet filter c (nft list ruleset)",
        "`1` in inet filter c (nft list ruleset)",
        "`2` in inet filter c (nft list ruleset)",
        "1,997 more rules like these",
    )
    assert "such as who sends" in finding.says


def test_rules_are_followed_for_so_many_interfaces() -> None:
    many = [replace(ETH0, name=f"e{n}", index=n + 9) for n in range(500)]
    (finding,) = _findings(
        _nft(Rule("d", Verdict.DROP, (UDP,))), asked=question(links=many)
    )
    assert "on e0, e1, e2, e3, e4, e5, e6, e7 and 8 more" in finding.says


def test_a_rule_is_told_of_once_for_all_interfaces() -> None:
    asked = question(links=(ETH0, ETH1))
    (finding,) = _findings(_nft(Rule("d", Verdict.DROP, (UDP,))), asked=asked)
    assert finding.interface is None
    assert "on eth0, eth1" in finding.says


@pytest.mark.parametrize(
    ("came", "sure"),
    [
        (Came(interface="eth0", on_wire=9), Sureness.CERTAIN),
        (Came(interface="eth0", on_wire=9, heard=9), Sureness.LIKELY),
        (Came(interface="eth1", on_wire=9), Sureness.LIKELY),
        (Came(interface="eth0"), Sureness.LIKELY),
    ],
)
def test_what_is_seen_on_the_wire_and_not_heard_is_certain(
    came: Came, sure: Sureness
) -> None:
    found = _findings(_nft(DROP), trials=[came])
    assert [one.sure for one in found] == [sure, Sureness.LIKELY]


def test_a_named_source_is_known_to_the_rules() -> None:
    text = ":INPUT DROP [0:0]\n-A INPUT -s 10.0.0.7/32 -p udp -j ACCEPT"
    asked = question("10.0.0.7@232.1.1.1:5000")
    found = _findings(*_iptables(text), asked=asked)
    assert ["IGMP" in one.says for one in found] == [True]


def test_without_a_way_out_or_an_address_less_is_tried() -> None:
    asked = question(links=(), receive_on=())
    assert _findings(_nft(DROP), asked=asked) == ()
    bare = replace(ETH0, addresses=())
    asked = question(links=(bare,))
    assert len(_findings(_nft(DROP, hook=Hook.OUTPUT), asked=asked)) == 2


def test_loopback_alone_is_looked_at_without_igmp() -> None:
    (finding,) = _findings(_nft(DROP), asked=question(links=()))
    assert finding.interface == "lo"


def test_iptables_speaks_its_own_words() -> None:
    found = _findings(*_iptables(":INPUT DROP [0:0]"))
    assert [one.fix for one in found] == [
        ("sudo iptables -I INPUT -d 239.255.42.99 -p udp --dport 10000 -j ACCEPT",),
        ("sudo iptables -I INPUT -p igmp -j ACCEPT",),
    ]
    assert "`policy drop` in ip filter INPUT (iptables-save)" in found[0].evidence


def test_another_table_is_named() -> None:
    raw = parse_iptables(
        "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j DROP\nCOMMIT\n",
        tool="iptables-legacy",
        version=4,
    )
    (finding,) = _findings(*raw)
    assert finding.fix[0].startswith("sudo iptables-legacy -t raw -I PREROUTING -d")


def test_the_way_in_is_opened_where_a_chain_began() -> None:
    text = (
        ":INPUT ACCEPT [0:0]\n:wall - [0:0]\n-A INPUT -j wall\n-A wall -p udp -j DROP"
    )
    (finding,) = _findings(*_iptables(text))
    assert finding.fix[0].startswith("sudo iptables -I INPUT ")
    assert "in ip filter wall" in finding.evidence[0]


def test_ufw_and_firewalld_are_asked_in_their_own_words() -> None:
    text = ":INPUT DROP [0:0]\n:ufw-user-input - [0:0]"
    found = _findings(*_iptables(text))
    assert found[0].fix == ("sudo ufw allow in proto udp to 239.255.42.99 port 10000",)
    assert found[1].fix == ("sudo iptables -I INPUT -p igmp -j ACCEPT",)
    found = _findings(_nft(DROP, table="firewalld"))
    assert [one.fix for one in found] == [
        ("sudo firewall-cmd --add-port=10000/udp",),
        ("sudo firewall-cmd --add-protocol=igmp",),
    ]


_UFW = """\
:INPUT DROP [0:0]
:ufw-before-input - [0:0]
:ufw-not-local - [0:0]
:ufw-logging-deny - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-logging-deny -m limit --limit 3/min -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT"""


def test_ufw_as_it_comes_is_sure_to_drop_the_group() -> None:
    found = _findings(*_iptables(_UFW))
    assert [one.severity for one in found] == [Severity.ERROR, Severity.ERROR]
    opened = f"{_UFW}\n-A ufw-user-input -d 239.255.42.99/32 -p udp -j ACCEPT"
    (finding,) = _findings(*_iptables(opened))
    assert "IGMP" in finding.says


def test_marks_that_nobody_set_drop_nothing() -> None:
    text = ":INPUT ACCEPT [0:0]\n-A INPUT -m mark --mark 0x8000/0x8000 -j DROP"
    assert _findings(*_iptables(text)) == ()


def _expression(text: str) -> list[dict[str, Any]]:
    """Write expressions as firewalld's rules have them."""
    known: dict[str, Any] = {
        "established": _ct("state", ["established", "related"]),
        "dnat": _ct("status", "dnat"),
        "lo": _is({"meta": {"key": "iifname"}}, "lo"),
        "eth0": _is({"meta": {"key": "iifname"}}, "eth0"),
        "ssh": _is({"payload": {"protocol": "tcp", "field": "dport"}}, 22),
        "accept": {"accept": None},
        "reject": {"reject": {"type": "icmpx", "expr": "admin-prohibited"}},
        "zones": {"jump": {"target": "zones"}},
        "public": {"goto": {"target": "public"}},
        "allow": {"jump": {"target": "allow"}},
    }
    return [known[word] for word in text.split()]


def _is(left: dict[str, Any], right: object) -> dict[str, Any]:
    return {"match": {"op": "==", "left": left, "right": right}}


def _ct(key: str, right: object) -> dict[str, Any]:
    return {"match": {"op": "in", "left": {"ct": {"key": key}}, "right": right}}


_FIREWALLD = {
    "input": ["established accept", "dnat accept", "lo accept", "zones", "reject"],
    "zones": ["eth0 public"],
    "public": ["allow"],
    "allow": ["ssh accept"],
}


def test_firewalld_as_it_comes_is_sure_to_drop_the_group() -> None:
    where = {"family": "inet", "table": "firewalld"}
    objects: list[dict[str, Any]] = []
    for name, rules in _FIREWALLD.items():
        hook = {"hook": "input", "prio": 10} if name == "input" else {}
        objects.append({"chain": {**where, "name": name, **hook}})
        objects += [
            {"rule": {**where, "chain": name, "expr": _expression(rule)}}
            for rule in rules
        ]
    chains = parse_nftables(json.dumps({"nftables": objects}))
    found = _findings(*chains)
    assert [one.severity for one in found] == [Severity.ERROR, Severity.ERROR]
    assert found[0].fix == ("sudo firewall-cmd --add-port=10000/udp",)


@pytest.mark.parametrize(
    ("ways", "zone"),
    [
        ([("eth1", "filter_IN_work"), ("eth0", "filter_IN_home")], "--zone=home "),
        ([("eth*", "filter_IN_home")], "--zone=home "),
        ([("eth1", "filter_IN_work"), ("", "filter_IN_public")], "--zone=public "),
        ([("", "filter_IN_policy_x"), ("", "filter_IN_public")], "--zone=public "),
        ([("eth1", "filter_IN_work"), ("", "elsewhere")], ""),
    ],
)
def test_firewalld_is_told_the_zone_of_the_interface(
    ways: list[tuple[str, str]], zone: str
) -> None:
    rules = [
        Rule(to, Verdict.GOTO, (Match("iif", (link,)),) if link else (), target=to)
        for link, to in ways
    ]
    zones = _nft(*rules, hook=None, table="firewalld", name="filter_INPUT_ZONES")
    found = _findings(_nft(DROP, table="firewalld"), zones)
    assert found[0].fix == (f"sudo firewall-cmd {zone}--add-port=10000/udp",)


def test_each_zone_of_firewalld_is_opened() -> None:
    rules = [
        Rule(to, Verdict.GOTO, (Match("iif", (link,)),), target=to)
        for link, to in (("eth0", "filter_IN_home"), ("eth1", "filter_IN_work"))
    ]
    zones = _nft(*rules, hook=None, table="firewalld", name="filter_INPUT_ZONES")
    asked = question(links=(ETH0, ETH1))
    found = _findings(_nft(DROP, table="firewalld"), zones, asked=asked)
    assert found[0].fix == (
        "sudo firewall-cmd --zone=home --add-port=10000/udp",
        "sudo firewall-cmd --zone=work --add-port=10000/udp",
    )


def _without_root(active: tuple[str, ...]) -> Scene:
    return scene(question(root=False), moment(firewall=Firewall(active=active)))


def test_without_root_a_firewall_that_runs_is_left_open() -> None:
    looked = CHECK.look(_without_root(("ufw is switched on",)))
    assert "ufw is switched on" in looked.unsure[0]
    assert looked.missed == ()


def test_without_root_and_any_sign_root_would_see_more() -> None:
    looked = CHECK.look(_without_root(()))
    assert looked.unsure == ()
    assert "root" in looked.missed[0]


def test_root_without_its_rights_is_told_how_to_have_them() -> None:
    asked = question(root=False, hobbled=True)
    looked = CHECK.look(scene(asked, moment(firewall=Firewall())))
    assert "--cap-add NET_ADMIN" in looked.missed[1]


def test_what_could_not_be_listed_is_told() -> None:
    machine = moment(firewall=Firewall(hidden=("nft is not installed",)))
    looked = CHECK.look(scene(before=machine))
    assert looked.missed == ("nft is not installed",)
    assert codes(looked) == []
