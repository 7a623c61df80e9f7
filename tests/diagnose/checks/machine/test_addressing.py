from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.diagnose.checks.moments import (
    ETH0,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.machine.addressing import Addressing
from groupwire.diagnose.evidence.surroundings import LinkFacts, Surroundings
from groupwire.diagnose.finding import Severity

CHECK = Addressing()


def _joined(*groups: str) -> Surroundings:
    joined = tuple(map(ip_address, groups))
    return moment(facts={2: LinkFacts(index=2, groups=joined)})


@pytest.mark.parametrize("group", ["239.255.42.99:10000", "[ff15::4242]:10000"])
def test_a_group_of_ones_own_is_fine(group: str) -> None:
    looked = CHECK.look(scene(question(group), _joined("224.0.0.251", "ff02::1")))
    assert (codes(looked), looked.unsure) == ([], ())


@pytest.mark.parametrize(
    ("group", "severity", "words"),
    [
        ("224.0.0.251:5353", Severity.WARNING, "mDNS"),
        ("224.0.0.77:5000", Severity.WARNING, "No router passes it on"),
        ("224.3.29.71:10000", Severity.INFO, "Assigned global space"),
        ("239.255.255.250:1900", Severity.WARNING, "SSDP"),
        ("[ff05::1:3]:547", Severity.WARNING, "DHCPv6"),
    ],
)
def test_what_belongs_to_others_is_told(
    group: str, severity: Severity, words: str
) -> None:
    finding = only(CHECK, scene(question(group)))
    assert (finding.code, finding.severity) == ("reserved-group", severity)
    assert words in finding.says


def test_a_group_of_a_link_needs_an_interface() -> None:
    asked = question("[ff12::4242]:10000")
    finding = only(CHECK, scene(asked))
    assert (finding.code, finding.severity) == ("ipv6-zone", Severity.ERROR)
    assert finding.fix == ("groupwire doctor -g '[ff12::4242%eth0]:10000'",)
    assert codes(CHECK.look(scene(replace(asked, named=True)))) == []
    down = question("[ff12::4242]:10000", links=(replace(ETH0, up=False),))
    assert "%eth0" in only(CHECK, scene(down)).fix[0]
    alone = only(CHECK, scene(question("[ff12::4242]:10000", links=())))
    assert alone.fix == ()
    assert "Here is none but loopback." in alone.says


def test_a_group_joined_beside_it_with_the_same_ethernet_address() -> None:
    finding = only(CHECK, scene(before=_joined("238.255.42.99", "224.0.0.1")))
    assert (finding.code, finding.severity) == ("mac-collision", Severity.INFO)
    assert "238.255.42.99" in finding.says


def test_the_same_ethernet_address_as_what_all_hear_comes_first() -> None:
    at = scene(question("239.128.0.1:5000"), _joined("224.0.0.1"))
    assert codes(CHECK.look(at))[1] == ("mac-collision", "warning")


def test_the_same_ethernet_address_as_what_all_hear() -> None:
    looked = CHECK.look(scene(question("239.128.0.1:5000")))
    assert codes(looked) == [("reserved-group", "info"), ("mac-collision", "warning")]
    assert "224.0.0.1" in looked.findings[1].says


def test_a_source_specific_group_without_its_source_is_left_open() -> None:
    looked = CHECK.look(scene(question("232.1.1.1:5000")))
    assert "SENDER@232.1.1.1:5000" in looked.unsure[0]
    assert CHECK.look(scene(question("10.0.0.7@232.1.1.1:5000"))).unsure == ()
