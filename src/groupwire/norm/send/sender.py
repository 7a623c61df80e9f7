"""A NORM sender (RFC 5740 §5.1, §5.4, §5.5): rules only, without socket and clock.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from groupwire.errors import DecodeError, MessageTooLarge, UsageError
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.rate.control import RateControl
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.content import (
    BytesSource,
    ObjectContent,
    Source,
    content_of,
)
from groupwire.norm.send.dispatch import Dispatch
from groupwire.norm.send.events import (
    MemberDropped,
    ObjectPurged,
    RoomFreed,
    SenderEvent,
    TransmissionIdle,
)
from groupwire.norm.send.flusher import Flusher
from groupwire.norm.send.holds import Holds
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.outgoing import ObjectHead, Outgoing
from groupwire.norm.send.pulse import Pulse
from groupwire.norm.send.repairer import Repairer
from groupwire.norm.send.room import Room
from groupwire.norm.send.stats import SenderStats
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.send.streams import Streams
from groupwire.norm.send.talker import Talker
from groupwire.norm.send.window import Window
from groupwire.norm.wire.feedback import Ack, AckType, Nack
from groupwire.norm.wire.head import Head, MessageType, ObjectFlag
from groupwire.values import Datagram, Transmit

__all__ = ["Sender"]

_LONGEST_HOLD_S = 20.0
"""A round trip that somebody lies about must not stop a sender for minutes."""
_MOST_DROPPED = 4096
"""Members that are not listened to; forged ones must not fill memory."""
_NO_FLAGS = ObjectFlag(0)


class Sender:
    """Sends objects and streams to a group and repairs them until all have them.

    At the rate of ``control``; without one it adapts to the slowest member.
    """

    def __init__(
        self, config: SenderConfig, control: RateControl | None = None
    ) -> None:
        if control is None:
            packet_bytes = config.coding.segment_bytes
            control = AdaptiveRate(AdaptiveConfig(packet_bytes=packet_bytes))
        self._config = config
        self._control = control
        self._code = ReedSolomon(config.coding.block, config.coding.parity)
        self._window = Window(
            config.kept_objects,
            config.kept_bytes,
            first=config.first_object,
            holds=Holds(config.robust),
        )
        self._streams = Streams(self._window, config.coding)
        self._outbox = Outbox(config)
        self._repairer = Repairer(self._window, self._outbox)
        self._flusher = Flusher(self._outbox)
        self._dispatch = Dispatch(
            self._window, self._outbox, self._repairer, self._flusher
        )
        self._talker = Talker(self._outbox)
        self._pulse = Pulse(self._outbox, control)
        self._events: list[SenderEvent] = []
        self._now = 0.0
        """As far as it has been told."""
        self._room = Room()
        self._dropped_members: dict[int, None] = {}
        self._nacks_heard = self._acks_heard = 0
        self._unbooked: list[tuple[Nack | Ack, bool, float]] = []
        """Feedback of which round trip and rate are still to be learnt: what came by
        unicast, and when."""
        self.dropped: Counter[str] = Counter()
        """What was heard and not understood or not meant for us, by reason."""

    # What the application wants.

    def start(self, *, now: float) -> None:
        """Probe the group at once, before there is anything to send."""
        self._pulse.start(now)
        self._turn(now)

    def send_object(
        self,
        source: Source | bytes,
        *,
        now: float,
        info: bytes | None = None,
        flags: ObjectFlag = _NO_FLAGS,
        skip_bytes: int = 0,
    ) -> int:
        """Send an object behind those before it and return its number.

        ``info`` is at most a segment. With ``flags`` UNRELIABLE it is sent once and not
        repaired. Of the first ``skip_bytes``, which all receivers
        are thought to have, only what is asked for is sent: of whole blocks, and not of
        the last one. Raises UsageError where everything kept is still
        to be sent or may be asked for (RoomFreed tells when that has changed),
        MessageTooLarge for more than the code's numbers can count.
        """
        self._now = now
        if isinstance(source, bytes):
            source = BytesSource(source)
        coding = self._config.coding
        if source.size_bytes > coding.largest_object:
            raise MessageTooLarge(
                source.size_bytes, coding.largest_object, fix="use larger segments"
            )
        partition = Partition.of(source.size_bytes, coding.segment_bytes, coding.block)
        content = content_of(source, partition)
        number = self._window.next_number
        outgoing = self._add(
            number,
            content,
            self._head(source.size_bytes, info, flags),
        )
        block, _ = partition.place(skip_bytes // coding.segment_bytes)
        block = min(block, partition.blocks - 1)
        outgoing.skip(block, partition.offset(block))
        if self._config.more_follows:
            self._flow(now)
        else:
            self._resume(now)
        return number

    def wake(self, *, now: float) -> None:
        """Go on, because more is ready of a source that had no more to send."""
        self._resume(now)

    def open_stream(
        self,
        *,
        buffer_bytes: int,
        now: float,
        info: bytes | None = None,
        flags: ObjectFlag = _NO_FLAGS,
        kept_bytes: int | None = None,
    ) -> int:
        """Open a stream of which ``buffer_bytes`` are kept for repair.

        Where segments are not full, that is as many segments; with ``kept_bytes`` no
        more than so many bytes are kept of what nobody may ask for any more. With
        ``flags`` UNRELIABLE nothing is repaired: they are room for what waits to be
        sent.
        """
        self._now = now
        content = self._streams.content(buffer_bytes, kept_bytes)
        number = self._window.next_number
        head = self._head(content.buffer_bytes, info, flags | ObjectFlag.STREAM)
        self._add(number, content, head)
        self._resume(now)
        return number

    def write(
        self,
        stream: int,
        data: bytes | memoryview,
        *,
        now: float,
        message_ends: bool = True,
        flush: bool = False,
    ) -> None:
        """Append to a stream; raises UsageError where its buffer has no room.

        What does not fill a segment waits for more, or for :meth:`flush`, which
        ``flush`` does at once. RoomFreed tells when what was refused would fit.
        """
        self._now = now
        content, size = self._streams.get(stream), len(data)
        if size > self.stream_room(stream):
            self._refused(
                lambda: self._streams.to_try(stream, size, self._now, self._span_s)
            )
            raise UsageError(
                f"{size} bytes do not fit into the stream's buffer",
                fix="wait for RoomFreed, or make it larger",
            )
        content.write(data, message_ends=message_ends, flush=flush)
        self._flow(now)

    def write_first(self, stream: int, data: bytes, *, now: float) -> bool:
        """Write a message that leaves at once, and nothing else; False if none would.

        For who has one message and others that wait for it: where it is a segment by
        itself, nothing is in its way and nothing is due. When it has left,
        :meth:`settle` does what :meth:`write` with ``flush`` would have done beside.
        """
        found = self._streams.find(stream)
        if found is None:
            return False
        content, outgoing = found
        if (
            not content.fits(len(data))
            or self._is_due(now)
            or not self._dispatch.lets_through(outgoing, now)
        ):
            return False
        if not content.roomy and self.stream_room(stream) < len(data):
            return False
        self._now = now
        parts = content.head_of(len(data)), data
        content.append(self._dispatch.send_next(outgoing, parts, now))
        return True

    def settle(self, *, now: float) -> None:
        """Do what is to be done behind :meth:`write_first`.

        Mostly that is little: nothing was due before it.
        """
        self._pulse.stir(now)
        if not self._dispatch.drained or self._is_due(now):
            self._turn(now)

    def stream_room(self, stream: int) -> int:
        """Return how many bytes can be written without giving up what may be needed.

        That is what has not been sent, and what was sent or asked for lately.
        """
        return self._streams.room_bytes(stream, self._now, self._span_s)

    def release(self, stream: int, block: int) -> None:
        """Say that nobody needs what lies before a block of a stream any more.

        Its room is free at once, and not only when it was sent long enough ago.
        """
        self._streams.release(stream, block)

    def kept_from(self, stream: int) -> int:
        """Return the first block that is kept of an open stream."""
        return self._streams.kept_from(stream)

    def flush(self, stream: int, *, now: float) -> None:
        """Send what has been written to a stream, though no segment is full."""
        self._streams.get(stream).flush()
        self._flow(now)

    def end_stream(self, stream: int, *, now: float) -> None:
        """End a stream behind what has been written."""
        self._streams.get(stream).end()
        self._resume(now)

    def cancel(self, number: int, *, now: float) -> None:
        """Send and repair an object no more; receivers that ask are told."""
        if self._window.remove(number):
            self._flusher.cancelled(number)
            if self._window.sending() is not None:
                self._dispatch.resume()
            self._events.append(ObjectPurged(number))
        self._turn(now)

    def watermark(self, nodes: Iterable[int], *, now: float) -> None:
        """Ask nodes to acknowledge all that has been handed in so far.

        What a stream holds back for a full segment is flushed. NodeAcknowledged and
        WatermarkEnded tell the outcome. Raises UsageError when nothing has been handed
        in, or for an empty list.
        """
        if self._streams.flush_newest():
            self._dispatch.resume()
        last = self._window.newest()
        if last is None:
            raise UsageError("nothing has been sent", fix="send an object first")
        self._flusher.watermark(nodes, last, now)
        self._turn(now)

    def command(self, content: bytes, *, now: float) -> None:
        """Tell all a command of the application, several times."""
        self._talker.command(content, now)
        self._turn(now)

    def request_ack(self, ack_type: int, nodes: Iterable[int], *, now: float) -> int:
        """Ask nodes for acknowledgements of the application's; return their id."""
        request = self._talker.ask(ack_type, nodes, now)
        self._turn(now)
        return request

    def finish(self, *, now: float) -> None:
        """Flush, and then say that this sender is gone for good.

        After that it is silent, but for repairs of what is still asked for.
        """
        self._flusher.end(now)
        self._turn(now)

    def drop_member(self, node: int) -> None:
        """Wait for a member no more, and repair nothing that it asks for."""
        self._dropped_members[node] = None
        while len(self._dropped_members) > _MOST_DROPPED:
            del self._dropped_members[next(iter(self._dropped_members))]
        self._flusher.drop(node)
        self._talker.drop(node)

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take feedback in; everything else is counted and dropped."""
        self.repair_first(datagram, now=now)
        self.book(now=now)

    def repair_first(self, datagram: Datagram, *, now: float) -> None:
        """Repair what is asked for, where it can leave at once, and nothing else.

        For who has others that wait for that: when it has left, :meth:`book` does what
        :meth:`handle_datagram` would have done beside.
        """
        group = datagram.group
        unicast = group is None or not group.is_multicast
        asked = False
        for data in datagram.segments():
            try:
                asked = self._hear(data, unicast=unicast, now=now) or asked
            except DecodeError as error:
                self.dropped[error.reason] += 1
        if asked and not self._config.backoff:
            self._dispatch.send(now)

    def book(self, *, now: float) -> None:
        """Learn of round trip and rate from what was heard, and go on."""
        heard, self._unbooked = self._unbooked, []
        for feedback, unicast, at in heard:
            to, extensions = feedback.to, feedback.extensions
            self._pulse.hear(feedback.source, to, extensions, at, unicast=unicast)
        self._turn(now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        self._turn(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        if self._outbox.full:
            self._dispatch.hurry(self._now)
        return self._outbox.take()

    def poll_events(self) -> Sequence[SenderEvent]:
        """Return what has happened; each only once."""
        for part in (self._dispatch, self._flusher, self._talker):
            self._events += part.events
            part.events.clear()
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        due = None
        for at in (
            self._dispatch.deadline,
            self._room.deadline,
            self._repairer.deadline,
            self._flusher.deadline,
            self._talker.deadline,
            self._pulse.deadline,
        ):
            if at is not None and (due is None or at < due):
                due = at
        return due

    @property
    def grtt_s(self) -> float:
        """The group's round-trip time as it is told."""
        return self._outbox.grtt_s

    @property
    def stats(self) -> SenderStats:
        """What has been sent and heard so far."""
        outbox, dispatch = self._outbox, self._dispatch
        return SenderStats(
            outbox.bytes_sent,
            outbox.packets_sent,
            dispatch.repair_bytes,
            dispatch.repair_packets,
            dispatch.data_bytes,
            self._nacks_heard,
            self._acks_heard,
        )

    def sent_bytes(self, number: int) -> int | None:
        """Return how much of an object was sent once; None if it is not kept."""
        outgoing = self._window.get(number)
        return None if outgoing is None else outgoing.sent_bytes

    @property
    def rate_bytes_per_s(self) -> float:
        """The rate in force."""
        return self._control.rate

    # How it is done.

    def _head(self, size: int, info: bytes | None, flags: ObjectFlag) -> ObjectHead:
        limit = self._config.coding.segment_bytes
        if info is not None and len(info) > limit:
            raise MessageTooLarge(len(info), limit, fix="put it into the object")
        return ObjectHead(flags, self._config.coding.object_info(size), info)

    def _add(
        self, number: int, content: ObjectContent | StreamContent, head: ObjectHead
    ) -> Outgoing:
        outgoing = Outgoing(
            number, content, self._code, head=head, auto_parity=self._config.auto_parity
        )
        size, span_s = head.fti.size_bytes, self._span_s
        if not self._window.fits(size, self._now, span_s):
            self._refused(lambda: self._window.fits(size, self._now, self._span_s))
        for gone in self._window.add(outgoing, now=self._now, span_s=span_s):
            self._events.append(ObjectPurged(gone))
        return outgoing

    @property
    def _span_s(self) -> float:
        """How long receivers may take to ask for what was sent, and to ask again.

        One cycle is their waiting and holding off and the sender's gathering.
        """
        cycle_s = self._config.cycle_grtts * self._outbox.grtt_s
        return min(self._config.hold * cycle_s, _LONGEST_HOLD_S)

    def _refused(self, fits: Callable[[], bool]) -> None:
        self._room.refused(fits, self._now, self._span_s)

    def _flow(self, now: float) -> None:
        """Go on; hurry to probe only where what was before waits, too."""
        waited = not self._dispatch.drained
        self._dispatch.resume()
        self._pulse.stir(now)
        self._turn(now)
        if waited and not self._dispatch.drained:
            self._pulse.hurry(now)

    def _is_due(self, now: float) -> bool:
        due = self._pulse.deadline
        if due is None or due <= now or self._room.deadline is not None:
            return True
        due = self._flusher.deadline
        return self._talker.deadline is not None or (due is not None and due <= now)

    def _resume(self, now: float) -> None:
        self._dispatch.resume()
        self._pulse.hurry(now)
        self._turn(now)

    def _hear(self, data: memoryview, *, unicast: bool, now: float) -> bool:
        """Take a message in; True if something is to be repaired for it."""
        head = Head.decode(data)
        if head.kind is MessageType.NACK:
            nack = Nack.decode(head, data, self._config.coding.field_bits)
            if self._meant(nack):
                return self._hear_nack(nack, unicast=unicast, now=now)
        elif head.kind is MessageType.ACK:
            ack = Ack.decode(head, data)
            if self._meant(ack):
                self._hear_ack(ack, unicast=unicast, now=now)
        return False

    def _meant(self, feedback: Nack | Ack) -> bool:
        """Return whether it is for this instance, from a member that still counts."""
        to = feedback.to
        if to.sender != self._config.node:
            return False
        if to.instance != self._config.instance:
            self.dropped["norm-other-instance"] += 1
            return False
        if feedback.source in self._dropped_members:
            self.dropped["norm-dropped-member"] += 1
            return False
        return True

    def _hear_nack(self, nack: Nack, *, unicast: bool, now: float) -> bool:
        self._nacks_heard += 1
        self._unbooked.append((nack, unicast, now))
        useful = self._repairer.hear(nack, unicast=unicast, now=now)
        if useful:
            self._dispatch.resume(asked=True)
            self._flusher.pause()
            self._flusher.alive(nack.source)
        return useful

    def _hear_ack(self, ack: Ack, *, unicast: bool, now: float) -> None:
        self._acks_heard += 1
        self._unbooked.append((ack, unicast, now))
        if ack.ack_type == AckType.FLUSH:
            self._flusher.hear(ack)
        elif ack.ack_type >= AckType.APPLICATION:
            self._talker.hear(ack, now)

    def _turn(self, now: float) -> None:
        """Do whatever is due, and send whatever the rate allows."""
        self._now = now
        self._repairer.expire(now)
        self._talker.expire(now)
        drained = self._dispatch.drained
        if self._pulse.expire(now, busy=not drained) and drained:
            self._remind(now)
        for slow in self._control.slow():
            self.drop_member(slow.node)
            self._events.append(MemberDropped(slow.node, slow.rate_bytes_per_s))
        self._dispatch.send(now)
        if self._flusher.expire(
            now,
            drained=self._dispatch.drained,
            reached=self._dispatch.reached,
            repairing=self._repairer.behind,
            starved=self._dispatch.starved,
        ):
            self._events.append(TransmissionIdle())
        if self._flusher.over:
            self._pulse.stop()
        if self._room.deadline is not None and self._room.freed(now, self._span_s):
            self._events.append(RoomFreed())

    def _remind(self, now: float) -> None:
        """Say how far all has been sent, so that who was cut off learns of it."""
        if not self._flusher.active:
            self._flusher.say(now)
