"""Firewalls made on purpose: the rule that drops is found, and mended as printed."""

import shutil
import signal
import time

import pytest
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.diagnoses import (
    begin,
    diagnose,
    finish,
    found_and_mended,
)

_IP, _PORT = "239.255.42.99", 10_000


def _nft(host: Host, hook: str, rules: str, *, policy: str = "accept") -> None:
    text = f"type filter hook {hook} priority 0; policy {policy};\n{rules}\n"
    host.run("nft", "-f", "-", text=f"table inet wall {{\nchain c {{\n{text}}}\n}}\n")


@pytest.mark.parametrize(
    ("fault", "hook", "rules", "policy"),
    [
        ("nftables drops the group", "input", f"ip daddr {_IP} drop", "accept"),
        ("nftables drops multicast", "input", "meta pkttype multicast drop", "accept"),
        ("nftables drops IGMP", "input", "ip protocol igmp drop", "accept"),
        ("nftables drops own IGMP", "output", "meta l4proto igmp drop", "accept"),
        (
            "nftables drops what is sent",
            "output",
            f"udp dport {_PORT} reject",
            "accept",
        ),
        (
            "nftables drops all but the usual",
            "input",
            "ct state established,related accept\niif lo accept\ntcp dport 22 accept",
            "drop",
        ),
    ],
)
def test_nftables(
    lab: Laboratory, fault: str, hook: str, rules: str, policy: str
) -> None:
    (a,) = lab.segment(1)
    _nft(a, hook, rules, policy=policy)
    found_and_mended(a, fault, "firewall")


@pytest.mark.parametrize(
    ("fault", "table", "hook"),
    [
        (
            "nftables drops the group in a table named as iptables' own",
            "ip raw",
            "input",
        ),
        (
            "nftables drops the group as it comes in by the interface",
            "netdev wall",
            'ingress device "eth0"',
        ),
    ],
)
def test_nftables_elsewhere(lab: Laboratory, fault: str, table: str, hook: str) -> None:
    (a,) = lab.segment(1)
    chain = f"type filter hook {hook} priority 0; ip daddr {_IP} drop;"
    a.run("nft", "-f", "-", text=f"table {table} {{ chain c {{ {chain} }}; }}")
    found_and_mended(a, fault, "firewall")


def test_nftables_that_asks_what_nobody_can_know(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    _nft(a, "input", "udp length 20-200 drop")
    fault = "nftables drops by the length of a datagram"
    found_and_mended(a, fault, "firewall")


@pytest.mark.parametrize(
    ("fault", "rules"),
    [
        ("iptables drops the group", ["-A INPUT -d 224.0.0.0/4 -j DROP"]),
        ("iptables drops IGMP", ["-A INPUT -p igmp -j DROP"]),
        ("iptables drops what is sent", ["-A OUTPUT -p udp --dport 10000 -j REJECT"]),
        (
            "iptables drops all but the usual",
            ["-P INPUT DROP", "-A INPUT -i lo -j ACCEPT", "-A INPUT -p tcp -j ACCEPT"],
        ),
        (
            "iptables drops multicast in a chain of its own",
            [
                "-N walls",
                "-A INPUT -j walls",
                "-A walls -m pkttype --pkt-type multicast -j DROP",
            ],
        ),
    ],
)
def test_iptables(lab: Laboratory, fault: str, rules: list[str]) -> None:
    (a,) = lab.segment(1)
    _need_iptables()
    for rule in rules:
        a.run("iptables", *rule.split())
    found_and_mended(a, fault, "firewall")


def test_iptables_of_the_older_kind(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    _need_iptables()
    a.run("iptables-legacy", "-A", "INPUT", "-d", "224.0.0.0/4", "-j", "DROP")
    found_and_mended(a, "iptables-legacy drops the group", "firewall")


@pytest.mark.parametrize(
    ("fault", "rules"),
    [
        ("nftables drops an IPv6 group", "ip6 daddr ff15::/16 drop"),
        ("nftables drops MLD", "icmpv6 type mld-listener-query drop"),
    ],
)
def test_nftables_for_ipv6(lab: Laboratory, fault: str, rules: str) -> None:
    (a,) = lab.segment(1)
    _nft(a, "input", rules)
    found_and_mended(a, fault, "firewall", "-g", "[ff15::4242]:10000")


def test_ip6tables(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    _need_iptables()
    rule = "-A INPUT -m pkttype --pkt-type multicast -j DROP"
    a.run("ip6tables", *rule.split())
    fault = "ip6tables drops multicast"
    found_and_mended(a, fault, "firewall", "-g", "[ff15::4242]:10000")


def _need_iptables() -> None:
    if shutil.which("iptables-legacy") is None:
        pytest.skip("there is no program iptables: apt-get install iptables")


def test_rules_that_may_drop_are_a_warning(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    _nft(a, "input", "ip saddr 10.0.0.0/8 accept\nip saddr 198.18.0.0/15 accept")
    _nft(a, "input", "udp dport 10000 limit rate over 5/second drop")
    diagnosed = diagnose(a)
    assert diagnosed.errors == set(), diagnosed
    assert diagnosed.finding("firewall")["sure"] == "possible"


def test_an_interrupted_doctor_tells_what_it_found_so_far(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    _nft(a, "input", f"ip daddr {_IP} drop")
    doctor = begin(a, "--listen", "60", "--soak", "1")
    doctor.line('"question"')
    a.wait_for(_IP)
    doctor.signal(signal.SIGINT)
    diagnosed = finish(doctor, time.monotonic())
    assert diagnosed.told.code == 130
    assert (diagnosed.errors, diagnosed.verdict) == ({"firewall"}, "broken")
    assert diagnosed.seconds < 5, diagnosed
