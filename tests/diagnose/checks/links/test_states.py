from dataclasses import replace
from ipaddress import ip_interface

import pytest
from tests.diagnose.checks.moments import (
    ETH0,
    ETH1,
    LO,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.links.states import LinkStates
from groupwire.diagnose.evidence.surroundings import LinkFacts
from groupwire.diagnose.finding import Severity
from groupwire.values import Interface

CHECK = LinkStates()
_NO_ROUTE = moment(route=None)


def _at(*links: Interface, **fields: object) -> list[tuple[str, str]]:
    return codes(CHECK.look(scene(question(links=links, **fields), moment(links))))


def test_a_good_interface_is_fine() -> None:
    assert _at(ETH0) == []


def test_loopback_alone_is_fine() -> None:
    assert _at() == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"up": False}, "interface-down"),
        ({"carrier": False}, "no-carrier"),
        ({"multicast": False}, "not-multicast"),
        ({"addresses": ()}, "no-address"),
    ],
)
def test_the_only_interface_is_an_error_and_one_of_two_a_warning(
    changed: dict[str, object], code: str
) -> None:
    link = replace(ETH0, **changed)
    assert _at(link) == [(code, "error")]
    assert _at(link, ETH1) == ([(code, "warning")] if link.addresses else [])
    assert _at(link, named=True) == [(code, "error")]


def test_one_of_two_that_was_never_given_an_address_is_of_no_concern() -> None:
    bare = replace(ETH0, addresses=(ip_interface("fe80::1/64"),))
    assert _at(bare, ETH1) == []
    six = replace(ETH0, addresses=(ip_interface("fd00::1/64"),))
    assert _at(six, ETH1) == [("no-address", "warning")]


def test_beside_a_good_one_no_route_is_given_to_another() -> None:
    down = replace(ETH0, up=False)
    finding = only(CHECK, scene(question(links=(down, ETH1)), _NO_ROUTE))
    assert finding.fix == ("sudo ip link set eth0 up",)


def test_a_kind_that_nobody_means_is_passed_over() -> None:
    link = Interface("ifb0", 9, kind="ifb")
    assert _at(link) == []


def test_an_interface_that_was_down_gets_a_route_too_where_none_is_left() -> None:
    down = replace(ETH0, up=False)
    finding = only(CHECK, scene(question(links=(down,)), _NO_ROUTE))
    assert finding.fix == (
        "sudo ip link set eth0 up",
        "sudo ip route replace 224.0.0.0/4 dev eth0",
    )
    finding = only(CHECK, scene(question(links=(down,))))
    assert finding.fix == ("sudo ip link set eth0 up",)


def test_an_odd_name_is_quoted() -> None:
    down = replace(ETH0, up=False, name="e 0;x")
    finding = only(CHECK, scene(question(links=(down,))))
    assert finding.fix == ("sudo ip link set 'e 0;x' up",)


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"wireless": True}, "wireless"), ({"kind": "bridge"}, "ports"), ({}, "cable")],
)
def test_what_is_at_the_other_end_depends(
    changed: dict[str, object], word: str
) -> None:
    link = replace(ETH0, carrier=False, **changed)
    finding = only(CHECK, scene(question(links=(link,))))
    assert word in finding.says
    assert finding.fix == ()


def test_an_address_that_anybody_may_take_is_offered() -> None:
    bare = replace(ETH0, addresses=(ip_interface("fe80::1/64"),))
    finding = only(CHECK, scene(question(links=(bare,)), _NO_ROUTE))
    assert finding.fix == (
        "sudo ip address add 169.254.16.238/16 dev eth0",
        "sudo ip route replace 224.0.0.0/4 dev eth0",
    )


def test_ipv6_that_is_off_is_switched_on() -> None:
    bare = replace(ETH0, addresses=())
    asked = question("[ff15::4242]:10000", links=(bare,))
    off = moment(facts={2: LinkFacts(index=2, ipv6=False)})
    assert only(CHECK, scene(asked, off)).fix == (
        "sudo sysctl -w net.ipv6.conf.eth0.disable_ipv6=0",
    )
    assert only(CHECK, scene(asked)).fix == ("sudo ip address add fd00::2/64 dev eth0",)


def test_an_address_on_trial_is_waited_for() -> None:
    bare = replace(ETH0, addresses=())
    asked = question("[ff15::4242]:10000", links=(bare,))
    pending = moment(facts={2: LinkFacts(index=2, ipv6_pending=True)})
    finding = only(CHECK, scene(asked, pending))
    assert (finding.severity, finding.fix) == (Severity.WARNING, ())
    assert "look again" in finding.says
    four = question(links=(bare,))
    assert only(CHECK, scene(four, pending)).severity is Severity.ERROR


def test_loopback_that_is_down_is_told_of() -> None:
    off = replace(LO, up=False)
    machine = moment(interfaces=(off, ETH0))
    assert only(CHECK, scene(before=machine)).severity is Severity.WARNING
    alone = scene(question(links=()), moment(interfaces=(off,)))
    finding = only(CHECK, alone)
    assert (finding.code, finding.severity) == ("interface-down", Severity.ERROR)
