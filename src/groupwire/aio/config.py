"""How peers and others behave: one frozen value instead of a dozen keywords."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Self, TypeVar

from groupwire.errors import UsageError
from groupwire.gather import checked_name

__all__ = ["EndConfig", "PeerConfig", "default_name", "one_of", "with_end"]

ConfigT = TypeVar("ConfigT", bound="EndConfig")
ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndConfig:
    """What everybody has who sends to a group and hears it.

    Raises UsageError for a value that cannot work.
    """

    name: str | None = None
    """The name that others see; None: the short host name."""
    interface: str | int | None = None
    """Name, index, address or ``all``; None: chosen, with the reason told."""
    ttl: int = 1
    """How many links a datagram crosses: 1 stays on this one. 0-255."""
    loopback: bool = True
    """Whether members on this very machine hear what is sent."""
    dscp: int = 0
    """Differentiated services code point of what is sent. 0-63."""
    receive_buffer: int = 4 << 20
    """Bytes asked of the kernel; 0 leaves the system's default."""

    def __post_init__(self) -> None:
        if self.name is not None:
            checked_name(self.name)
        _within("ttl", self.ttl, 0, 255)
        _within("dscp", self.dscp, 0, 63)
        _within("receive_buffer", self.receive_buffer, 0, 1 << 30)

    def merged(
        self,
        *,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
    ) -> Self:
        """Return this with the given values in place of its own."""
        return with_end(self, name, interface, ttl)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConfig(EndConfig):
    """Everything about a peer that has a sensible default.

    Raises UsageError for a value that cannot work.
    """

    answer_to: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks beyond the link whose questions are answered."""
    answer_rate: int = 1000
    """Answers per second and source, and the burst before that counts."""
    answer_pings: bool = True
    """Whether `groupwire ping` is answered; the application hears nothing of it."""
    queue: int = 10_000
    """Messages kept for ``listen``; when full, new ones are counted and dropped."""
    hear_self: bool = False
    """Whether a peer hears what it has sent itself."""

    def __post_init__(self) -> None:
        EndConfig.__post_init__(self)
        _within("answer_rate", self.answer_rate, 1, 1_000_000)
        _within("queue", self.queue, 1, 10_000_000)

    def merged(
        self,
        *,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
    ) -> PeerConfig:
        """Return this with the given values in place of its own."""
        return _merged(self, name, interface, ttl)


def with_end(
    config: ConfigT, name: str | None, interface: str | int | None, ttl: int | None
) -> ConfigT:
    """Return a config with the given values in place of its own."""
    if name is None and interface is None and ttl is None:
        return config
    return replace(
        config,
        name=config.name if name is None else name,
        interface=config.interface if interface is None else interface,
        ttl=config.ttl if ttl is None else ttl,
    )


# Who asks in a loop gives the same values every time.
@lru_cache(maxsize=64)
def _merged(
    config: PeerConfig, name: str | None, interface: str | int | None, ttl: int | None
) -> PeerConfig:
    return with_end(config, name, interface, ttl)


def one_of(kind: type[ChoiceT], value: str, what: str) -> ChoiceT:
    """Return a choice, also where its plain word is given; UsageError names all."""
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(repr(str(choice)) for choice in kind)
        raise UsageError(f"{what} is {value!r}", fix=f"use one of {words}") from None


def default_name() -> str:
    """Return the short host name, made fit to be a member name."""
    short = socket.gethostname().partition(".")[0]
    name = re.sub(r"[^A-Za-z0-9._-]", "-", short)[:64] or "member"
    return f"host-{name}"[:64] if name.isdigit() else name


def _within(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(
            f"{what} {value} is out of range", fix=f"use {least} to {most}"
        )
