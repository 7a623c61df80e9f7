"""One byte for a round trip, two for a rate, four bits for a group's size.

RFC 5740 §4.2 with RFC 5401 §2.1 and the ranges of the reference implementation.
"""

from __future__ import annotations

import math

__all__ = [
    "MAX_RTT_S",
    "MIN_RTT_S",
    "pack_group_size",
    "pack_rate",
    "pack_rtt",
    "unpack_group_size",
    "unpack_rate",
    "unpack_rtt",
]

MIN_RTT_S = 1e-6
MAX_RTT_S = 1000.0
_LINEAR_LAST, _LINEAR_END_S = 31, 3.3e-5
"""Below it the byte counts microseconds, above it grows by 8 % a step."""
_STEP = 13.0
_MANTISSA = 4096
_LARGEST_EXPONENT = 15
_RTTS = tuple(
    (byte + 1) * MIN_RTT_S
    if byte <= _LINEAR_LAST
    else MAX_RTT_S / math.exp((255 - byte) / _STEP)
    for byte in range(256)
)
"""Looked up for every datagram, and more than once."""


def pack_rtt(seconds: float) -> int:
    """Return the byte for a round-trip time, rounded up; 1 us to 1,000 s."""
    seconds = min(max(seconds, MIN_RTT_S), MAX_RTT_S)
    if seconds < _LINEAR_END_S:
        return max(0, math.ceil(seconds / MIN_RTT_S - 1e-9) - 1)
    return min(255, math.ceil(255.0 - _STEP * math.log(MAX_RTT_S / seconds) - 1e-9))


def unpack_rtt(byte: int) -> float:
    """Return the round-trip time in seconds that a byte stands for."""
    return _RTTS[byte]


def pack_rate(bytes_per_s: float) -> int:
    """Return 16 bits for a rate: twelve of mantissa, four of a decimal exponent."""
    if bytes_per_s <= 0:
        return 0
    exponent = min(_LARGEST_EXPONENT, max(0, math.floor(math.log10(bytes_per_s))))
    power: float = 10.0**exponent
    mantissa = int(_MANTISSA / 10.0 * bytes_per_s / power + 0.5)
    # Rounded up to ten, or a logarithm that came out a hair too small.
    if mantissa >= _MANTISSA:
        if exponent == _LARGEST_EXPONENT:
            return 0xFFFF
        mantissa, exponent = round(mantissa / 10), exponent + 1
    return mantissa << 4 | exponent


def unpack_rate(bits: int) -> float:
    """Return the rate in bytes per second."""
    return float((bits >> 4) * 10.0 / _MANTISSA * 10.0 ** (bits & 15))


def pack_group_size(members: int) -> int:
    """Return four bits for a number of receivers, rounded up: 10, 50, 100, 500, ..."""
    fitting = [bits for bits in _BY_SIZE if unpack_group_size(bits) >= members]
    return fitting[0] if fitting else _BY_SIZE[-1]


def unpack_group_size(bits: int) -> int:
    """Return the number of receivers: the high bit is the 5, the others the power."""
    return (5 if bits & 8 else 1) * int(10 ** ((bits & 7) + 1))


_BY_SIZE = sorted(range(16), key=unpack_group_size)
