"""Flushes, and the watermark that named nodes acknowledge (RFC 5740 §5.5.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from groupwire.errors import DecodeError, UsageError
from groupwire.norm.send.events import NodeAcknowledged, SenderEvent, WatermarkEnded
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.outgoing import Outgoing
from groupwire.norm.send.polls import ACK_TIME_S, Poll
from groupwire.norm.wire.commands import EndOfTransmission, Flush
from groupwire.norm.wire.feedback import Ack, Watermark
from groupwire.norm.wire.payload import PayloadId

__all__ = ["Flusher"]

_NODE_BYTES = 4
_QUIET_S = 0.003
"""Of a stream that flows: what may follow so soon makes a flush needless."""
_APART_S = 0.04
"""Between flushes of such a stream, that single messages bring no more of them."""
_LONGEST_S = 1.0
_TIRED_S = 0.05
"""Between questions to those who have left many unanswered: a program that stands still
is waited for, and not shouted at."""
Position = tuple[int, int, int]
"""Object, block, symbol."""


class Flusher:
    """Says how far all has been sent, until it has been said often enough."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._left = 0
        self._last: Outgoing | None = None
        """Behind whose last symbol is flushed."""
        self._mark: Watermark | None = None
        self._marked: tuple[int, int, int] = (0, 0, 0)
        """Object, block and symbol of the watermark, unwrapped."""
        self._poll: Poll | None = None
        self._ask_at = 0.0
        """When to ask next: not with each flush, of which there may be more."""
        self._next_at = 0.0
        """When the next flush leaves enough of the rate to others."""
        self._flush_at = 0.0
        """When to flush next, whether somebody is asked meanwhile or not."""
        self._quiet_s = 0.0
        """How much later than the last one that is, of a stream that flows."""
        self._flushed_at = -1e9
        self._ends_left = 0
        self._ending = False
        self.over = False
        """Whether the end has been said as often as it was to be."""
        self.deadline: float | None = None
        self.events: list[SenderEvent] = []

    @property
    def polling(self) -> bool:
        """Whether somebody may still acknowledge."""
        return self._poll is not None

    @property
    def active(self) -> bool:
        """Whether something is still to be said."""
        return self._left > 0 or self.polling

    def sent(self, outgoing: Outgoing) -> None:
        """Note whose symbols are the last that have been sent."""
        self._last = outgoing

    def drained(self, now: float) -> None:
        """Begin to flush: nothing more is to be sent for now."""
        self.over = False
        if self._last is not None:
            self._left = self._outbox.config.robust
        if self._left or self._ending:
            soonest = max(now, self._next_at)
            self.deadline = self._flush_at = self._first_flush(soonest)
            if self._poll is not None:
                self.deadline = min(self._flush_at, max(soonest, self._ask_at))

    def _first_flush(self, soonest: float) -> float:
        """Return when to flush behind what was sent last.

        At once, but where more may be written: then when that has not come for a while,
        and not as often as messages come. A message that is lost shows by the next one.
        """
        if not self._flows:
            return soonest
        self._quiet_s = _QUIET_S
        return max(soonest + _QUIET_S, self._flushed_at + _APART_S)

    def _later_flush(self, now: float, interval: float) -> float:
        """Return when to flush again; ever more rarely where more may be written."""
        if not self._flows:
            return now + interval
        self._quiet_s = min(max(2 * self._quiet_s, _APART_S), _LONGEST_S)
        return now + max(interval, self._quiet_s)

    @property
    def _flows(self) -> bool:
        """Whether more may follow: an open stream was sent last, or it is known."""
        if self._ending or self._last is None:
            return False
        if self._outbox.config.more_follows:
            return True
        return self._last.streams and not self._last.content.ended

    def pause(self) -> None:
        """Flush no more, because there is something to send; polls go on."""
        self._left = self._ends_left = 0
        if self._poll is None:
            self.deadline = None

    def watermark(self, nodes: Iterable[int], at: Outgoing, now: float) -> None:
        """Ask these nodes to acknowledge all up to the end of an object.

        One that is still open is given up: who had not answered stays pending.
        """
        wanted = tuple(nodes)
        if not wanted:
            raise UsageError("nobody is to acknowledge", fix="name at least one node")
        self._end_poll()
        config = self._outbox.config
        block, symbol = at.content.last
        self._marked = at.number, block, symbol
        self._mark = self._place(at, block, symbol)
        self._ask_at = now
        self._poll = Poll(
            wanted,
            tries=config.robust,
            patience_s=config.patience_s,
            limit=config.coding.segment_bytes // _NODE_BYTES,
        )
        self.deadline = now

    def end(self, now: float) -> None:
        """Say that the sender is gone for good when all has been flushed."""
        if self.deadline is None or (self._flows and self._poll is None):
            self.deadline = self._flush_at = max(now, self._next_at)
        self._ending = True

    def expire(
        self,
        now: float,
        *,
        drained: bool,
        reached: Position,
        repairing: Callable[[Position], bool],
        starved: bool = False,
    ) -> bool:
        """Say what is due; True if with this all has been said.

        ``reached`` is the last new symbol that has been sent, ``drained`` whether
        nothing else waits, ``repairing`` tells whether repairs up to a place do, and
        ``starved`` whether more of an object is to come.
        """
        if self.deadline is None or self.deadline > now:
            return False
        interval = max(2 * self._outbox.grtt_s, self._next_at - now)
        asked = False
        if self._marked <= reached and self._ask_at <= now:
            asked = self._ask(now, interval, counts=not repairing(self._marked))
        if drained and self._left and self._flush_at <= now:
            self._left -= 1
            self._flush_at = self._later_flush(now, interval)
            if not asked or self._marked != reached:
                self.say(now)
        if self._left or self._poll is not None:
            waits = self._poll is None and drained
            self.deadline = self._flush_at if waits else now + interval
            return False
        if drained and not starved:
            return self._rest(now, interval)
        self.deadline = None
        return False

    def _ask(self, now: float, interval: float, *, counts: bool) -> bool:
        """Ask for acknowledgements of the watermark; False if of nobody.

        It does not count while others still have repairs sent to them: who is silent
        may lack the same.
        """
        if self._poll is None or self._mark is None:
            return False
        config = self._outbox.config
        cycles_s = config.patience_cycles * config.cycle_grtts * self._outbox.grtt_s
        self._poll.patience_s = max(config.patience_s, cycles_s)
        nodes = self._poll.next_round(now, counts=counts)
        if self._poll.tired:
            interval = max(interval, _TIRED_S)
        self._ask_at = now + max(interval, len(nodes) * ACK_TIME_S)
        if nodes:
            self._flush(self._mark, nodes, now)
        else:
            self._end_poll()
        return bool(nodes)

    def _rest(self, now: float, interval: float) -> bool:
        self.deadline = None
        if not self._ending:
            return True
        if not self._ends_left:
            self._ends_left = self._outbox.config.robust
            if self._last is not None:
                self.deadline = now + self._patience_s()
                return False
        self._ends_left -= 1
        composer = self._outbox.composer
        node = self._outbox.config.node
        self._outbox.say(EndOfTransmission(composer.number(), node, composer.state))
        if self._ends_left:
            self.deadline = now + interval
            return False
        self._ending = False
        self.over = True
        return True

    def _patience_s(self) -> float:
        """Return how long answers to the last flush are waited for: K and two GRTT."""
        return (self._outbox.config.backoff + 2) * self._outbox.grtt_s

    def say(self, now: float) -> None:
        """Flush once, without asking anybody."""
        if self._last is not None:
            block, symbol = self._last.position
            self._flush(self._place(self._last, block, symbol), (), now)

    def hear(self, ack: Ack) -> None:
        """Take an acknowledgement in."""
        try:
            mark = Watermark.decode(ack.payload, self._outbox.config.coding.field_bits)
        except DecodeError:
            return
        poll = self._poll
        if poll is None or self._mark is None or not mark.is_at(self._mark):
            return
        if not poll.acknowledge(ack.source):
            return
        self.events.append(NodeAcknowledged(ack.source))
        if not poll.open:
            self._end_poll()

    def alive(self, node: int) -> None:
        """Note that a node asks for repair: it has not gone."""
        if self._poll is not None:
            self._poll.alive(node)

    def cancelled(self, number: int) -> None:
        """Wait no more for acknowledgements of an object that is not kept."""
        if self._marked[0] == number:
            self._end_poll()

    def drop(self, node: int) -> None:
        """Ask a node no more."""
        if self._poll is not None:
            self._poll.fail(node)
            if not self._poll.open:
                self._end_poll()

    def _end_poll(self) -> None:
        if self._poll is not None:
            self.events.append(WatermarkEnded(self._marked[0], self._poll.status))
            self._poll = None

    def _place(self, outgoing: Outgoing, block: int, symbol: int) -> Watermark:
        coding = self._outbox.config.coding
        bits = block & (1 << coding.scheme.block_bits) - 1
        where = PayloadId(bits, symbol, self._length(outgoing, block))
        return Watermark(coding.fec_id, outgoing.number & 0xFFFF, where)

    def _length(self, outgoing: Outgoing, block: int) -> int:
        """Return what only fec_id 129 tells."""
        told = self._outbox.config.coding.scheme.tells_length
        return outgoing.content.length(block) if told else 0

    def _flush(self, mark: Watermark, nodes: tuple[int, ...], now: float) -> None:
        composer, config = self._outbox.composer, self._outbox.config
        self._flushed_at = now
        self._next_at = now + self._outbox.say(
            Flush(
                composer.number(),
                config.node,
                composer.state,
                *mark,
                nodes,
                config.coding.field_bits,
            )
        )
