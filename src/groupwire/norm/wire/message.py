"""Any NORM message from bytes."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from groupwire.norm.wire.commands import Command, decode_command
from groupwire.norm.wire.feedback import Ack, Nack
from groupwire.norm.wire.head import Head, MessageType
from groupwire.norm.wire.objects import Data, Info

__all__ = ["Message", "decode"]

Message: TypeAlias = Data | Info | Command | Nack | Ack


def decode(data: bytes | memoryview, field_bits: int = 8) -> Message:
    """Return the message; DecodeError for whatever is none.

    ``field_bits`` is that of the sender's code where its fec_id is 2: only the FTI of
    its objects tells it.
    """
    head = Head.decode(data)
    match head.kind:
        case MessageType.DATA:
            return Data.decode(head, data, field_bits)
        case MessageType.INFO:
            return Info.decode(head, data)
        case MessageType.COMMAND:
            return decode_command(head, data, field_bits)
        case MessageType.NACK:
            return Nack.decode(head, data, field_bits)
        case MessageType.ACK:
            return Ack.decode(head, data)
        case _:
            assert_never(head.kind)
