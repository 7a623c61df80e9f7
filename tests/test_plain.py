import pytest
from tests.ports import free_port

import groupwire
from groupwire.errors import AddressError, InterfaceError, UsageError
from groupwire.net import list_interfaces


@pytest.fixture
def group() -> str:
    return f"239.255.78.3%lo:{free_port()}"


def test_two_plain_sockets_talk_over_the_group(group: str) -> None:
    receiver = groupwire.receive_socket(group)
    sender, to = groupwire.send_socket(group)
    with receiver, sender:
        for sock in (receiver, sender):
            assert sock.getblocking() is False
            sock.settimeout(5)
        sender.sendto(b"hello", to)
        data, asker = receiver.recvfrom(100)
        assert data == b"hello"
        receiver.sendto(b"ack", asker)
        assert sender.recvfrom(100)[0] == b"ack"


def test_a_socket_that_has_joined_another_group_hears_nothing(group: str) -> None:
    other = group.replace("78.3", "78.4")
    with groupwire.receive_socket(other) as deaf:
        sender, to = groupwire.send_socket(group)
        with sender, groupwire.receive_socket(group) as receiver:
            sender.sendto(b"hello", to)
            receiver.settimeout(5)
            assert receiver.recv(100) == b"hello"
            with pytest.raises(BlockingIOError):
                deaf.recv(100)


def test_the_ttl_is_set_as_asked(group: str) -> None:
    import socket

    sender, to = groupwire.send_socket(group, ttl=7)
    with sender:
        ttl = sender.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL)
    assert (ttl, to) == (7, ("239.255.78.3", int(group.rpartition(":")[2])))


def test_what_cannot_be_opened_leaves_nothing_behind(group: str) -> None:
    with pytest.raises(InterfaceError):
        groupwire.receive_socket(group, interface="nowhere0")
    with pytest.raises(InterfaceError):
        groupwire.send_socket(group, interface="nowhere0")
    with pytest.raises(AddressError):
        groupwire.receive_socket("10.0.0.1:5000")


def test_what_takes_several_sockets_is_refused(
    monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    from groupwire import plain
    from groupwire.aio.opening import open_joined

    lo = next(i for i in list_interfaces() if i.name == "lo")

    def two(*args: object) -> object:
        sockets = open_joined(*args)  # type: ignore[arg-type]
        other = groupwire.Group.parse(group.replace("78.3", "78.9"))
        sockets.receiver.join(other, [lo])
        return sockets

    monkeypatch.setattr(plain, "open_joined", two)
    with pytest.raises(UsageError, match="2 interfaces"):
        groupwire.receive_socket(group)
