"""What all rooms speak of: frozen values that ask the system nothing.

What explains an address is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from groupwire.values.datagram import Datagram, Facts, KnownFacts, Origin, Transmit
from groupwire.values.group import (
    DEFAULT_BENCH_GROUP,
    DEFAULT_DELIVERY_GROUP,
    DEFAULT_GROUP,
    DEFAULT_MESSAGE_GROUP,
    DEFAULT_PIPE_GROUP,
    Group,
)
from groupwire.values.interface import Interface
from groupwire.values.scope import Scope, is_source_specific, needs_zone, scope_of

if TYPE_CHECKING:
    from groupwire.values.blocks import Block, block_of, well_known
    from groupwire.values.ethernet import (
        colliding,
        collision_pattern,
        ethernet_address,
    )
    from groupwire.values.explanation import Explanation

__all__ = [
    "DEFAULT_BENCH_GROUP",
    "DEFAULT_DELIVERY_GROUP",
    "DEFAULT_GROUP",
    "DEFAULT_MESSAGE_GROUP",
    "DEFAULT_PIPE_GROUP",
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

_LATER = {
    **dict.fromkeys(("Block", "block_of", "well_known"), "blocks"),
    **dict.fromkeys(("colliding", "collision_pattern", "ethernet_address"), "ethernet"),
    "Explanation": "explanation",
}


def __getattr__(name: str) -> Any:
    room = _LATER.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
