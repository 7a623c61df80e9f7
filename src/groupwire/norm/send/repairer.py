"""NACKs in, repairs out (RFC 5740 §5.4)."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire.norm.numbers import unwrap
from groupwire.norm.repair.requests import Numbering, needs_of, requests_of
from groupwire.norm.repair.state import Need, added_up
from groupwire.norm.send.aggregate import Aggregation, Phase
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.outgoing import KEY_BITS, Outgoing, Row
from groupwire.norm.send.window import Window
from groupwire.norm.wire.commands import RepairAdvertisement, Squelch
from groupwire.norm.wire.feedback import Nack
from groupwire.norm.wire.payload import PayloadId

__all__ = ["Repairer"]

_SYMBOL = (1 << KEY_BITS) - 1
_ON_WAY_GRTTS = 1.75
"""Where receivers do not wait they hold off for two round trips. So for nearly as long
nobody can know yet that a repair was lost, too."""
Position = tuple[int, int, int]
"""Object, block, symbol."""


class Repairer:
    """Gathers what is asked for, holds off, and hands out the lowest repairs first."""

    def __init__(self, window: Window, outbox: Outbox) -> None:
        self._window = window
        self._outbox = outbox
        self._cycle = Aggregation()
        self._scheme = outbox.config.coding.scheme
        self._numbering = Numbering(window.number, self._block, self._length)
        self._lacking: set[int] = set()
        """Objects that were asked for and are not kept."""
        self._squelch_at: float | None = None
        self._squelched = -1e9
        self._advertise_at = -1e9
        self.position: Position = (0, 0, 0)
        """Of what was sent last, new or again."""

    @property
    def deadline(self) -> float | None:
        """When something is due here."""
        due, squelch_at = self._cycle.deadline, self._squelch_at
        if due is None or squelch_at is None:
            return squelch_at if due is None else due
        return min(due, squelch_at)

    @property
    def busy(self) -> bool:
        """Whether repairs wait, or NACKs are being gathered."""
        waiting = self._window.repairing() is not None
        return waiting or self._cycle.phase is Phase.GATHERING

    @property
    def idle(self) -> bool:
        """Whether nobody has asked for anything lately."""
        return self.deadline is None and self._window.repairing() is None

    def behind(self, place: Position) -> bool:
        """Return whether something up to a place is to be repaired."""
        waiting = self._window.repairing()
        if waiting is not None and waiting.number <= place[0]:
            return True
        first = next(iter(self._cycle.asked), None)
        return first is not None and first.object <= place[0]

    def hear(self, nack: Nack, *, unicast: bool, now: float) -> bool:
        """Take a NACK in; True if something of it can be repaired."""
        useful = news = False
        # Added up first: what is asked for twice or in pieces is gone through once, and
        # counts as what one receiver lacks of a block.
        for need in added_up(needs_of(nack.requests, self._numbering)):
            for outgoing, part in self._kept(need, now):
                useful = True
                self._window.touch(outgoing, part.block or 0, now)
                if self._cycle.phase is Phase.IDLE and not self._outbox.config.backoff:
                    # Where receivers do not wait, nothing is gathered.
                    self._go_back(part)
                    self._cycle.hold(now, self._outbox.grtt_s)
                if self._cycle.phase is Phase.HOLDING:
                    self._apply_more(outgoing, part, now)
                else:
                    news = self._gather(outgoing, part, now) or news
        if unicast and news:
            self._advertise(now)
        return useful

    def expire(self, now: float) -> None:
        """Do what is due."""
        if self._squelch_at is not None and self._squelch_at <= now:
            self._squelch(now)
        if self._cycle.deadline is None or self._cycle.deadline > now:
            return
        if self._cycle.phase is Phase.GATHERING:
            self._rewind(now)
        else:
            self._cycle.rest()

    def next_row(self, limit: int) -> tuple[Outgoing, Row | None] | None:
        """Return what to repair next: a row, or with None in its place the info."""
        while (outgoing := self._window.repairing()) is not None:
            if outgoing.take_info(new=False):
                self.position = outgoing.number, 0, 0
                return outgoing, None
            row = outgoing.next_repair(limit)
            if row is not None and row.keys:
                block, symbol = row.keys[-1] >> KEY_BITS, row.keys[-1] & _SYMBOL
                self.position = outgoing.number, block, symbol
                return outgoing, row
        return None

    # What is asked for.

    def _kept(self, need: Need, now: float) -> Iterator[tuple[Outgoing, Need]]:
        """Iterate over the part of a need that is kept; tell all of what is not."""
        first, last = need.object, min(need.last_object, self._window.next_number - 1)
        for number in range(max(first, self._window.first), last + 1):
            outgoing = self._window.get(number)
            if outgoing is None or outgoing.unreliable:
                self._refuse(number, now)
                continue
            part = need._replace(object=number, last_object=number)
            kept = outgoing.content.first_block
            if part.block is not None and part.block < kept:
                self._refuse(number, now)
                if part.symbols is not None or part.last_block < kept:
                    continue
                part = part._replace(block=kept)
            if (lost := _sent_part(outgoing, part)) is not None:
                yield outgoing, lost
        if first < self._window.first:
            self._refuse(first, now)

    def _gather(self, outgoing: Outgoing, need: Need, now: float) -> bool:
        """Add to this cycle; True if nobody had asked for that yet."""
        self._cycle.open(now, self._gather_s())
        known = self._cycle.asked.covers_need(need)
        self._cycle.asked.add(need)
        if need.block is not None and need.symbols is not None:
            count = need.symbols.bit_count()
            explicit = outgoing.trimmed(need.block, need.symbols)
            self._cycle.add_symbols(need.object, need.block, count, explicit)
        return not known

    def _gather_s(self) -> float:
        """RFC 5740 §5.4.1."""
        return (self._outbox.config.backoff + 1) * self._outbox.grtt_s

    def _rewind(self, now: float) -> None:
        cycle = self._cycle
        self._go_back(next(iter(cycle.asked)))
        for need in cycle.asked:
            key = need.object, need.block or 0
            count, explicit = cycle.counts.get(key, 0), cycle.explicit.get(key, 0)
            self._apply(need, count, explicit)
        cycle.hold(now, self._outbox.grtt_s)

    def _go_back(self, lowest: Need) -> None:
        """RFC 5740 §5.4.1: from now on the transmit position is that of the lowest."""
        self.position = lowest.object, lowest.block or 0, -1

    def _apply_more(self, outgoing: Outgoing, need: Need, now: float) -> None:
        """Add at once what lies ahead of what is being sent, and nothing else.

        Where receivers do not wait, they ask one by one, each as soon as it can: then
        it is all symbols that are not on their way.
        """
        symbols, block = need.symbols, need.block
        symbol = (symbols & -symbols).bit_length() - 1 if symbols else 0
        wanted = (need.object, block or 0, symbol) > self.position
        if symbols is None or block is None:
            if wanted:
                self._apply(need, 0, 0)
            return
        if not self._outbox.config.backoff:
            wanted = self._is_news(outgoing, block, symbols, now)
        if wanted:
            explicit = outgoing.trimmed(block, symbols)
            self._apply(need, symbols.bit_count(), explicit)

    def _is_news(
        self, outgoing: Outgoing, block: int, symbols: int, now: float
    ) -> bool:
        """Return whether what may be on its way will not do; note that it will."""
        number, trip_s = outgoing.number, _ON_WAY_GRTTS * self._outbox.grtt_s
        answered = self._cycle.answered(number, block, now)
        if outgoing.fresh_parity(block):  # any symbol replaces any other
            news = symbols.bit_count() > answered.bit_count()
        else:
            news = bool(symbols & ~answered)
        if news:
            self._cycle.answer(number, block, symbols, now, trip_s)
        return news

    def _apply(self, need: Need, count: int, explicit: int) -> None:
        for number in range(need.object, need.last_object + 1):
            outgoing = self._window.get(number)
            if outgoing is None:
                continue
            if need.info or need.block is None:
                outgoing.ask_info()
            if need.block is None and not need.info:
                outgoing.ask_blocks(0, outgoing.content.blocks)
            elif need.block is not None and need.symbols is None:
                outgoing.ask_blocks(need.block, need.last_block)
            elif need.block is not None:
                outgoing.ask_symbols(need.block, count, explicit)
            if outgoing.repairing:
                self._window.repair(number)

    # What cannot be repaired, and what all should know.

    def _refuse(self, number: int, now: float) -> None:
        """Plan a SQUELCH, at most one in two round trips (RFC 5740 §5.4.3)."""
        self._lacking.add(number)
        if self._squelch_at is None:
            self._squelch_at = max(now, self._squelched + 2 * self._outbox.grtt_s)

    def _squelch(self, now: float) -> None:
        window, composer = self._window, self._outbox.composer
        config = self._outbox.config
        known = range(window.first, window.next_number)
        first = next((n for n in known if not self._gone(n)), window.next_number)
        oldest = window.get(first)
        block = _valid_from(oldest) if oldest is not None else 0
        length = oldest.content.length(block) if oldest is not None else 0
        limit = min(config.coding.segment_bytes // 2, Squelch.MAX_INVALID)
        gone = [n for n in sorted(self._lacking) if n > first and self._gone(n)]
        lowest = gone[0] if gone else window.next_number
        invalid = [n for n in range(lowest, window.next_number) if self._gone(n)]
        self._outbox.say(
            Squelch(
                composer.number(),
                config.node,
                composer.state,
                config.coding.fec_id,
                first & 0xFFFF,
                PayloadId(block & self._block_mask, 0, length),
                tuple(n & 0xFFFF for n in invalid[:limit]),
                config.coding.field_bits,
            )
        )
        self._lacking.clear()
        self._squelch_at = None
        self._squelched = now

    def _gone(self, number: int) -> bool:
        """Return whether nothing of an object comes any more, asked for or not."""
        outgoing = self._window.get(number)
        return outgoing is None or (outgoing.unreliable and outgoing.finished)

    def _advertise(self, now: float) -> None:
        """Tell all what was asked for by unicast (RFC 5740 §5.4.4)."""
        if now < self._advertise_at:
            return
        config, composer = self._outbox.config, self._outbox.composer
        contents = requests_of(
            self._cycle.asked,
            self._scheme,
            self._numbering,
            config.coding.segment_bytes,
        )
        self._advertise_at = now + self._outbox.say(
            RepairAdvertisement(
                composer.number(),
                config.node,
                composer.state,
                next(contents),
                next(contents, None) is not None,
                field_bits=config.coding.field_bits,
            )
        )

    # Numbers.

    @property
    def _block_mask(self) -> int:
        return (1 << self._scheme.block_bits) - 1

    def _block(self, number: int, bits: int) -> int:
        outgoing = self._window.get(number)
        near = outgoing.block if outgoing is not None else 0
        if outgoing is not None and outgoing.content.first_block == 0:
            return bits
        return unwrap(bits, near, self._scheme.block_bits)

    def _length(self, number: int, block: int) -> int:
        outgoing = self._window.get(number)
        return outgoing.content.length(block) if outgoing is not None else 0


def _valid_from(oldest: Outgoing) -> int:
    """Return the first block of an object that may be asked for, or is to come."""
    if oldest.unreliable:
        return oldest.block
    return oldest.content.first_block


def _sent_part(outgoing: Outgoing, need: Need) -> Need | None:
    """Return what of a need has been sent at all: nothing else can be lost."""
    if need.block is None:
        return need if outgoing.begun else None
    if need.block > outgoing.last_begun:
        return None
    if need.symbols is None:
        return need._replace(last_block=min(need.last_block, outgoing.last_begun))
    symbols = outgoing.existing(need.block, need.symbols)
    return need._replace(symbols=symbols) if symbols else None
