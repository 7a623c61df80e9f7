"""The library without ``async``: the same calls, each with a time limit.

One background thread runs the event loop for all of them, so it also works where a
loop runs already (notebooks, GUIs). Every call may come from any thread. Configs and
what calls return are those of ``groupwire.aio``, and are found here, too.
"""

from typing import TYPE_CHECKING, Any

from groupwire import aio
from groupwire.sync.adapters.logs import JsonFormatter, LogHandler
from groupwire.sync.adapters.streams import stream_from, stream_to
from groupwire.sync.adapters.values import (
    ValuePublisher,
    ValueSubscriber,
    publish_values,
    subscribe_values,
)
from groupwire.sync.delivery import pull, push
from groupwire.sync.media import list_streams, receive_media, send_media
from groupwire.sync.messages import (
    Onlooker,
    Publisher,
    Subscriber,
    members,
    publish,
    subscribe,
)
from groupwire.sync.peer import Message, Peer, ask, open, send
from groupwire.sync.probing import (
    diagnose,
    ping,
    ping_members,
    receive_load,
    replay,
    send_load,
    watch,
)

if TYPE_CHECKING:
    from groupwire.aio import (
        JSON,
        Batch,
        Closed,
        Codec,
        Delivery,
        Full,
        Gap,
        Lagging,
        LeaveReason,
        Member,
        MemberJoined,
        MemberLeft,
        MessagesDropped,
        Output,
        PeerConfig,
        PipeBroken,
        PipeConfig,
        PublishConfig,
        PublisherRestarted,
        PullConfig,
        PushConfig,
        QueueFull,
        Receipt,
        Role,
        StartAt,
        Stats,
        SubscribeConfig,
        Undecodable,
        Valued,
        WatchConfig,
    )

__all__ = [
    "JSON",
    "Batch",
    "Closed",
    "Codec",
    "Delivery",
    "Full",
    "Gap",
    "JsonFormatter",
    "Lagging",
    "LeaveReason",
    "LogHandler",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "Message",
    "MessagesDropped",
    "Onlooker",
    "Output",
    "Peer",
    "PeerConfig",
    "PipeBroken",
    "PipeConfig",
    "PublishConfig",
    "Publisher",
    "PublisherRestarted",
    "PullConfig",
    "PushConfig",
    "QueueFull",
    "Receipt",
    "Role",
    "StartAt",
    "Stats",
    "SubscribeConfig",
    "Subscriber",
    "Undecodable",
    "ValuePublisher",
    "ValueSubscriber",
    "Valued",
    "WatchConfig",
    "ask",
    "diagnose",
    "list_streams",
    "members",
    "open",
    "ping",
    "ping_members",
    "publish",
    "publish_values",
    "pull",
    "push",
    "receive_load",
    "receive_media",
    "replay",
    "send",
    "send_load",
    "send_media",
    "stream_from",
    "stream_to",
    "subscribe",
    "subscribe_values",
    "watch",
]

_OF_AIO = frozenset(__all__).difference(globals())
"""What is loaded when it is first used."""


def __getattr__(name: str) -> Any:
    if name not in _OF_AIO:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(aio, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
