"""Counts what is missing, came twice or came late, by the numbers in the packets.

A number behind the next one expected fills a hole (late), or has been there (twice).
What is far from all that is known is believed only when a second packet goes on from
it, as RFC 3550 A.1 does; until then it may as well be a packet gone wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.errors import UsageError
from groupwire.probe.sequence.holes import MAX_HOLES, Holes

__all__ = [
    "EARLY",
    "LONGEST_LOSS",
    "MAX_LATE",
    "MAX_REPEATS",
    "SUDDEN",
    "SequenceCounts",
    "SequenceMeter",
]

SUDDEN = 3000
"""RFC 3550 A.1, MAX_DROPOUT: a jump ahead beyond this wants a second packet."""
EARLY = 100
"""RFC 3550 A.1, MAX_MISORDER: who is late before the first number is still known."""
MAX_LATE = MAX_HOLES
"""As far behind a number that fills no hole has surely been there before."""
MAX_REPEATS = 256
"""Numbers of old in a row, one following the other: the sender has begun anew."""
LONGEST_LOSS = 1 << 20
"""A jump ahead beyond this, or half the numbers, is no loss but a new beginning."""
_LEAST_MODULUS = 1 << 10


@dataclass(frozen=True, slots=True)
class SequenceCounts:
    """What a meter has counted so far."""

    received: int = 0
    """Numbers that came, each once."""
    lost: int = 0
    """Numbers passed over that have not come since."""
    duplicates: int = 0
    """Packets whose number had come before."""
    reordered: int = 0
    """Packets that came behind a higher number; received, too."""
    restarts: int = 0
    """How often the numbers began anew; what was lost there nobody knows."""
    gaps: int = 0
    """How often numbers were passed over."""
    longest_gap: int = 0
    """The most numbers passed over at once."""
    strays: int = 0
    """Packets far from all others, whose number nobody went on from."""

    @property
    def expected(self) -> int:
        """How many numbers have been in use between the first and the last."""
        return self.received + self.lost

    @property
    def loss(self) -> float:
        """The part that is lost, 0 to 1."""
        return self.lost / self.expected if self.expected else 0.0


class SequenceMeter:
    """Reads the numbers of one sender; they begin again at 0 after ``modulus``.

    Numbers from 0 to below the modulus, and whole runs of them, are taken in the order
    in which they arrived. What is lost before the first or behind the last number
    cannot be known. ``longest_loss`` is larger where numbers never begin anew.
    UsageError for a modulus below 1024, too few to tell late from new.
    """

    __slots__ = (
        "_calm",
        "_duplicates",
        "_floor",
        "_gaps",
        "_half",
        "_holes",
        "_longest",
        "_longest_loss",
        "_lost",
        "_modulus",
        "_next",
        "_received",
        "_reordered",
        "_repeated",
        "_repeats",
        "_restarts",
        "_started",
        "_strays",
        "_suspect",
    )

    def __init__(self, modulus: int, *, longest_loss: int = LONGEST_LOSS) -> None:
        if modulus < _LEAST_MODULUS:
            raise UsageError(f"a modulus of {modulus} is below {_LEAST_MODULUS}")
        self._modulus = modulus
        self._longest_loss = longest_loss
        self._half = modulus >> 1
        self._holes = Holes()
        self._started = self._calm = False
        # Calm: nothing is suspected, so what follows needs no second look.
        self._next = self._floor = 0
        # Numbers inside are unwrapped; below the floor nothing counts as lost.
        self._suspect: int | None = None
        self._repeated = self._repeats = 0
        self._received = self._lost = self._duplicates = self._reordered = 0
        self._restarts = self._gaps = self._longest = self._strays = 0

    @property
    def counts(self) -> SequenceCounts:
        """What has been counted so far."""
        return SequenceCounts(
            self._received,
            self._lost,
            self._duplicates,
            self._reordered,
            self._restarts,
            self._gaps,
            self._longest,
            self._strays + (self._suspect is not None),
        )

    def take(self, number: int) -> None:
        """Count one packet."""
        if self._calm and (number - self._next) % self._modulus == 0:
            self._next += 1
            self._received += 1
        else:
            self._take(number, 1)

    def take_run(self, first: int, count: int) -> None:
        """Count packets whose numbers follow each other; at most half the modulus."""
        if self._calm and (first - self._next) % self._modulus == 0:
            self._next += count
            self._received += count
        elif count > 0:
            self._take(first, count)

    def restart(self) -> None:
        """Know that the sender begins anew, from what else its packets say."""
        if self._started:
            self._restarts += 1
            self._settle()
            self._started = self._calm = False

    def _take(self, number: int, count: int) -> None:
        if not self._started:
            self._begin(number, count)
            return
        ahead = (number - self._next + self._half) % self._modulus - self._half
        if -count < ahead < 0:  # partly old, partly new
            self._behind(self._next + ahead, -ahead)
            self._take(number - ahead, count + ahead)
        elif ahead < 0:
            self._behind(self._next + ahead, count)
        elif ahead <= SUDDEN:
            self._advance(ahead, count)
        else:
            self._suspicious(self._next + ahead, count)

    def _begin(self, number: int, count: int) -> None:
        self._floor = number
        self._next = number + count
        self._received += count
        self._holes.clear()
        self._holes.open(number - EARLY, number)
        self._started = self._calm = True

    def _advance(self, ahead: int, count: int) -> None:
        """Take what is new, and note what was passed over."""
        if ahead:
            self._holes.open(self._next, self._next + ahead)
            self._lost += ahead
            self._gaps += 1
            self._longest = max(self._longest, ahead)
        self._next += ahead + count
        self._received += count
        self._settle()
        self._calm = True

    def _behind(self, at: int, count: int) -> None:
        """Take what should have come before."""
        filled = self._holes.fill(at, at + count)
        late = sum(after - first for first, after in filled)
        far = self._next - at > MAX_LATE or at < self._floor - EARLY
        if far and not late:
            self._suspicious(at, count)
            return
        self._received += late
        self._reordered += late
        self._lost -= late - sum(self._early(first, after) for first, after in filled)
        self._repeat(at, count, count - late)

    def _early(self, first: int, after: int) -> int:
        """Return how many of a range come before the first number that was seen."""
        return max(min(after, self._floor) - first, 0)

    def _repeat(self, at: int, count: int, repeats: int) -> None:
        """Count what came twice, unless the sender counts from there once more."""
        self._duplicates += repeats
        if repeats < count:
            self._repeats = 0
        elif at == self._repeated:
            self._repeats += count
        else:
            self._repeats = count
        self._repeated = at + count
        self._calm = False
        if self._repeats >= MAX_REPEATS:
            again, self._repeats = self._repeats, 0
            self._duplicates -= again
            self._begin_anew(at + count - again, again)

    def _suspicious(self, at: int, count: int) -> None:
        """Believe a far number when a second packet goes on from it."""
        self._calm = False
        before, self._suspect = self._suspect, None
        if count > 1:
            self._strays += before is not None
            self._believe(at, count)
        elif before is not None and 0 < (at - before) % self._modulus <= EARLY:
            self._believe(before, 1)
            self._take(at, 1)
        else:
            self._strays += before is not None
            self._suspect = at

    def _believe(self, at: int, count: int) -> None:
        ahead = at - self._next
        if 0 < ahead <= self._longest_loss:
            self._advance(ahead, count)
        else:
            self._begin_anew(at, count)

    def _begin_anew(self, at: int, count: int) -> None:
        self._restarts += 1
        self._begin(at, count)

    def _settle(self) -> None:
        """Forget what was suspected: the old numbers have gone on."""
        self._strays += self._suspect is not None
        self._suspect = None
        self._repeats = 0
