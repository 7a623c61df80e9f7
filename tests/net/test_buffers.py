import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from groupwire.net.buffers import kernel_drops, set_receive_buffer
from groupwire.net.options import THIS_SYSTEM

UNPRIVILEGED = replace(THIS_SYSTEM, force_receive_buffer=0)


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        yield sock


def granted(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


@pytest.mark.parametrize(
    "system",
    [
        THIS_SYSTEM,
        UNPRIVILEGED,
        replace(THIS_SYSTEM, force_receive_buffer=9999),  # refused: no such option
    ],
)
def test_a_receive_buffer_is_set_as_far_as_allowed(
    sock: socket.socket, system: object
) -> None:
    set_receive_buffer(sock, 50_000, system)  # type: ignore[arg-type]
    assert granted(sock) == 100_000  # Linux counts its overhead


def test_zero_leaves_the_systems_buffer(sock: socket.socket) -> None:
    before = granted(sock)
    set_receive_buffer(sock, 0, THIS_SYSTEM)
    assert granted(sock) == before


def test_drops_of_the_kernel_are_counted(sock: socket.socket) -> None:
    set_receive_buffer(sock, 2048, UNPRIVILEGED)
    sock.bind(("127.0.0.1", 0))
    assert kernel_drops(sock, THIS_SYSTEM) == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for _ in range(50):
            other.sendto(bytes(1000), sock.getsockname())
    assert kernel_drops(sock, THIS_SYSTEM) > 30


def test_where_nobody_tells_there_are_no_drops(sock: socket.socket) -> None:
    assert kernel_drops(sock, replace(THIS_SYSTEM, memory_info=0)) == 0
    assert kernel_drops(sock, replace(THIS_SYSTEM, memory_info=9999)) == 0
    sock.close()
    assert kernel_drops(sock, THIS_SYSTEM) == 0
