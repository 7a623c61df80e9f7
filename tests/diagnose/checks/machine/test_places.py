from dataclasses import replace

import pytest
from tests.diagnose.checks.moments import (
    ETH0,
    ETH1,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.machine.places import Places
from groupwire.diagnose.evidence.surroundings import Place
from groupwire.diagnose.finding import Severity

CHECK = Places()


def test_a_machine_on_a_cable_is_fine() -> None:
    assert codes(CHECK.look(scene())) == []
    assert codes(CHECK.look(scene(question(send_by=None)))) == []


def test_a_wireless_interface_is_told_of_wherever_it_is_used() -> None:
    radio = replace(ETH1, name="wlan0", wireless=True)
    for asked in (question(links=(radio,)), question(send_by=radio)):
        finding = only(CHECK, scene(asked))
        assert (finding.code, finding.interface) == ("wireless", "wlan0")


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        (Place(container="Docker"), "container", "--network host"),
        (Place(container="Kubernetes", kubernetes=True), "container", "hostNetwork"),
        (Place(wsl=True), "container", "networkingMode=mirrored"),
        (Place(cloud="Hetzner Cloud"), "cloud", "at Hetzner Cloud"),
        (Place(cloud="Amazon EC2"), "cloud", "transit gateway"),
    ],
)
def test_what_to_do_instead_is_told(place: Place, code: str, words: str) -> None:
    finding = only(CHECK, scene(before=moment(place=place)))
    assert (finding.code, finding.severity) == (code, Severity.WARNING)
    assert words in finding.says


def test_a_container_with_an_interface_of_the_lan_is_only_good_to_know() -> None:
    real = question(links=(replace(ETH0, kind=""),))
    docker = moment(place=Place(container="Docker"))
    assert only(CHECK, scene(real, docker)).severity is Severity.INFO
    cloud = moment(place=Place(cloud="Scaleway"))
    assert only(CHECK, scene(real, cloud)).severity is Severity.WARNING
