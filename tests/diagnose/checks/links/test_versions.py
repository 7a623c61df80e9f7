from dataclasses import replace

import pytest
from tests.diagnose.checks.moments import (
    SETTINGS,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.links.versions import Versions
from groupwire.diagnose.evidence.surroundings import LinkFacts, Surroundings

CHECK = Versions()
_ANY, _ONE, _SSM = (
    "239.255.42.99:10000",
    "10.0.0.7@239.255.42.99:10000",
    "10.0.0.7@232.1.1.1:5000",
)


def _machine(**facts: int) -> Surroundings:
    return moment(facts={2: LinkFacts(index=2, **facts)})


@pytest.mark.parametrize(
    ("version", "group", "severity"),
    [
        (2, _ANY, "info"),
        (2, _ONE, "warning"),
        (2, _SSM, "error"),
        (1, _ANY, "warning"),
        (1, _SSM, "error"),
    ],
)
def test_an_old_querier_matters_more_where_a_sender_is_named(
    version: int, group: str, severity: str
) -> None:
    finding = only(CHECK, scene(question(group), _machine(igmp=version)))
    assert (finding.code, finding.severity.value) == (f"igmp-v{version}", severity)
    assert finding.fix == ()


def test_version_3_is_fine() -> None:
    assert codes(CHECK.look(scene(before=_machine(igmp=3)))) == []
    assert codes(CHECK.look(scene(before=_machine(igmp=3, force_igmp=3)))) == []


def test_a_setting_is_told_instead_of_the_querier() -> None:
    finding = only(CHECK, scene(before=_machine(igmp=2, force_igmp=2)))
    assert finding.code == "forced-igmp"
    assert finding.fix == ("sudo sysctl -w net.ipv4.conf.eth0.force_igmp_version=0",)


def test_a_setting_of_all_interfaces_is_taken_back_there() -> None:
    machine = moment(settings=replace(SETTINGS, force_igmp=1))
    finding = only(CHECK, scene(before=machine))
    assert finding.severity.value == "warning"
    assert finding.fix == ("sudo sysctl -w net.ipv4.conf.all.force_igmp_version=0",)


def test_mld_1_is_told_of_as_a_setting_alone() -> None:
    asked = question("[ff15::4242]:10000")
    finding = only(CHECK, scene(asked, _machine(mld=1, force_mld=1)))
    assert "MLD version 1" in finding.says
    assert finding.severity.value == "info"
    assert finding.fix == ("sudo sysctl -w net.ipv6.conf.eth0.force_mld_version=0",)
    assert codes(CHECK.look(scene(asked, _machine(mld=2, force_mld=2)))) == []
    of_all = moment(settings=replace(SETTINGS, force_mld=1))
    assert only(CHECK, scene(asked, of_all)).fix == (
        "sudo sysctl -w net.ipv6.conf.all.force_mld_version=0",
    )
