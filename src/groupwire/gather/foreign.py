"""Recognises streams that nobody should answer: media and NORM.

A receiver on a busy group would otherwise send an acknowledgement per packet of
somebody's television.
"""

from __future__ import annotations

from collections import OrderedDict

from groupwire.values import Datagram, Origin

__all__ = ["SUSPICIOUS", "StreamSpotter"]

MAX_STREAMS = 256
SUSPICIOUS = frozenset({*range(0x11, 0x17), 0x47, *range(0x80, 0xC0)})
"""First bytes of NORM, MPEG-TS and RTP: no other datagram needs a closer look."""
_TS_PACKET, _TS_SYNC = 188, 0x47
_RTP_HEADER = 12
_RTP_STEP = 16


class StreamSpotter:
    """Tells streams from messages; RTP needs two packets in a row to be plain."""

    def __init__(self) -> None:
        self._rtp: OrderedDict[tuple[Origin, bytes], int] = OrderedDict()

    def is_stream(self, datagram: Datagram) -> bool:
        """Tell whether it is plainly part of a stream."""
        data = datagram.data
        if not data:
            return False
        first = data[0]
        if 0x11 <= first <= 0x16:
            return _is_norm(data)
        if first == _TS_SYNC:
            return _is_transport_stream(data)
        return first & 0xC0 == 0x80 and self._is_rtp(data, datagram.origin)

    def _is_rtp(self, data: bytes, sender: Origin) -> bool:
        if len(data) < _RTP_HEADER:
            return False
        if _is_transport_stream(data[_RTP_HEADER:]):
            return True
        # RFC 3550 §5.1 and A.1: same source identifier, next sequence number.
        key = (sender, data[8:12])
        sequence = int.from_bytes(data[2:4], "big")
        before = self._rtp.pop(key, None)
        self._rtp[key] = sequence
        if len(self._rtp) > MAX_STREAMS:
            self._rtp.popitem(last=False)
        return before is not None and 0 < (sequence - before) & 0xFFFF <= _RTP_STEP


def _is_norm(data: bytes) -> bool:
    """RFC 5740 §4.1: version 1, types 1 to 6, header length in words."""
    return len(data) >= 16 and 4 <= data[1] <= len(data) // 4


def _is_transport_stream(data: bytes) -> bool:
    return (
        len(data) >= _TS_PACKET
        and len(data) % _TS_PACKET == 0
        and all(data[n] == _TS_SYNC for n in range(0, len(data), _TS_PACKET))
    )
