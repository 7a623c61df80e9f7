"""NORM as a publisher sends it: a sender for each delivery (docs/messages.md §3.1)."""

from __future__ import annotations

from dataclasses import replace

from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.publish.lanes.lane import BLOCK
from groupwire.messages.rules import PublishRules
from groupwire.norm import AdaptiveRate, Coding, Sender, SenderConfig

__all__ = ["make_sender"]

_GRTT_S = 0.01
"""Of a LAN, and far above it: who waits, waits no longer at first."""
_PARITY = 16
_KEPT_OBJECTS = 1024
_PACKET_BYTES = 8192
"""What a packet is taken for at most: single messages fill no large segment, and the
rate would wait for too many of them, and who asks for repair for too long."""
_GATHER_S = 0.001
"""In a flood a segment as large takes less time than to wake up for it."""


def make_sender(rules: PublishRules, delivery: Delivery) -> Sender:
    """Return the sender of a delivery: their node ids stand in a row."""
    packet = min(rules.segment_bytes, _PACKET_BYTES)
    config = SenderConfig(
        rules.node + DELIVERIES.index(delivery),
        rules.instance,
        Coding(rules.segment_bytes, BLOCK, _PARITY),
        backoff=0,
        members=rules.members,
        initial_grtt_s=_GRTT_S,
        packet_bytes=packet,
        patience_s=rules.patience_s,
        kept_objects=_KEPT_OBJECTS,
        kept_bytes=rules.window_bytes,
        more_follows=True,
        gather_s=_GATHER_S if rules.segment_bytes > _PACKET_BYTES else 0.0,
    )
    rate = replace(rules.rate, packet_bytes=packet)
    return Sender(config, AdaptiveRate(rate))
