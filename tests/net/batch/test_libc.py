import ctypes
import socket

import pytest

from groupwire.net.batch import libc


def test_a_system_without_the_function_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Bare:
        def __init__(self, *_: object, **__: object) -> None:
            pass

    monkeypatch.setattr(ctypes, "CDLL", Bare)
    assert libc.find_recvmmsg() is None


def test_a_system_with_other_structures_is_not_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK")
    assert libc.find_recvmmsg() is None


def test_only_linux_gives_ports_back_without_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(libc.sys, "platform", "darwin")
    libc._connect.cache_clear()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert not libc.release_port(sock)
    monkeypatch.undo()
    libc._connect.cache_clear()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_released_port_is_free_for_others(family: int) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        port = sock.getsockname()[1]
        assert libc.release_port(sock)
        assert sock.getsockname()[1] == 0
        with socket.socket(family, socket.SOCK_DGRAM) as heir:
            heir.bind(("", port))
