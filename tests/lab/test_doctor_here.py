"""Faults of one machine, made on purpose: found by their code, mended as printed."""

import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.lab.harness import Host, Laboratory, until
from tests.lab.harness.commands import receive
from tests.lab.harness.diagnoses import (
    begin,
    diagnose,
    finish,
    found,
    found_and_mended,
    mended,
    note,
    type_fix,
)

_IP, _PORT = "239.255.42.99", 10_000


# Health


def test_a_healthy_segment_has_no_error(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receive(b)
    for host in (a, b):
        mended(host)


def test_a_healthy_host_behind_a_router_has_no_error(lab: Laboratory) -> None:
    (near,), (far,) = lab.routed(2)
    mended(near, "--ttl", "2")
    mended(far)


def test_a_loopback_only_host_has_no_error(lab: Laboratory) -> None:
    mended(lab.lonely())


def test_ipv6_on_a_healthy_segment_has_no_error(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    mended(a, "-g", "[ff15::4242]:10000")


# Interfaces and routes


def test_no_route(lab: Laboratory) -> None:
    (a,) = lab.segment(1, gateway=False)
    found_and_mended(a, "no route for groups", "no-route")
    assert any("224.0.0.0/4" in line for line in a.run("ip", "route").splitlines())


def test_a_missing_route_matters_less_where_the_interface_is_named(
    lab: Laboratory,
) -> None:
    (a,) = lab.segment(1, gateway=False)
    diagnosed = diagnose(a, "-i", "eth0")
    assert diagnosed.finding("no-route")["severity"] == "warning"
    assert diagnosed.told.code == 0


def test_an_interface_that_is_down(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.link.down()
    found_and_mended(a, "the interface is switched off", "interface-down")


def test_an_interface_with_an_odd_name_that_is_down(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.link.down()
    a.ip("link set eth0 name e$(id).1;x")
    found_and_mended(a, "the interface `e$(id).1;x` is off", "interface-down")


def test_loopback_that_is_down(lab: Laboratory) -> None:
    host = lab.lonely()
    host.ip("link set lo down")
    found_and_mended(host, "loopback is switched off", "interface-down")


def test_no_carrier(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.link.unplug()
    until(lambda: not a.is_running("eth0"), "eth0 has no carrier")
    found("the cable is unplugged", "no-carrier", diagnose(a))
    a.link.plug()
    mended(a)


def test_an_interface_with_multicast_switched_off(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.ip("link set eth0 multicast off")
    found_and_mended(a, "multicast is off on the interface", "not-multicast")


def test_an_interface_without_an_address(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.ip("address flush dev eth0 scope global")
    found_and_mended(a, "the interface has no address", "no-address")


def test_ipv6_switched_off(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.sysctl("ipv6.conf.eth0.disable_ipv6", 1)
    found_and_mended(
        a, "IPv6 is switched off", "no-address", "-g", "[ff15::4242]:10000"
    )


def test_a_group_that_needs_an_interface(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    diagnosed = diagnose(a, "-g", "[ff12::4242]:10000")
    finding = found("an IPv6 link-local group, no interface", "ipv6-zone", diagnosed)
    assert finding["fix"] == ["groupwire doctor -g '[ff12::4242%eth0]:10000'"]
    mended(a, "-g", "[ff12::4242%eth0]:10000")


def test_a_route_by_a_tunnel(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.ip(
        "tuntap add dev tun0 mode tun",
        "link set tun0 up",
        "address add 10.9.0.2/24 dev tun0",
        "route add 224.0.0.0/4 dev tun0",
    )
    found_and_mended(a, "groups leave by a tunnel", "wrong-interface")


@pytest.mark.parametrize(
    ("fault", "commands"),
    [
        (
            "groups leave by a bridge for containers",
            [
                "link add docker0 type bridge",
                "link set docker0 up",
                "address add 172.17.0.1/16 dev docker0",
                "route add 239.0.0.0/8 dev docker0",
            ],
        ),
        ("groups leave by loopback", ["route add 224.0.0.0/4 dev lo"]),
    ],
)
def test_a_route_by_what_nobody_means(
    lab: Laboratory, fault: str, commands: list[str]
) -> None:
    (a,) = lab.segment(1)
    a.ip(*commands)
    found_and_mended(a, fault, "wrong-interface")


# rp_filter


@contextmanager
def _sending(host: Host, source: str, port: int = _PORT) -> Iterator[None]:
    """A neighbour sends to the group from an address of its own, all the time."""
    host.ip(f"address replace {source}/32 dev eth0")
    program = host.python(
        "-c",
        "import socket, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"s.bind(({source!r}, 0))\n"
        "s.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton"
        f"({host.v4!r}))\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        f"    s.sendto(b'x' * 100, ({_IP!r}, {port}))\n"
        "    time.sleep(0.02)\n",
    )
    program.line("ready")
    yield
    program.close()


def test_rp_filter_of_an_asymmetric_route(lab: Laboratory) -> None:
    host, _, right = lab.two_legged()
    host.sysctl("ipv4.conf.eth1.rp_filter", 1)
    with _sending(right, "198.51.100.7"):
        diagnosed = diagnose(host)
        finding = found("rp_filter strict, another way back", "rp-filter", diagnosed)
        assert (finding["interface"], finding["sure"]) == ("eth1", "certain")
        type_fix(host, diagnosed, "rp-filter")
        mended(host)
        host.python("-m", "groupwire", "receive", "--json").line('"message"')


def test_rp_filter_of_all_without_a_way_back(lab: Laboratory) -> None:
    a, b = lab.segment(2, gateway=False)
    a.ip("route add 224.0.0.0/4 dev eth0")
    a.sysctl("ipv4.conf.all.rp_filter", 2)
    with _sending(b, "198.51.100.7"):
        diagnosed = diagnose(a)
        found("rp_filter loose, no way back", "rp-filter", diagnosed)
        type_fix(a, diagnosed, "rp-filter")
        mended(a)
        a.python("-m", "groupwire", "receive", "--json").line('"message"')


def test_rp_filter_told_by_the_sender_that_is_named(lab: Laboratory) -> None:
    host, _, _ = lab.two_legged()
    host.sysctl("ipv4.conf.all.rp_filter", 1)
    options = ("-g", "198.51.100.7@232.1.1.1:5000", "-i", "eth1")
    diagnosed = diagnose(host, *options)
    found("rp_filter strict, the sender named", "rp-filter", diagnosed)
    type_fix(host, diagnosed, "rp-filter")
    mended(host, *options)


def test_rp_filter_on_an_interface_with_a_dot_in_its_name(lab: Laboratory) -> None:
    host, _, _ = lab.two_legged()
    host.ip("link set eth1 down", "link set eth1 name eth1.100", "link set eth1.100 up")
    with host:
        setting = "/proc/sys/net/ipv4/conf/eth1.100/rp_filter"
        with open(setting, "w") as file:
            file.write("1")
    options = ("-g", "198.51.100.7@232.1.1.1:5000", "-i", "eth1.100")
    diagnosed = diagnose(host, *options)
    assert diagnosed.errors == {"rp-filter"}, diagnosed
    type_fix(host, diagnosed, "rp-filter")
    mended(host, *options)


# Limits and sockets


def test_an_old_version_by_force(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.sysctl("ipv4.conf.all.force_igmp_version", 2)
    options = ("-g", "198.18.1.7@232.1.1.1:5000")
    fault = "IGMP version 2 by force, a named sender"
    found_and_mended(a, fault, "forced-igmp", *options)


def test_the_limit_of_memberships(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.sysctl("ipv4.igmp_max_memberships", 0)
    found_and_mended(a, "igmp_max_memberships is 0", "membership-limit")


def test_the_limit_of_sources(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.sysctl("ipv4.igmp_max_msf", 0)
    options = ("-g", "198.18.1.7@232.1.1.1:5000")
    found_and_mended(a, "igmp_max_msf is 0", "source-limit", *options)


def test_a_port_that_is_held_by_one_alone(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    selfish = a.python(
        "-c",
        "import socket, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"s.bind(('', {_PORT}))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n",
    )
    selfish.line("ready")
    diagnosed = diagnose(a)
    finding = found("another program holds the port", "other-listener", diagnosed)
    assert str(selfish.pid) in finding["says"]
    type_fix(a, diagnosed, "other-listener")
    selfish.finish()
    mended(a)


def test_listeners_that_share_the_port_are_told_of(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    with a.socket(socket.AF_INET) as one, a.socket(socket.AF_INET) as two:
        for shared in (one, two):
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            shared.bind(("", _PORT))
        diagnosed = diagnose(a)
    assert diagnosed.errors == set(), diagnosed
    finding = diagnosed.finding("other-listener")
    assert finding["severity"] == "warning"
    assert str(os.getpid()) in finding["says"]
    note("two programs share the port", finding, diagnosed.took_s)


@contextmanager
def _deaf_receiver(host: Host, buffer_bytes: int | None) -> Iterator[None]:
    """A program that has joined and reads nothing."""
    with host.socket(socket.AF_INET) as s:
        if buffer_bytes is not None:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((_IP, _PORT))
        with host:
            index = socket.if_nametoindex("eth0")
        join = struct.pack("@4s4si", socket.inet_aton(_IP), bytes(4), index)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, join)
        yield


def test_a_program_that_loses_datagrams(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    with _deaf_receiver(a, 4096), _flood(b):
        diagnosed = diagnose(a)
    finding = found("a program reads too slowly", "kernel-drops", diagnosed)
    assert str(os.getpid()) in finding["says"]
    mended(a)


def test_a_program_with_a_small_buffer(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    with _deaf_receiver(a, 4096):
        diagnosed = diagnose(a)
    assert diagnosed.errors == set(), diagnosed
    finding = diagnosed.finding("receive-buffer")
    assert finding["severity"] == "warning"
    note("a program asks for a small buffer", finding, diagnosed.took_s)


@contextmanager
def _flood(host: Host, size: int = 100) -> Iterator[None]:
    program = host.python(
        "-c",
        "import socket, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        f"    s.sendto(bytes({size}), ({_IP!r}, {_PORT}))\n"
        "    time.sleep(0.005)\n",
    )
    program.line("ready")
    yield
    program.close()


# Sizes


def test_an_mtu_below_that_of_the_neighbours(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    a.ip("link set eth0 mtu 1280")
    with _flood(b, size=1400):
        found_and_mended(a, "the MTU is smaller than the neighbours'", "mtu")


def test_ports_of_a_bridge_with_different_mtus(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.ip(
        "link add br0 type bridge",
        "link add p1 mtu 1500 type veth peer name q1",
        "link add p2 mtu 1280 type veth peer name q2",
        *(f"link set {port} master br0 up" for port in ("p1", "p2")),
        *(f"link set {port} up" for port in ("q1", "q2")),
        "address add 10.7.0.1/24 dev br0",
        "link set br0 up",
    )
    until(lambda: a.is_running("br0"), "br0 runs")
    found_and_mended(a, "ports of a bridge differ in MTU", "mtu", "-i", "br0")


# How long it takes


@pytest.mark.alone
def test_a_quick_run_ends_within_three_seconds(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    diagnosed = diagnose(a)
    # Beside the start of Python, which takes its time on a machine that is busy.
    assert diagnosed.told.end["took_s"] < 2, diagnosed


def test_an_interrupted_doctor_ends_with_its_end(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    doctor = begin(a, "--listen", "60")
    doctor.line('"question"')
    doctor.signal(signal.SIGINT)
    diagnosed = finish(doctor, time.monotonic())
    assert diagnosed.told.code == 130
    assert diagnosed.verdict == "inconclusive"
