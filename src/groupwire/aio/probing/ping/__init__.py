"""Unicast and multicast side by side, for asyncio; ssmping's protocol, both ends."""

from groupwire.aio.probing.ping.asking import (
    Pinged,
    PingEvent,
    PingReply,
    PingStarted,
    ping,
)
from groupwire.aio.probing.ping.members import (
    MemberReply,
    MembersEvent,
    MembersStarted,
    ping_members,
)
from groupwire.aio.probing.ping.pinging import Pinging
from groupwire.aio.probing.ping.serving import PingServed, PingServing, serve_ping
from groupwire.probe.ping import MemberPinged

__all__ = [
    "MemberPinged",
    "MemberReply",
    "MembersEvent",
    "MembersStarted",
    "PingEvent",
    "PingReply",
    "PingServed",
    "PingServing",
    "PingStarted",
    "Pinged",
    "Pinging",
    "ping",
    "ping_members",
    "serve_ping",
]
