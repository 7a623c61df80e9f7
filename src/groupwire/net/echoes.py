"""What a sender that has joined its own group need not hear: its own data, again.

The kernel drops them by a filter on the socket before they cost a wake-up and a copy.
It is a saving only: where there is no such filter they arrive and are dropped later.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Collection
from contextlib import suppress

from groupwire.net.options import System

__all__ = ["echo_filter", "ignore_echoes"]

# struct sock_filter of linux/filter.h: operation, jumps if true and if false, operand.
_INSTRUCTION = struct.Struct("@HBBI")
_PROGRAM = struct.Struct("@HP")
_LOAD_HALF, _LOAD_BYTE, _JUMP_EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06
_ALL_OF_IT, _NOTHING = 0xFFFF_FFFF, 0
_MOST_KINDS = 64
# On a UDP socket offsets count from the UDP header.
_SOURCE_PORT, _PAYLOAD = 0, 8


def echo_filter(port: int, kinds: Collection[int]) -> bytes:
    """Return a program that drops what ``port`` sent and begins with one of ``kinds``.

    Of the source only the port is looked at, as this machine's addresses may change:
    whoever else uses it must not send anything of these kinds that is wanted.
    """
    wanted = sorted(kinds)[:_MOST_KINDS]
    count = len(wanted)
    steps = [
        (_LOAD_HALF, 0, 0, _SOURCE_PORT),
        (_JUMP_EQUAL, 0, count + 1, port),
        (_LOAD_BYTE, 0, 0, _PAYLOAD),
        *((_JUMP_EQUAL, count - number, 0, kind) for number, kind in enumerate(wanted)),
        (_RETURN, 0, 0, _ALL_OF_IT),
        (_RETURN, 0, 0, _NOTHING),
    ]
    return b"".join(_INSTRUCTION.pack(*step) for step in steps)


def ignore_echoes(sock: socket.socket, program: bytes, system: System) -> bool:
    """Have the kernel drop what the program says; False where it cannot.

    The kernel counts what it drops so as it counts what finds no room: from then on
    nobody tells how much of it that was.
    """
    if not system.attach_filter:
        return False
    code = ctypes.create_string_buffer(program, len(program))
    option = _PROGRAM.pack(len(program) // _INSTRUCTION.size, ctypes.addressof(code))
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, system.attach_filter, option)
        return True
    return False
