import errno
import socket

import pytest

from groupwire.errors import (
    ClosedError,
    InterfaceError,
    MachineError,
    MessageTooLarge,
    NoRouteError,
    NotPermittedError,
    PortInUseError,
)
from groupwire.net import (
    Aim,
    MulticastReceiver,
    MulticastSender,
    SenderConfig,
    send_failure,
)
from groupwire.values import Group, Interface, Origin

from .conftest import payloads


def plain_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(5)
    return sock


def test_answers_come_back_to_the_socket_that_asked(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender.send(b"question")
    (question,) = receiver.receive()
    with plain_socket() as member:
        member.sendto(b"ack", (str(question.origin.ip), question.origin.port))
    (answer,) = sender.read(64)
    assert answer.data == b"ack"


def test_nobody_can_take_the_answers_port(sender: MulticastSender) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", sender.port))


def test_from_the_groups_port_members_are_answered_there_and_hear_nothing_twice(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo], SenderConfig(group_port=True)))
    sender.send(b"to all")
    (heard,) = receiver.receive()
    assert heard.origin.port == group.port
    assert sender.read(64) == []
    with plain_socket() as member:
        member.sendto(b"to one", (str(heard.origin.ip), heard.origin.port))
    assert payloads(sender.read(64)) == [b"to one"]
    assert receiver.receive() == []
    assert not sender.release()
    sender.close()


def test_the_groups_port_is_shared_with_who_shares_it_and_nobody_else(
    sender: MulticastSender, group: Group, lo: Interface
) -> None:
    aim = Aim.at(group, [lo], SenderConfig(group_port=True))
    one, two = MulticastSender(aim), MulticastSender(aim)
    assert one.port == two.port == group.port
    taken = Group.parse(f"{group.ip}:{sender.port}")
    with pytest.raises(PortInUseError, match=str(sender.port)):
        MulticastSender(Aim.at(taken, [lo], SenderConfig(group_port=True)))
    one.close()
    two.close()


def test_from_the_groups_port_other_peoples_groups_are_not_heard(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    other = Group.parse(f"239.255.77.2:{group.port}")
    receiver.join(other, [lo])
    sender = MulticastSender(Aim.at(group, [lo], SenderConfig(group_port=True)))
    stranger = MulticastSender(Aim.at(other, [lo]))
    stranger.send(b"for others")
    assert payloads(receiver.receive()) == [b"for others"]
    assert sender.read(64) == []
    stranger.close()
    sender.close()


@pytest.mark.parametrize("ttl", [0, 1, 128, 255])
def test_the_ttl_goes_out_as_asked(
    receiver: MulticastReceiver, group: Group, lo: Interface, ttl: int
) -> None:
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo], SenderConfig(ttl_hops=ttl)))
    sender.send(b"hops")
    assert [d.ttl_hops for d in receiver.receive()] == [ttl]
    sender.close()


def test_without_loopback_this_machine_does_not_hear(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo], SenderConfig(loopback=False)))
    sender.send(b"for others")
    # Loopback carries it as a link: only the copy of the stack is kept back.
    assert len(receiver.receive()) <= 1
    sender.close()


def test_several_ways_out_are_named_per_datagram(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo, lo]))
    assert sender.send(b"twice") == 5
    assert payloads(receiver.receive()) == [b"twice", b"twice"]
    sender.close()


def test_one_way_that_fails_does_not_stop_the_others(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    gone = Interface("gone7", 99_999, up=True, multicast=True)
    sender = MulticastSender(Aim.at(group, [lo, gone]))
    assert sender.send(b"once") == 4
    assert sender.dropped["interface-refused"] == 1
    assert payloads(receiver.receive()) == [b"once"]
    sender.close()


def test_a_sender_whose_only_way_is_gone_says_so(group: Group) -> None:
    gone = Interface("gone7", 99_999, up=True, multicast=True)
    with pytest.raises(MachineError, match="gone7"):
        MulticastSender(Aim.at(group, [gone]))


def test_all_ways_gone_is_an_error(group: Group, lo: Interface) -> None:
    gone = Interface("gone7", 99_999, up=True, multicast=True)
    sender = MulticastSender(Aim.at(group, [lo]))
    sender.aim([lo])
    sender._aim = Aim.at(group, [gone, gone])
    with pytest.raises(MachineError, match="gone7"):
        sender.send(b"nowhere")
    sender.close()


@pytest.mark.parametrize("size", [65_508, 1_000_000])
def test_a_message_that_no_datagram_carries_is_refused(
    sender: MulticastSender, size: int
) -> None:
    with pytest.raises(MessageTooLarge, match="65507"):
        sender.send(bytes(size))


def test_the_largest_datagram_arrives_whole(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender.send(bytes(65_507))
    assert [len(d.data) for d in receiver.receive()] == [65_507]


@pytest.mark.parametrize(
    ("address", "reason"),
    [("127.0.0.1:0", "einval"), ("127.255.255.255:9", "eacces")],
)
def test_a_strangers_address_never_raises(
    sender: MulticastSender, address: str, reason: str
) -> None:

    host, _, port = address.rpartition(":")
    assert sender.send_to(b"x", Origin(host, int(port))) == reason
    assert sender.dropped[f"send-{reason}"] == 1


def test_the_payload_limit_follows_the_mtu(
    sender: MulticastSender, lo: Interface
) -> None:
    assert sender.payload_limit == 65_507
    ethernet = Interface("lo", lo.index, lo.addresses, up=True, mtu_bytes=1500)
    sender.aim([ethernet])
    assert sender.payload_limit == 1472
    assert sender.interfaces == (ethernet,)


def test_a_system_default_buffer_is_left_alone(group: Group, lo: Interface) -> None:
    with plain_socket() as plain:
        default = plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    sender = MulticastSender(Aim.at(group, [lo], SenderConfig(receive_buffer_bytes=0)))
    assert sender.receive_buffer_bytes == default
    assert sender.kernel_drops == 0
    sender.close()


def test_a_closed_sender_says_so(sender: MulticastSender) -> None:
    sender.close()
    sender.close()
    with pytest.raises(ClosedError):
        sender.send(b"x")

    assert sender.send_to(b"x", Origin("127.0.0.1", 9)) == "closed"
    assert sender.kernel_drops == 0


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENETUNREACH, NoRouteError, "ip route add 224.0.0.0/4 dev eth0"),
        (errno.EPERM, NotPermittedError, "firewall"),
        (errno.ENETDOWN, InterfaceError, "ip link set eth0 up"),
        (errno.EMSGSIZE, MachineError, "larger"),
        (errno.EIO, MachineError, "EIO"),
    ],
)
def test_refusals_are_told_in_words_with_the_mend(
    group: Group, number: int, kind: type[MachineError], words: str
) -> None:
    failure = send_failure(OSError(number, "the system's words"), group, "eth0")
    assert type(failure) is kind
    assert words in str(failure)


def test_loopback_carries_no_ipv6_groups_and_says_so() -> None:
    group = Group.parse("[ff15::4242]:9")
    failure = send_failure(OSError(errno.ENETUNREACH, "x"), group, "lo")
    assert "IPv4" in str(failure)
    other = send_failure(OSError(errno.ENETUNREACH, "x"), group, "eth0")
    assert "ff00::/8" in str(other)


def test_a_released_sender_hears_nothing_until_it_sends_from_another_port(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    before = sender.port
    with plain_socket() as member:
        member.sendto(b"waits", ("127.0.0.1", before))
        assert sender.release()
        member.sendto(b"late", ("127.0.0.1", before))
        sender.send(b"next question")
        (question,) = receiver.receive()
        assert question.origin.port == sender.port not in {0, before}
        assert sender.read() == []
        member.sendto(b"ack", ("127.0.0.1", sender.port))
        assert payloads(sender.read()) == [b"ack"]


def test_what_cannot_be_released_says_so(
    group: Group, lo: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Group.parse(f"127.0.0.1@232.1.1.1:{group.port}")
    with_source = MulticastSender(Aim.at(source, [lo]))
    assert not with_source.release()  # it has to be bound to the source
    with_source.close()
    sender = MulticastSender(Aim.at(group, [lo]))
    monkeypatch.setattr("groupwire.net.batch.libc._connect", lambda: None)
    assert not sender.release()
    sender.close()
    monkeypatch.undo()
    assert not sender.release()  # it is closed


def test_no_port_left_is_a_failure_and_not_a_full_buffer(
    group: Group, lo: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = MulticastSender(Aim.at(group, [lo]))

    class Portless:
        def sendto(self, *_: object) -> int:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

        def getsockname(self) -> tuple[str, int]:
            return ("0.0.0.0", 0)

    with monkeypatch.context() as patch:
        patch.setattr(sender, "_socket", Portless())
        with pytest.raises(MachineError, match="no local port"):
            sender.send(b"x")
    sender.close()
