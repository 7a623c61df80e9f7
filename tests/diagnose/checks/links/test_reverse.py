from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.diagnose.checks.moments import (
    ETH0,
    ETH1,
    GROUP,
    SETTINGS,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.links.reverse import ReversePath
from groupwire.diagnose.evidence.surroundings import (
    Counters,
    LinkFacts,
    Surroundings,
)
from groupwire.diagnose.finding import Severity, Sureness
from groupwire.diagnose.trials.came import Came

CHECK = ReversePath()
BOTH = (ETH0, ETH1)


def _machine(
    mode: int, of_all: int = 0, *, route: int | None = 2, **routes: int | None
) -> Surroundings:
    return moment(
        BOTH,
        facts={3: LinkFacts(index=3, rp_filter=mode)},
        settings=replace(SETTINGS, rp_filter=of_all),
        route=route,
        routes={"198.51.100.7": route, **routes},
    )


def _grown(machine: Surroundings, by: int = 4) -> Surroundings:
    return replace(machine, counters=Counters(reverse_path=by))


def test_off_is_fine() -> None:
    assert codes(CHECK.look(scene(question(links=BOTH), _machine(0)))) == []


def test_ipv6_has_no_such_thing() -> None:
    looked = CHECK.look(scene(question("[ff15::4242]:10000")))
    assert (looked.at, looked.findings) == (("rp_filter: IPv6 has none",), ())


def test_strict_with_the_way_back_elsewhere_is_a_warning() -> None:
    finding = only(CHECK, scene(question(links=BOTH), _machine(1)))
    assert (finding.severity, finding.sure) == (Severity.WARNING, Sureness.POSSIBLE)
    assert finding.fix == ("sudo sysctl -w net.ipv4.conf.eth1.rp_filter=2",)


def test_loose_with_a_way_back_is_fine() -> None:
    assert codes(CHECK.look(scene(question(links=BOTH), _machine(2)))) == []


def test_loose_without_a_way_back_is_a_warning() -> None:
    machine = _machine(2, route=None)
    finding = only(CHECK, scene(question(links=BOTH), machine))
    assert finding.fix == ("sudo sysctl -w net.ipv4.conf.eth1.rp_filter=0",)


def test_a_named_sender_may_come_in_by_the_other_interface() -> None:
    asked = question("198.51.100.7@232.1.1.1:5000", links=BOTH)
    finding = only(CHECK, scene(asked, _machine(1)))
    assert (finding.severity, finding.sure) == (Severity.WARNING, Sureness.POSSIBLE)
    assert finding.says.endswith("leaves by eth0. Those that come in by eth0 pass.")


def test_a_named_sender_with_another_way_back_is_an_error() -> None:
    asked = question("198.51.100.7@232.1.1.1:5000", links=BOTH, named=True)
    machine = _machine(1)
    finding = only(CHECK, scene(asked, machine))
    assert (finding.severity, finding.sure) == (Severity.ERROR, Sureness.LIKELY)
    assert "leaves by eth0" in finding.says
    finding = only(CHECK, scene(asked, machine, _grown(machine)))
    assert finding.sure is Sureness.CERTAIN
    assert "IPReversePathFilter 0 -> 4 (/proc/net/netstat)" in finding.evidence


def test_a_sender_seen_on_the_wire_counts_like_a_named_one() -> None:
    source = (ip_address("203.0.113.200"),)
    came = Came(interface="eth1", on_wire=7, sources=source, unheard=source)
    machine = _machine(1)
    finding = only(CHECK, scene(question(links=BOTH), machine, trials=[came]))
    assert finding.severity is Severity.ERROR
    assert "203.0.113.200" in finding.says


@pytest.mark.parametrize(
    "came",
    [
        Came(interface="eth1", on_wire=7, heard=7, sources=(ip_address("9.9.9.9"),)),
        Came(interface="eth0", on_wire=7, unheard=(ip_address("9.9.9.9"),)),
        Came(interface="eth1", sources=(ip_address("9.9.9.9"),)),
    ],
)
def test_a_sender_that_was_heard_or_elsewhere_counts_not(came: Came) -> None:
    at = scene(question(links=BOTH), _machine(1), trials=[came])
    assert only(CHECK, at).severity is Severity.WARNING


@pytest.mark.parametrize(
    ("came", "severity"),
    [
        (Came(interface="eth1", on_wire=0, reverse_path=4), Severity.WARNING),
        (Came(interface="eth1", on_wire=0, reverse_path=3), Severity.WARNING),
        (Came(interface="eth1", heard=5, tests=4), Severity.WARNING),
        (Came(interface="eth1", heard=4, tests=4), Severity.ERROR),
        (Came(interface="eth1"), Severity.ERROR),
        (Came(interface="eth0", on_wire=0), Severity.ERROR),
    ],
)
def test_what_was_no_datagram_of_the_group_is_a_warning(
    came: Came, severity: Severity
) -> None:
    machine = _machine(1)
    at = scene(question(links=BOTH), machine, _grown(machine), trials=[came])
    finding = only(CHECK, at)
    assert finding.severity is severity
    assert ("atagrams of this group" in finding.says) == (severity is Severity.WARNING)
    whole = "They were no datagrams of this group" in finding.says
    assert whole == (came.reverse_path == 4)


def test_neighbours_and_senders_whose_way_is_right_are_fine() -> None:
    near = question("198.18.2.9@232.1.1.1:5000", links=BOTH)
    assert codes(CHECK.look(scene(near, _machine(1))))[0][1] == "warning"
    right = question(links=BOTH, peer=ip_address("198.51.100.9"))
    machine = _machine(1, **{"198.51.100.9": 3})
    assert codes(CHECK.look(scene(right, machine)))[0][1] == "warning"


def test_no_way_back_takes_both_settings_off() -> None:
    asked = question("198.51.100.7@232.1.1.1:5000", links=BOTH)
    machine = _machine(0, 2, route=None)
    findings = CHECK.look(scene(asked, machine)).findings
    assert {one.interface for one in findings} == {"eth0", "eth1"}
    assert findings[1].fix == (
        "sudo sysctl -w net.ipv4.conf.all.rp_filter=0",
        "sudo sysctl -w net.ipv4.conf.eth1.rp_filter=0",
    )
    assert "is not known" in findings[0].says


def test_what_was_thrown_away_meanwhile_is_an_error() -> None:
    machine = _machine(1)
    finding = only(CHECK, scene(question(links=BOTH), machine, _grown(machine)))
    assert (finding.severity, finding.sure) == (Severity.ERROR, Sureness.LIKELY)
    assert (finding.interface, finding.fix) == (
        "eth1",
        ("sudo sysctl -w net.ipv4.conf.eth1.rp_filter=2",),
    )


def test_what_was_thrown_away_by_one_of_several_is_mended_on_all() -> None:
    machine = _machine(1, 1, route=None)
    finding = only(CHECK, scene(question(links=BOTH), machine, _grown(machine)))
    assert finding.interface is None
    assert finding.fix == (
        "sudo sysctl -w net.ipv4.conf.all.rp_filter=0",
        "sudo sysctl -w net.ipv4.conf.eth0.rp_filter=0",
        "sudo sysctl -w net.ipv4.conf.eth1.rp_filter=0",
    )


def test_a_counter_that_grows_with_the_filter_off_is_not_ours() -> None:
    machine = _machine(0)
    assert codes(CHECK.look(scene(question(GROUP), machine, _grown(machine)))) == []


def test_a_dot_in_a_name_is_written_as_sysctl_wants_it() -> None:
    vlan = replace(ETH1, name="eth1.100")
    machine = replace(_machine(1), interfaces=(ETH0, vlan))
    finding = only(CHECK, scene(question(links=(ETH0, vlan)), machine))
    assert finding.fix == ("sudo sysctl -w net/ipv4/conf/eth1.100/rp_filter=2",)
