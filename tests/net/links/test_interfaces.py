import socket
import threading
from ipaddress import ip_interface
from pathlib import Path

import pytest
from tests.net.links.messages import address, link

from groupwire.net.links import interfaces, known_interfaces, list_interfaces
from groupwire.net.links.interfaces import (
    assemble,
    parse_wireless,
    route_interface,
    wireless_names,
)
from groupwire.net.links.netlink import LinkMessage, decode

WIRELESS = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   70.  -38.  -256        0      0      0      0      7        0
wlp2s0: 0000   50.  -60.  -256        0      0      0      0      0        0
"""
MULTICAST = 0x1000


def test_interfaces_are_put_together_by_index() -> None:
    raw = (
        link(2, "eth0", 0x10001 | MULTICAST, mtu=9000, kind="veth", master=7)
        + link(1, "lo", 0x10009)
        + address(2, "10.0.0.1/24")
        + address(2, "fe80::1/64")
        + address(2, "fe80::2/64", flags=0x40)
        + address(1, "127.0.0.1/8")
    )
    lo, eth0 = assemble(decode(raw), frozenset({"eth0"}))
    assert (lo.name, lo.loopback, lo.multicast, lo.wireless) == (
        "lo",
        True,
        False,
        False,
    )
    assert eth0.addresses == (ip_interface("10.0.0.1/24"), ip_interface("fe80::1/64"))
    assert (eth0.up, eth0.carrier, eth0.multicast, eth0.wireless) == (True,) * 4
    assert (eth0.mtu_bytes, eth0.kind, eth0.master) == (9000, "veth", 7)


def test_an_interface_that_is_up_may_lack_its_carrier() -> None:
    (eth0,) = assemble(decode(link(2, "eth0", 1 | 0x10)), frozenset())
    assert (eth0.up, eth0.carrier, eth0.point_to_point) == (True, False, True)


def test_wireless_interfaces_stand_in_proc() -> None:
    assert parse_wireless(WIRELESS) == {"wlan0", "wlp2s0"}
    assert parse_wireless("") == frozenset()


def test_wireless_interfaces_are_marked_in_sys_where_proc_has_no_table(
    tmp_path: Path,
) -> None:
    for name, mark, index in (
        ("wlan0", "phy80211", "3\n"),
        ("wlan1", "wireless", "4\n"),
        ("wlan2", "wireless", "77\n"),  # another namespace's
        ("eth0", "queues", "2\n"),
    ):
        (tmp_path / name / mark).mkdir(parents=True)
        (tmp_path / name / "ifindex").write_text(index)
    (tmp_path / "wlan3" / "phy80211").mkdir(parents=True)
    named = enumerate(("eth0", "wlan0", "wlan1", "wlan2", "wlan3", "gone"), 2)
    links = [LinkMessage(index, name, 0) for index, name in named]
    table = tmp_path / "wireless"
    assert wireless_names(links, table, tmp_path) == {"wlan0", "wlan1"}
    table.write_text(WIRELESS)
    assert "wlp2s0" in wireless_names(links, table, tmp_path)


def test_this_machine_has_a_loopback() -> None:
    found = {i.name: i for i in list_interfaces()}
    assert found["lo"].loopback
    assert found["lo"].index == socket.if_nametoindex("lo")


def test_without_netlink_names_and_indexes_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(interfaces.socket, "AF_NETLINK")
    assert {i.name for i in list_interfaces()} >= {"lo"}
    assert known_interfaces() == list_interfaces()
    assert route_interface("127.0.0.1") is None


def test_the_route_to_oneself_is_loopback() -> None:
    assert route_interface("127.0.0.1") == socket.if_nametoindex("lo")


def test_interfaces_are_listed_anew_only_after_a_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[bytes | OSError] = []

    class Ear:
        def __init__(self, *, routes: bool) -> None:
            assert routes

        def recv(self, size: int) -> bytes:  # noqa: ARG002
            told = said.pop() if said else BlockingIOError()
            if isinstance(told, OSError):
                raise told
            return told

        def close(self) -> None:
            pass

    monkeypatch.setattr(interfaces.netlink, "listening", Ear)
    monkeypatch.setattr(interfaces, "_local", threading.local())
    monkeypatch.setattr(interfaces, "LOOK_S", 0)
    first = known_interfaces()
    assert first == list_interfaces()
    assert known_interfaces() is first
    for news in (b"something", OSError(105, "some news were lost")):
        said.append(news)
        assert known_interfaces() is not first
        first = known_interfaces()
        assert known_interfaces() is first


def test_another_network_namespace_has_other_interfaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = known_interfaces()
    monkeypatch.setattr(interfaces, "_namespace", lambda: -1)
    assert known_interfaces() is here  # a look at every question would be dear
    monkeypatch.setattr(interfaces, "LOOK_S", 0)
    assert known_interfaces() is not here


def test_a_thread_that_ends_leaves_no_socket_behind() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(len(known_interfaces())))
    thread.start()
    thread.join()  # an unclosed socket would be a warning, and warnings are errors
    assert found[0] >= 1
