"""Publish messages to a group and subscribe to them, for asyncio.

::

    async with aio.publish("239.255.42.99:10002", name="probe") as publisher:
        sent = await publisher.send("room/1/temperature", b"21.5")
        await sent.received()

    async with aio.subscribe("239.255.42.99:10002", "room/+/temperature") as messages:
        async for message in messages:
            print(message.topic, message.data)

    async with aio.members("239.255.42.99:10002") as watching:
        async for event in watching:
            print(event)

Who publishes, who subscribes and who looks on: each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from groupwire.aio.config import PeerConfig
from groupwire.aio.messages.config import Full, PublishConfig, SubscribeConfig
from groupwire.aio.messages.message import Message, Published, Receipt
from groupwire.aio.opening import group_of
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Batch,
    CaughtUp,
    Closed,
    Gap,
    Lagging,
    LostTold,
    MemberJoined,
    MemberLeft,
    MessagesDropped,
    NotTaken,
    PublisherRestarted,
    QueueFilled,
    TakesNoMore,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.rules import StartAt
from groupwire.values import DEFAULT_MESSAGE_GROUP, Group

if TYPE_CHECKING:
    from groupwire.aio.messages.onlooking import Onlooking
    from groupwire.aio.messages.publishing import Publishing
    from groupwire.aio.messages.subscribing import Subscribing

__all__ = [
    "Batch",
    "CaughtUp",
    "Closed",
    "Delivery",
    "Full",
    "Gap",
    "Lagging",
    "LeaveReason",
    "LostTold",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "Message",
    "MessagesDropped",
    "NotTaken",
    "Onlooking",
    "PublishConfig",
    "Published",
    "PublisherRestarted",
    "Publishing",
    "QueueFilled",
    "QueueFull",
    "Receipt",
    "Role",
    "StartAt",
    "SubscribeConfig",
    "Subscribing",
    "TakesNoMore",
    "members",
    "publish",
    "subscribe",
]

_LATER = {
    "Onlooking": "onlooking",
    "Publishing": "publishing",
    "Subscribing": "subscribing",
}
"""What is loaded when it is first used, and where it lives."""

_LOOK, _PUBLISH, _SUBSCRIBE = PeerConfig(), PublishConfig(), SubscribeConfig()


def publish(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PublishConfig = _PUBLISH,
) -> Publishing:
    """Return a publisher of the group; ``async with`` joins and leaves.

    ``group`` None: ``GROUPWIRE_GROUP`` in the environment, else 239.255.42.99:10002.
    ``name``, ``interface`` and ``ttl`` go before those of ``config``. Raises
    AddressError and UsageError at once, MachineError on entry.
    """
    from groupwire.aio.messages.publishing import Publishing

    config = config.merged(name=name, interface=interface, ttl=ttl)
    return Publishing(group_of(group, DEFAULT_MESSAGE_GROUP), config)


def subscribe(
    group: Group | str | None = None,
    *patterns: str,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: SubscribeConfig = _SUBSCRIBE,
) -> Subscribing:
    """Return a subscriber of the group to topics; ``async with`` joins and leaves.

    ``patterns`` are as in MQTT: ``+`` is one level, ``#`` the rest; none are all
    topics. The rest is as with :func:`publish`.
    """
    from groupwire.aio.messages.subscribing import Subscribing

    config = config.merged(name=name, interface=interface, ttl=ttl)
    group = group_of(group, DEFAULT_MESSAGE_GROUP)
    return Subscribing(group, patterns or ("#",), config)


def members(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _LOOK,
) -> Onlooking:
    """Return who is in the group, and who comes and goes, without being a member.

    ``async with`` joins and leaves. Inside, iterate over it for MemberJoined,
    MemberLeft and PublisherRestarted; its ``members`` are those who are known to be
    here. The rest is as with :func:`publish`.
    """
    from groupwire.aio.messages.onlooking import Onlooking

    config = config.merged(interface=interface, ttl=ttl)
    return Onlooking(group_of(group, DEFAULT_MESSAGE_GROUP), config)


def __getattr__(name: str) -> Any:
    room = _LATER.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
