"""Looks at the wire itself: what leaves a host and what reaches it, as root may.

The kernel shows a tap each packet before rp_filter and the firewall's input rules see
it, and after the output rules have let it go. A filter in the kernel keeps all but the
packets meant away. Nothing is changed: no interface hears more than it did.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from groupwire.net.options import THIS_SYSTEM
from groupwire.values import Interface

__all__ = ["MEMBERSHIP_4", "MEMBERSHIP_6", "Tap", "Tapped", "udp_payload", "udp_to"]

MOST_AT_ONCE = 64
"""Packets read for one wake-up."""
_PACKET_BYTES = 2048
_ETH_P_ALL = 3
_OUTGOING, _LOOPED = 4, 5
_INSTRUCTION, _PROGRAM = struct.Struct("@HBBI"), struct.Struct("@HP")
_ADDRESS = struct.Struct("@HHiHBB8s")
_BYTE, _WORD, _AND, _EQUAL, _RETURN = 0x30, 0x20, 0x54, 0x15, 0x06
_UDP, _IGMP, _ICMP6 = 17, 2, 58

# One test of a packet: what is loaded, from where, under which mask, and equals what.
_Test = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Tapped:
    """A packet from its IP header on, and which way it went."""

    packet: bytes
    outgoing: bool
    interface: str = ""


def udp_to(ip: IPv4Address | IPv6Address) -> tuple[_Test, ...]:
    """Return what holds of a UDP packet to an address."""
    if ip.version == 4:
        return (_version(4), _byte(9, _UDP), _word(16, int(ip)))
    words = struct.unpack("!4I", ip.packed)
    return (
        _version(6),
        _byte(6, _UDP),
        *(_word(24 + 4 * n, word) for n, word in enumerate(words)),
    )


def _version(version: int) -> _Test:
    return (_BYTE, 0, 0xF0, version << 4)


def _byte(at: int, value: int) -> _Test:
    return (_BYTE, at, 0xFF, value)


def _word(at: int, value: int) -> _Test:
    return (_WORD, at, 0xFFFF_FFFF, value)


MEMBERSHIP_4 = (_version(4), _byte(9, _IGMP))
# Behind a hop-by-hop header, as all of MLD is (RFC 3810 section 5).
MEMBERSHIP_6 = (_version(6), _byte(6, 0), _byte(40, _ICMP6))


def udp_payload(packet: bytes) -> tuple[int, bytes]:
    """Return the TTL and the payload of a UDP packet that is whole; else nothing."""
    if packet[:1] and packet[0] >> 4 == 4 and len(packet) >= 28:
        return packet[8], packet[(packet[0] & 15) * 4 + 8 :]
    return (packet[7], packet[48:]) if len(packet) >= 48 else (0, b"")


class Tap:
    """One packet socket for all its interfaces; OSError where that is not allowed.

    One, since closing each takes the kernel some hundredths of a second.
    """

    def __init__(self, interfaces: Iterable[Interface], tests: Sequence[_Test]) -> None:
        self._names = frozenset(one.name for one in interfaces)
        self._socket = _opened(sorted(self._names), tests)

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._socket.fileno()

    def read(self) -> list[Tapped]:
        """Return the packets that wait: of at most 64, those of its interfaces."""
        found: list[Tapped] = []
        with suppress(OSError):  # nothing more, or the interface is gone
            for _ in range(MOST_AT_ONCE):
                packet, (name, _, kind, *_) = self._socket.recvfrom(_PACKET_BYTES)
                # What a host sends to a group it also hears: that was on no wire.
                if kind != _LOOPED and name in self._names:
                    found.append(Tapped(packet, kind == _OUTGOING, name))
        return found

    def close(self) -> None:
        """Look no longer; any number of times."""
        self._socket.close()


def _opened(names: Sequence[str], tests: Sequence[_Test]) -> socket.socket:
    # Protocol 0 hears nothing until it is bound: the filter comes first.
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        sock.setblocking(False)
        _attach(sock, tests)
        if len(names) == 1:
            sock.bind((names[0], _ETH_P_ALL))
        else:
            _bind_to_all(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_to_all(sock: socket.socket) -> None:
    """Hear every interface (packet(7)): Python's own bind wants the name of one."""
    name = _ADDRESS.pack(socket.AF_PACKET, socket.htons(_ETH_P_ALL), 0, 0, 0, 0, b"")
    if ctypes.CDLL(None, use_errno=True).bind(sock.fileno(), name, len(name)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _attach(sock: socket.socket, tests: Sequence[_Test]) -> None:
    program = _program(tests)
    code = ctypes.create_string_buffer(program, len(program))
    option = _PROGRAM.pack(len(program) // _INSTRUCTION.size, ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, THIS_SYSTEM.attach_filter, option)


def _program(tests: Sequence[_Test]) -> bytes:
    """Return a program that keeps what passes all tests."""
    steps: list[tuple[int, int, int, int]] = []
    for left, (load, at, mask, value) in zip(
        range(len(tests) - 1, -1, -1), tests, strict=True
    ):
        steps += [
            (load, 0, 0, at),
            (_AND, 0, 0, mask),
            (_EQUAL, 0, 3 * left + 1, value),
        ]
    steps += [(_RETURN, 0, 0, 0xFFFF_FFFF), (_RETURN, 0, 0, 0)]
    return b"".join(_INSTRUCTION.pack(*step) for step in steps)
