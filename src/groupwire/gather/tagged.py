"""The tagged form: groupwire's small header in front of a message.

Layout and rules stand in docs/protocol.md §2 and §3. Whatever a stranger sends,
decoding raises DecodeError and nothing else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from groupwire.errors import DecodeError
from groupwire.gather.names import MAX_NAME_BYTES, is_name

__all__ = ["Kind", "Tagged", "is_tagged", "names_bytes"]

MAGIC = b"\xf5gw\x01"
"""No UTF-8 text, RTP, NORM or MPEG-TS starts like this; the 1 is the version."""

MAX_OPTION_BYTES = 60_000
MAX_LIST_BYTES = 50_000
"""The longest list of names sent; it leaves room for the other options."""
MAX_SPREAD_US = 30_000_000
MAX_NAMES = 4096


class Kind(IntEnum):
    """What a tagged datagram is."""

    QUESTION = 1
    """Wants an answer from every member."""
    ANSWER = 2
    """Answers a question, by unicast."""
    MESSAGE = 3
    """Wants none."""


class _Option(IntEnum):
    NAME = 1
    SPREAD = 2
    HEARD = 3
    WANTED = 4
    ATTEMPT = 5
    PING = 48


@dataclass(frozen=True, slots=True)
class Tagged:
    """One tagged datagram.

    | magic 4 | kind 1 | 0 | option bytes 2 | request id 8 | options | payload |

    An option is ``| type 1 | length 2 | value |``; unknown types are skipped.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!4sBBHQ")
    OPTION: ClassVar[struct.Struct] = struct.Struct("!BH")

    kind: Kind
    request_id: int
    data: bytes = b""
    name: str | None = None
    """The sender's member name."""
    spread_us: int = 0
    """How long members may wait at random before they answer, microseconds."""
    heard: frozenset[str] = frozenset()
    """Members that have answered already and need not answer again."""
    wanted: frozenset[str] | None = None
    """The only members that are asked; None: everybody."""
    attempt: int = 1
    ping: bool = False
    """The member itself is asked, and not who listens there."""
    ttl_hops: int | None = None
    """Of an answer to a ping: the TTL with which that arrived, where it is known."""

    def encode(self) -> bytes:
        """Return the datagram."""
        options = self._options()
        head = self.LAYOUT.pack(MAGIC, self.kind, 0, len(options), self.request_id)
        return b"".join((head, options, self.data))

    def _options(self) -> bytes:
        parts: list[bytes] = []
        if self.name is not None:
            parts.append(_option(_Option.NAME, self.name.encode("ascii")))
        if self.spread_us:
            parts.append(_option(_Option.SPREAD, struct.pack("!I", self.spread_us)))
        if self.heard:
            parts.append(_option(_Option.HEARD, _pack_names(self.heard)))
        if self.wanted is not None:
            parts.append(_option(_Option.WANTED, _pack_names(self.wanted)))
        if self.attempt != 1:
            parts.append(_option(_Option.ATTEMPT, bytes([self.attempt])))
        if self.ping:
            arrived = b"" if self.ttl_hops is None else bytes([self.ttl_hops])
            parts.append(_option(_Option.PING, arrived))
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a datagram; DecodeError with the reason for junk."""
        if len(data) < cls.LAYOUT.size:
            raise DecodeError("tagged-cut")
        magic, kind, _, size, request_id = cls.LAYOUT.unpack_from(data)
        if magic != MAGIC:
            raise DecodeError("tagged-magic")
        if kind not in _KINDS:
            raise DecodeError("tagged-kind")
        end = cls.LAYOUT.size + size
        if end > len(data) or size > MAX_OPTION_BYTES:
            raise DecodeError("tagged-options")
        if not size:
            return cls(_KINDS[kind], request_id, data[end:])
        options = _Options()
        options.read(data, cls.LAYOUT.size, end)
        return cls(
            _KINDS[kind],
            request_id,
            data[end:],
            options.name,
            options.spread_us,
            options.heard,
            options.wanted,
            options.attempt,
            options.ping,
            options.ttl_hops,
        )


class _Options:
    """The options of one datagram while they are read."""

    __slots__ = (
        "attempt",
        "heard",
        "name",
        "ping",
        "spread_us",
        "ttl_hops",
        "wanted",
    )

    def __init__(self) -> None:
        self.name: str | None = None
        self.spread_us = 0
        self.heard: frozenset[str] = frozenset()
        self.wanted: frozenset[str] | None = None
        self.attempt = 1
        self.ping = False
        self.ttl_hops: int | None = None

    def read(self, data: bytes, at: int, end: int) -> None:
        while at < end:
            if end - at < Tagged.OPTION.size:
                raise DecodeError("tagged-option-cut")
            kind, size = Tagged.OPTION.unpack_from(data, at)
            at += Tagged.OPTION.size
            if size > end - at:
                raise DecodeError("tagged-option-cut")
            self._take(kind, data[at : at + size])
            at += size

    def _take(self, kind: int, value: bytes) -> None:
        match kind:
            case _Option.NAME:
                self.name = _name(value)
            case _Option.SPREAD:
                self.spread_us = min(_number(value, 4), MAX_SPREAD_US)
            case _Option.HEARD:
                self.heard = _unpack_names(value)
            case _Option.WANTED:
                self.wanted = _unpack_names(value)
            case _Option.ATTEMPT:
                self.attempt = _attempt(value)
            case _Option.PING:
                # More than one byte is for later parts of the protocol.
                self.ping, self.ttl_hops = True, value[0] if value else None
            case _:
                pass  # docs/protocol.md §3.2: what we do not know, we skip


_KINDS = {int(kind): kind for kind in Kind}


def is_tagged(data: bytes) -> bool:
    """Tell whether a datagram claims to be tagged."""
    return data[:4] == MAGIC


def names_bytes(names: frozenset[str]) -> int:
    """Return how many bytes a list of names takes as an option."""
    return Tagged.OPTION.size + sum(len(name) + 1 for name in names)


def _option(kind: _Option, value: bytes) -> bytes:
    return Tagged.OPTION.pack(kind, len(value)) + value


def _pack_names(names: frozenset[str]) -> bytes:
    return b"".join(bytes([len(n)]) + n.encode("ascii") for n in sorted(names))


def _unpack_names(value: bytes) -> frozenset[str]:
    names: set[str] = set()
    at = 0
    while at < len(value):
        end = at + 1 + value[at]
        if end > len(value) or len(names) >= MAX_NAMES:
            raise DecodeError("tagged-names")
        names.add(_name(value[at + 1 : end]))
        at = end
    return frozenset(names)


def _name(value: bytes) -> str:
    # Decoded as Latin-1 it cannot fail; is_name refuses what is not plain ASCII.
    name = value[: MAX_NAME_BYTES + 1].decode("latin-1")
    if not is_name(name):
        raise DecodeError("tagged-name")
    return name


def _attempt(value: bytes) -> int:
    attempt = _number(value, 1)
    if not attempt:
        raise DecodeError("tagged-attempt")
    return attempt


def _number(value: bytes, size: int) -> int:
    if len(value) != size:
        raise DecodeError("tagged-number")
    return int.from_bytes(value, "big")
