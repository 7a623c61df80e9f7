"""What a push is told at its beginning. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from groupwire.errors import UsageError
from groupwire.gather import Expectation, Limits, checked_name
from groupwire.norm import AdaptiveConfig, Coding, SenderConfig

__all__ = ["Network", "PushRules"]

Network = IPv4Network | IPv6Network

_KEPT_OBJECTS = 16_384
_INITIAL_GRTT_S = 0.01
"""Of a LAN, and far above it: members wait no longer for their first NACK."""
_UNKNOWN_MEMBERS = 100
_FEWEST_MEMBERS = 10
_BLOCK, _PARITY = 64, 32
_FEW_MEMBERS = 2


@dataclass(frozen=True, slots=True)
class PushRules:
    """Who sends to whom, how fast, and how patient it is."""

    delivery: int
    """64 random bits."""
    node: int
    """Its NORM node id."""
    instance: int
    name: str
    """The sender's member name."""
    title: str = ""
    expect: Expectation = field(default_factory=Expectation)
    wait_s: float | None = None
    """For so long members may appear; None: 5 s where somebody is expected."""
    start_with: int | None = None
    """Begin as soon as so many are there; 0: also without anybody."""
    stall_s: float = 0.2
    """Where nobody is expected, this silence ends the roll-call."""
    patience_s: float = 10.0
    """Who is silent for so long is given up."""
    ceiling_bytes_per_s: float | None = None
    drop_below_bytes_per_s: float | None = None
    """Who cannot take as much is given up; None: as NORM's rate has it."""
    parity: int = 0
    """Symbols sent behind each block unasked."""
    segment_bytes: int = 1400
    digest_first_bytes: int = 16 << 20
    """What is no larger is digested before it is sent."""
    source: IPv4Address | IPv6Address | None = None
    """The SOURCE of a source-specific group."""
    answer_to: tuple[Network, ...] = ()
    """Members beyond the link that are answered."""

    def __post_init__(self) -> None:
        checked_name(self.name)
        if (self.wait_s or 0.0) < 0 or (self.start_with or 0) < 0:
            raise UsageError("nobody waits less than 0", fix="use 0 or more")
        if not (self.patience_s > 0 and self.stall_s > 0):
            raise UsageError(
                "patience and stall of 0 s are not possible", fix="use more than 0"
            )

    @property
    def limits(self) -> Limits:
        """Whom to answer."""
        return Limits(source=self.source, answer_to=self.answer_to)

    @property
    def sender(self) -> SenderConfig:
        """How NORM sends."""
        # One repair of parity mends what several members lost, each another segment;
        # for one or two it costs them more to compute than to hear it again.
        usual = 0 if 0 < self.expect.size <= _FEW_MEMBERS else _PARITY
        coding = Coding(self.segment_bytes, _BLOCK, max(usual, self.parity))
        return SenderConfig(
            self.node,
            self.instance,
            coding,
            auto_parity=self.parity,
            members=max(_FEWEST_MEMBERS, self.expect.size or _UNKNOWN_MEMBERS),
            initial_grtt_s=_INITIAL_GRTT_S,
            kept_objects=_KEPT_OBJECTS,
        )

    @property
    def rate(self) -> AdaptiveConfig:
        """The bounds of the rate."""
        usual = AdaptiveConfig()
        ceiling = self.ceiling_bytes_per_s or usual.ceiling_bytes_per_s
        least = self.drop_below_bytes_per_s
        return AdaptiveConfig(
            start_bytes_per_s=min(usual.start_bytes_per_s, ceiling),
            floor_bytes_per_s=min(usual.floor_bytes_per_s, ceiling),
            ceiling_bytes_per_s=ceiling,
            drop_below_bytes_per_s=(
                usual.drop_below_bytes_per_s if least is None else least
            ),
            packet_bytes=self.segment_bytes,
        )
