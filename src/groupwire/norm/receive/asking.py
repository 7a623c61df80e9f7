"""When a receiver asks a sender for repair, and up to where (RFC 5740 §5.3)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random
from typing import Protocol

from groupwire.norm.receive.catalogue import Catalogue, Position
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import LossReason
from groupwire.norm.receive.nacker import Nacker, NackPhase
from groupwire.norm.receive.patience import Patience
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.head import SenderState

__all__ = ["Asking", "Mouth"]

_SHORTEST_SILENCE_S = 1.0
_EVERY_SYMBOL = 0xFFFF
_EVERY_BLOCK = 1 << 32
_MOST_NEEDS = 4096
"""That are asked for at once: as many as a sender adds up."""
Through = tuple[int, int, int | None]
"""Object, block and symbol up to where is asked; None is the end of the block."""


class Mouth(Protocol):
    """Who speaks when it is time to."""

    def ask(self, needs: Sequence[Need], now: float) -> None:
        """Ask the sender for this."""
        ...

    def give_up(self, reason: LossReason) -> None:
        """Want nothing more of what is lacking."""
        ...


class Asking:
    """Looks for what is lacking where the sender is, and when it falls silent."""

    def __init__(
        self, config: ReceiverConfig, catalogue: Catalogue, rng: Random, mouth: Mouth
    ) -> None:
        self._config = config
        self._catalogue = catalogue
        self._mouth = mouth
        self._nacker = Nacker(rng)
        self._patience = Patience(config.robust)
        self._state = SenderState(0, 0, 0, 0)
        self._position: Position = (0, 0, 0)
        """Of what was heard last, new or again."""
        self._lowest: Position = (0, 0, 0)
        """The lowest place of data since the last question: of a sender that repairs
        what lies before, the rest is still to come."""
        self._here: Through = (0, 0, None)
        """Up to where may be asked, as of what was heard last."""
        self._through: Through = (0, 0, None)
        """Up to where others have to ask to silence this receiver."""
        self._silence_at: float | None = None
        self._silent_for_s = self._silence_s()
        """How long a sender may be silent, by the round trip that it tells."""
        self._silences = 0
        self._heard_at = 0.0
        self._over = False
        """Whether the sender has said that it repairs nothing any more."""

    # What is heard.

    def hear(self, state: SenderState, now: float) -> None:
        """Note a sign of life."""
        before, self._state = self._state, state
        if state.grtt != before.grtt:
            self._silent_for_s = self._silence_s()
        if state.grtt < before.grtt:
            self._quicken(now, state.grtt_s / before.grtt_s)
        quiet, self._heard_at = now - self._heard_at, now
        if quiet > (state.backoff + 2) * state.grtt_s:
            # Perhaps a partition has healed: nobody waits for the next time of asking.
            self._patience.hope()
            self._nacker.waken(now)
        self._silences = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is asked for, and the sender's silence would be noted."""
        return (
            self._nacker.phase is NackPhase.IDLE
            and self._silence_at is not None
            and not self._over
        )

    def went_on(self, position: Position, now: float) -> None:
        """Note what came next in a stream, behind which nothing is lacking.

        While ``idle``, that is all there is to note: as if by all others of this part.
        """
        self._heard_at = now
        self._silences = 0
        self._patience.answered()
        if not self._config.silent:
            self._silence_at = now + self._silent_for_s
        self._position = position
        number, block, _ = position
        self._here = (number, block - 1, None) if self._state.backoff else position

    def _quicken(self, now: float, ratio: float) -> None:
        """Wait in the round trips that the sender tells of now, which are shorter."""
        self._nacker.quicken(now, ratio)
        if self._silence_at is not None:
            self._silence_at = min(self._silence_at, now + self._silence_s())

    def advanced(self, now: float) -> None:
        """Note DATA or INFO: probes alone do not tell what a receiver lacks."""
        if not self._catalogue.joined or self._over:
            return
        # Who never asks waits for what is lacking, not for what is said again.
        if self._silence_at is None or not self._config.silent:
            self._silence_at = now + self._silence_s()

    def answered(self) -> None:
        """Note that something has come of what was wanted: the sender is not gone."""
        self._patience.answered()
        self._over = False

    def again(self, number: int, now: float) -> None:
        """Ask for an object that was there, even a sender that has ended."""
        self._over = False
        self._silences = 0
        self._patience.answered()
        self.advanced(now)
        through: Through = (number, _EVERY_BLOCK, None)
        self._position = max(self._position, (number, 0, 0))
        self._here = max(self._here, through, key=_place)
        self._nacker.waken(now)
        self._look(through, now)

    def resume(self, now: float) -> None:
        """Ask for what has a place now, as far as the sender is known to be."""
        self._over = False
        self._silences = 0
        self._patience.answered()
        self.advanced(now)
        self._nacker.waken(now)
        self._look(self._here, now)

    def moved(self, position: Position, now: float) -> None:
        """Note where the sender is, and look for what is lacking before it."""
        self._position = position
        if position < self._lowest:
            self._lowest = position
        number, block, _ = position
        boundary: Through = (number, block - 1, None)
        self._here = boundary if self._state.backoff else position
        if self._nacker.phase is not NackPhase.IDLE or self._catalogue.is_past(
            position
        ):
            return
        if not self._state.backoff or self._catalogue.lacks_before(number, block):
            self._look(self._here, now)

    def flushed(self, position: Position, now: float) -> None:
        """Look for what is lacking up to where a FLUSH says that the sender is."""
        self._position = self._here = position
        self._look(position, now)

    def overhear(self, needs: Iterable[Need]) -> None:
        """Note what others ask for."""
        if self._nacker.phase is NackPhase.WAITING:
            for need in needs:
                self._nacker.heard.add(need)

    def limit(self, needs: Iterable[Need]) -> None:
        """Take the last place of these for the sender's: ask for nothing behind it.

        RFC 5740 §4.2.3.5: they are as much as the sender could tell of what was asked.
        """
        last = max((_last_place(need) for need in needs), default=None)
        if last is not None:
            self._position = self._here = last
            self._through = min(self._through, last, key=_place)

    def end(self) -> bool:
        """Ask no more, because the sender is gone; False if that is known already."""
        if self._over:
            return False
        self._over = True
        self._nacker.rest()
        self._silence_at = None
        return True

    # What time brings.

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        due = self._nacker.deadline, self._silence_at
        return min([d for d in due if d is not None], default=None)

    def expire(self, now: float) -> None:
        """Do what is due."""
        if self._silence_at is not None and self._silence_at <= now:
            self._silent(now)
        if self._nacker.deadline is not None and self._nacker.deadline <= now:
            self._due(now)

    @property
    def lacks(self) -> bool:
        """Whether something is to be asked for of what the sender has sent."""
        return self._any(self._everything)

    def _any(self, through: Through) -> bool:
        return next(iter(self._catalogue.needs(through)), None) is not None

    @property
    def _everything(self) -> Through:
        return self._catalogue.highest[0], _EVERY_BLOCK, None

    def _silence_s(self) -> float:
        """How long a sender may be silent."""
        longest = 2 * self._config.robust * self._state.grtt_s
        return max(_SHORTEST_SILENCE_S, longest)

    def _silent(self, now: float) -> None:
        """Ask unasked, because the sender has said nothing for long."""
        through = self._everything
        self._silences += 1
        if not self.lacks:
            self._silence_at = None
        elif self._silences > self._config.robust:
            self._silence_at = None
            self._mouth.give_up(LossReason.SILENCE)
        elif self._config.silent and self._patience.over(now, self._silence_s()):
            self._silence_at = None
            self._give_up()
        else:
            self._silence_at = now + self._silence_s()
            self._position = *through[:2], 0
            self._here = through
            self._look(through, now)

    # The cycle of asking.

    def _look(self, through: Through, now: float) -> None:
        """Begin to ask if something up to a place is lacking."""
        if self._config.silent or self._over:
            return
        if self._nacker.phase is not NackPhase.IDLE:
            return
        needs = self._needs(through)
        if not needs:
            return
        self._through = through
        state = self._state
        self._nacker.start(now, state.grtt_s, state.backoff, state.members)
        if not state.backoff:
            self._ask(needs, now)

    def _due(self, now: float) -> None:
        held = self._nacker.phase is NackPhase.HOLDING
        needs = () if held else self._needs(self._through)
        if needs:
            self._ask(needs, now)
        else:
            self._nacker.rest()
            self._look(self._here, now)

    def _needs(self, through: Through) -> Sequence[Need]:
        """Return what is lacking up to a place, lowest first."""
        return tuple(islice(self._catalogue.needs(through), _MOST_NEEDS))

    def _ask(self, needs: Sequence[Need], now: float) -> None:
        """Ask for what is lacking, unless others have; then hold off."""
        state, nacker = self._state, self._nacker
        first = needs[0].object, needs[0].block or 0, 0
        if self._in_vain(first, now):
            self._give_up()
            return
        if not self._position < first:
            if not nacker.silenced(needs):
                # What is asked for goes as far as the sender is meanwhile.
                through = max(self._through, self._here, key=_place)
                if through != self._through:
                    needs = self._needs(through)
                self._mouth.ask(needs, now)
            self._catalogue.asked(needs)
        in_vain = self._patience.in_vain
        nacker.hold(now, state.grtt_s, state.backoff, in_vain=in_vain)

    def _in_vain(self, first: Position, now: float) -> bool:
        """Return whether it is useless to ask once more for what lacks first."""
        comes, self._lowest = self._lowest < first, self._position
        if comes:
            return False
        return self._patience.over(now, self._silence_s()) and not self._silences

    def _give_up(self) -> None:
        """Name as lost what the sender does not repair, though it is there."""
        self._nacker.rest()
        self._patience.answered()
        self._mouth.give_up(LossReason.UNANSWERED)


def _place(through: Through) -> tuple[int, int, float]:
    """Return what places are compared by; None is the end of a block."""
    number, block, symbol = through
    return number, block, math.inf if symbol is None else symbol


def _last_place(need: Need) -> Position:
    """Return the highest place of what is asked for."""
    if need.block is None:
        return need.last_object, 0 if need.info else _EVERY_BLOCK, 0
    if need.symbols is None:
        return need.object, need.last_block, _EVERY_SYMBOL
    return need.object, need.block, need.symbols.bit_length() - 1
