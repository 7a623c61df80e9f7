import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from random import Random

import pytest

from groupwire.net.batch.ring import Ring, ring_of_this_thread
from groupwire.net.batch.rows import in_rows
from groupwire.net.options import LINUX, fact_options
from groupwire.values import Datagram

from ..conftest import payloads
from .kernel import Arrival, MemoryKernel, mixture


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


@pytest.fixture
def unread() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        yield sock


def _known(datagrams: list[Datagram]) -> list[tuple[object, ...]]:
    return [
        (d.data, d.origin, d.interface, d.segment_bytes, d.group, d.ttl_hops, d.time)
        for d in datagrams
    ]


def _alone(sock: socket.socket, arrivals: list[Arrival]) -> list[Datagram]:
    """Return what a call for each brings: nothing but itself is looked at."""
    kernel = MemoryKernel()
    ring, found = Ring(kernel), list[Datagram]()
    for arrival in arrivals:
        kernel.waiting = [arrival]
        found += ring.receive(sock).datagrams
    return found


@pytest.mark.parametrize("seed", range(30))
def test_many_at_once_are_the_same_as_each_alone(
    seed: int, unread: socket.socket
) -> None:
    rng, kernel = Random(seed), MemoryKernel()
    ring = Ring(kernel)
    for _ in range(5):
        arrivals = kernel.waiting = mixture(rng, groups=2)
        batch = ring.receive(unread)
        assert _known(batch.datagrams) == _known(_alone(unread, arrivals))
        assert batch.read == len(arrivals)
        assert batch.truncated == sum(a.truncated for a in arrivals)
        assert batch.joined == any(d.segment_bytes for d in batch.datagrams)


@pytest.mark.parametrize("seed", range(30))
def test_rows_from_the_ring_are_those_of_datagrams_read_one_by_one(
    seed: int, unread: socket.socket
) -> None:
    rng, kernel = Random(seed), MemoryKernel()
    ring = Ring(kernel)
    for _ in range(5):
        arrivals = kernel.waiting = mixture(rng, groups=1)
        batch = ring.receive(unread, rows=True)
        expected = in_rows(_alone(unread, arrivals))
        assert _known(in_rows(batch.datagrams)) == _known(expected)
        assert batch.read == len(arrivals)
        assert batch.truncated == sum(a.truncated for a in arrivals)


@pytest.mark.parametrize("seed", range(20))
def test_no_row_from_the_ring_is_of_several_groups(
    seed: int, unread: socket.socket
) -> None:
    arrivals = [replace(a, segment_bytes=0) for a in mixture(Random(seed), groups=2)]
    rows = Ring(MemoryKernel(arrivals)).receive(unread, rows=True).datagrams
    parts = [(part.data, row.group) for row in rows for part in row.parts()]
    assert parts == [(d.data, d.group) for d in _alone(unread, arrivals)]


def test_equal_datagrams_come_from_the_ring_as_a_row_with_the_facts_of_the_first(
    unread: socket.socket,
) -> None:
    arrivals = [Arrival(bytes([n]) * 1000, ttl_hops=n) for n in range(5)]
    small = Arrival(b"word", ttl_hops=9)
    waiting = [small, *arrivals[:4], small, small, arrivals[4]]
    batch = Ring(MemoryKernel(waiting)).receive(unread, rows=True)
    row = batch.datagrams[1]
    assert [d.count for d in batch.datagrams] == [1, 4, 1, 1, 1]
    assert [d.ttl_hops for d in batch.datagrams] == [9, 0, 9, 9, 4]
    assert [bytes(part) for part in row.segments()] == [a.data for a in arrivals[:4]]
    assert (row.segment_bytes, row.interface) == (1000, 2)


def test_a_shorter_datagram_ends_a_row_and_is_none_of_it(unread: socket.socket) -> None:
    waiting = [Arrival(bytes(1000))] * 3 + [Arrival(bytes(600))]
    batch = Ring(MemoryKernel(waiting)).receive(unread, rows=True)
    assert [d.segment_bytes for d in batch.datagrams] == [1000, 0]


def test_no_rows_unless_they_are_wanted(unread: socket.socket) -> None:
    batch = Ring(MemoryKernel([Arrival()] * 64)).receive(unread)
    assert [d.segment_bytes for d in batch.datagrams] == [0] * 64
