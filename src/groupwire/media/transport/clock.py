"""The clock of a transport stream: 27 MHz, told in some packets of one packet id.

ISO 13818-1 §2.4.3.5, program_clock_reference (PCR): it tells when the packet that has
it arrives at an ideal receiver.
"""

from __future__ import annotations

from typing import NamedTuple

from groupwire.probe.sequence.continuity import TS_BYTES

__all__ = ["CLOCK_HZ", "PCR_MODULUS", "Tick", "ticks_in"]

CLOCK_HZ = 27_000_000
_PER_BASE = 300
"""The base counts at 90 kHz in 33 bits, the extension from 0 to 299."""
PCR_MODULUS = (1 << 33) * _PER_BASE
_ERROR, _ADAPTATION = 0x80, 0x20
_DISCONTINUITY, _PCR = 0x80, 0x10
_FIELD_BYTES = 7
"""Flags and clock: an adaptation field that has less has no clock."""


class Tick(NamedTuple):
    """A packet's clock; ``number`` is its place in the row of packets."""

    number: int
    pid: int
    pcr: int
    jumps: bool
    """The clock does not go on from what it was (discontinuity_indicator)."""


def ticks_in(packets: bytes) -> list[Tick]:
    """Return the clocks in a row of whole packets, in order."""
    flags = packets[3::TS_BYTES]
    return [
        tick
        for number, flag in enumerate(flags)
        if flag & _ADAPTATION and (tick := _tick(packets, number)) is not None
    ]


def _tick(packets: bytes, number: int) -> Tick | None:
    """Read one packet that has an adaptation field.

    | sync 1 | error, pid 2 | flags 1 | length 1 | flags 1 | base 33 bits, 6, ext 9 |
    """
    at = number * TS_BYTES
    high, low, length, flags = (packets[at + i] for i in (1, 2, 4, 5))
    if high & _ERROR or length < _FIELD_BYTES or not flags & _PCR:
        return None
    field = int.from_bytes(packets[at + 6 : at + 12], "big")
    pcr = (field >> 15) * _PER_BASE + (field & 0x1FF)
    pid = (high & 0x1F) << 8 | low
    return Tick(number, pid, pcr % PCR_MODULUS, bool(flags & _DISCONTINUITY))
