import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.net.batch.ring import Ring, ring_of_this_thread
from groupwire.net.options import LINUX, fact_options

from ..conftest import payloads


def pair(family: int, host: str) -> tuple[socket.socket, socket.socket]:
    receiving = socket.socket(family, socket.SOCK_DGRAM)
    receiving.bind((host, 0))
    receiving.setblocking(False)
    for option in fact_options(LINUX, 4 if family == socket.AF_INET else 6):
        receiving.setsockopt(option.level, option.number, option.value)
    sending = socket.socket(family, socket.SOCK_DGRAM)
    sending.connect(receiving.getsockname())
    return receiving, sending


@pytest.fixture(params=["127.0.0.1", "::1"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, ...]]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    receiving, sending = pair(family, request.param)
    with receiving, sending:
        yield receiving, sending


def one_by_one() -> Ring:
    ring = Ring()
    ring._recvmmsg = None  # what a system without recvmmsg has
    return ring


@pytest.fixture(params=["recvmmsg", "recvmsg"])
def ring(request: pytest.FixtureRequest) -> Ring:
    return Ring() if request.param == "recvmmsg" else one_by_one()


def test_both_ways_give_the_same_datagrams_and_facts(
    ring: Ring, ends: tuple[socket.socket, socket.socket]
) -> None:
    receiving, sending = ends
    for n in range(3):
        sending.send(bytes([n]) * n)
    batch = ring.receive(receiving)
    assert payloads(batch.datagrams) == [b"", b"\1", b"\2\2"]
    host, port = sending.getsockname()[:2]
    for datagram in batch.datagrams:
        assert (datagram.origin.ip, datagram.origin.port) == (ip_address(host), port)
        assert datagram.group == ip_address(receiving.getsockname()[0])
        assert datagram.interface == socket.if_nametoindex("lo")
        assert datagram.ttl_hops == 64
        assert datagram.time is not None
    assert batch.truncated == batch.error == 0


def test_nothing_waiting_is_an_empty_batch(
    ring: Ring, ends: tuple[socket.socket, socket.socket]
) -> None:
    receiving, _ = ends
    assert ring.receive(receiving).datagrams == []


def test_a_limit_leaves_the_rest_waiting(
    ring: Ring, ends: tuple[socket.socket, socket.socket]
) -> None:
    receiving, sending = ends
    for n in range(5):
        sending.send(bytes([n]))
    assert payloads(ring.receive(receiving, 2).datagrams) == [b"\0", b"\1"]
    assert payloads(ring.receive(receiving, 9).datagrams) == [b"\2", b"\3", b"\4"]


def test_a_batch_outlives_the_next_one(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    receiving, sending = ends
    ring = Ring()
    sending.send(b"first")
    (first,) = ring.receive(receiving).datagrams
    sending.send(b"other")
    ring.receive(receiving)
    assert first.data == b"first"
    assert first.origin.port == sending.getsockname()[1]


def test_a_refused_port_is_an_error_number_and_nothing_worse(ring: Ring) -> None:
    receiving, sending = pair(socket.AF_INET, "127.0.0.1")
    address = receiving.getsockname()
    receiving.close()
    with sending:
        sending.setblocking(False)
        sending.send(b"to nobody")
        batch = ring.receive(sending)
        assert batch.datagrams == []
        assert batch.error == 111
        assert address


def test_facts_that_the_kernel_does_not_tell_are_unknown(ring: Ring) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        receiving.bind(("127.0.0.1", 0))
        receiving.setblocking(False)
        sending.sendto(b"bare", receiving.getsockname())
        (datagram,) = ring.receive(receiving).datagrams
    assert datagram.group is None
    assert datagram.interface == 0
    assert datagram.ttl_hops is None
    assert datagram.time is None


def test_a_thread_has_one_ring() -> None:
    assert ring_of_this_thread() is ring_of_this_thread()


@given(st.binary(max_size=192))
def test_control_messages_that_make_no_sense_are_passed_over(junk: bytes) -> None:
    from groupwire.net.batch.ring import _walk

    for _, _, data in _walk(junk, 0, len(junk)):
        assert len(data) <= len(junk)


def test_unknown_control_messages_are_passed_over() -> None:
    from groupwire.net.batch.ring import _read_controls

    unknown = struct.pack("@Nii", 20, 7, 7) + bytes(8)
    hops = struct.pack("@Niii", 20, 0, 2, 9) + bytes(4)
    told = _read_controls(unknown + hops, 0, 48)
    assert told.ttl_hops == 9


def test_a_forked_child_has_a_ring_of_its_own() -> None:
    ring = Ring()
    child = os.fork()
    if child == 0:
        ring._data[:6] = b"theirs"
        ring._rows[:6] = b"theirs"
        os._exit(0)
    os.waitpid(child, 0)
    assert ring._data[:6] == bytes(6)
    assert ring._rows[:6] != b"theirs"
