import errno
import socket
from collections.abc import Iterator

import pytest

from groupwire.net import SegmentSender, kernel_segments, most_segments

ROW = b"".join(bytes([n]) * 1400 for n in range(100)) + b"tail"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b,
    ):
        b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        b.bind(("127.0.0.1", 0))
        b.setblocking(False)
        yield a, b


def heard(sock: socket.socket) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(sock.recv(65_536))
    except BlockingIOError:
        return found


class RefusingSocket:
    """Refuses offloaded rows with ``number``; passes single segments on."""

    def __init__(self, inner: socket.socket, number: int) -> None:
        self._inner = inner
        self._number = number

    def sendmsg(
        self,
        buffers: list[memoryview],
        controls: list[tuple[int, int, bytes]],
        flags: int,
        address: tuple[str, int],
    ) -> int:
        if any(kind == 103 for _, kind, _ in controls):
            raise OSError(self._number, "refused")
        return self._inner.sendmsg(buffers, controls, flags, address)


def test_forty_five_segments_of_1400_bytes_fit_one_call() -> None:
    assert most_segments(1400) == 46
    assert most_segments(65_507) == 1
    assert most_segments(8) == 64


@pytest.mark.skipif(not kernel_segments(), reason="this kernel lacks UDP_SEGMENT")
def test_a_row_takes_a_call_per_64_kilobytes(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    a, b = ends
    sender = SegmentSender(a)
    assert sender.send(ROW, 1400, b.getsockname()) == len(ROW)
    assert sender.calls == 3
    got = heard(b)
    assert [len(x) for x in got] == [1400] * 100 + [4]
    assert b"".join(got) == ROW


def test_without_offload_the_same_datagrams_arrive(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    a, b = ends
    sender = SegmentSender(a, offload=False)
    assert sender.send(ROW, 1400, b.getsockname()) == len(ROW)
    assert sender.calls == 101
    assert b"".join(heard(b)) == ROW


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP])
def test_a_kernel_that_refuses_at_run_time_gets_single_segments(
    ends: tuple[socket.socket, socket.socket], number: int
) -> None:
    a, b = ends
    sender = SegmentSender(RefusingSocket(a, number), offload=True)  # type: ignore[arg-type]
    assert sender.send(ROW, 1400, b.getsockname()) == len(ROW)
    assert not sender.offload
    assert sender.calls == 102
    assert [len(x) for x in heard(b)] == [1400] * 100 + [4]


def test_other_errors_are_the_callers(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    a, b = ends
    sender = SegmentSender(RefusingSocket(a, errno.ENETDOWN), offload=True)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="refused"):
        sender.send(ROW, 1400, b.getsockname())


class FullSocket(RefusingSocket):
    """Has room for ``room`` calls."""

    def __init__(self, inner: socket.socket, room: int) -> None:
        super().__init__(inner, errno.EAGAIN)
        self._room = room

    def sendmsg(
        self,
        buffers: list[memoryview],
        controls: list[tuple[int, int, bytes]],
        flags: int,
        address: tuple[str, int],
    ) -> int:
        if not self._room:
            raise BlockingIOError(errno.EAGAIN, "full")
        self._room -= 1
        return self._inner.sendmsg(buffers, controls, flags, address)


def test_a_full_send_buffer_tells_how_much_went_out(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    a, b = ends
    sender = SegmentSender(FullSocket(a, room=2), offload=False)  # type: ignore[arg-type]
    assert sender.send(ROW, 1400, b.getsockname()) == 2800
    with pytest.raises(BlockingIOError):
        sender.send(ROW, 1400, b.getsockname())
