"""One message: a letter, then options (RFC 6450 section 3).

::

    | type 1 | option type 2 | length 2 | value | option type 2 | ...

Debian's ssmping speaks an older dialect: its group has one octet for the address
family where the RFC has two, and nothing says a version. Both are read; we ask in the
older one, which responders of either kind send back as it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from groupwire.errors import DecodeError

__all__ = ["Kind", "Message", "Option", "as_answer", "padded"]

_MAX_OPTIONS = 32
_HEAD_BYTES = 4
_FAMILIES = {4: 1, 6: 2}
_MAX_NAME_BYTES = 64


class Kind(Enum):
    """What a message is, as its first octet says."""

    QUESTION = b"Q"
    ANSWER = b"A"


class Option(IntEnum):
    """RFC 6450 section 4, those that we speak of."""

    CLIENT = 1
    NUMBER = 2
    TIME = 3
    GROUP = 4
    WANTED = 5
    SERVER = 6
    SIZE = 7
    """Of the older dialect: how long the answer is to be."""
    PADDING = 8
    """Of the older dialect: what makes it so long."""
    FILLING = 0xFFFF
    """Ours: octets that make a question as long as it is wanted. Whoever does not
    know an option sends it back as it came."""


@dataclass(frozen=True, slots=True)
class Message:
    """A question or an answer; options that are not ours are left out."""

    kind: Kind
    client: int
    number: int
    seconds: int = 0
    microseconds: int = 0
    group: IPv4Address | IPv6Address | None = None
    wants_name: bool = False
    """Whether the responder is asked who it is (server information)."""
    server: str = ""
    """Who it says it is."""
    filling: int = 0
    """Octets of filling."""
    wanted_bytes: int = 0
    """How long the answer is to be at least."""

    def encode(self) -> bytes:
        """Return the octets."""
        parts = [
            self.kind.value,
            _option(Option.CLIENT, self.client.to_bytes(4)),
            _option(Option.NUMBER, self.number.to_bytes(4)),
            _option(
                Option.TIME,
                self.seconds.to_bytes(4) + self.microseconds.to_bytes(4),
            ),
        ]
        if self.group is not None:
            family = _FAMILIES[self.group.version].to_bytes(1)
            parts.append(_option(Option.GROUP, family + self.group.packed))
        if self.wants_name:
            parts.append(_option(Option.WANTED, Option.SERVER.to_bytes(2)))
        if self.server:
            parts.append(_option(Option.SERVER, self.server.encode()))
        if self.wanted_bytes:
            parts.append(_option(Option.SIZE, self.wanted_bytes.to_bytes(2)))
        if self.filling:
            parts.append(_option(Option.FILLING, bytes(self.filling)))
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read it; DecodeError for what is none, or has no number."""
        try:
            kind = Kind(data[:1])
        except ValueError:
            raise DecodeError("ssmping-no-message") from None
        options = dict(_options(data))
        client, number = options.get(Option.CLIENT), options.get(Option.NUMBER)
        if client is None or number is None or len(client) > 8 or len(number) != 4:
            raise DecodeError("ssmping-no-number")
        time = options.get(Option.TIME, bytes(8)).ljust(8, b"\0")
        return cls(
            kind,
            int.from_bytes(client),
            int.from_bytes(number),
            int.from_bytes(time[:4]),
            int.from_bytes(time[4:8]),
            _group(options.get(Option.GROUP)),
            _wants_name(options.get(Option.WANTED)),
            options.get(Option.SERVER, b"")[:_MAX_NAME_BYTES].decode(errors="replace"),
            len(options.get(Option.FILLING, b"")),
            int.from_bytes(options.get(Option.SIZE, b"")[:2]),
        )


def as_answer(question: bytes, name: str) -> bytes:
    """Return the answer to a question: itself, with another letter.

    A name is added where it is asked for; then the answer is that much longer.
    """
    answer = Kind.ANSWER.value + question[1:]
    return answer + (_option(Option.SERVER, name.encode()) if name else b"")


def padded(answer: bytes, size_bytes: int) -> bytes:
    """Return the answer in this size, where it is not as long already."""
    missing = size_bytes - len(answer) - _HEAD_BYTES
    return answer if missing < 0 else answer + _option(Option.PADDING, bytes(missing))


def _wants_name(value: bytes | None) -> bool:
    """Read which options are wanted; in the older dialect the empty list is all."""
    if value is None:
        return False
    pairs = [value[at : at + 2] for at in range(0, len(value), 2)]
    return not pairs or Option.SERVER.to_bytes(2) in pairs


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 1
    for _ in range(_MAX_OPTIONS):
        if at == len(data):
            return
        head = data[at : at + _HEAD_BYTES]
        size = int.from_bytes(head[2:])
        at += _HEAD_BYTES
        if len(head) < _HEAD_BYTES or at + size > len(data):
            break
        yield int.from_bytes(head[:2]), data[at : at + size]
        at += size
    raise DecodeError("ssmping-cut")


def _group(value: bytes | None) -> IPv4Address | IPv6Address | None:
    """Read the family in one octet or two, and the address behind it."""
    if value is None:
        return None
    for octets in (1, 2):
        family, address = int.from_bytes(value[:octets]), value[octets:]
        if family == _FAMILIES[4] and len(address) == 4:
            return IPv4Address(address)
        if family == _FAMILIES[6] and len(address) == 16:
            return IPv6Address(address)
    raise DecodeError("ssmping-group")


def _option(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2) + len(value).to_bytes(2) + value
