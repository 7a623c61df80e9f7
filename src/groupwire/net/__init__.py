"""What this machine can do: interfaces, socket options as values, sockets, segments."""

from groupwire.net.batch.ring import Reader
from groupwire.net.batch.segments import SegmentSender, kernel_segments, most_segments
from groupwire.net.failures import (
    bind_failure,
    join_failure,
    send_failure,
    socket_failure,
)
from groupwire.net.keeper import (
    MembershipEvent,
    MembershipKeeper,
    MembershipLost,
    MembershipRenewed,
)
from groupwire.net.links import (
    Choice,
    LinkWatch,
    choose_receivers,
    choose_sender,
    known_interfaces,
    list_interfaces,
    route_interface,
)
from groupwire.net.receiver import Membership, MulticastReceiver
from groupwire.net.sender import Aim, MulticastSender, SenderConfig, datagram_limit

__all__ = [
    "Aim",
    "Choice",
    "LinkWatch",
    "Membership",
    "MembershipEvent",
    "MembershipKeeper",
    "MembershipLost",
    "MembershipRenewed",
    "MulticastReceiver",
    "MulticastSender",
    "Reader",
    "SegmentSender",
    "SenderConfig",
    "bind_failure",
    "choose_receivers",
    "choose_sender",
    "datagram_limit",
    "join_failure",
    "kernel_segments",
    "known_interfaces",
    "list_interfaces",
    "most_segments",
    "route_interface",
    "send_failure",
    "socket_failure",
]
