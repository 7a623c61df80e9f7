"""Interfaces: listed, chosen, watched."""

from groupwire.net.links.choose import (
    Choice,
    candidates,
    choose_receivers,
    choose_sender,
)
from groupwire.net.links.interfaces import (
    known_interfaces,
    list_interfaces,
    route_interface,
)
from groupwire.net.links.watch import (
    AddressesChanged,
    CarrierFound,
    CarrierLost,
    LinkAppeared,
    LinkChange,
    LinkGone,
    LinkTracker,
    LinkWatch,
)

__all__ = [
    "AddressesChanged",
    "CarrierFound",
    "CarrierLost",
    "Choice",
    "LinkAppeared",
    "LinkChange",
    "LinkGone",
    "LinkTracker",
    "LinkWatch",
    "candidates",
    "choose_receivers",
    "choose_sender",
    "known_interfaces",
    "list_interfaces",
    "route_interface",
]
