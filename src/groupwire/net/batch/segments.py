"""Many equal datagrams by one system call (UDP_SEGMENT), or one by one.

The kernel is asked once per process whether it can. A socket that is refused later (a
device without checksum offload, a tunnel) goes on with a call per datagram.
"""

from __future__ import annotations

import errno
import socket
import struct
from functools import cache

__all__ = ["SegmentSender", "kernel_segments", "most_segments"]

_SOL_UDP, _UDP_SEGMENT = 17, 103
_MOST_SEGMENTS = 64
"""UDP_MAX_SEGMENTS of Linux before 6.9; newer kernels take 128."""
_MOST_BYTES = 65_507

_REFUSED = {
    errno.EIO,
    errno.EINVAL,
    errno.ENOPROTOOPT,
    errno.EOPNOTSUPP,
    errno.EMSGSIZE,
}

_Control = tuple[int, int, bytes]
_SockAddr = tuple[str, int] | tuple[str, int, int, int]


@cache
def kernel_segments() -> bool:
    """Tell whether this kernel knows UDP_SEGMENT (Linux 4.18 and later)."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(_SOL_UDP, _UDP_SEGMENT, 0)
    except OSError:
        return False
    return True


def most_segments(segment_bytes: int) -> int:
    """Return how many segments of this size one call can carry: 45 of 1400 bytes."""
    return max(1, min(_MOST_SEGMENTS, _MOST_BYTES // max(segment_bytes, 1)))


class SegmentSender:
    """Sends rows of equal datagrams on one socket."""

    def __init__(self, sock: socket.socket, *, offload: bool | None = None) -> None:
        self._socket = sock
        self.offload = kernel_segments() if offload is None else offload
        """False once the kernel has refused: a call per datagram from then on."""
        self.calls = 0
        """System calls so far, so that the saving can be seen."""

    def send(
        self,
        data: bytes | bytearray | memoryview,
        segment_bytes: int,
        address: _SockAddr,
        controls: list[_Control] | None = None,
    ) -> int:
        """Send ``data`` as datagrams of ``segment_bytes``, the last perhaps shorter.

        Return how many bytes went out: all, or fewer (a multiple of the segment size)
        when the send buffer is full. Raises OSError as ``sendmsg`` does, and
        BlockingIOError when nothing went out.
        """
        view = memoryview(data).cast("B")
        sent = 0
        while sent < len(view):
            try:
                sent += self._send_some(view[sent:], segment_bytes, address, controls)
            except BlockingIOError:
                if not sent:
                    raise
                break
        return sent

    def _send_some(
        self,
        view: memoryview,
        segment_bytes: int,
        address: _SockAddr,
        controls: list[_Control] | None,
    ) -> int:
        """Make one system call; return the bytes it took."""
        extra = controls or []
        if self.offload and len(view) > segment_bytes:
            row = view[: segment_bytes * most_segments(segment_bytes)]
            size = (_SOL_UDP, _UDP_SEGMENT, struct.pack("@H", segment_bytes))
            if self._accepted(row, [*extra, size], address):
                return len(row)
        segment = view[:segment_bytes]
        self.calls += 1
        self._socket.sendmsg([segment], extra, 0, address)
        return len(segment)

    def _accepted(
        self, row: memoryview, controls: list[_Control], address: _SockAddr
    ) -> bool:
        """Hand a whole row to the kernel; give the offload up when it refuses."""
        self.calls += 1
        try:
            self._socket.sendmsg([row], controls, 0, address)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            self.offload = False
        return self.offload
