import json
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.diagnose.evidence.firewall.nftables import parse_devices, parse_nftables
from groupwire.diagnose.evidence.firewall.rules import Chain, Hook, Match, Rule, Verdict
from groupwire.diagnose.evidence.firewall.wording import MAX_WORDS, words

UNKNOWN = Match("")
IPV4 = Match("family", ("ipv4",))
UDP = Match("proto", ("udp",))
_WHERE = {"family": "inet", "table": "filter"}


def _document(*objects: dict[str, Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"version": "1.0.6"}}, *objects]})


def _chain(**fields: Any) -> Chain:
    chain = {**_WHERE, "name": "input", "handle": 1, **fields}
    (parsed,) = parse_nftables(_document({"chain": chain}))
    return parsed


def _rules(*expressions: Any, sets: Any = None) -> tuple[Rule, ...]:
    named = {"set": {**_WHERE, "name": "allowed", "elem": sets}}
    chain = {"chain": {**_WHERE, "name": "input"}}
    rule = {"rule": {**_WHERE, "chain": "input", "expr": list(expressions)}}
    (parsed,) = parse_nftables(_document(named, chain, rule))
    return parsed.rules


def _match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def _payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def _meta(key: str) -> dict[str, Any]:
    return {"meta": {"key": key}}


def test_a_base_chain_has_its_hook_priority_and_policy() -> None:
    chain = _chain(type="filter", hook="input", prio=-5, policy="drop")
    assert (chain.hook, chain.priority, chain.policy) == (Hook.INPUT, -5, Verdict.DROP)
    assert (chain.family, chain.table, chain.name) == ("inet", "filter", "input")
    other = _chain(hook="forward", prio="odd", dev=["eth0"])
    assert (other.hook, other.priority, other.devices) == (None, 0, ("eth0",))
    assert _chain(hook="ingress", dev="eth0").devices == ("eth0",)
    assert _chain(hook="ingress").devices == ()


def test_interfaces_that_only_the_text_tells_are_read_from_it() -> None:
    text = """table netdev t {
\tchain in {
\t\ttype filter hook ingress device "eth0" priority filter; policy accept;
\t}
\tchain out {
\t\ttype filter hook egress devices = { "eth0", "eth1.7" } priority 0;
\t}
\tchain odd {
\t}
}
"""
    assert parse_devices(text) == {
        ("t", "in"): ("eth0",),
        ("t", "out"): ("eth0", "eth1.7"),
    }
    assert parse_devices("chain\ntable netdev\n") == {}


@pytest.mark.parametrize(
    ("expression", "verdict", "target"),
    [
        ({"accept": None}, Verdict.ACCEPT, ""),
        ({"reject": {"type": "icmpx"}}, Verdict.DROP, ""),
        ({"jump": {"target": "x"}}, Verdict.JUMP, "x"),
        ({"goto": {"target": "x"}}, Verdict.GOTO, "x"),
        ({"xt": {"type": "target", "name": "REJECT"}}, Verdict.UNKNOWN, ""),
        ({"counter": {"packets": 0}}, Verdict.NOTHING, ""),
    ],
)
def test_verdicts(expression: dict[str, Any], verdict: Verdict, target: str) -> None:
    (rule,) = _rules(expression)
    assert (rule.verdict, rule.target, rule.matches) == (verdict, target, ())


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        (
            _match(
                _payload("ip", "daddr"), {"prefix": {"addr": "224.0.0.0", "len": 4}}
            ),
            [IPV4, Match("daddr", (ip_network("224.0.0.0/4"),))],
        ),
        (
            _match(
                _payload("ip", "daddr"), {"range": ["239.0.0.0", "239.1.0.0"]}, "!="
            ),
            [
                IPV4,
                Match(
                    "daddr",
                    ((ip_address("239.0.0.0"), ip_address("239.1.0.0")),),
                    negated=True,
                ),
            ],
        ),
        (
            _match(_payload("udp", "dport"), {"set": [53, {"range": [100, 200]}]}),
            [UDP, Match("dport", ((53, 53), (100, 200)))],
        ),
        (_match(_payload("th", "dport"), 7), [Match("dport", ((7, 7),))]),
        (
            _match(_payload("udp", "dport"), 1000, "<"),
            [UDP, Match("dport", ((0, 999),))],
        ),
        (_match(_payload("udp", "dport"), "x", ">"), [UDP, UNKNOWN]),
        (_match(_payload("udp", "dport"), 7, "^"), [UDP, UNKNOWN]),
        (_match(_payload("udp", "length"), 7), [UDP, UNKNOWN]),
        (_match(_payload("ip", "ttl"), 1), [IPV4, UNKNOWN]),
        (_match(_payload("ether", "saddr"), "x"), [UNKNOWN]),
        (_match(_payload("ether", "type"), "ip6"), [Match("ethertype", ("ip6",))]),
        (_match(_meta("protocol"), "ip"), [Match("ethertype", ("ip",))]),
        (
            _match({"&": [_payload("tcp", "flags"), "syn"]}, "syn"),
            [Match("proto", ("tcp",)), UNKNOWN],
        ),
        (
            _match(_payload("icmp", "type"), "echo-request"),
            [Match("proto", ("icmp",)), Match("type", ("echo-request",))],
        ),
        (
            _match(_payload("arp", "operation"), "request"),
            [Match("family", ("arp",)), UNKNOWN],
        ),
        (
            _match(_payload("ip", "protocol"), "igmp"),
            [IPV4, Match("proto", ("igmp",))],
        ),
        (
            _match(_payload("icmpv6", "type"), "mld-listener-query"),
            [
                Match("proto", ("ipv6-icmp",)),
                Match("type", ("mld-listener-query",)),
            ],
        ),
        (_match(_meta("iifname"), "eth*"), [Match("iif", ("eth*",))]),
        (_match(_meta("mark"), 1), [Match("mark", ((1, 1),))]),
        (
            _match({"&": [_meta("mark"), 32768]}, 32768),
            [Match("mark", ((32768, 32768),))],
        ),
        (_match({"&": [_meta("l4proto"), 1]}, 1), [UNKNOWN]),
        (_match({"&": []}, 1), [UNKNOWN]),
        (_match({"ct": {"key": "status"}}, "dnat", "in"), [Match("status", ("dnat",))]),
        (_match(_meta("iifname"), 5), [UNKNOWN]),
        (
            _match({"ct": {"key": "state"}}, ["established", "related"], "in"),
            [Match("state", ("established", "related"))],
        ),
        (_match({"ct": {"key": "mark"}}, 1), [UNKNOWN]),
        (
            _match({"fib": {"result": "type", "flags": ["daddr"]}}, "multicast"),
            [Match("dsttype", ("multicast",))],
        ),
        (_match({"fib": {"result": "oif", "flags": ["saddr"]}}, 0), [UNKNOWN]),
        (_match({"numgen": {"mode": "random"}}, 50, "<"), [UNKNOWN]),
        ({"limit": {"rate": 5}}, [UNKNOWN]),
        ({"xt": {"type": "match", "name": "pkttype"}}, [UNKNOWN]),
        (
            _match(_payload("ip", "saddr"), "@allowed"),
            [
                IPV4,
                Match("saddr", (ip_network("10.0.0.7/32"), ip_network("10.0.0.8/32"))),
            ],
        ),
        (_match(_payload("ip", "saddr"), "@elsewhere"), [IPV4, UNKNOWN]),
        (_match(_payload("ip", "saddr"), {"range": ["x"]}), [IPV4, UNKNOWN]),
    ],
)
def test_matches_become_questions(match: dict[str, Any], matches: list[Match]) -> None:
    sets = ["10.0.0.7", {"elem": {"val": "10.0.0.8", "timeout": 5}}]
    (rule,) = _rules(match, {"drop": None}, sets=sets)
    assert list(rule.matches) == matches
    assert rule.verdict is Verdict.DROP


def test_a_verdict_map_is_one_rule_for_each_line() -> None:
    data = {
        "set": [
            [53, {"accept": None}],
            [54, {"jump": {"target": "x"}}],
            [55],
            [56, {"odd": None}],
        ]
    }
    rules = _rules({"vmap": {"key": _payload("udp", "dport"), "data": data}})
    assert [one.verdict for one in rules] == [
        Verdict.ACCEPT,
        Verdict.JUMP,
        Verdict.UNKNOWN,
    ]
    assert rules[1].matches == (UDP, Match("dport", ((54, 54),)))
    assert rules[1].target == "x"


def test_a_rule_is_shown_nearly_as_it_was_written() -> None:
    expressions = [
        _match(_meta("iifname"), {"set": ["eth0", "wg*"]}),
        _match({"ct": {"key": "state"}}, ["established", "related"], "in"),
        _match(_payload("udp", "dport"), {"range": [1, 5]}, "!="),
        {"counter": {"packets": 1}},
        {"vmap": {"key": _meta("mark"), "data": {"set": [[1, {"accept": None}]]}}},
        {"jump": {"target": "x"}},
    ]
    assert words(expressions) == (
        "iifname { eth0, wg* } ct state established,related udp dport != 1-5 counter "
        "mark vmap { 1 : accept } jump x"
    )
    prefix = _match(_payload("ip", "daddr"), {"prefix": {"addr": "1.0.0.0", "len": 8}})
    assert words([prefix, {"drop": None}]) == "ip daddr 1.0.0.0/8 drop"
    assert len(words([{"drop": None}] * 100)) == MAX_WORDS
    assert words(["odd"]) == ""


def test_what_is_no_json_is_refused_and_what_is_odd_is_passed_over() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        parse_nftables("nothing")
    assert parse_nftables("[]") == ()
    assert parse_nftables(_document({"rule": {**_WHERE, "chain": "gone"}})) == ()


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["match", "left", "right", "op", "vmap", "set", "payload", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(_JUNK)
def test_junk_is_no_error(junk: Any) -> None:
    rule = {"rule": {**_WHERE, "chain": "input", "expr": junk}}
    chain = {"chain": {**_WHERE, "name": "input"}}
    assert len(parse_nftables(_document(chain, rule))) == 1
