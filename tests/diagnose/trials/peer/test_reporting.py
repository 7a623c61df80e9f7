import socket
import struct
from collections import defaultdict
from ipaddress import IPv4Address, IPv6Address
from typing import Self

import pytest
from tests.diagnose.checks.trials.scenes import ETH0, LO
from tests.diagnose.trials.wire.test_membership import ip4

from groupwire.diagnose.trials.peer import reporting
from groupwire.diagnose.trials.peer.reporting import igmp_report, report
from groupwire.diagnose.trials.wire.membership import ReportPacket, parse_membership
from groupwire.net.links.memberships import Memberships

GROUP = IPv4Address("239.255.42.99")


def checksum(packet: bytes) -> int:
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    return (total & 0xFFFF) + (total >> 16)


@pytest.mark.parametrize(
    ("version", "to"), [(1, str(GROUP)), (2, str(GROUP)), (3, "224.0.0.22")]
)
def test_a_report_speaks_the_version_in_force(version: int, to: str) -> None:
    packet, where = igmp_report(GROUP, version)
    found = parse_membership(ip4(packet))
    assert isinstance(found, ReportPacket)
    assert (found.version, where) == (max(version, 2), to)
    assert GROUP.packed in packet
    assert checksum(packet) == 0xFFFF


class Raw:
    """A raw socket that only notes what it is told to send."""

    def __init__(self, sent: list[tuple[bytes, tuple[str, int]]]) -> None:
        self.sent = sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def setsockopt(self, *_: object) -> None: ...

    def sendto(self, packet: bytes, to: tuple[str, int]) -> None:
        self.sent.append((packet, to))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, tuple[str, int]]]:
    sent: list[tuple[bytes, tuple[str, int]]] = []
    monkeypatch.setattr(reporting.socket, "socket", lambda *_: Raw(sent))
    known = defaultdict(Memberships, {ETH0.index: Memberships((GROUP,), igmp=2)})
    monkeypatch.setattr(reporting, "read_memberships", lambda _: known)
    return sent


def test_only_what_is_joined_is_reported(
    sent: list[tuple[bytes, tuple[str, int]]],
) -> None:
    report(GROUP, [LO, ETH0])
    report(IPv4Address("239.1.1.1"), [ETH0])
    report(IPv6Address("ff15::1"), [ETH0])
    assert sent == [(igmp_report(GROUP, 2)[0], (str(GROUP), 0))]


def test_without_the_right_nothing_happens(
    sent: list[tuple[bytes, tuple[str, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refuse)
    report(GROUP, [ETH0])
    assert sent == []
