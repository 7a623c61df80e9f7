"""One way between two hosts: what was asked, what came, how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from groupwire.probe.load.delays import Delays

__all__ = ["MAX_OPEN", "TTL_HOPS", "Answered", "Leg", "routers"]

MAX_OPEN = 4096
"""Questions of one way that may still be answered; older ones are lost."""
TTL_HOPS = 64
"""What pings leave with, but for questions to a group: what is left of it tells how
many routers they crossed."""


def routers(sent_hops: int, arrived_hops: int | None) -> int | None:
    """Return how many decremented the TTL; None: it was not sent with this one."""
    if arrived_hops is None or arrived_hops > sent_hops:
        return None
    return sent_hops - arrived_hops


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that counts; ``again`` where it came before."""

    number: int
    multicast: bool
    rtt_s: float
    hops: int | None
    again: bool


@dataclass(slots=True)
class _Numbers:
    """Which of the latest numbers have been there."""

    latest: int = 0
    bits: int = 0

    def add(self, number: int) -> bool:
        """Note a number; False where it was noted before."""
        if number > self.latest:
            self.bits = self.bits << (number - self.latest) & (1 << MAX_OPEN) - 1
            self.latest = number
        if number in self:
            return False
        self.bits |= 1 << (self.latest - number)
        return True

    def __contains__(self, number: int) -> bool:
        return number <= self.latest and bool(self.bits >> (self.latest - number) & 1)


@dataclass(slots=True)
class Leg:
    """One way: unicast or multicast. Times in seconds."""

    tree: bool = False
    """Whether a tree may have to grow first: what was asked until then is not lost."""

    asked: int = 0
    received: int = 0
    duplicates: int = 0
    open: int = 0
    """Asked last, and not waited for to the end; neither received nor lost."""
    rtts: Delays = field(default_factory=Delays)
    hops: int | None = None
    """Routers on the way; None: nothing has come, or the TTL is not known."""
    first_number: int | None = None
    """The question of the first answer."""
    setup_s: float | None = None
    """From the beginning to the first answer."""
    _seen: _Numbers = field(default_factory=_Numbers)

    @property
    def lost(self) -> int:
        """How many questions have no answer this way."""
        return max(self._counted - self.received, 0)

    @property
    def loss(self) -> float:
        """The part that is lost, 0 to 1."""
        return self.lost / self._counted if self._counted > 0 else 0.0

    def take(
        self, number: int, *, rtt_s: float, hops: int | None, since_s: float
    ) -> bool:
        """Count an answer; False where this question had one before."""
        self.hops = hops
        if not self._seen.add(number):
            self.duplicates += 1
            return False
        self.received += 1
        self.rtts.take(rtt_s)
        if self.first_number is None or number < self.first_number:
            self.first_number = number
        if self.setup_s is None:
            self.setup_s = max(since_s, 0.0)
        return True

    def answered(self, number: int) -> bool:
        """Tell whether this question has an answer."""
        return number in self._seen

    def now(self, *, asked: int, unanswered: int = 0) -> Leg:
        """Return how it stands, with so many that are still open."""
        return replace(self, asked=asked, open=unanswered)

    @property
    def _counted(self) -> int:
        skipped = 0
        if self.tree and self.first_number is not None:
            skipped = self.first_number - 1
        return self.asked - self.open - skipped
