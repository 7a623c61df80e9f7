"""How a delivery behaves: one frozen value for each side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from math import inf, isfinite
from typing import Self

from groupwire.aio.config import EndConfig, with_end
from groupwire.deliver.entries import Entry
from groupwire.errors import UsageError
from groupwire.gather import Expectation, Expected

__all__ = ["PullConfig", "PushConfig"]

Networks = tuple[IPv4Network | IPv6Network, ...]

_MOST_PARITY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig(EndConfig):
    """Everything about a push that has a sensible default. Times are seconds.

    Raises UsageError for a value that cannot work.
    """

    expect: Expected = None
    """A number, names or addresses of members; None: whoever answers the roll-call."""
    wait: float | None = None
    """How long members have to appear; all who are expected end it earlier.
    None: 5 s for who is expected."""
    start_with: int | None = None
    """Begin as soon as so many members are there; others may come later. 0: at once."""
    stall: float = 0.2
    """The silence that ends the roll-call, where nothing else does."""
    patience: float = 10.0
    """The silence after which a member is given up."""
    rate: float | None = None
    """The most bits per second; None: what the slowest member takes."""
    drop_below: float | None = None
    """Who cannot take so many bits per second is given up; None: nobody."""
    parity: int = 0
    """Parity segments sent with each block before anybody asks. 0-64."""
    exclude: tuple[str, ...] = ()
    """Patterns of what is left out of directories, such as ``*.tmp``."""
    links: bool = False
    """Whether symbolic links are sent as links; else they are left out."""
    title: str | None = None
    """What members are told it is, and the name of a stream; None: what is pushed."""
    answer_to: Networks = ()
    """Networks beyond the link whose members are answered."""
    progress_s: float = 0.5
    """How often a handle tells of progress."""

    def __post_init__(self) -> None:
        Expectation.of(self.expect)
        _check_common(self)
        _positive("stall", self.stall)
        if self.wait is not None and not 0 <= self.wait < inf:
            raise UsageError(f"wait {self.wait} is no time", fix="use 0 or more")
        if self.start_with is not None and self.start_with < 0:
            raise UsageError(
                f"nothing starts with {self.start_with} members", fix="use 0 or more"
            )
        for what in ("rate", "drop_below"):
            rate = getattr(self, what)
            if rate is not None:
                _positive(what, rate)
        if not 0 <= self.parity <= _MOST_PARITY:
            raise UsageError(
                f"parity {self.parity} is out of range", fix=f"use 0 to {_MOST_PARITY}"
            )
        if self.title is not None and not self.title:
            raise UsageError("an empty title tells nothing", fix="leave it out")

    def merged(
        self,
        *,
        expect: Expected = None,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
    ) -> Self:
        """Return this with the given values in place of its own."""
        merged = with_end(self, name, interface, ttl)
        return merged if expect is None else replace(merged, expect=expect)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullConfig(EndConfig):
    """Everything about a pull that has a sensible default. Times are seconds.

    Raises UsageError for a value that cannot work.
    """

    timeout: float | None = None
    """End when no delivery has begun for so long; None: wait."""
    patience: float = 10.0
    """How long to wait for a silent sender, and for it to take the receipt."""
    overwrite: bool = False
    """Whether files that no earlier pull has stored are replaced."""
    max_size: int | None = None
    """The most bytes in all; None: what the disk has room for."""
    links: bool = False
    """Whether symbolic links are made, within the tree; else they are refused."""
    allowed: Networks = ()
    """Networks that senders are taken from; empty: all."""
    accept: Callable[[Entry], bool] | None = None
    """Asked about each entry before it is taken; False refuses it.

    It is called from a thread of its own.
    """
    durable: bool = True
    """Whether the disk is waited for before a file counts as stored."""
    receive_buffer: int = 16 << 20
    """Bytes asked of the kernel; 0 leaves the system's default."""
    answer_to: Networks = ()
    """Networks beyond the link whose senders are answered."""
    progress_s: float = 0.5
    """How often a handle tells of progress."""
    lose: float = 0.0
    """The share of what arrives that is lost on purpose: to see repairs at work."""

    def __post_init__(self) -> None:
        _check_common(self)
        if self.timeout is not None:
            _positive("timeout", self.timeout)
        if not 0 <= self.lose <= 1:
            raise UsageError(f"{self.lose} is no share", fix="use 0 to 1")
        if self.max_size is not None and self.max_size < 0:
            raise UsageError(
                f"max_size {self.max_size} is negative", fix="use 0 or more"
            )

    def merged(
        self,
        *,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
        accept: Callable[[Entry], bool] | None = None,
    ) -> Self:
        """Return this with the given values in place of its own."""
        merged = with_end(self, name, interface, ttl)
        return merged if accept is None else replace(merged, accept=accept)


def _check_common(config: PushConfig | PullConfig) -> None:
    EndConfig.__post_init__(config)
    _positive("patience", config.patience)
    _positive("progress_s", config.progress_s)


def _positive(what: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise UsageError(f"{what} {value} is out of range", fix="use more than 0")
