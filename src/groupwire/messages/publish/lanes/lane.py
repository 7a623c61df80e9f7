"""A stream of messages: from the queue into NORM, as far as there is room (docs §5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from groupwire.errors import UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.publish.hearers.readers import Mark, Readers
from groupwire.messages.publish.lanes.batch import Queue
from groupwire.messages.publish.lanes.values import LastValues
from groupwire.messages.rules import PublishRules
from groupwire.norm import ObjectFlag, Sender
from groupwire.norm.send.events import (
    NodeAcknowledged,
    RoomFreed,
    SenderEvent,
    WatermarkEnded,
)
from groupwire.norm.send.polls import AckStatus

__all__ = ["BLOCK", "StreamLane"]

BLOCK = 45
"""Segments of a block: as many of 1,400 bytes as leave by one system call, so that in a
flood both ends have whole blocks at once. K = 0 waits for none."""
_SPARE_BLOCKS = 2
"""Of the window: the one that is written to, and one for the end and for flushes."""
_FEWEST_BLOCKS = 4
_MARKS = 3
"""In a window, so that room is free again before there is none."""
_USUAL_BYTES = 1400
"""Of larger segments a window has as many as of these, if readers hold so much: single
messages do not fill them."""
_READERS_BYTES = 1 << 26
"""What a reader holds of a stream at most: an eighth of ``SubscribeRules``' memory."""
_SYMBOL_BYTES = 108
"""What a segment takes there beside its bytes."""
_HEADER_BYTES = 8
"""Of a stream, in each segment (RFC 5740 §4.2.1)."""
_NEARLY = 0.75
"""So much of a large segment is worth to be sent without the rest."""
_LAGGING_AGAIN_S = 1.0
"""How often who lags is asked."""


class StreamLane:
    """Writes the frames of one delivery; ``make`` makes its sender when it is needed.

    Places are counts of segments.
    """

    def __init__(
        self,
        delivery: Delivery,
        rules: PublishRules,
        values: LastValues,
        make: Callable[[Delivery], Sender],
    ) -> None:
        self.delivery = delivery
        self.queue = Queue(
            delivery, rules.queue_bytes, values, drop_oldest=rules.drop_oldest
        )
        self.readers = Readers(rules.patience_s, rules.segment_bytes)
        self.norm: Sender | None = None
        self.full = False
        """Whether a frame waits for room."""
        self.strangers = False
        """Whether others receive it than those who acknowledge."""
        self._floor = 0
        """What all had when it was full."""
        self.handed = 0
        """The sequence behind the last message that is written."""
        self._rules = rules
        self._make = make
        self._segment = rules.segment_bytes
        blocks = _blocks(rules)
        self._buffer_bytes = blocks * BLOCK * rules.segment_bytes
        self._capacity = (blocks - _SPARE_BLOCKS) * BLOCK
        self._most_bytes = self._capacity * self._segment
        self._counts_bytes = self._segment > _USUAL_BYTES
        """Whether a window is full by its bytes before it is by its segments."""
        if self._counts_bytes:
            self._most_bytes = min(self._most_bytes, rules.window_bytes)
        self._marks: deque[tuple[int, int]] = deque([(0, 0)])
        """Places that may be acknowledged, and how much was written up to there."""
        self._stream = -1
        self._ended = self._unsettled = False
        self._written = 0
        """Bytes, all together."""
        self._begun = 0
        """The first of them that is in the segment that is not full."""
        self._place = 0
        """Segments that are full or were flushed."""
        self._freed = 0
        """The place up to which those who were waited for had everything."""
        self._wanted = 0
        """Place that a ticket waits for."""
        self._lagging_at = 0.0
        """When to ask who lags again."""

    # What the publisher wants.

    def pump(self, now: float, *, all_of: bool = True, flush: bool = False) -> None:
        """Write whole frames as far as there is room; ``flush`` behind the last one.

        Where there is none the open frame stays open and grows. Without ``all_of`` it
        stays open in any case, and :meth:`turn` is to follow.
        """
        queue = self.queue
        while queue.frames or (all_of and queue.waiting):
            if not queue.frames:
                queue.close()
            if not self._write_first(now, flush=flush):
                queue.since = None  # what waits leaves when there is room
                break
        self.full = bool(queue.frames)
        self._floor = self.readers.floor(self._place)
        if all_of:
            self._settle(now)
            self._look(now)

    def flush(self, now: float) -> bool:
        """Let everything leave that there is room for; True if a turn is to follow.

        Nothing comes of a lone message that has left by itself.
        """
        if self._settle(now):
            self._look(now)
        waited = bool(self.queue.waiting or self.queue.frames)
        if waited:
            self.pump(now, flush=True)
        self._close_segment(now)
        return waited or self.readers.mark is not None

    def leave_first(self, now: float) -> None:
        """Let a lone message leave at once where nothing is in its way.

        Only what has to be done before it has left: :meth:`flush` does the rest, and
        all of it where this is not so.
        """
        queue = self.queue
        if queue.frames or self._written > self._begun or self.norm is None:
            return
        queue.close()
        frame = queue.frames[0]
        if self._room >= len(frame):
            self._leave(frame, now)

    def _leave(self, frame: bytes, now: float) -> bool:
        """Let the first frame leave as a segment; False where it cannot at once."""
        norm = self.norm
        if norm is None or not norm.write_first(self._stream, frame, now=now):
            return False
        self._unsettled = True
        self._written += len(frame)
        self._begun = self._written
        self._place += 1
        self._hand_on(len(frame))
        return True

    def _settle(self, now: float) -> bool:
        """Do what is to be done when frames have left; False if none has."""
        if not self._unsettled or self.norm is None:
            return False
        self._unsettled = False
        self.norm.settle(now=now)
        return True

    def end(self, now: float) -> None:
        """End the stream behind what has been written."""
        if self.norm is not None and not self._ended:
            self._ended = True
            self.norm.end_stream(self._stream, now=now)
            self.norm.finish(now=now)

    def _close_segment(self, now: float) -> None:
        if self.norm is not None and self._written > self._begun:
            self._begun = self._written
            self._place += 1
            self.norm.flush(self._stream, now=now)

    def _write_first(self, now: float, *, flush: bool) -> bool:
        """Write the first frame, or a part of it; False where there is no room.

        With ``flush`` the last one leaves at once, though it fills no segment.
        """
        queue = self.queue
        frame, cut = queue.frames[0], queue.cut
        norm = self.norm or self._open(now)
        left, size = len(frame) - cut, self._room
        if size < left:
            # What does not fit at all goes piece by piece.
            size -= size % self._segment
            if len(frame) < self._most_bytes // 2 or size <= 0:
                return False
        ends = size >= left
        size = min(size, left)
        if size == len(frame) and self._nearly_full(size) and self._leave(frame, now):
            return True
        piece = frame[cut : cut + size] if cut or not ends else frame
        flush = flush and len(queue.frames) == 1 and not queue.waiting
        flush = ends and (flush or self._nearly_full(size))
        try:
            norm.write(self._stream, piece, now=now, message_ends=ends, flush=flush)
        except UsageError:  # NORM holds it for a while: it says when it does not
            return False
        self._note(size)
        if flush and self._written > self._begun:
            self._begun = self._written
            self._place += 1
        if ends:
            self._hand_on(size)
        else:
            queue.hand_on(size)
        return True

    def _hand_on(self, size: int) -> None:
        """Count the first frame as written, of which so much was left."""
        queue = self.queue
        self.handed = queue.ends[0]
        queue.hand_on(size)
        if not (queue.frames or queue.waiting):
            queue.since = None

    def _open(self, now: float) -> Sender:
        norm = self.norm = self._make(self.delivery)
        info = f'{{"gw":"messages","v":1,"delivery":"{self.delivery}"}}'.encode()
        reliable = self.delivery is Delivery.RELIABLE
        kept = None
        if self._counts_bytes:
            # Blocks are dropped as a whole, and what is not acknowledged is kept.
            kept = self._most_bytes + _SPARE_BLOCKS * BLOCK * self._segment
        flags = ObjectFlag(0) if reliable else ObjectFlag.UNRELIABLE
        self._stream = norm.open_stream(
            buffer_bytes=self._buffer_bytes,
            now=now,
            info=info,
            flags=flags,
            kept_bytes=kept,
        )
        return norm

    @property
    def _room(self) -> int:
        """How much can be written before what somebody may lack is given up."""
        floor = self.readers.floor(self._place)
        free = self._capacity - (self._place - floor)
        room = free * self._segment - (self._written - self._begun)
        if self._counts_bytes:
            room = min(room, self._most_bytes - self._behind(floor))
        return room

    def _behind(self, floor: int) -> int:
        """Return how much was written behind a place, or a mark before it.

        But what is in a segment that is not full: it may wait for more.
        """
        marks = self._marks
        if floor >= self._place:
            marks.clear()
            marks.append((self._place, self._begun))
        elif floor < marks[0][0]:  # of who was here before is heard only now
            marks.appendleft((0, 0))
        while len(marks) > 1 and marks[1][0] <= floor:
            marks.popleft()
        return self._begun - marks[0][1]

    def _nearly_full(self, size: int) -> bool:
        """Return whether a frame of this size leaves little room in a large segment.

        Another one behind it would be cut; what lies in one segment alone is handed
        over without being put together.
        """
        full = (self._written - self._begun + size) % self._segment
        return self._counts_bytes and full >= _NEARLY * self._segment

    def _note(self, size: int) -> None:
        self._written += size
        full = (self._written - self._begun) // self._segment
        self._begun += full * self._segment
        self._place += full

    # Who has what.

    @property
    def deadline(self) -> float | None:
        """When to look whether somebody has been silent for too long, or is back."""
        if self.readers.mark is None and self.readers.lagging:
            return self._lagging_at
        return self.readers.deadline

    @property
    def sequence(self) -> int:
        """The sequence of the message that is sent next."""
        return self.queue.sequence

    @property
    def place(self) -> int:
        """Up to where has been written, segments that are not full included."""
        return self._place + (self._written > self._begun)

    @property
    def kept_from(self) -> int:
        """The place from which on all is kept for repair."""
        kept = max(0, self._place - self._capacity)
        if self._counts_bytes and self.norm is not None and not self._ended:
            kept = max(kept, self.norm.kept_from(self._stream) * BLOCK)
        return kept

    def want(self, now: float) -> int:
        """Ask for acknowledgements of all that is written; return the place."""
        self._close_segment(now)
        self._wanted = self._place
        self._look(now)
        return self._place

    def _look(self, now: float) -> None:
        """Ask for a watermark where one is due."""
        if self.norm is None or self.delivery is Delivery.BESTEFFORT:
            return
        readers, mark = self.readers, self.readers.mark
        if not readers.gives_way(self._wanted, now):
            return
        due = self._wanted
        last = mark.place if mark is not None else readers.floor(self._place)
        far = self._place - last >= self._capacity // _MARKS
        if self._counts_bytes:
            unasked = self._written - self._marks[-1][1]
            far = far or unasked >= self._most_bytes // _MARKS
        if self.full or far:
            due = self._place
        again = now >= self._lagging_at
        if again:
            self._lagging_at = now + _LAGGING_AGAIN_S
            due = self._place if readers.lagging else due
        nodes = readers.lacking(due, lagging=again)
        if not nodes:
            return
        self._close_segment(now)
        self._drain()
        if self._counts_bytes:
            self._marks.append((self._place, self._written))
        sent_bytes = self._written + _HEADER_BYTES * self._place
        readers.mark = Mark(self._place, now, sent_bytes)
        self.norm.watermark(nodes, now=now)

    def turn(self, now: float) -> None:
        """Take in what NORM says, and go on where there is room."""
        if self.norm is None:
            return
        self._settle(now)
        moved = self._drain()
        mark = self.readers.mark
        if mark is not None and mark.sent_at is None and self._sent(mark):
            self.readers.sent(now)
        self.readers.expire(self._place, now)
        # Who leaves, or wants no more, makes room as who acknowledges does.
        moved = moved or self.readers.floor(self._place) != self._floor
        if self.full and (moved or self.readers.events):
            # Asked before more is written: while that is on its way, nobody waits.
            self._look(now)
            self.pump(now)
            if not self.full:  # what was to leave then leaves now
                self._close_segment(now)
        elif moved or self.readers.gives_way(self._wanted, now):
            self._look(now)

    def _sent(self, mark: Mark) -> bool:
        """Return whether all up to a mark has been sent once, headers included."""
        sent = None if self.norm is None else self.norm.sent_bytes(self._stream)
        return sent is None or sent >= mark.sent_bytes

    def _drain(self) -> bool:
        """Take NORM's events in; True if somebody has acknowledged, or room is free."""
        moved = False
        events = () if self.norm is None else self.norm.poll_events()
        for event in events:
            moved = self._take(event) or moved
        return moved

    def _take(self, event: SenderEvent) -> bool:
        match event:
            case NodeAcknowledged(node):
                news = self.readers.acknowledge(
                    node, kept=self.kept_from, freed=self._freed, sequence=self.sequence
                )
                if news and self.norm is not None and not self.strangers:
                    block = self.readers.floor(self._place) // BLOCK
                    self.norm.release(self._stream, block)
                    self._freed = max(self._freed, block * BLOCK)
                return news
            case WatermarkEnded(status=status):
                # Pending: another one took its place, and that one is asked for now.
                if AckStatus.PENDING in status.values():
                    return False
                self.readers.mark = None
                return True
            case RoomFreed():
                return True
            case _:
                return False


def _blocks(rules: PublishRules) -> int:
    """Return how many blocks of a stream are kept at most."""
    segment = rules.segment_bytes
    usual = -(-rules.window_bytes // (BLOCK * min(segment, _USUAL_BYTES)))
    held = _READERS_BYTES // (BLOCK * (segment + _SYMBOL_BYTES))
    return max(_FEWEST_BLOCKS, min(usual, held))
