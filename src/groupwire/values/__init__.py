"""What all rooms speak of: frozen values that ask the system nothing."""

from __future__ import annotations

from groupwire.values.blocks import Block, block_of, well_known
from groupwire.values.datagram import Datagram, Facts, KnownFacts, Origin, Transmit
from groupwire.values.ethernet import colliding, collision_pattern, ethernet_address
from groupwire.values.explanation import Explanation
from groupwire.values.group import (
    DEFAULT_BENCH_GROUP,
    DEFAULT_DELIVERY_GROUP,
    DEFAULT_GROUP,
    DEFAULT_MESSAGE_GROUP,
    Group,
)
from groupwire.values.interface import Interface
from groupwire.values.scope import Scope, is_source_specific, needs_zone, scope_of

__all__ = [
    "DEFAULT_BENCH_GROUP",
    "DEFAULT_DELIVERY_GROUP",
    "DEFAULT_GROUP",
    "DEFAULT_MESSAGE_GROUP",
    "Block",
    "Datagram",
    "Explanation",
    "Facts",
    "Group",
    "Interface",
    "KnownFacts",
    "Origin",
    "Scope",
    "Transmit",
    "block_of",
    "colliding",
    "collision_pattern",
    "ethernet_address",
    "is_source_specific",
    "needs_zone",
    "scope_of",
    "well_known",
]
