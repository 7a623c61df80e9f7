"""Reads tables of ``/proc/net``: counters, interfaces, sources, UDP sockets.

The parsers take text and touch nothing. A line that is not as it should be is passed
over: tables grow columns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Literal

from groupwire.diagnose.evidence.surroundings import Counters, Filtered, UdpSocket

__all__ = [
    "parse_counters",
    "parse_devices",
    "parse_mcfilter",
    "parse_pending",
    "parse_routes",
    "parse_udp",
]

_TENTATIVE = 0x40
_Order = Literal["little", "big"]


def parse_counters(netstat: str, snmp: str, snmp6: str) -> Counters:
    """Read ``/proc/net/netstat``, ``snmp`` and ``snmp6``."""
    found = dict((*_paired(netstat), *_paired(snmp), *_listed(snmp6)))
    return Counters(
        reverse_path=found.get("TcpExt.IPReversePathFilter", 0),
        receive_buffer=found.get("Udp.RcvbufErrors", 0),
        receive_buffer6=found.get("Udp6RcvbufErrors", 0),
    )


def parse_devices(text: str) -> dict[str, tuple[int, int]]:
    """Read ``/proc/net/dev``: packets received, and dropped on their way in."""
    found: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        name, colon, rest = line.rpartition(":")
        words = rest.split()
        if colon and len(words) >= 4 and words[1].isdigit() and words[3].isdigit():
            found[name.strip()] = (int(words[1]), int(words[3]))
    return found


def parse_mcfilter(text: str) -> tuple[Filtered, ...]:
    """Read ``/proc/net/mcfilter`` or ``mcfilter6``: a line for each source."""
    return tuple(
        found for line in text.splitlines() if (found := _filtered(line.split()))
    )


def parse_pending(text: str) -> frozenset[int]:
    """Read ``/proc/net/if_inet6``: interfaces with an address that is on trial.

    While an interface asks whether somebody else has its address (RFC 4862, section
    5.4), for a second or two, nothing can be sent from it.
    """
    found: set[int] = set()
    for words in map(str.split, text.splitlines()):
        with suppress(ValueError, IndexError):
            if int(words[4], 16) & _TENTATIVE:
                found.add(int(words[1], 16))
    return frozenset(found)


def parse_routes(text: str, byteorder: _Order = sys.byteorder) -> list[IPv4Network]:
    """Read ``/proc/net/route``: the destinations, the narrowest first."""
    found: set[IPv4Network] = set()
    for words in map(str.split, text.splitlines()):
        with suppress(ValueError, IndexError):
            ip, mask = (_words(words[at], byteorder) for at in (1, 7))
            found.add(IPv4Network(f"{ip}/{mask}"))
    return sorted(found, key=lambda network: network.prefixlen, reverse=True)


def parse_udp(text: str, byteorder: _Order = sys.byteorder) -> tuple[UdpSocket, ...]:
    """Read ``/proc/net/udp`` or ``udp6``: a line for each socket of any program."""
    return tuple(
        found
        for line in text.splitlines()
        if (found := _socket(line.split(), byteorder))
    )


def _paired(text: str) -> Iterator[tuple[str, int]]:
    """Iterate over ``Udp: InDatagrams ...`` with ``Udp: 796436 ...`` below it."""
    lines = text.splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        group, _, words = names.partition(":")
        numbers = values.partition(":")[2].split()
        for name, number in zip(words.split(), numbers, strict=False):
            if number.isdigit():
                yield f"{group}.{name}", int(number)


def _listed(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit():
            yield words[0], int(words[1])


def _filtered(words: list[str]) -> Filtered | None:
    """Read index, device, group, source, and how many want it and do not."""
    if len(words) != 6 or not words[0].isdigit():
        return None
    try:
        return Filtered(
            int(words[0]), _ip(words[2]), _ip(words[3]), wanted=int(words[4]) > 0
        )
    except ValueError:
        return None


def _ip(text: str) -> IPv4Address | IPv6Address:
    if text.startswith("0x"):
        return IPv4Address(int(text, 16))
    return IPv6Address(bytes.fromhex(text))


def _socket(words: list[str], byteorder: _Order) -> UdpSocket | None:
    if len(words) < 13 or not words[0].endswith(":"):
        return None
    address, _, port = words[1].partition(":")
    try:
        return UdpSocket(
            ip=_words(address, byteorder),
            port=int(port, 16),
            inode=int(words[9]),
            uid=int(words[7]),
            drops=int(words[12]),
            waiting_bytes=int(words[4].partition(":")[2], 16),
        )
    except ValueError:
        return None


def _words(text: str, byteorder: _Order) -> IPv4Address | IPv6Address:
    """Read an address that stands there as this machine's 32-bit integers."""
    parts = [text[at : at + 8] for at in range(0, len(text), 8)]
    packed = b"".join(int(part, 16).to_bytes(4, byteorder) for part in parts)
    if len(packed) == 4:
        return IPv4Address(packed)
    return IPv6Address(packed)
