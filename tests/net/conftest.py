from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface

import pytest
from tests.ports import free_port

from groupwire.net import Aim, MulticastReceiver, MulticastSender
from groupwire.values import Datagram, Group, Interface


@pytest.fixture
def lo() -> Interface:
    return Interface(
        "lo",
        1,
        (IPv4Interface("127.0.0.1/8"), IPv6Interface("::1/128")),
        up=True,
        carrier=True,
        loopback=True,
        mtu_bytes=65_536,
    )


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def group(port: int) -> Group:
    return Group.parse(f"239.255.77.1:{port}")


@pytest.fixture
def receiver() -> Iterator[MulticastReceiver]:
    receiver = MulticastReceiver()
    yield receiver
    receiver.close()


@pytest.fixture
def sender(group: Group, lo: Interface) -> Iterator[MulticastSender]:
    sender = MulticastSender(Aim.at(group, [lo]))
    yield sender
    sender.close()


def payloads(datagrams: list[Datagram]) -> list[bytes]:
    return [d.data for d in datagrams]
