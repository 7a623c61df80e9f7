"""One message, every receiver, and proof that it arrived.

The synchronous library; :mod:`groupwire.aio` is the same for asyncio. Names are loaded
when they are first used: asyncio alone costs 45 ms.
"""

from __future__ import annotations

# Known to type checkers by its name. Importing typing would take longer than all else
# here, and a Ctrl-C meanwhile cannot be caught by anyone.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from groupwire import aio
    from groupwire.aio import PeerConfig, Sent
    from groupwire.deliver.report import MemberReceipt
    from groupwire.errors import (
        AddressError,
        GroupwireError,
        MachineError,
        MissingAnswers,
        UsageError,
    )
    from groupwire.gather import Answer, Result
    from groupwire.net import list_interfaces
    from groupwire.plain import receive_socket, send_socket
    from groupwire.sync import (
        Message,
        Peer,
        ask,
        members,
        open,
        publish,
        pull,
        push,
        send,
        subscribe,
    )
    from groupwire.values import Group, Interface

__all__ = [
    "AddressError",
    "Answer",
    "Group",
    "GroupwireError",
    "Interface",
    "MachineError",
    "MemberReceipt",
    "Message",
    "MissingAnswers",
    "Peer",
    "PeerConfig",
    "Result",
    "Sent",
    "UsageError",
    "aio",
    "ask",
    "list_interfaces",
    "members",
    "open",
    "publish",
    "pull",
    "push",
    "receive_socket",
    "send",
    "send_socket",
    "subscribe",
]

__version__ = "0.1.0"

_ROOMS = {
    "AddressError": "errors",
    "Answer": "gather",
    "Group": "values",
    "GroupwireError": "errors",
    "Interface": "values",
    "MachineError": "errors",
    "MemberReceipt": "deliver.report",
    "Message": "sync",
    "MissingAnswers": "errors",
    "Peer": "sync",
    "PeerConfig": "aio",
    "Result": "gather",
    "Sent": "aio",
    "UsageError": "errors",
    "aio": "",
    "ask": "sync",
    "list_interfaces": "net",
    "members": "sync",
    "open": "sync",
    "publish": "sync",
    "pull": "sync",
    "push": "sync",
    "receive_socket": "plain",
    "send": "sync",
    "send_socket": "plain",
    "subscribe": "sync",
}


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if not room:
        return import_module(f"{__name__}.{name}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
