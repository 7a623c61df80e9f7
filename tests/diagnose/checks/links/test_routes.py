from dataclasses import replace
from ipaddress import IPv4Network

from tests.diagnose.checks.moments import (
    ETH0,
    ETH1,
    GROUP,
    LO,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.links.routes import Routes
from groupwire.diagnose.finding import Severity, Sureness
from groupwire.values import Interface

CHECK = Routes()
TUN = Interface("tun0", 7, ETH1.addresses, up=True, carrier=True, multicast=True)


def test_a_route_by_what_is_meant_is_fine() -> None:
    assert codes(CHECK.look(scene())) == []


def test_no_route_is_an_error_that_names_what_would_do() -> None:
    finding = only(CHECK, scene(before=moment(route=None)))
    assert (finding.code, finding.severity) == ("no-route", Severity.ERROR)
    assert "groupwire itself would take eth0" in finding.says
    assert finding.fix == ("sudo ip route replace 224.0.0.0/4 dev eth0",)


def test_with_several_interfaces_the_choice_is_left_to_who_knows() -> None:
    asked = question(links=(ETH0, ETH1), send_by=None)
    finding = only(CHECK, scene(asked, moment((ETH0, ETH1), route=None)))
    assert "Of eth0, eth1 take the one" in finding.says


def test_no_route_matters_less_where_the_interface_was_named() -> None:
    asked = question(named=True, send_by=None)
    finding = only(CHECK, scene(asked, moment(route=None)))
    assert finding.severity is Severity.WARNING
    assert "itself" not in finding.says


def test_no_route_is_good_to_know_where_there_is_only_loopback() -> None:
    at = scene(question(links=()), moment((), route=None))
    finding = only(CHECK, at)
    assert finding.severity is Severity.INFO
    assert finding.fix == ("sudo ip route replace 224.0.0.0/4 dev lo",)


def test_loopback_is_no_way_for_groups_of_ipv6() -> None:
    at = scene(question("[ff15::1]:5000", links=()), moment((), route=None))
    assert only(CHECK, at).fix == ()


def test_no_route_without_any_interface_has_no_command() -> None:
    down = replace(ETH0, up=False)
    at = scene(question(links=(down,)), moment(route=None, interfaces=(down,)))
    finding = only(CHECK, at)
    assert (finding.severity, finding.fix) == (Severity.ERROR, ())


def test_ipv6_gets_a_line_in_the_local_table() -> None:
    asked = question("[ff15::4242]:10000")
    (line,) = only(CHECK, scene(asked, moment(route=None))).fix
    assert line == ("sudo ip -6 route replace multicast ff00::/8 dev eth0 table local")


def test_a_tunnel_is_not_meant_where_another_is() -> None:
    finding = only(CHECK, scene(before=moment((ETH0, TUN), route=7)))
    assert (finding.code, finding.severity) == ("wrong-interface", Severity.ERROR)
    assert (finding.interface, finding.sure) == ("tun0", Sureness.LIKELY)
    assert finding.fix == ("sudo ip route replace 224.0.0.0/4 dev eth0",)


def test_the_very_line_that_decides_is_replaced() -> None:
    narrow = {GROUP.ip: IPv4Network("239.255.0.0/16")}
    machine = moment((ETH0, TUN), route=7, matched=narrow)
    assert only(CHECK, scene(before=machine)).fix == (
        "sudo ip route replace 239.255.0.0/16 dev eth0",
    )
    six = question("[ff15::4242]:10000")
    assert only(CHECK, scene(six, machine)).fix == (
        "sudo ip -6 route replace multicast ff15::4242/128 dev eth0 table local",
    )


def test_loopback_is_not_meant_either() -> None:
    finding = only(CHECK, scene(before=moment(route=LO.index)))
    assert "leads nowhere" in finding.says


def test_who_named_the_interface_is_only_warned() -> None:
    asked = question(named=True)
    finding = only(CHECK, scene(asked, moment((ETH0, TUN), route=7)))
    assert finding.severity is Severity.WARNING


def test_a_tunnel_that_was_named_or_is_all_there_is_is_fine() -> None:
    asked = question(links=(TUN,), named=True)
    assert codes(CHECK.look(scene(asked, moment((ETH0, TUN), route=7)))) == []
    down = question(links=(replace(ETH0, up=False),))
    assert codes(CHECK.look(scene(down, moment((TUN,), route=7)))) == []
