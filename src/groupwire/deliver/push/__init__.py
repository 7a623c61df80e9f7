"""The sender of a delivery: roll-call, objects, receipts. Rules only."""

from groupwire.deliver.push.events import (
    Began,
    FeedRoom,
    FileChanged,
    MemberFailed,
    MemberFound,
    MemberRefused,
    NameShared,
    PushEnded,
    PushEvent,
    ReceiptReceived,
)
from groupwire.deliver.push.push import Push
from groupwire.deliver.push.rules import PushRules

__all__ = [
    "Began",
    "FeedRoom",
    "FileChanged",
    "MemberFailed",
    "MemberFound",
    "MemberRefused",
    "NameShared",
    "Push",
    "PushEnded",
    "PushEvent",
    "PushRules",
    "ReceiptReceived",
]
