"""The library without ``async``: the same calls, each with a time limit.

One background thread runs the event loop for all of them, so it also works where a
loop runs already (notebooks, GUIs). Every call may come from any thread.
"""

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

__all__ = [
    "JsonFormatter",
    "LogHandler",
    "Message",
    "Onlooker",
    "Peer",
    "Publisher",
    "Subscriber",
    "ValuePublisher",
    "ValueSubscriber",
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
