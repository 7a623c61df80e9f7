import socket
import time
from dataclasses import replace

import pytest

from groupwire.errors import (
    AddressError,
    ClosedError,
    InterfaceError,
    MembershipLimitError,
    PortInUseError,
)
from groupwire.net import Aim, MulticastReceiver, MulticastSender, SenderConfig
from groupwire.net.batch.ring import Ring
from groupwire.net.options import LINUX
from groupwire.values import Group, Interface

from .batch.kernel import Arrival, MemoryKernel
from .conftest import payloads


def test_a_datagram_comes_with_its_facts(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender.send(b"hello")
    (datagram,) = receiver.receive()
    assert datagram.data == b"hello"
    assert (datagram.group, datagram.interface) == (group.ip, lo.index)
    assert datagram.ttl_hops == 1
    assert (str(datagram.origin.ip), datagram.origin.port) == (
        "127.0.0.1",
        sender.port,
    )
    assert datagram.time == pytest.approx(time.time(), abs=60)


def test_an_empty_datagram_is_a_datagram(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    sender.send(b"")
    assert payloads(receiver.receive()) == [b""]


def test_two_receivers_of_one_host_both_hear(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    other = MulticastReceiver()
    receiver.join(group, [lo])
    other.join(group, [lo])
    sender.send(b"both")
    assert payloads(receiver.receive()) == payloads(other.receive()) == [b"both"]
    other.close()


def test_other_groups_on_the_same_port_are_not_heard(
    receiver: MulticastReceiver, group: Group, lo: Interface, port: int
) -> None:
    neighbour = Group.parse(f"239.255.77.2:{port}")
    other = MulticastReceiver()
    other.join(neighbour, [lo])
    receiver.join(group, [lo])
    stranger = MulticastSender(Aim.at(neighbour, [lo]))
    stranger.send(b"not yours")
    assert receiver.receive() == []
    assert payloads(other.receive()) == [b"not yours"]
    stranger.close()
    other.close()


def test_unicast_to_the_port_is_not_heard(
    receiver: MulticastReceiver, group: Group, lo: Interface, port: int
) -> None:
    receiver.join(group, [lo])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"not the group", ("127.0.0.1", port))
    assert receiver.receive() == []


def test_a_source_specific_receiver_hears_its_source_only(
    receiver: MulticastReceiver, lo: Interface, port: int
) -> None:
    receiver.join(Group.parse(f"127.0.0.1@232.1.1.1:{port}"), [lo])
    for source in ("127.0.0.1", "127.0.0.2"):
        sender = MulticastSender(
            Aim.at(Group.parse(f"{source}@232.1.1.1:{port}"), [lo], SenderConfig())
        )
        sender.send(source.encode())
        sender.close()
    assert payloads(receiver.receive()) == [b"127.0.0.1"]


def test_any_group_may_be_filtered_by_source(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(Group.parse(f"127.0.0.9@{group}"), [lo])
    sender.send(b"from 127.0.0.1")
    assert receiver.receive() == []


def test_a_source_specific_group_needs_a_source(
    receiver: MulticastReceiver, lo: Interface, port: int
) -> None:
    with pytest.raises(AddressError, match="SOURCE@"):
        receiver.join(Group.parse(f"232.1.1.1:{port}"), [lo])


def test_a_hundred_groups_need_no_setting(
    receiver: MulticastReceiver, lo: Interface, port: int
) -> None:
    groups = [Group.parse(f"239.255.78.{n}:{port}") for n in range(100)]
    for group in groups:
        receiver.join(group, [lo])
    for group in groups:
        sender = MulticastSender(Aim.at(group, [lo]))
        sender.send(str(group.ip).encode())
        sender.close()
    heard = sorted(payloads(receiver.receive()))
    assert heard == sorted(str(g.ip).encode() for g in groups)


def test_twenty_five_sources_share_sockets_as_the_kernel_allows(
    receiver: MulticastReceiver, lo: Interface, port: int
) -> None:
    for n in range(25):
        receiver.join(Group.parse(f"127.0.0.{n + 1}@239.255.79.1:{port}"), [lo])
    assert 1 < len(receiver.sockets) < 25
    sender = MulticastSender(
        Aim.at(Group.parse(f"127.0.0.25@239.255.79.1:{port}"), [lo], SenderConfig())
    )
    sender.send(b"once")
    sender.close()
    assert payloads(receiver.receive()) == [b"once"]


def test_joining_twice_is_joining_once(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    receiver.join(group, [lo])
    sender.send(b"once")
    assert payloads(receiver.receive()) == [b"once"]


def test_a_group_that_was_left_is_not_heard(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    receiver.leave(receiver.memberships)
    sender.send(b"too late")
    assert receiver.receive() == []
    assert receiver.sockets == ()


def test_a_refreshed_membership_hears_on(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (membership,) = receiver.memberships
    assert receiver.refresh(membership)
    sender.send(b"still here")
    assert payloads(receiver.receive()) == [b"still here"]
    receiver.leave([membership])
    assert not receiver.refresh(membership)


def test_an_interface_that_is_gone_is_named_and_nothing_stays_joined(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    gone = Interface("gone7", 99_999, up=True, multicast=True)
    with pytest.raises(InterfaceError, match="gone7"):
        receiver.join(group, [lo, gone])
    assert receiver.memberships == ()
    assert receiver.sockets == ()


def test_a_port_held_by_another_program_is_told_with_its_number(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", group.port))
        with pytest.raises(PortInUseError, match=f"ss -ulpn.*{group.port}"):
            receiver.join(group, [lo])


def test_the_granted_buffer_is_read_back(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    assert receiver.receive_buffer_bytes == 0
    receiver.join(group, [lo])
    (sock,) = receiver.sockets
    granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert receiver.receive_buffer_bytes == granted > 0


def test_what_a_full_buffer_costs_is_counted(group: Group, lo: Interface) -> None:
    receiver = MulticastReceiver(receive_buffer_bytes=2048)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    for _ in range(50):
        sender.send(bytes(1000))
    heard = len(receiver.receive())
    assert heard < 50
    assert receiver.kernel_drops == 50 - heard
    receiver.close()
    assert receiver.kernel_drops == 50 - heard
    sender.close()


def test_a_flood_is_read_in_bounded_portions(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    for n in range(300):
        sender.send(n.to_bytes(2, "big"))
    portions = [receiver.receive(128) for _ in range(4)]
    assert [len(p) for p in portions] == [128, 128, 44, 0]
    assert [d.data for p in portions for d in p] == [
        n.to_bytes(2, "big") for n in range(300)
    ]


def test_coalesced_datagrams_know_their_segments(group: Group, lo: Interface) -> None:
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    row = b"".join(bytes([n]) * 1400 for n in range(10)) + b"tail"
    assert sender.send(row, 1400) == len(row)
    segments = [bytes(s) for d in receiver.receive() for s in d.segments()]
    assert [len(s) for s in segments] == [1400] * 10 + [4]
    assert b"".join(segments) == row
    receiver.close()
    sender.close()


@pytest.mark.parametrize("recvmmsg", [True, False], ids=["recvmmsg", "recvmsg"])
def test_what_comes_one_by_one_is_read_in_rows(
    recvmmsg: bool, group: Group, lo: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring()
    if not recvmmsg:
        ring._recvmmsg = None  # what a system without it has
    monkeypatch.setattr("groupwire.net.receiver.ring_of_this_thread", lambda: ring)
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    sent = [bytes([n]) * 1000 for n in range(10)] + [b"word", b"word", bytes(600)]
    for data in sent:
        sender.send(data)
    rows = receiver.receive()
    assert [row.count for row in rows] == [10, 1, 1, 1]
    assert [bytes(part) for row in rows for part in row.segments()] == sent
    assert {(row.group, row.interface, row.ttl_hops) for row in rows} == {
        (group.ip, lo.index, 1)
    }
    receiver.close()
    sender.close()


def test_rows_of_ipv6_are_of_the_joined_group_and_interface(
    lo: Interface, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Arrival(host="fe80::1", group="ff15::77", interface=lo.index)
    alien = replace(ours, interface=lo.index + 1)
    other = replace(ours, group="ff15::78")
    ring = Ring(MemoryKernel([ours] * 4 + [alien] * 3 + [other] * 2 + [ours] * 3))
    monkeypatch.setattr("groupwire.net.receiver.ring_of_this_thread", lambda: ring)
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(Group.parse(f"[ff15::77%lo]:{port}"), [lo])
    assert [row.count for row in receiver.receive(12)] == [4, 3]
    assert receiver.dropped["not-joined"] == 5
    receiver.close()


def test_a_flood_that_is_read_in_rows_leaves_nothing_for_the_next_wake_up(
    group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    (reader,) = receiver.readers
    sender = MulticastSender(Aim.at(group, [lo]))
    for number in (1, 300):
        for _ in range(number):
            sender.send(bytes(1000))
        assert sum(row.count for row in reader.read_some()) == number
    receiver.close()
    sender.close()


def test_a_wake_up_ends_though_all_that_comes_is_junk(
    group: Group, lo: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    junk = MemoryKernel([Arrival(group="239.255.77.2")] * 300)
    ring = Ring(junk)
    monkeypatch.setattr("groupwire.net.receiver.ring_of_this_thread", lambda: ring)
    receiver = MulticastReceiver(system=replace(LINUX, binds_to_group=False))
    receiver.join(group, [lo])
    assert receiver.receive(2) == []
    assert len(junk.waiting) == 297
    receiver.close()


def test_what_is_dropped_of_a_row_is_counted_one_by_one(
    group: Group, lo: Interface, port: int
) -> None:
    loose = replace(LINUX, binds_to_group=False)
    receiver = MulticastReceiver(coalesced=True, system=loose)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    for _ in range(3):
        sender.send(bytes(1000))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(5):
            stranger.sendto(bytes(1000), ("127.0.0.1", port))
    assert [row.count for row in receiver.receive()] == [3]
    assert receiver.dropped["not-joined"] == 5
    receiver.close()
    sender.close()


def test_a_system_that_cannot_bind_to_the_group_filters_by_packet_info(
    group: Group, lo: Interface, port: int
) -> None:
    loose = replace(LINUX, binds_to_group=False)
    receiver = MulticastReceiver(system=loose)
    receiver.join(group, [lo])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"not the group", ("127.0.0.1", port))
    assert receiver.receive() == []
    assert receiver.dropped["not-joined"] == 1
    receiver.close()


def test_closing_twice_is_closing_once(group: Group, lo: Interface) -> None:
    receiver = MulticastReceiver()
    receiver.join(group, [lo])
    receiver.close()
    receiver.close()
    with pytest.raises(ClosedError):
        receiver.join(group, [lo])


def test_the_kernels_last_limit_is_told_with_the_setting(
    receiver: MulticastReceiver,
    group: Group,
    lo: Interface,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(105, "No buffer space available")

    monkeypatch.setattr("groupwire.net.receiver._set", refuse)
    monkeypatch.setattr(MulticastReceiver, "_prepare", lambda *_: None)
    with pytest.raises(MembershipLimitError, match="igmp_max_memberships"):
        receiver.join(group, [lo])


def test_what_the_kernel_joined_is_taken_apart_again(
    group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True, whole=False)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    row = b"".join(bytes([n]) * 100 for n in range(30)) + b"tail"
    for _ in range(10):
        sender.send(row, 100)
    sender.send(b"alone")
    heard: list[bytes] = []
    while portion := receiver.receive(128):
        assert len(portion) < 128 + 64 * 31
        assert all(d.origin.port == sender.port for d in portion)
        heard += payloads(portion)
    parts = [row[at : at + 100] for at in range(0, len(row), 100)]
    assert heard == parts * 10 + [b"alone"]
    receiver.close()
    sender.close()


def test_wake_ups_that_find_one_each_read_one_and_then_look_for_more(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (reader,) = receiver.readers
    sender.send(b"first")
    assert payloads(reader.read_some()) == [b"first"]
    for n in range(40):
        sender.send(bytes([n]))
    portions: list[list[bytes]] = []
    while portion := payloads(reader.read_some()):
        portions.append(portion)
    assert [len(p) for p in portions] == [1] * 16 + [24]
    assert [data for p in portions for data in p] == [bytes([n]) for n in range(40)]


def test_a_row_that_comes_after_single_ones_ends_their_reading_one_by_one(
    group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    (reader,) = receiver.readers
    for _ in range(6):
        sender.send(b"alone")
        assert payloads(reader.read_some()) == [b"alone"]
    for _ in range(2):
        sender.send(b"alone")
    assert [row.count for row in reader.read_some()] == [1]
    sender.send(bytes(5000), 1000)
    sender.send(b"behind")
    assert [row.count for row in reader.read_some()] == [1]
    assert [row.count for row in reader.read_some()] == [5]
    for _ in range(2):
        sender.send(b"alone")
    assert sum(row.count for row in reader.read_some()) == 3
    receiver.close()
    sender.close()


def test_large_datagrams_are_read_a_few_at_a_time_until_small_ones_come(
    group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    (reader,) = receiver.readers
    sent = [bytes([n]) * 40_000 for n in range(12)]
    sender.send(sent[0])
    assert payloads(reader.read_some()) == sent[:1]
    for data in (*sent[1:11], b"word", sent[11]):
        sender.send(data)
    assert payloads(reader.read_some()) == sent[1:9]
    assert payloads(reader.read_some()) == [*sent[9:11], b"word", sent[11]]
    sender.send(b"word")
    assert payloads(reader.read_some()) == [b"word"]
    for n in range(20):
        sender.send(bytes([n]))
    assert len(reader.read_some()) == 20
    receiver.close()
    sender.close()


def test_where_few_are_large_the_others_are_read_in_rows(
    group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    (reader,) = receiver.readers
    sender.send(bytes(40_000))
    reader.read_some()
    sent = [bytes([n]) * (40_000 if n % 7 == 6 else 1400) for n in range(56)]
    for data in sent:
        sender.send(data)
    few, rest = reader.read_some(), reader.read_some()
    assert payloads(few) == [b"".join(sent[:6]), *sent[6:8]]
    assert few[0].segment_bytes == 1400
    assert len(rest) == 14
    assert b"".join(payloads(rest)) == b"".join(sent[8:])
    receiver.close()
    sender.close()


def test_large_datagrams_for_another_group_are_dropped_where_the_system_lets_them_in(
    group: Group, lo: Interface, port: int
) -> None:
    strict = replace(LINUX, binds_to_group=False)
    receiver = MulticastReceiver(coalesced=True, system=strict)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    (reader,) = receiver.readers
    large = bytes(40_000)
    sender.send(large)
    assert payloads(reader.read_some()) == [large]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(large, ("127.0.0.1", port))
    sender.send(large)
    assert payloads(reader.read_some()) == [large]
    assert receiver.dropped["not-joined"] == 1
    receiver.close()
    sender.close()


def test_one_datagram_alone_has_the_facts_of_many(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (reader,) = receiver.readers
    found = []
    for _ in range(2):
        sender.send(b"x")
        found += reader.read_some()
    facts = {(d.origin, d.interface, d.group, d.ttl_hops) for d in found}
    assert facts == {(found[0].origin, lo.index, group.ip, 1)}
    assert 0 <= found[1].time - found[0].time < 60


def test_joined_datagrams_that_come_alone_are_taken_apart(
    group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True, whole=False)
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    (reader,) = receiver.readers
    for _ in range(2):
        sender.send(b"alone")
        assert payloads(reader.read_some()) == [b"alone"]
    sender.send(b"aaabbbc", 3)
    assert payloads(reader.read_some()) == [b"aaa", b"bbb", b"c"]
    receiver.close()
    sender.close()


def test_a_lone_datagram_for_another_group_is_dropped_where_the_system_lets_it_in(
    group: Group, lo: Interface, port: int
) -> None:
    receiver = MulticastReceiver(system=replace(LINUX, binds_to_group=False))
    receiver.join(group, [lo])
    sender = MulticastSender(Aim.at(group, [lo]))
    (reader,) = receiver.readers
    sender.send(b"for us")
    assert payloads(reader.read_some()) == [b"for us"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"not the group", ("127.0.0.1", port))
    assert reader.read_some() == []
    assert receiver.dropped["not-joined"] == 1
    receiver.close()
    sender.close()


def test_nothing_there_and_a_socket_gone_are_no_datagrams(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (reader,) = receiver.readers
    sender.send(b"x")
    reader.read_some()
    assert reader.read_some() == []
    receiver.sockets[0].close()
    assert reader.read_some() == []
    assert receiver.dropped == {"socket-error": 1}


def test_a_datagram_too_long_for_its_place_is_counted(
    receiver: MulticastReceiver,
    sender: MulticastSender,
    group: Group,
    lo: Interface,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver.join(group, [lo])
    (reader,) = receiver.readers
    sender.send(b"fits")
    assert payloads(reader.read_some()) == [b"fits"]
    monkeypatch.setattr("groupwire.net.receiver.SLOT_BYTES", 8)
    sender.send(b"longer than that")
    assert reader.read_some() == []
    assert receiver.dropped == {"truncated": 1}


def test_what_is_read_from_a_socket_that_is_gone_is_counted(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    receiver.sockets[0].close()
    assert receiver.receive() == []
    assert receiver.dropped == {"socket-error": 1}


def test_a_group_that_is_left_twice_is_left_once(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (membership,) = receiver.memberships
    receiver.leave([membership, membership])
    assert receiver.memberships == ()


def test_a_membership_that_cannot_be_renewed_is_joined_no_more(
    receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (membership,) = receiver.memberships
    receiver.sockets[0].close()
    assert not receiver.refresh(membership)
    assert receiver.memberships == ()


def test_sockets_that_are_given_away_hear_on(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    (given,) = receiver.detach()
    receiver.close()
    sender.send(b"hello")
    assert given.recv(10) == b"hello"
    given.close()
    with pytest.raises(ClosedError):
        receiver.join(group, [lo])
