"""How long members wait at random, so that their answers do not come all at once."""

from __future__ import annotations

from groupwire.gather.tagged import MAX_SPREAD_US

__all__ = ["BURST_MEMBERS", "spread_us"]

BURST_MEMBERS = 16
"""So many answers at once are no burst for any receive buffer."""
ANSWER_BYTES = 100
"""S of RFC 7252 §8.2: a small answer on the wire with its headers."""
TARGET_BYTES_PER_S = 1_000_000
"""R of RFC 7252 §8.2: what the asker's link and receive buffer take with ease.

Linux' default receive buffer holds 256 tiny answers: 512 at once lose half.
"""


def spread_us(members: int) -> int:
    """Return the spread for so many expected members, in microseconds.

    RFC 7252 §8.2: lb_Leisure = S * G / R. 512 members: 51 ms.
    """
    if members <= BURST_MEMBERS:
        return 0
    leisure = ANSWER_BYTES * members * 1_000_000 // TARGET_BYTES_PER_S
    return min(leisure, MAX_SPREAD_US)
