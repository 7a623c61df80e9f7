from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from select import select

import pytest

from groupwire.errors import PortInUseError
from groupwire.net import MulticastReceiver, list_interfaces
from groupwire.net.unicast import Rehearsal, UnicastSocket
from groupwire.values import Datagram, Group, Interface, Origin


@pytest.fixture
def pair() -> Iterator[tuple[UnicastSocket, UnicastSocket]]:
    with ExitStack() as stack:
        one, other = (stack.enter_context(UnicastSocket(4)) for _ in range(2))
        yield one, other


def loopback() -> Interface:
    return next(link for link in list_interfaces() if link.loopback)


def heard(sock: UnicastSocket | MulticastReceiver) -> Datagram:
    watched = sock if isinstance(sock, UnicastSocket) else sock.sockets[0]
    assert select([watched], [], [], 5)[0]
    read = sock.read if isinstance(sock, UnicastSocket) else sock.receive
    (datagram,) = read()
    return datagram


@pytest.mark.parametrize(("version", "host"), [(4, "127.0.0.1"), (6, "::1")])
def test_what_is_sent_to_this_host_is_heard_with_its_facts(
    version: int, host: str
) -> None:
    with UnicastSocket(version) as one, UnicastSocket(version) as other:
        assert one.send_to(b"hello", Origin(host, other.port)) is None
        datagram = heard(other)
    assert datagram.data == b"hello"
    assert datagram.origin.host == host
    assert datagram.group == ip_address(host), "where it was sent to"
    assert datagram.interface == loopback().index
    assert datagram.ttl_hops == 64
    assert datagram.time is not None


def test_a_group_is_sent_to_by_the_interface_and_from_the_address_named() -> None:
    shared = UnicastSocket(4, shared=True)
    sender = UnicastSocket(4, ttl_hops=7)
    receiver, link = MulticastReceiver(), loopback()
    own = ip_address("127.0.0.1")
    group = Group.parse(f"239.255.78.8:{shared.port}")
    try:
        receiver.join(group, [link])
        assert sender.send_to_group(b"all", group, link.index, own) is None
        datagram = heard(receiver)
    finally:
        receiver.close()
        sender.close()
        shared.close()
    assert (datagram.data, datagram.ttl_hops) == (b"all", 7)
    assert datagram.origin.host == "127.0.0.1"


def test_a_port_has_one_owner_unless_it_is_shared() -> None:
    with UnicastSocket(4) as owner, pytest.raises(PortInUseError):
        UnicastSocket(4, owner.port)
    with UnicastSocket(4, shared=True) as one:
        UnicastSocket(4, one.port, shared=True).close()


def test_what_the_system_refuses_is_a_reason_and_counted(
    pair: tuple[UnicastSocket, UnicastSocket],
) -> None:
    assert pair[0].send_to(b"x", Origin("127.255.255.255", 9)) == "eacces"
    assert pair[0].send_to(b"x" * 70_000, Origin("127.0.0.1", 9)) == "emsgsize"
    assert dict(pair[0].dropped) == {"send-eacces": 1, "send-emsgsize": 1}
    nowhere = Group.parse("239.1.1.1:9")
    assert pair[0].send_to_group(b"x", nowhere, 1 << 20, None) is not None


def test_closing_twice_is_closing() -> None:
    sock = UnicastSocket(4)
    sock.close()
    sock.close()
    assert sock.fileno() == -1


def test_a_connected_one_sends_on_where_nobody_listens_yet() -> None:
    with UnicastSocket(4) as asking:
        with UnicastSocket(4) as other:
            to = Origin("127.0.0.1", other.port)
        assert asking.connect(to) is None
        before = asking.sent_at
        assert [asking.send(b"one"), asking.send(b"two")] == [None, None]
        with UnicastSocket(4, to.port) as listening:
            assert asking.send(b"three") is None
            assert select([listening], [], [], 1.0)[0]
            assert [found.data for found in listening.read()] == [b"three"]
        assert asking.sent_at > before


def test_a_host_that_says_that_nobody_listens_is_believed_until_somebody_does() -> None:
    with UnicastSocket(4) as asking:
        with UnicastSocket(4) as other:
            to = Origin("127.0.0.1", other.port)
        asking.connect(to)
        asking.send(b"one")
        assert select([asking], [], [], 1.0)[0]
        assert (asking.read(), asking.nobody_listens) == ([], True)
        with UnicastSocket(4, to.port) as listening:
            asking.send(b"two")
            listening.send_to(b"yes", heard(listening).origin)
            assert heard(asking).data == b"yes"
        assert not asking.nobody_listens


def test_who_cannot_be_connected_to_is_tried_again() -> None:
    with UnicastSocket(4) as asking:
        everybody = Origin("127.255.255.255", 9)  # not allowed without more
        assert asking.connect(everybody) == "eacces"
        assert asking.send(b"one") == "eacces"
        assert asking.dropped == {"send-eacces": 2}


def test_what_is_too_large_for_a_datagram_is_a_reason() -> None:
    with UnicastSocket(4) as asking:
        asking.connect(Origin("127.0.0.1", 9))
        assert asking.send(bytes(70_000)) == "emsgsize"


@pytest.mark.parametrize("version", [4, 6])
def test_a_rehearsal_hurts_nobody_however_often(version: int) -> None:
    rehearsal = Rehearsal(version)
    for _ in range(1000):
        rehearsal.send(bytes(1000))
    rehearsal.close()
    rehearsal.close()
    rehearsal.send(b"closed")
