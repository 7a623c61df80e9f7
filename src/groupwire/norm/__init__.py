"""NORM, reliable multicast by RFC 5740: rules without a socket, a clock or dice.

A :class:`Sender` sends objects and streams and repairs them until all have them; a
:class:`Receiver` follows every sender of a group. Their events are in
:mod:`groupwire.norm.send.events` and :mod:`groupwire.norm.receive.events`.
"""

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
