"""What all rooms speak of: frozen values that ask the system nothing."""

from __future__ import annotations

from groupwire.values.datagram import Datagram, Facts, KnownFacts, Origin, Transmit
from groupwire.values.group import (
    DEFAULT_DELIVERY_GROUP,
    DEFAULT_GROUP,
    DEFAULT_MESSAGE_GROUP,
    Group,
)
from groupwire.values.interface import Interface
from groupwire.values.scope import Scope, is_source_specific, scope_of

__all__ = [
    "DEFAULT_DELIVERY_GROUP",
    "DEFAULT_GROUP",
    "DEFAULT_MESSAGE_GROUP",
    "Datagram",
    "Facts",
    "Group",
    "Interface",
    "KnownFacts",
    "Origin",
    "Scope",
    "Transmit",
    "is_source_specific",
    "scope_of",
]
