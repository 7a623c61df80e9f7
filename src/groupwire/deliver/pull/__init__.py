"""A member of a delivery: rules only, no socket, no clock, no disk.

A :class:`Pull` takes part in deliveries as docs/delivery.md says, and takes files from
foreign NORM senders.
"""

from groupwire.deliver.pull.events import (
    Confirming,
    DeliveryEnded,
    FileSettled,
    Joined,
    PullEvent,
    SenderGone,
)
from groupwire.deliver.pull.pull import Pull
from groupwire.deliver.pull.rules import Network, PullRules

__all__ = [
    "Confirming",
    "DeliveryEnded",
    "FileSettled",
    "Joined",
    "Network",
    "Pull",
    "PullEvent",
    "PullRules",
    "SenderGone",
]
