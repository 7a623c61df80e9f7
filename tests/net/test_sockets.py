import os
import socket
import struct

import pytest

from groupwire.net import sockets
from groupwire.net.sockets import decode_buffers, udp_buffers


def _message(inode: int, *attributes: bytes, kind: int = 20) -> bytes:
    body = bytes(68) + struct.pack("=I", inode) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def _attribute(kind: int, *numbers: int) -> bytes:
    value = struct.pack(f"={len(numbers)}I", *numbers)
    return struct.pack("=HH", 4 + len(value), kind) + value


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::")]
)
def test_the_buffer_of_a_socket_is_what_the_socket_itself_says(
    family: int, host: str
) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 5000)
        own.bind((host, 0))
        size = own.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        found = udp_buffers().get(os.fstat(own.fileno()).st_ino)
    if found is None:
        pytest.skip("this kernel has no socket diagnosis for UDP")
    assert found == size


def test_what_the_kernel_sends_is_read_attribute_by_attribute() -> None:
    data = _message(7, _attribute(8, 0), _attribute(7, 0, 4096, 1)) + _message(8)
    assert list(decode_buffers(data)) == [(7, 4096)]
    assert list(decode_buffers(data + _message(0, kind=3))) == [(7, 4096), None]


def test_what_is_cut_or_broken_ends_the_reading() -> None:
    assert list(decode_buffers(b"short")) == []
    assert list(decode_buffers(struct.pack("=IHHII", 4, 20, 0, 1, 0))) == [None]
    assert list(decode_buffers(_message(7, struct.pack("=HH", 1, 7)))) == []
    assert list(decode_buffers(_message(7, struct.pack("=HHI", 8, 7, 1)))) == []


def test_a_system_without_it_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_NETLINK_SOCK_DIAG", 999)
    assert udp_buffers() == {}
