"""The kernel's error numbers in words, with the command that mends them."""

from __future__ import annotations

import errno
import sys

from groupwire.errors import (
    InterfaceError,
    MachineError,
    MembershipLimitError,
    NoRouteError,
    NotPermittedError,
    PortInUseError,
)
from groupwire.values import Group

__all__ = ["bind_failure", "join_failure", "send_failure", "socket_failure"]


def socket_failure(error: OSError) -> MachineError:
    """Say why no socket could be made."""
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return MachineError(
            "no more files can be opened", fix="raise the limit: ulimit -n 65536"
        )
    if error.errno in {errno.EAGAIN, errno.EADDRINUSE}:
        return MachineError(
            "no local port is left",
            fix="close sockets, or widen sysctl net.ipv4.ip_local_port_range",
        )
    if error.errno in {errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}:
        return MachineError(
            "this system has no IPv6",
            fix="use an IPv4 group, or enable IPv6: sysctl -w "
            "net.ipv6.conf.all.disable_ipv6=0",
        )
    return _other(error, "cannot open a socket")


def bind_failure(error: OSError, group: Group) -> MachineError:
    """Say why the group's port cannot be had."""
    if error.errno == errno.EADDRINUSE:
        return PortInUseError(
            f"port {group.port} is taken by a program that does not share it",
            fix=f"see who it is: ss -ulpn 'sport = :{group.port}', or use another port",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return NotPermittedError(
            f"port {group.port} may be opened by root only",
            fix="use a port from 1024 on",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return MachineError(
            f"this system has no address family for {group.ip}",
            fix="enable IPv6: sysctl -w net.ipv6.conf.all.disable_ipv6=0",
        )
    return _other(error, f"cannot bind to {group}")


def join_failure(error: OSError, group: Group, interface: str) -> MachineError:
    """Say why the group cannot be joined on ``interface``."""
    what = f"cannot join {group.ip} on {interface}"
    if error.errno in {errno.ENOBUFS, errno.ENOMEM}:
        return MembershipLimitError(
            f"{what}: the kernel's limit of groups or sources is reached",
            fix="raise it: sysctl -w net.ipv4.igmp_max_memberships=200 "
            "net.ipv4.igmp_max_msf=64",
        )
    if error.errno in {errno.ENODEV, errno.EADDRNOTAVAIL}:
        return InterfaceError(
            f"{what}: the interface is gone or has no address of this IP version",
            fix="see what is there: groupwire interfaces",
        )
    return _other(error, what)


def send_failure(error: OSError, group: Group, interface: str) -> MachineError:
    """Say why nothing can be sent to the group by ``interface``."""
    what = f"cannot send to {group.ip} by {interface}"
    if error.errno in {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EINVAL}:
        return _no_way_out(what, group, interface)
    if error.errno == errno.EHOSTUNREACH and sys.platform == "darwin":
        return NotPermittedError(
            f"{what}: macOS keeps this program from the local network",
            fix="allow it in System Settings > Privacy & Security > Local Network",
        )
    if error.errno in {errno.EPERM, errno.EACCES}:
        return NotPermittedError(
            f"{what}: a firewall on this machine forbids it",
            fix="look at its output rules: nft list ruleset",
        )
    if error.errno in {errno.ENETDOWN, errno.ENODEV, errno.ENXIO}:
        return InterfaceError(
            f"{what}: the interface is down or gone",
            fix=f"bring it up: ip link set {interface} up",
        )
    if error.errno == errno.EMSGSIZE:
        return MachineError(
            f"{what}: the message is larger than the system sends at once",
            fix="send less at a time",
        )
    return _other(error, what)


def _no_way_out(what: str, group: Group, interface: str) -> NoRouteError:
    if group.version == 6 and interface == "lo":
        # Measured on Linux 6.18: not even with a route for ff00::/8 by lo.
        return NoRouteError(
            f"{what}: Linux carries no IPv6 multicast on loopback",
            fix="use an IPv4 group on loopback, or another interface with -i",
        )
    whole = "224.0.0.0/4" if group.version == 4 else "multicast ff00::/8 table local"
    return NoRouteError(
        f"{what}: the system knows no way out",
        fix=f"give it one: ip route add {whole} dev {interface}, "
        "or name another interface with -i",
    )


def _other(error: OSError, what: str) -> MachineError:
    number = errno.errorcode.get(error.errno or 0, str(error.errno))
    return MachineError(f"{what}: {error.strerror or error} ({number})")
