"""What a pull is told at its beginning. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from groupwire.errors import UsageError
from groupwire.gather import Limits, checked_name
from groupwire.norm import Join

__all__ = ["Network", "PullRules"]

Network = IPv4Network | IPv6Network

_MEMORY_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class PullRules:
    """Who receives, from whom, and how patient it is."""

    name: str
    """The member's name."""
    node: int
    """Its NORM node id."""
    count: int | None = 1
    """Deliveries to take part in; None for all that come."""
    unicast: bool = False
    """Whether NORM's feedback goes to the sender alone: in a source-specific group."""
    allowed: tuple[Network, ...] = ()
    """Where senders may be; empty for everywhere."""
    answer_to: tuple[Network, ...] = ()
    """Senders beyond the link that are answered."""
    source: IPv4Address | IPv6Address | None = None
    """The SOURCE of a source-specific group."""
    patience_s: float = 10.0
    """How long it waits for the signature under its receipt."""
    join: Join = Join.WINDOW
    memory_bytes: int = field(default=_MEMORY_BYTES)
    """Of manifests and seals on their way."""

    def __post_init__(self) -> None:
        checked_name(self.name)
        if self.count is not None and self.count < 1:
            raise UsageError(f"no {self.count} deliveries", fix="use 1 or more")
        if not self.patience_s > 0:
            raise UsageError(
                f"a patience of {self.patience_s:g} s is not possible",
                fix="use more than 0",
            )

    @property
    def limits(self) -> Limits:
        """Whom to answer."""
        return Limits(source=self.source, answer_to=self.answer_to)
