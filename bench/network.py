"""Private wires: a namespace with nothing but loopback, and hosts on one switch.

Nothing measured here leaves the machine. As root (or where the system lets a user make
namespaces) the whole bench lives in a network namespace of its own and hosts are
namespaces on a bridge; elsewhere everything runs on this host's loopback, and says so.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Host", "Lan", "Network", "enter", "index_of", "open_network"]

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


@dataclass(frozen=True, slots=True)
class Host:
    """Where a process of the bench runs: a namespace and its way to the others.

    ``namespace`` is a descriptor of the bench's own process, None where it lives.
    """

    interface: str
    address: str
    namespace: int | None = None

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.namespace}"


class Lan:
    """Hosts on one switch; without ``switch`` all are this host's loopback."""

    def __init__(self, hosts: list[Host], switch: int | None) -> None:
        self.hosts = hosts
        self._switch = switch

    def behind_a_wire(self) -> tuple[Host, Host | None]:
        """Return one more host, and the wire that alone connects it to the switch.

        The wire is a host with the interfaces ``near`` and ``far``; what is to cross
        has to be carried from one to the other by a process there.
        """
        if self._switch is None:
            return self.hosts[0], None
        host = Host("eth0", "10.77.1.1", _make_namespace())
        wire = Host("near", "", _make_namespace())
        with _entered(host.namespace):
            _ip(f"link add eth0 type veth peer name near netns {wire.path}")
        with _entered(self._switch):
            _ip(
                f"link add wire type veth peer name far netns {wire.path}",
                "link set wire master switch up",
            )
        with _entered(wire.namespace):
            _ip("link set near up", "link set far up")
        _set_up(host)
        with _entered(host.namespace):
            _ip(*(_neighbour(number + 1) for number in range(len(self.hosts))))
        return host, wire


class Network:
    """Where one run of the bench takes place."""

    def __init__(self, *, private: bool) -> None:
        self.private = private
        self.loopback = Host("lo", "127.0.0.1")

    @property
    def where(self) -> str:
        if self.private:
            return "network namespaces of its own"
        return "the loopback of this host: no right to make network namespaces"

    def lan(self, count: int) -> Lan:
        """Return ``count`` new hosts on a switch of their own."""
        if not self.private:
            return Lan([self.loopback] * count, None)
        switch = _make_switch()
        hosts = [_plug_in(switch, number) for number in range(1, count + 1)]
        return Lan(hosts, switch)


def open_network() -> Network:
    """Move this process into a network namespace of its own, if the system allows."""
    user, group = os.getuid(), os.getgid()
    try:
        _unshare(_NEW_NET if user == 0 else _NEW_USER | _NEW_NET)
        if user:
            _become_root(user, group)
        _ip("link set lo up")
    except OSError:
        return Network(private=False)
    return Network(private=True)


def _become_root(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _plug_in(switch: int, number: int) -> Host:
    host = Host("eth0", f"10.77.0.{number}", _make_namespace())
    with _entered(switch):
        _ip(
            f"link add p{number} type veth"
            f" peer name eth0 address {_mac(number)} netns {host.path}",
            f"link set p{number} master switch up",
        )
    _set_up(host)
    return host


def _set_up(host: Host) -> None:
    with _entered(host.namespace):
        _ip(
            "link set lo up",
            f"addr add {host.address}/16 dev {host.interface}",
            f"link set {host.interface} up",
            f"route add 224.0.0.0/4 dev {host.interface}",
        )


def _mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def _neighbour(number: int) -> str:
    """Say where a host is, so that nothing but the measured traffic has to cross."""
    mac = _mac(number)
    return f"neigh add 10.77.0.{number} lladdr {mac} dev eth0 nud permanent"


def _make_switch() -> int:
    switch = _make_namespace()
    with _entered(switch):
        # Without snooping every port gets every group: no querier is needed.
        _ip("link add switch type bridge mcast_snooping 0", "link set switch up")
    return switch


def _make_namespace() -> int:
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        _unshare(_NEW_NET)
        return os.open("/proc/self/ns/net", os.O_RDONLY)
    finally:
        enter(home)
        os.close(home)


@contextmanager
def _entered(namespace: int | None) -> Iterator[None]:
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if namespace is not None:
            enter(namespace)
        yield
    finally:
        enter(home)
        os.close(home)


def enter(namespace: int) -> None:
    """Move this thread into the network namespace of a descriptor."""
    _checked(_libc().setns(namespace, _NEW_NET))


def _unshare(flags: int) -> None:
    _checked(_libc().unshare(flags))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _ip(*commands: str) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise OSError(done.stderr.strip())


def index_of(interface: str) -> int:
    """Return an interface's number in this process's namespace."""
    return socket.if_nametoindex(interface)
