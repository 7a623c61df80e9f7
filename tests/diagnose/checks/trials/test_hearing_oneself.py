import errno
from dataclasses import replace

import pytest
from tests.diagnose.checks.trials.scenes import LO, codes, look, one, scene

from groupwire.diagnose.checks.trials import HearingOneself
from groupwire.diagnose.trials.seen import LoopbackSeen

HEARD = LoopbackSeen(interface="eth0", sent=1, heard=1, port=40_000)
DEAF = LoopbackSeen(interface="eth0", sent=3, own_port=False, port=10_000, waited_s=0.2)


def test_a_host_that_hears_itself_is_well() -> None:
    diagnosis = look(HearingOneself(), scene(HEARD))
    assert codes(diagnosis) == []
    assert not diagnosis.unsure


def test_where_nothing_was_tried_it_says_so() -> None:
    diagnosis = look(HearingOneself(), scene())
    assert codes(diagnosis) == []
    assert "no usable interface" in diagnosis.unsure[0]


def test_a_group_of_ipv6_with_nothing_but_loopback_is_left_open() -> None:
    asked = scene(group="[ff15::1]:5000")
    only_lo = replace(asked.question, about=(LO,))
    diagnosis = look(HearingOneself(), replace(asked, question=only_lo))
    assert "no IPv6 groups over loopback" in diagnosis.unsure[0]


def test_a_host_that_does_not_hear_itself_is_broken() -> None:
    found = one(look(HearingOneself(), scene(DEAF)))
    assert (found.code, found.severity.value) == ("loopback", "error")
    assert "3 datagrams to 239.255.42.99 on eth0" in found.evidence[0]
    assert "nft list ruleset or iptables-save" in found.says
    assert "firewall" in found.explained_by


def test_a_firewall_that_lets_only_the_groups_own_port_in_is_well() -> None:
    seen = LoopbackSeen(interface="eth0", sent=3, own_port=True)
    assert codes(look(HearingOneself(), scene(seen))) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
def test_what_the_system_forbids_to_send_is_a_firewall(number: int) -> None:
    seen = LoopbackSeen(interface="eth0", send_error=number, port=40_000)
    found = one(look(HearingOneself(), scene(seen)))
    assert (found.code, found.severity.value) == ("firewall", "error")
    assert errno.errorcode[number] in found.evidence[0]


@pytest.mark.parametrize(
    ("group", "key"),
    [
        ("239.1.1.1:5000", "igmp_max_memberships=200"),
        ("10.0.0.7@232.1.1.1:5000", "igmp_max_msf=64"),
    ],
)
def test_a_join_that_finds_no_room_names_the_limit(group: str, key: str) -> None:
    seen = LoopbackSeen(interface="eth0", join_error=errno.ENOBUFS)
    found = one(look(HearingOneself(), scene(seen, group=group)))
    assert found.code == "membership-limit"
    assert found.fix == (f"sudo sysctl -w net.ipv4.{key}",)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (LoopbackSeen(interface="eth0", join_error=errno.ENODEV), "ENODEV"),
        (LoopbackSeen(interface="eth0", send_error=errno.ENETUNREACH), "ENETUNREACH"),
        (LoopbackSeen(interface="eth0", send_error=-1), "error -1"),
    ],
)
def test_other_refusals_are_told_as_they_are(seen: LoopbackSeen, word: str) -> None:
    found = one(look(HearingOneself(), scene(seen)))
    assert (found.code, found.severity.value) == ("loopback", "warning")
    assert word in found.evidence[0]
