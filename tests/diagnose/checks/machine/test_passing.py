from ipaddress import ip_address

import pytest

from groupwire.diagnose.checks.machine.passing import MAX_DEPTH, drops
from groupwire.diagnose.evidence.firewall.answers import address
from groupwire.diagnose.evidence.firewall.rules import (
    Chain,
    Firewall,
    Hook,
    Match,
    Rule,
    Verdict,
)

PACKET = {
    "family": "ipv4",
    "daddr": ip_address("239.1.1.1"),
    "proto": "udp",
    "dport": 5000,
    "sport": None,
}
DROP = Rule("drop", Verdict.DROP)
MAYBE = (Match(""),)


def _group(*, negated: bool = False) -> Match:
    network = address("239.0.0.0/8")
    assert network is not None
    return Match("daddr", (network,), negated)


def _chain(*rules: Rule, **fields: object) -> Chain:
    given = {"name": "input", "hook": Hook.INPUT, **fields}
    family = str(given.pop("family", "inet"))
    return Chain(tool="nft", family=family, table="t", rules=rules, **given)  # type: ignore[arg-type]


def _dropped(*chains: Chain, device: str = "eth0") -> list[tuple[str, bool]]:
    """Return the rules (or ``policy``) that drop, and whether that is sure."""
    found = drops(Firewall(chains=chains), PACKET, [Hook.INGRESS, Hook.INPUT], device)
    return [(one.rule.text if one.rule else "policy", one.sure) for one in found]


def test_no_rules_drop_nothing() -> None:
    assert _dropped() == []
    assert _dropped(_chain()) == []


def test_a_rule_that_applies_drops() -> None:
    assert _dropped(_chain(DROP)) == [("drop", True)]


def test_a_policy_drops_what_nothing_accepts() -> None:
    accept = Rule("ok", Verdict.ACCEPT, (Match("proto", ("igmp",)),))
    assert _dropped(_chain(accept, policy=Verdict.DROP)) == [("policy", True)]
    accept = Rule("ok", Verdict.ACCEPT, (_group(),))
    assert _dropped(_chain(accept, DROP, policy=Verdict.DROP)) == []


@pytest.mark.parametrize(
    ("match", "drops"),
    [
        (_group(), True),
        (_group(negated=True), False),
        (Match("dport", ((1, 9999),)), True),
        (Match("dport", ((1, 99),)), False),
        (Match("sport", ((1, 99),)), False),
        (Match("sport", ((1, 99),), negated=True), False),
        (Match("proto", ()), False),
    ],
)
def test_a_match_decides(match: Match, drops: bool) -> None:
    found = _dropped(_chain(Rule("drop", Verdict.DROP, (match,))))
    assert found == ([("drop", True)] if drops else [])


def test_what_is_not_understood_may_drop_and_may_not() -> None:
    assert _dropped(_chain(Rule("some", Verdict.DROP, MAYBE))) == [("some", False)]
    # The rest is as sure as before.
    some = Rule("some", Verdict.DROP, MAYBE)
    assert _dropped(_chain(some, DROP)) == [("some", False), ("drop", True)]


def test_what_may_accept_leaves_the_rest_unsure() -> None:
    accept = Rule("ok", Verdict.ACCEPT, MAYBE)
    found = _dropped(_chain(accept, policy=Verdict.DROP))
    assert found == [("policy", False)]
    returns = Rule("back", Verdict.RETURN, MAYBE)
    assert _dropped(_chain(returns, DROP)) == [("drop", False)]


def test_one_thing_known_to_differ_is_enough() -> None:
    both = (*MAYBE, _group(negated=True))
    assert _dropped(_chain(Rule("drop", Verdict.DROP, both))) == []


def test_logging_is_no_end_even_where_it_may_not_apply() -> None:
    for matches in ((), MAYBE):
        log = Rule("log", Verdict.NOTHING, matches)
        assert _dropped(_chain(log, DROP)) == [("drop", True)]


def test_an_unknown_verdict_leaves_the_rest_unsure() -> None:
    assert _dropped(_chain(Rule("queue", Verdict.UNKNOWN), DROP)) == [("drop", False)]


def test_jumps_lead_to_other_chains_and_back() -> None:
    jump = Rule("jump", Verdict.JUMP, target="wall")
    wall = _chain(DROP, name="wall", hook=None)
    assert _dropped(_chain(jump), wall) == [("drop", True)]
    back = _chain(Rule("back", Verdict.RETURN), DROP, name="wall", hook=None)
    assert _dropped(_chain(jump, policy=Verdict.DROP), back) == [("policy", True)]
    ok = _chain(Rule("ok", Verdict.ACCEPT), name="wall", hook=None)
    assert _dropped(_chain(jump, policy=Verdict.DROP), ok) == []


def test_a_goto_does_not_come_back() -> None:
    goto = Rule("goto", Verdict.GOTO, target="wall")
    wall = _chain(name="wall", hook=None)
    assert _dropped(_chain(goto, DROP), wall) == []
    found = _dropped(_chain(goto, DROP, policy=Verdict.DROP), wall)
    assert found == [("policy", True)]


def test_a_jump_that_may_not_be_made_makes_all_unsure() -> None:
    jump = Rule("jump", Verdict.JUMP, MAYBE, target="wall")
    wall = _chain(DROP, name="wall", hook=None)
    found = _dropped(_chain(jump, policy=Verdict.DROP), wall)
    assert found == [("drop", False), ("policy", False)]
    goto = Rule("goto", Verdict.GOTO, MAYBE, target="wall")
    logs = _chain(Rule("log", Verdict.NOTHING), name="wall", hook=None)
    assert _dropped(_chain(goto, DROP), logs) == [("drop", False)]


def test_a_jump_that_all_come_back_from_changes_nothing() -> None:
    jump = Rule("jump", Verdict.JUMP, MAYBE, target="wall")
    logs = _chain(Rule("log", Verdict.NOTHING), name="wall", hook=None)
    assert _dropped(_chain(jump, DROP), logs) == [("drop", True)]
    accepts = _chain(Rule("ok", Verdict.ACCEPT), name="wall", hook=None)
    assert _dropped(_chain(jump, DROP), accepts) == [("drop", False)]


def test_a_chain_that_is_not_there_and_a_circle_leave_it_unsure() -> None:
    nowhere = Rule("jump", Verdict.JUMP, target="gone")
    assert _dropped(_chain(nowhere, DROP)) == [("drop", False)]
    circle = Rule("jump", Verdict.JUMP, target="wall")
    wall = _chain(circle, name="wall", hook=None)
    found = _dropped(_chain(circle, policy=Verdict.DROP), wall)
    assert found == [("policy", False)]
    assert MAX_DEPTH == 16


def test_chains_are_passed_by_their_priority() -> None:
    late = _chain(Rule("late", Verdict.DROP), name="late", priority=10)
    early = _chain(Rule("early", Verdict.DROP), name="early", priority=-10)
    assert _dropped(late, early) == [("early", True), ("late", True)]


def test_other_families_hooks_and_interfaces_are_passed_over() -> None:
    six = _chain(DROP, family="ip6")
    out = _chain(DROP, hook=Hook.OUTPUT)
    other = _chain(DROP, family="netdev", hook=Hook.INGRESS, devices=("eth7",))
    assert _dropped(six, out, other) == []


def test_an_ingress_chain_of_an_unknown_interface_is_unsure() -> None:
    known = _chain(DROP, family="netdev", hook=Hook.INGRESS, devices=("eth0",))
    assert _dropped(known) == [("drop", True)]
    unknown = _chain(DROP, family="netdev", hook=Hook.INGRESS)
    assert _dropped(unknown) == [("drop", False)]


def test_ipv6_passes_chains_of_ip6() -> None:
    chain = _chain(DROP, family="ip6")
    packet = {**PACKET, "family": "ipv6"}
    (found,) = drops(Firewall(chains=(chain,)), packet, [Hook.INPUT], "eth0")
    assert found.chain is chain
