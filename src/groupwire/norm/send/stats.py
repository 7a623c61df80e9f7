"""What a sender has sent and heard so far, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SenderStats"]


@dataclass(frozen=True, slots=True)
class SenderStats:
    """Counts from the beginning on; bytes are those of UDP's payload."""

    bytes_sent: int
    """All of it: symbols, infos, commands."""
    packets_sent: int
    repair_bytes: int
    """Of these, what was asked for: symbols and infos again, and parity."""
    repair_packets: int
    data_bytes: int
    """Of objects and streams, without headers, sent for the first time."""
    nacks_heard: int
    acks_heard: int
