"""One run of one sender, as a receiver follows it (RFC 5740 §5.2 and §5.3)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from random import Random
from typing import Protocol, assert_never

from groupwire.errors import MessageTooLarge
from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.numbers import unwrap
from groupwire.norm.partition import Partition
from groupwire.norm.receive.acks import Acknowledger
from groupwire.norm.receive.catalogue import Catalogue, Position
from groupwire.norm.receive.claims import Claims
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.congestion import CongestionSpeaker
from groupwire.norm.receive.events import (
    AckRequested,
    CommandReceived,
    InfoReceived,
    LossReason,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderEnded,
    SenderKey,
    SenderLost,
    StreamEnded,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.incoming import Incoming
from groupwire.norm.receive.nacker import Nacker, NackPhase
from groupwire.norm.receive.patience import Patience
from groupwire.norm.receive.sink import ObjectOffer, Sink
from groupwire.norm.receive.stream import IncomingStream, stream_bytes
from groupwire.norm.repair.requests import Numbering, needs_of, requests_of
from groupwire.norm.repair.state import RepairState
from groupwire.norm.wire.batch import Segments
from groupwire.norm.wire.commands import (
    AckRequest,
    ApplicationCommand,
    Command,
    CongestionProbe,
    EndOfTransmission,
    Flush,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.extensions import Extensions, ObjectInfo
from groupwire.norm.wire.feedback import Ack, AckType, FeedbackHead, Nack, Watermark
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.objects import Info
from groupwire.norm.wire.repairs import RepairRequest

__all__ = ["Remote"]

_SHORTEST_SILENCE_S = 1.0
_SYMBOL_BITS = 16
_EVERY_BLOCK = 1 << 32
Through = tuple[int, int, int | None]


class Refusal(Enum):
    """Why there is no place for an object."""

    NEVER = auto()
    NOT_NOW = auto()


class Host(Protocol):
    """Whom a run of a sender asks for what all runs share."""

    def open_sink(
        self, key: SenderKey, offer: ObjectOffer, partition: Partition
    ) -> Sink | Refusal:
        """Return where an object goes."""
        ...

    def open_memory(self, key: SenderKey, size_bytes: int) -> Sink | Refusal:
        """Return what stands for so much memory until it is released."""
        ...

    def drop(self, reason: str) -> None:
        """Count what is not understood or not wanted."""
        ...


class Remote:
    """Takes a sender's messages in and says what is to be sent back to it."""

    def __init__(
        self,
        key: SenderKey,
        config: ReceiverConfig,
        rng: Random,
        host: Host,
        *,
        resume: int | None = None,
    ) -> None:
        self.key = key
        self.heard = 0
        """Datagrams; who was heard least makes room for others."""
        self.events: list[ReceiverEvent] = []
        self.feedback: list[Nack | Ack] = []
        self._config = config
        self._host = host
        self._state = SenderState(key.instance, 0, 0, 0)
        self._coding: Coding | None = None
        self._code: ReedSolomon | None = None
        self._catalogue = Catalogue(config.objects, resume=resume)
        self._nacker = Nacker(rng)
        self._speaker = CongestionSpeaker(config.node, rng)
        self._acks = Acknowledger(rng)
        self._mark: tuple[Position, Watermark] | None = None
        """A watermark that was asked for and is not reached yet."""
        self._position: Position = (0, 0, 0)
        """Of what was heard last, new or again."""
        self._here: Through = (0, 0, None)
        """Up to where may be asked, as of what was heard last."""
        self._through: Through = (0, 0, None)
        """Up to where others have to ask to silence this receiver."""
        self._silence_at: float | None = None
        self._silences = 0
        self._heard_at = 0.0
        self._patience = Patience(config.robust)
        self._claims = Claims()
        self._over = False
        """Whether the sender has said that it repairs nothing any more."""
        self._sequence = 0
        self._numbering = Numbering(self._catalogue.number, self._block, self._length)

    # What is heard.

    def take_segments(self, segments: Segments, now: float) -> None:
        """Take DATA of one object in."""
        first, payloads = segments.common, segments.payloads
        self._hear(first.sender, segments.sequences, len(payloads[0]), now)
        number = self._catalogue.number(first.object_id)
        keys = segments.keys
        block = keys[0] >> _SYMBOL_BITS
        if not self._catalogue.joined:
            self._join(number, block, first.flags)
        self._advanced(now)
        incoming = self._incoming(number, first.flags, first.extensions.info, block)
        if incoming is not None:
            self._patience.answered()
            try:
                self._add(number, incoming, keys, payloads)
            except OSError as error:
                self._fail(number, error)
        block, symbol = keys[-1] >> _SYMBOL_BITS, keys[-1] & 0xFFFF
        self._moved((number, self._block(number, block), symbol), now)

    def take_info(self, info: Info, now: float) -> None:
        """Take an object's INFO in."""
        self._hear(info.sender, (info.sequence,), len(info.payload), now)
        number = self._catalogue.number(info.object_id)
        if not self._catalogue.joined:
            self._join(number, 0, info.flags)
        self._advanced(now)
        incoming = self._incoming(number, info.flags, info.extensions.info, 0)
        if incoming is not None and incoming.info is None:
            incoming.info = bytes(info.payload)
            self.events.append(InfoReceived(self.key, number, incoming.info))
            self._progress(number, incoming)
        self._moved((number, 0, 0), now)

    def take_command(self, command: Command, now: float) -> None:
        """Take a command in."""
        self._hear(command.sender, (command.sequence,), 64, now)
        match command:
            case CongestionProbe():
                self._speaker.probed(command, now)
            case Flush():
                self._flushed(command, now)
            case Squelch():
                self._squelched(command, now)
            case RepairAdvertisement():
                self._overhear(command.requests, command.extensions, now)
            case AckRequest():
                self._requested(command, now)
            case ApplicationCommand():
                self.events.append(CommandReceived(self.key, command.content))
            case EndOfTransmission():
                self._ended()
            case _:
                assert_never(command)

    def overhear(self, feedback: Nack | Ack, now: float) -> None:
        """Take in what another receiver says to this sender."""
        requests = feedback.requests if isinstance(feedback, Nack) else ()
        self._overhear(requests, feedback.extensions, now)

    # What the application says.

    def accept(self, number: int, now: float) -> None:
        """Note that the application has taken an object."""
        self._catalogue.accept(number)
        if self._mark is not None:
            self._reach_mark(now)

    def again(self, number: int, now: float) -> None:
        """Ask for an object once more, because what came is not what was sent."""
        self._catalogue.begin_anew(number)
        self._advanced(now)

    def answer(self, ack_type: int, ack_id: int, payload: bytes, now: float) -> None:
        """Acknowledge a request of the sender's application."""
        limit = (self._coding or Coding()).segment_bytes
        if len(payload) > limit:
            raise MessageTooLarge(len(payload), limit, fix="send it another way")
        self._acks.answer(ack_type, ack_id, payload, now, self._state.grtt_s)

    # What time brings.

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        if self._config.silent:
            return self._silence_at
        due = (
            self._nacker.deadline,
            self._speaker.deadline,
            self._acks.deadline,
            self._silence_at,
        )
        return min([d for d in due if d is not None], default=None)

    def expire(self, now: float) -> None:
        """Do what is due."""
        if self._silence_at is not None and self._silence_at <= now:
            self._silent(now)
        if self._config.silent:
            return
        if self._nacker.deadline is not None and self._nacker.deadline <= now:
            self._nack_due(now)
        for due in self._acks.due(now):
            self._ack(due.ack_type, due.ack_id, due.payload, now)
        if self._speaker.deadline is not None and self._speaker.deadline <= now:
            self._ack(1, 0, b"", now)

    def close(self, reason: LossReason) -> None:
        """Give everything up that is lacking."""
        for number in self._catalogue.squelch(self._catalogue.highest[0] + 1):
            self._told_lost(number, reason)

    @property
    def lacks(self) -> bool:
        """Whether something is lacking of what the sender is known to have sent."""
        return next(iter(self._catalogue.needs(self._everything)), None) is not None

    @property
    def _everything(self) -> Through:
        return self._catalogue.highest[0], _EVERY_BLOCK, None

    @property
    def resume(self) -> int | None:
        """The first object that may be delivered if this run is followed again."""
        return self._catalogue.resume

    @property
    def released(self) -> list[Sink]:
        """Sinks that are written to no more."""
        return self._catalogue.released

    # How it is done: hearing.

    def _hear(
        self, state: SenderState, sequences: Sequence[int], size: int, now: float
    ) -> None:
        self.heard += len(sequences)
        before, self._state = self._state, state
        if state.grtt < before.grtt:
            self._quicken(now, state.grtt_s / before.grtt_s)
        quiet, self._heard_at = now - self._heard_at, now
        if quiet > (state.backoff + 2) * state.grtt_s:
            # Perhaps a partition has healed: nobody waits for the next time of asking.
            self._patience.hope()
            self._nacker.waken(now)
        self._speaker.count(sequences, size * len(sequences), state, now)
        self._silences = 0

    def _quicken(self, now: float, ratio: float) -> None:
        """Wait in the round trips that the sender tells of now, which are shorter."""
        self._nacker.quicken(now, ratio)
        if self._silence_at is not None:
            self._silence_at = min(self._silence_at, now + self._silence_s())

    def _advanced(self, now: float) -> None:
        """Note DATA or INFO: probes alone do not tell what a receiver lacks (§5.3)."""
        if self._catalogue.joined and not self._over:
            self._silence_at = now + self._silence_s()

    def _silence_s(self) -> float:
        """RFC 5740 §5.3: how long a sender may be silent."""
        longest = 2 * self._config.robust * self._state.grtt_s
        return max(_SHORTEST_SILENCE_S, longest)

    def _join(self, number: int, block: int, flags: ObjectFlag) -> None:
        """Begin to want objects, as the policy says."""
        join = self._config.join
        if join is Join.WINDOW:
            self._catalogue.join(number, back=self._config.objects - 1)
        elif join is Join.OBJECT or _begins(block, flags):
            self._catalogue.join(number)

    def _incoming(
        self, number: int, flags: ObjectFlag, fti: ObjectInfo | None, block: int
    ) -> Incoming | IncomingStream | None:
        """Return the object that a message belongs to, None if it is not wanted."""
        if not self._catalogue.wants(number):
            return None
        for lost in self._catalogue.reach((number, 0, 0)):
            self._told_lost(lost, LossReason.WINDOW)
        incoming = self._catalogue.under_way.get(number)
        if fti is None:
            if incoming is None:
                self._host.drop("norm-no-fti")
        elif incoming is None or self._catalogue.told(number) != fti:
            incoming = self._claimed(number, flags, fti, block)
        else:
            self._claims.agreed()
        if incoming is not None:
            incoming.flags |= flags & (ObjectFlag.INFO | ObjectFlag.FILE)
        return incoming

    def _claimed(
        self, number: int, flags: ObjectFlag, fti: ObjectInfo, block: int
    ) -> Incoming | IncomingStream | None:
        """Begin an object, or begin it anew as the sender has it now.

        What contradicts what was heard before is believed when it is heard twice in a
        row: one packet with wrong bits neither spoils an object nor, being the first,
        decides what the sender's code is.
        """
        catalogue, coding = self._catalogue, Coding.of(fti)
        if coding is None or fti.size_bytes > coding.largest_object:
            self._host.drop("norm-fti")
            return None
        known = self._coding is None or coding == self._coding
        if (number in catalogue.under_way or not known) and self._claims.doubts(
            number, fti
        ):
            self._host.drop("norm-fti-differs")
            return None
        if not known:
            catalogue.begin_anew(*catalogue.under_way)
        catalogue.begin_anew(number)
        if self._code is None or coding != self._coding:
            self._coding = coding
            self._code = ReedSolomon(coding.block, coding.parity)
        code = self._code
        if flags & ObjectFlag.STREAM:
            return self._begin_stream(number, fti, block, coding, code)
        return self._begin_object(number, fti, flags, coding, code)

    def _begin_stream(
        self,
        number: int,
        fti: ObjectInfo,
        block: int,
        coding: Coding,
        code: ReedSolomon,
    ) -> IncomingStream | None:
        kept = -(-fti.size_bytes // (coding.block * coding.segment_bytes))
        # What the sender keeps no more is not worth waiting for.
        most = min(self._config.stream_blocks, kept + 1)
        memory = self._host.open_memory(self.key, stream_bytes(coding, most))
        if isinstance(memory, Refusal):
            self._refuse(number, memory)
            return None
        first = block
        if self._config.join is not Join.NOW:
            first = max(0, block - kept + 1)
        stream = IncomingStream(number, first, most, coding, code)
        self._catalogue.begin(number, fti, memory, stream)
        return stream

    def _begin_object(
        self,
        number: int,
        fti: ObjectInfo,
        flags: ObjectFlag,
        coding: Coding,
        code: ReedSolomon,
    ) -> Incoming | None:
        key, size = self.key, fti.size_bytes
        offer = ObjectOffer(key.source, key.instance, number, size, flags)
        partition = Partition.of(size, coding.segment_bytes, coding.block)
        try:
            sink = self._host.open_sink(key, offer, partition)
        except OSError as error:
            self._fail(number, error)
            return None
        if isinstance(sink, Refusal):
            self._refuse(number, sink)
            return None
        incoming = Incoming(number, size, sink, coding, code)
        self._catalogue.begin(number, fti, sink, incoming)
        return incoming

    def _refuse(self, number: int, why: Refusal) -> None:
        """Take none of an object, for good, or until there is room."""
        if why is Refusal.NOT_NOW:
            self._host.drop("norm-no-room")
            return
        self._catalogue.finish(number, accepted=False)
        self._told_lost(number, LossReason.REFUSED)

    def _add(
        self,
        number: int,
        incoming: Incoming | IncomingStream,
        keys: Sequence[int],
        payloads: Sequence[bytes | memoryview],
    ) -> None:
        for start, stop in _runs(keys):
            block, symbol = keys[start] >> _SYMBOL_BITS, keys[start] & 0xFFFF
            run = payloads[start:stop] if stop - start < len(keys) else payloads
            if not incoming.add(self._block(number, block), symbol, run):
                self._host.drop("norm-symbol")
        self._progress(number, incoming)

    def _fail(self, number: int, error: OSError) -> None:
        """Give up what cannot be stored: a full disk ends an object, no receiver."""
        self._catalogue.finish(number, accepted=False)
        self.events.append(ObjectLost(self.key, number, LossReason.STORE, error))

    def _progress(self, number: int, incoming: Incoming | IncomingStream) -> None:
        """Hand over what is complete."""
        if isinstance(incoming, IncomingStream):
            self._hand_over(incoming)
        if not incoming.complete:
            return
        accepted = self._config.accepts_at_once
        if isinstance(incoming, IncomingStream):
            self._catalogue.finish(number, accepted=incoming.intact)
            self.events.append(StreamEnded(self.key, number))
            return
        self._catalogue.finish(number, accepted=accepted)
        self.events.append(
            ObjectReceived(
                self.key,
                number,
                incoming.partition.size_bytes,
                incoming.flags,
                incoming.info,
                incoming.sink,
            )
        )

    def _hand_over(self, stream: IncomingStream) -> None:
        for data, message_at in stream.take():
            self._tell_gap(stream)
            self.events.append(
                StreamReceived(self.key, stream.number, data, message_at)
            )
        self._tell_gap(stream)

    def _tell_gap(self, stream: IncomingStream) -> None:
        if stream.skipped:
            self.events.append(StreamGap(self.key, stream.number, stream.skipped))
            stream.skipped = 0

    def _moved(self, position: Position, now: float) -> None:
        """Note where the sender is, and look for what is lacking before it."""
        self._position = position
        number, block, symbol = position
        boundary: Through = (number, block - 1, None)
        self._here = boundary if self._state.backoff else position
        catalogue = self._catalogue
        if not catalogue.joined:
            return
        catalogue.reach(position)
        if self._mark is not None:
            self._reach_mark(now)
        if self._nacker.phase is not NackPhase.IDLE:
            return
        if catalogue.lacks_before(number, block):
            self._look(boundary, now)
        elif not self._state.backoff:
            self._look((number, block, symbol), now)

    def _look(self, through: Through, now: float) -> None:
        """Begin to ask if something up to a place is lacking."""
        if self._config.silent or self._over:
            return
        if self._nacker.phase is not NackPhase.IDLE:
            return
        if next(iter(self._catalogue.needs(through)), None) is None:
            return
        self._through = through
        state = self._state
        self._nacker.start(now, state.grtt_s, state.backoff, state.members)
        if not state.backoff:
            self._nack_due(now)

    def _flushed(self, flush: Flush, now: float) -> None:
        number = self._catalogue.number(flush.object_id)
        listed = self._config.node in flush.nodes
        if not self._catalogue.joined:
            if not listed and self._config.join is Join.NOW:
                return
            self._join(number, 0, ObjectFlag(0))
        block = self._block(number, flush.payload_id.block)
        position = number, block, flush.payload_id.symbol
        self._advanced(now)
        if listed:
            where = Watermark(flush.fec_id, flush.object_id, flush.payload_id)
            self._mark = position, where
            self._reach_mark(now)
        for lost in self._catalogue.reach(position):
            self._told_lost(lost, LossReason.WINDOW)
        stream = self._catalogue.under_way.get(number)
        if isinstance(stream, IncomingStream):
            stream.reach(block, position[2])
        self._position = self._here = position
        self._look(position, now)

    def _reach_mark(self, now: float) -> None:
        if self._mark is None:
            return
        position, where = self._mark
        if self._catalogue.complete_through(position):
            bits = self._coding.field_bits if self._coding is not None else 8
            self._acks.reached(where, bits, now, self._state.grtt_s)
            self._mark = None

    def _squelched(self, squelch: Squelch, now: float) -> None:
        catalogue = self._catalogue
        first = catalogue.number(squelch.object_id)
        for number in catalogue.squelch(first):
            self._told_lost(number, LossReason.GONE)
        for object_id in squelch.invalid:
            number = catalogue.number(object_id)
            if catalogue.wants(number):
                for lost in catalogue.give_up(number, accepted=True):
                    self._told_lost(lost, LossReason.GONE)
        stream = catalogue.under_way.get(first)
        if isinstance(stream, IncomingStream):
            stream.skip_to(self._block(first, squelch.payload_id.block))
            self._progress(first, stream)
        self._reach_mark(now)

    def _requested(self, request: AckRequest, now: float) -> None:
        if self._config.node not in request.nodes:
            return
        kind, number = request.ack_type, request.ack_id
        if kind < AckType.APPLICATION:
            self._host.drop("norm-ack-type")
            return
        if self._acks.requested(kind, number, now, self._state.grtt_s):
            self.events.append(AckRequested(self.key, kind, number))

    def _ended(self) -> None:
        if self._over:
            return
        self._over = True
        self.close(LossReason.ENDED)
        self._nacker.rest()
        self._silence_at = None
        self.events.append(SenderEnded(self.key))

    def _overhear(
        self, requests: Sequence[RepairRequest], extensions: Extensions, now: float
    ) -> None:
        if self._nacker.phase is NackPhase.WAITING:
            for need in needs_of(requests, self._numbering):
                self._nacker.heard.add(need)
        if extensions.feedback is not None:
            self._speaker.overheard(extensions.feedback, now)

    # How it is done: speaking.

    def _nack_due(self, now: float) -> None:
        state, nacker = self._state, self._nacker
        if nacker.phase is NackPhase.HOLDING:
            nacker.rest()
            self._look(self._here, now)
            return
        needs = self._catalogue.state(self._through)
        first = next(iter(needs), None)
        if first is None:
            nacker.rest()
            self._look(self._here, now)
            return
        if self._patience.over(now, self._silence_s()) and not self._silences:
            self._give_up()
            return
        rewound = self._position < (first.object, first.block or 0, 0)
        if not rewound and not nacker.silenced(needs):
            # §5.3: what is asked for goes as far as the sender is meanwhile.
            through = max(self._through, self._here, key=_place)
            self._nack(self._catalogue.state(through), now)
        in_vain = self._patience.in_vain
        nacker.hold(now, state.grtt_s, state.backoff, in_vain=in_vain)

    def _give_up(self) -> None:
        """Name as lost what the sender does not repair, though it is there."""
        self._nacker.rest()
        self._patience.answered()
        self._mark = None
        self.close(LossReason.UNANSWERED)

    def _nack(self, needs: RepairState, now: float) -> None:
        if self._coding is None:
            # Nothing is known but that there is something: the lowest scheme will do.
            scheme, limit = Coding().scheme, 64
        else:
            scheme, limit = self._coding.scheme, self._coding.segment_bytes
        bits = scheme.field_bits
        contents = requests_of(needs, scheme, self._numbering, limit)
        for _, requests in zip(
            range(self._config.nacks_per_cycle), contents, strict=False
        ):
            extensions = Extensions(feedback=self._speaker.feedback(now))
            head = self._head(now)
            self.feedback.append(
                Nack(
                    self._number(), self._config.node, head, requests, extensions, bits
                )
            )

    def _ack(self, ack_type: int, ack_id: int, payload: bytes, now: float) -> None:
        extensions = Extensions(feedback=self._speaker.feedback(now))
        head, node = self._head(now), self._config.node
        self.feedback.append(
            Ack(self._number(), node, head, ack_type, ack_id, payload, extensions)
        )

    def _head(self, now: float) -> FeedbackHead:
        echo = self._speaker.echo(now)
        return FeedbackHead(self.key.source, self.key.instance, *echo)

    def _number(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence

    # How it is done: silence and loss.

    def _silent(self, now: float) -> None:
        """Ask unasked, because the sender has said nothing for long (§5.3)."""
        through = self._everything
        self._silences += 1
        if not self.lacks:
            self._silence_at = None
        elif self._silences > self._config.robust:
            self._silence_at = None
            self.close(LossReason.SILENCE)
            self.events.append(SenderLost(self.key))
        else:
            self._silence_at = now + self._silence_s()
            self._position = *through[:2], 0
            self._here = through
            self._look(through, now)

    def _told_lost(self, number: int, reason: LossReason) -> None:
        self.events.append(ObjectLost(self.key, number, reason))

    # Numbers.

    def _block(self, number: int, bits: int) -> int:
        stream = self._catalogue.under_way.get(number)
        if not isinstance(stream, IncomingStream) or self._coding is None:
            return bits
        return unwrap(bits, stream.block, self._coding.scheme.block_bits)

    def _length(self, number: int, block: int) -> int:
        incoming = self._catalogue.under_way.get(number)
        if isinstance(incoming, Incoming) and block < incoming.partition.blocks:
            return incoming.partition.length(block)
        return self._coding.block if self._coding is not None else 0


def _begins(block: int, flags: ObjectFlag) -> bool:
    """Return whether a message is where a receiver may begin (RFC 5740 §5.2)."""
    if flags & ObjectFlag.REPAIR:
        return False
    return block == 0 or bool(flags & ObjectFlag.STREAM)


def _place(through: Through) -> tuple[int, int, float]:
    """Return what places are compared by; None is the end of a block."""
    number, block, symbol = through
    return number, block, math.inf if symbol is None else symbol


def _runs(keys: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Iterate over runs of consecutive symbols, as first and one more than last."""
    count = len(keys)
    if isinstance(keys, range):
        yield 0, count
        return
    start = 0
    for at in range(1, count + 1):
        if at == count or keys[at] != keys[at - 1] + 1:
            yield start, at
            start = at
