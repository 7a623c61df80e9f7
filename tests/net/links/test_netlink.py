import errno
import socket
import struct
from contextlib import suppress
from ipaddress import ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.net.links.messages import address, attribute, link, message

from groupwire.errors import DecodeError, MachineError
from groupwire.net.links import netlink
from groupwire.net.links.netlink import (
    AddressMessage,
    LinkMessage,
    decode,
    dump,
    listening,
    route_to,
)


def reason(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        list(decode(data))
    return caught.value.reason


def test_a_link_tells_name_flags_size_kind_and_master() -> None:
    raw = link(7, "br0", 0x1043, kind="bridge", master=3, mtu=9000)
    assert list(decode(raw)) == [LinkMessage(7, "br0", 0x1043, 9000, "bridge", 3)]


def test_a_link_that_is_gone_says_so() -> None:
    (told,) = decode(link(7, "eth0", gone=True))
    assert isinstance(told, LinkMessage)
    assert told.gone


def test_what_a_bridge_says_of_its_ports_is_no_news_of_the_link() -> None:
    # A port that leaves its bridge is "deleted" from the bridge, and stays.
    bridge = 7
    assert list(decode(link(7, "eth0", gone=True, family=bridge))) == []


@pytest.mark.parametrize("text", ["10.0.0.1/24", "fe80::1/64"])
def test_an_address_tells_its_network(text: str) -> None:
    assert list(decode(address(2, text))) == [AddressMessage(2, ip_interface(text))]


def test_on_a_point_to_point_link_the_own_end_counts() -> None:
    (told,) = decode(address(2, "10.8.0.2/32", peer="10.8.0.1/32"))
    assert isinstance(told, AddressMessage)
    assert told.address == ip_interface("10.8.0.2/32")


@pytest.mark.parametrize(
    ("flags", "usable"), [(0x80, True), (0x40, False), (0x08, False), (0x48, False)]
)
def test_an_address_in_doubt_is_not_usable(flags: int, usable: bool) -> None:
    (told,) = decode(address(2, "fe80::1/64", flags=flags))
    assert isinstance(told, AddressMessage)
    assert told.usable is usable


def test_several_messages_come_in_order() -> None:
    raw = link(1, "lo") + address(1, "127.0.0.1/8") + link(2, "eth0", gone=True)
    assert [type(m) for m in decode(raw)] == [LinkMessage, AddressMessage, LinkMessage]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        message(24, b"a route"),
        message(2, bytes(20)),
        message(20, struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, 1)),
        message(20, struct.pack("=BBBBI", 99, 8, 0, 0, 1) + attribute(1, b"abcd")),
    ],
)
def test_other_messages_are_passed_over(raw: bytes) -> None:
    assert list(decode(raw)) == []


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"x", "netlink-cut"),
        (link(1, "lo")[:-1], "netlink-length"),
        (struct.pack("=IHHII", 15, 16, 0, 0, 0), "netlink-length"),
        (message(16, b"short"), "netlink-link"),
        (message(20, b"short"), "netlink-address"),
        (message(16, bytes(16) + struct.pack("=HH", 3, 3)), "netlink-attribute"),
        (message(16, bytes(16) + struct.pack("=HH", 99, 3)), "netlink-attribute"),
        (
            message(20, struct.pack("=BBBBI", 2, 24, 0, 0, 1) + attribute(1, b"abc")),
            "netlink-address",
        ),
        (
            message(20, struct.pack("=BBBBI", 2, 33, 0, 0, 1) + attribute(1, b"abcd")),
            "netlink-address",
        ),
    ],
)
def test_junk_is_refused_with_its_reason(raw: bytes, why: str) -> None:
    assert reason(raw) == why


@given(st.binary(max_size=100), st.sampled_from([16, 17, 20, 21, 24]))
def test_arbitrary_bytes_decode_or_raise_decode_error(data: bytes, kind: int) -> None:
    for junk in (data, message(kind, data), link(1, "lo") + data):
        with suppress(DecodeError):
            list(decode(junk))


@given(st.integers(0, 127), st.integers(0, 255))
def test_a_damaged_byte_raises_nothing_else(at: int, value: int) -> None:
    raw = bytearray(link(7, "eth0", kind="veth") + address(7, "fe80::1/64"))
    raw[at % len(raw)] = value
    with suppress(DecodeError):
        list(decode(bytes(raw)))


def test_a_message_cut_anywhere_raises_nothing_else() -> None:
    raw = link(7, "eth0", kind="veth", master=2)
    for length in range(len(raw)):
        with suppress(DecodeError):
            list(decode(raw[:length]))


def test_this_machine_lists_its_loopback() -> None:
    told = dump()
    index = socket.if_nametoindex("lo")
    assert any(isinstance(m, LinkMessage) and m.index == index for m in told)
    assert AddressMessage(index, ip_interface("127.0.0.1/8")) in told


def test_this_machine_reaches_itself_by_loopback() -> None:
    assert route_to("127.0.0.1") == socket.if_nametoindex("lo")


def test_listening_does_not_block() -> None:
    with listening() as sock, pytest.raises(BlockingIOError):
        sock.recv(1)


def test_no_file_left_is_a_failure_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(netlink.socket, "socket", full)
    with pytest.raises(MachineError, match="ulimit -n"):
        netlink.listening()
