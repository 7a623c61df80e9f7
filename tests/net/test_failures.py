"""The kernel's numbers in words: every text says what to change."""

import errno
import os
import sys

import pytest

from groupwire.errors import (
    InterfaceError,
    MachineError,
    MembershipLimitError,
    NoRouteError,
    NotPermittedError,
    PortInUseError,
)
from groupwire.net.failures import (
    bind_failure,
    join_failure,
    send_failure,
    socket_failure,
)
from groupwire.values import Group

GROUP = Group.parse("239.255.42.99:10000")
GROUP6 = Group.parse("[ff15::4242]:10000")


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.EMFILE, "ulimit -n"),
        (errno.EAGAIN, "ip_local_port_range"),
        (errno.ENFILE, "ulimit -n"),
        (errno.EAFNOSUPPORT, "disable_ipv6=0"),
        (errno.EIO, ""),
    ],
)
def test_no_socket(number: int, fix: str) -> None:
    assert fix in socket_failure(error(number)).fix


@pytest.mark.parametrize(
    ("number", "kind", "fix"),
    [
        (errno.EADDRINUSE, PortInUseError, "ss -ulpn 'sport = :10000'"),
        (errno.EACCES, NotPermittedError, "from 1024 on"),
        (errno.EADDRNOTAVAIL, MachineError, "disable_ipv6=0"),
        (errno.EIO, MachineError, ""),
    ],
)
def test_no_port(number: int, kind: type[MachineError], fix: str) -> None:
    failure = bind_failure(error(number), GROUP)
    assert type(failure) is kind
    assert fix in failure.fix


@pytest.mark.parametrize(
    ("number", "kind", "fix"),
    [
        (errno.ENOBUFS, MembershipLimitError, "igmp_max_memberships"),
        (errno.ENOMEM, MembershipLimitError, "igmp_max_msf"),
        (errno.ENODEV, InterfaceError, "groupwire interfaces"),
        (errno.EADDRNOTAVAIL, InterfaceError, "groupwire interfaces"),
        (errno.EIO, MachineError, ""),
    ],
)
def test_no_membership(number: int, kind: type[MachineError], fix: str) -> None:
    failure = join_failure(error(number), GROUP, "eth0")
    assert type(failure) is kind
    assert "239.255.42.99 on eth0" in failure.problem
    assert fix in failure.fix


@pytest.mark.parametrize(
    ("number", "kind", "fix"),
    [
        (errno.ENETUNREACH, NoRouteError, "ip route add 224.0.0.0/4 dev eth0"),
        (errno.EINVAL, NoRouteError, "ip route add"),
        (errno.EPERM, NotPermittedError, "nft list ruleset"),
        (errno.ENETDOWN, InterfaceError, "ip link set eth0 up"),
        (errno.ENODEV, InterfaceError, "ip link set eth0 up"),
        (errno.EMSGSIZE, MachineError, "send less"),
        (errno.EHOSTUNREACH, MachineError, ""),
    ],
)
def test_no_sending(number: int, kind: type[MachineError], fix: str) -> None:
    failure = send_failure(error(number), GROUP, "eth0")
    assert type(failure) is kind
    assert fix in failure.fix


def test_no_sending_by_ipv6() -> None:
    failure = send_failure(error(errno.ENETUNREACH), GROUP6, "eth0")
    assert "ff00::/8 table local dev eth0" in failure.fix
    failure = send_failure(error(errno.ENETUNREACH), GROUP6, "lo")
    assert "no IPv6 multicast on loopback" in failure.problem


def test_macos_asks_for_the_local_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    failure = send_failure(error(errno.EHOSTUNREACH), GROUP, "en0")
    assert "Local Network" in failure.fix


def test_an_unknown_number_is_told_as_it_is() -> None:
    assert "(EIO)" in str(socket_failure(error(errno.EIO)))
    assert "(9999)" in str(socket_failure(OSError(9999, "strange")))
    assert "without a number" in str(socket_failure(OSError("without a number")))
