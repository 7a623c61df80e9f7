"""Addresses and interfaces on the screen."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, ip_address, ip_interface

import pytest

from groupwire.cli.render.looks import Seen, show_explanation, show_interfaces
from groupwire.cli.render.out import Out, Tone
from groupwire.net.links.memberships import Memberships
from groupwire.values import Interface
from groupwire.values.explanation import Explanation

Capture = pytest.CaptureFixture[str]

ETH0 = Interface(
    name="eth0",
    index=4,
    addresses=(ip_interface("10.0.0.7/24"), ip_interface("fe80::7/64")),
    up=True,
    carrier=True,
    multicast=True,
)
SEEN = Seen(
    ETH0,
    Memberships((ip_address("224.0.0.1"), ip_address("ff02::1")), igmp=3, mld=2),
    receives=True,
    sends=False,
)


def told(capsys: Capture) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_explanation_says_scope_assignment_reach_and_mac(capsys: Capture) -> None:
    show_explanation(Out(Tone()), Explanation(IPv4Address("239.255.42.99")))
    shown = capsys.readouterr().out
    for part in ("local", "RFC 2365", "Administratively Scoped", "01:00:5e:7f:2a:63"):
        assert part in shown
    assert "32 groups" in shown


def test_an_explanation_for_programs_has_all_that_collide(capsys: Capture) -> None:
    show_explanation(Out(Tone(json=True)), Explanation.parse("224.3.29.71:10000"))
    explanation, end = told(capsys)
    assert explanation["event"] == "explanation"
    assert explanation["mac"] == "01:00:5e:03:1d:47"
    assert len(explanation["collides_with"]) == 31  # type: ignore[arg-type]
    assert (explanation["port"], explanation["scope"]) == (10_000, "global")
    assert explanation["warnings"]
    assert (end["event"], end["explanations"]) == ("end", 1)


def test_warnings_stand_beside_the_facts(capsys: Capture) -> None:
    show_explanation(Out(Tone()), Explanation.parse("224.0.0.251"))
    shown = capsys.readouterr().out
    assert "used by" in shown
    assert "mDNS" in shown
    assert "warning" in shown


def test_interfaces_for_people_are_a_table(capsys: Capture) -> None:
    show_interfaces(Out(Tone()), [SEEN], ["receive on eth0"])
    shown, err = capsys.readouterr()
    head, first, second = (line.split() for line in shown.splitlines())
    assert head == ["interface", "#", "state", "mtu", "addresses", "groups", "joined"]
    assert first == ["eth0", "4", "up", "1500", "10.0.0.7/24", "224.0.0.1", "IGMPv3"]
    assert second == ["fe80::7/64", "ff02::1", "MLDv2"]
    assert err == "receive on eth0\n"


def test_interfaces_for_programs_are_a_line_each(capsys: Capture) -> None:
    show_interfaces(Out(Tone(json=True)), [SEEN, SEEN], [])
    first, _, end = told(capsys)
    assert first["event"] == "interface"
    assert first["name"] == "eth0"
    assert first["addresses"] == ["10.0.0.7/24", "fe80::7/64"]
    assert first["groups"] == ["224.0.0.1", "ff02::1"]
    assert (first["igmp_version"], first["mld_version"]) == (3, 2)
    assert (first["receives"], first["sends"], first["mtu_bytes"]) == (
        True,
        False,
        1500,
    )
    assert (end["event"], end["interfaces"]) == ("end", 2)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (ETH0, "up"),
        (replace(ETH0, carrier=False), "up, no carrier"),
        (replace(ETH0, up=False, carrier=False), "down"),
        (replace(ETH0, multicast=False), "up, no multicast"),
        (replace(ETH0, multicast=False, loopback=True), "up, loopback"),
        (replace(ETH0, wireless=True), "up, wireless"),
        (replace(ETH0, point_to_point=True, kind="tun"), "up, point-to-point, tun"),
    ],
)
def test_flags_become_words(link: Interface, words: str) -> None:
    assert replace(SEEN, interface=link).state() == words.split(", ")
