"""NORM, reliable multicast by RFC 5740: rules without a socket, a clock or dice.

A :class:`Sender` sends objects and streams and repairs them until all have them; a
:class:`Receiver` follows every sender of a group. Their events are in
:mod:`groupwire.norm.send.events` and :mod:`groupwire.norm.receive.events`. What is not
used is not loaded: who only sends needs no receiver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupwire.norm.coding import Coding
    from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
    from groupwire.norm.rate.control import FixedRate, RateControl
    from groupwire.norm.rate.tfmcc import TfmccRate
    from groupwire.norm.receive.config import Join, ReceiverConfig
    from groupwire.norm.receive.receiver import Receiver
    from groupwire.norm.receive.sink import LATER, HeldSink, Later, ObjectOffer, Sink
    from groupwire.norm.receive.stats import ReceiverStats
    from groupwire.norm.send.config import SenderConfig
    from groupwire.norm.send.content import FileSource, GrowingSource, Source
    from groupwire.norm.send.polls import AckStatus
    from groupwire.norm.send.sender import Sender
    from groupwire.norm.send.stats import SenderStats
    from groupwire.norm.wire.head import ObjectFlag

__all__ = [
    "LATER",
    "AckStatus",
    "AdaptiveConfig",
    "AdaptiveRate",
    "Coding",
    "FileSource",
    "FixedRate",
    "GrowingSource",
    "HeldSink",
    "Join",
    "Later",
    "ObjectFlag",
    "ObjectOffer",
    "RateControl",
    "Receiver",
    "ReceiverConfig",
    "ReceiverStats",
    "Sender",
    "SenderConfig",
    "SenderStats",
    "Sink",
    "Source",
    "TfmccRate",
]

_PLACES = {
    "AckStatus": "send.polls",
    "AdaptiveConfig": "rate.adaptive",
    "AdaptiveRate": "rate.adaptive",
    "Coding": "coding",
    "FileSource": "send.content",
    "FixedRate": "rate.control",
    "GrowingSource": "send.content",
    "HeldSink": "receive.sink",
    "Join": "receive.config",
    "LATER": "receive.sink",
    "Later": "receive.sink",
    "ObjectFlag": "wire.head",
    "ObjectOffer": "receive.sink",
    "RateControl": "rate.control",
    "Receiver": "receive.receiver",
    "ReceiverConfig": "receive.config",
    "ReceiverStats": "receive.stats",
    "Sender": "send.sender",
    "SenderConfig": "send.config",
    "SenderStats": "send.stats",
    "Sink": "receive.sink",
    "Source": "send.content",
    "TfmccRate": "rate.tfmcc",
}


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
