"""Transport streams made by hand, with a clock as exact as it is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire.media.transport.clock import CLOCK_HZ, PCR_MODULUS

__all__ = ["PID", "clip", "packet", "ticking"]

PID = 0x100


def packet(
    counter: int,
    pid: int = PID,
    *,
    pcr: int | None = None,
    jumps: bool = False,
    length: int = 7,
    error: bool = False,
) -> bytes:
    """Return one packet, with a clock where ``pcr`` is given."""
    flags = 0x10 | (0x20 if pcr is not None else 0) | counter & 0xF
    head = bytes([0x47, (0x80 if error else 0) | pid >> 8, pid & 0xFF, flags])
    if pcr is not None:
        base, extension = divmod(pcr % PCR_MODULUS, 300)
        field = base << 15 | 0x3F << 9 | extension
        adaptation = 0x10 | (0x80 if jumps else 0)
        head += bytes([length, adaptation]) + field.to_bytes(6, "big")
    return head.ljust(188, b"\xff")


def ticking(
    ticks: int, *, each: int = 10, every_s: float = 0.02, first: int = 0, pid: int = PID
) -> bytes:
    """Return packets of which every ``each``-th has a clock."""

    def packets() -> Iterator[bytes]:
        for number in range(ticks * each):
            at, between = divmod(number, each)
            pcr = None if between else first + round(at * every_s * CLOCK_HZ)
            yield packet(number, pid, pcr=pcr)

    return b"".join(packets())


def clip(seconds: float, *, rate_bps: float = 2e6, every_s: float = 0.02) -> bytes:
    """Return a stream of this length and rate."""
    each = max(round(rate_bps * every_s / 8 / 188), 1)
    return ticking(round(seconds / every_s) + 1, each=each, every_s=every_s)
