import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest
from tests.diagnose.checks.trials.scenes import ETH0, LO
from tests.diagnose.trials.wire.test_membership import igmp, ip4, ip6, mld

from groupwire.diagnose.trials import tap
from groupwire.diagnose.trials.tap import (
    MEMBERSHIP_4,
    MEMBERSHIP_6,
    Tap,
    Tapped,
    udp_payload,
    udp_to,
)

GROUP4, GROUP6 = IPv4Address("224.0.0.1"), IPv6Address("ff02::1")
UDP4 = ip4(b"\0" * 8 + b"data", protocol=17, options=b"")
UDP6 = ip6(b"")[:6] + b"\x11" + ip6(b"")[7:40] + b"\0" * 8 + b"data"
IGMP, MLD = ip4(igmp(0x11, 1)), ip6(mld(130, 1))


def kept(
    tests: Sequence[tuple[int, int, int, int]], packets: list[bytes]
) -> list[bytes]:
    """Return what the kernel's filter lets through; it works on any socket."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        tap._attach(far, tests)
        far.setblocking(False)
        for packet in packets:
            near.send(packet)
        found: list[bytes] = []
        try:
            while True:
                found.append(far.recv(2048))
        except BlockingIOError:
            return found


@pytest.mark.parametrize(
    ("tests", "wanted"),
    [
        (udp_to(GROUP4), UDP4),
        (udp_to(GROUP6), UDP6),
        (MEMBERSHIP_4, IGMP),
        (MEMBERSHIP_6, MLD),
    ],
)
def test_the_kernel_keeps_only_the_packets_that_are_meant(
    tests: Sequence[tuple[int, int, int, int]], wanted: bytes
) -> None:
    assert kept(tests, [b"x", UDP4, UDP6, IGMP, MLD, b"\x45" * 60]) == [wanted]


def test_another_group_is_not_meant() -> None:
    assert kept(udp_to(IPv4Address("224.0.0.2")), [UDP4]) == []
    assert kept(udp_to(IPv6Address("ff02::2")), [UDP6]) == []


def test_the_payload_lies_behind_the_headers() -> None:
    assert udp_payload(UDP4) == (1, b"data")
    assert udp_payload(ip4(b"\0" * 8 + b"x", protocol=17)) == (1, b"x")
    assert udp_payload(UDP6) == (1, b"data")
    assert udp_payload(b"") == udp_payload(b"\x60") == (0, b"")
    assert udp_payload(b"\x45" * 27) == (0, b"")


class Wire:
    """A packet socket that has some packets."""

    def __init__(self, *packets: tuple[bytes, int]) -> None:
        self.packets = list(packets)
        self.open = True

    def recvfrom(self, _: int) -> tuple[bytes, tuple[str, int, int, int, bytes]]:
        if not self.packets:
            raise BlockingIOError
        packet, kind = self.packets.pop(0)
        return packet, ("eth0", 0x800, kind, 1, b"")

    def fileno(self) -> int:
        return 7

    def close(self) -> None:
        self.open = False


def test_a_tap_tells_which_way_packets_went(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire((b"in", 2), (b"out", 4), (b"looped", 5))
    monkeypatch.setattr(tap, "_opened", lambda *_: wire)
    one = Tap([ETH0], MEMBERSHIP_4)
    assert one.fileno() == 7
    assert one.read() == [
        Tapped(b"in", outgoing=False, interface="eth0"),
        Tapped(b"out", outgoing=True, interface="eth0"),
    ]
    one.close()
    assert not wire.open


def test_a_tap_passes_over_other_interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "_opened", lambda *_: Wire((b"in", 2)))
    assert Tap([LO], MEMBERSHIP_4).read() == []


def test_a_tap_reads_only_so_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(*[(b"in", 2)] * 100)
    monkeypatch.setattr(tap, "_opened", lambda *_: wire)
    assert len(Tap([ETH0], MEMBERSHIP_4).read()) == tap.MOST_AT_ONCE


@pytest.mark.parametrize("names", [["lo"], ["eth0", "lo"], []])
def test_a_tap_is_bound_to_one_interface_or_to_all(names: list[str]) -> None:
    try:
        with tap._opened(names, MEMBERSHIP_4) as sock:
            assert sock.getsockname()[0] == ("lo" if names == ["lo"] else "")
            assert sock.getsockname()[1] == 3
    except PermissionError:
        pytest.skip("only root may look at the wire")


def test_what_the_system_refuses_is_its_error() -> None:
    with socket.socket() as other, pytest.raises(OSError, match=r"rotocol|amily"):
        tap._bind_to_all(other)


def test_an_interface_that_is_not_there_cannot_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.close()
    monkeypatch.setattr(tap.socket, "socket", lambda *_: far)
    with pytest.raises((OSError, TypeError)):
        tap._opened(["eth0"], MEMBERSHIP_4)
    assert far.fileno() == -1
