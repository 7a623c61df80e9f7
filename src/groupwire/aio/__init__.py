"""The library for asyncio: ask a group, answer, deliver files, publish messages.

::

    async with aio.open("239.255.42.99:10000", name="arm1") as peer:
        async for message in peer.listen():
            message.answer(b"ack")

What asks and answers, what delivers files and what measures: each is loaded when it
is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from groupwire.aio.config import PeerConfig, default_name
from groupwire.aio.opening import Joined, group_of
from groupwire.gather import Expectation, Expected, Question
from groupwire.net import MembershipEvent, MembershipLost, MembershipRenewed
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.adapters.codec import JSON, Codec, Undecodable, Valued
    from groupwire.aio.adapters.streams import stream_from, stream_to
    from groupwire.aio.adapters.values import (
        ValuePublishing,
        ValueSubscribing,
        publish_values,
        subscribe_values,
    )
    from groupwire.aio.asking import Asking, Sent
    from groupwire.aio.delivery import (
        Output,
        PullConfig,
        Pulling,
        PushConfig,
        Pushing,
        pull,
        push,
    )
    from groupwire.aio.message import Message
    from groupwire.aio.messages import (
        Batch,
        Closed,
        Delivery,
        Full,
        Gap,
        Lagging,
        LeaveReason,
        Member,
        MemberJoined,
        MemberLeft,
        MessagesDropped,
        Onlooking,
        PublishConfig,
        Published,
        PublisherRestarted,
        Publishing,
        QueueFull,
        Receipt,
        Role,
        StartAt,
        SubscribeConfig,
        Subscribing,
        members,
        publish,
        subscribe,
    )
    from groupwire.aio.peer import Peer, Stats
    from groupwire.aio.pipes import (
        PipeBroken,
        PipeConfig,
        PipeReceiving,
        PipeReport,
        PipeSending,
        pipe_from,
        pipe_to,
    )
    from groupwire.aio.probing.load import receive_load, send_load
    from groupwire.aio.probing.ping import ping, ping_members, serve_ping
    from groupwire.aio.probing.replay import replay
    from groupwire.aio.probing.watch import WatchConfig, Watching, watch

__all__ = [
    "JSON",
    "Asking",
    "Batch",
    "Closed",
    "Codec",
    "Delivery",
    "Full",
    "Gap",
    "Joined",
    "Lagging",
    "LeaveReason",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "MembershipEvent",
    "MembershipLost",
    "MembershipRenewed",
    "Message",
    "MessagesDropped",
    "Onlooking",
    "Output",
    "Peer",
    "PeerConfig",
    "PipeBroken",
    "PipeConfig",
    "PipeReceiving",
    "PipeReport",
    "PipeSending",
    "PublishConfig",
    "Published",
    "PublisherRestarted",
    "Publishing",
    "PullConfig",
    "Pulling",
    "PushConfig",
    "Pushing",
    "QueueFull",
    "Receipt",
    "Role",
    "Sent",
    "StartAt",
    "Stats",
    "SubscribeConfig",
    "Subscribing",
    "Undecodable",
    "ValuePublishing",
    "ValueSubscribing",
    "Valued",
    "WatchConfig",
    "Watching",
    "ask",
    "default_name",
    "group_of",
    "members",
    "open",
    "ping",
    "ping_members",
    "pipe_from",
    "pipe_to",
    "publish",
    "publish_values",
    "pull",
    "push",
    "receive_load",
    "replay",
    "send",
    "send_load",
    "serve_ping",
    "stream_from",
    "stream_to",
    "subscribe",
    "subscribe_values",
    "watch",
]

_LATER = {
    **dict.fromkeys(("JSON", "Codec", "Undecodable", "Valued"), "adapters.codec"),
    **dict.fromkeys(("stream_from", "stream_to"), "adapters.streams"),
    **dict.fromkeys(
        (
            "ValuePublishing",
            "ValueSubscribing",
            "publish_values",
            "subscribe_values",
        ),
        "adapters.values",
    ),
    **dict.fromkeys(("Asking", "Sent"), "asking"),
    "Message": "message",
    **dict.fromkeys(
        (
            "PipeBroken",
            "PipeConfig",
            "PipeReceiving",
            "PipeReport",
            "PipeSending",
            "pipe_from",
            "pipe_to",
        ),
        "pipes",
    ),
    **dict.fromkeys(
        (
            "Batch",
            "Closed",
            "Delivery",
            "Full",
            "Gap",
            "Lagging",
            "LeaveReason",
            "Member",
            "MemberJoined",
            "MemberLeft",
            "MessagesDropped",
            "Onlooking",
            "PublishConfig",
            "Published",
            "PublisherRestarted",
            "Publishing",
            "QueueFull",
            "Receipt",
            "Role",
            "StartAt",
            "SubscribeConfig",
            "Subscribing",
            "members",
            "publish",
            "subscribe",
        ),
        "messages",
    ),
    **dict.fromkeys(("Peer", "Stats"), "peer"),
    **dict.fromkeys(
        ("Output", "PullConfig", "Pulling", "PushConfig", "Pushing", "pull", "push"),
        "delivery",
    ),
    **dict.fromkeys(("receive_load", "send_load"), "probing.load"),
    **dict.fromkeys(("ping", "ping_members", "serve_ping"), "probing.ping"),
    "replay": "probing.replay",
    **dict.fromkeys(("WatchConfig", "Watching", "watch"), "probing.watch"),
}
"""What is loaded when it is first used, and where it lives."""

_DEFAULT = PeerConfig()


def open(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    on_message: Callable[[Message], None] | None = None,
    config: PeerConfig = _DEFAULT,
) -> Peer:
    """Return a peer of the group; ``async with`` joins and leaves.

    ``on_message`` is called with each message as soon as it is read, which is the
    quickest way to answer; without it messages wait for ``listen``.
    ``group`` None: ``GROUPWIRE_GROUP`` in the environment, else 239.255.42.99:10000.
    ``name``, ``interface`` and ``ttl`` go before those of ``config``. Raises
    AddressError and UsageError at once, MachineError on entry.
    """
    from groupwire.aio.peer import Peer

    config = config.merged(name=name, interface=interface, ttl=ttl)
    return Peer(group_of(group), config, on_message)


def ask(  # noqa: PLR0913 - keyword-only
    group: Group | str | None,
    data: bytes,
    *,
    expect: Expected = None,
    first: int | None = None,
    timeout: float = 5.0,
    stall: float = 0.2,
    retries: int | None = None,
    tagged: bool | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _DEFAULT,
) -> Asking:
    """Send one message to the group and gather every answer, without joining it.

    ``expect``: a number, names, or addresses of members; with names the message is
    tagged, and the silent ones are asked again ``retries`` times (2). ``first``: end
    after so many answers. ``timeout`` and ``stall`` in seconds: the total time, and the
    silence that ends it where nobody is expected. ``tagged`` True or False demands a
    form.

    Await it for the Result, or enter it and iterate over the answers. Raises
    UsageError and AddressError at once, MachineError when it is asked.
    """
    from groupwire.aio.asking import Asking, form_of

    config = config.merged(interface=interface, ttl=ttl)
    question = Question(
        data,
        Expectation.of(expect),
        first,
        timeout,
        stall,
        retries,
        form_of(tagged),
        config.name,
    )
    return Asking(group_of(group), question, config)


async def send(
    group: Group | str | None,
    data: bytes,
    *,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _DEFAULT,
) -> Sent:
    """Send one message to the group, wait for nobody, and close the socket."""
    from groupwire.aio.asking import send_once

    config = config.merged(interface=interface, ttl=ttl)
    return send_once(group_of(group), data, config)


def __getattr__(name: str) -> Any:
    room = _LATER.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
