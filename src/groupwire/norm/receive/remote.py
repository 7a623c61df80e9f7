"""One run of one sender, as a receiver follows it (RFC 5740 §5.2 and §5.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import assert_never

from groupwire.errors import MessageTooLarge
from groupwire.norm.coding import Coding
from groupwire.norm.receive.acks import Acknowledger, DueAck
from groupwire.norm.receive.admission import Admission, Host
from groupwire.norm.receive.asking import Asking
from groupwire.norm.receive.catalogue import Catalogue, Position
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.congestion import CongestionSpeaker
from groupwire.norm.receive.events import (
    AckRequested,
    CommandReceived,
    LossReason,
    ReceiverEvent,
    SenderEnded,
    SenderKey,
    SenderLost,
)
from groupwire.norm.receive.flow import Flow
from groupwire.norm.receive.handover import Handover
from groupwire.norm.receive.incoming import Incoming
from groupwire.norm.receive.leaps import Leaps
from groupwire.norm.receive.numbers import Numbers
from groupwire.norm.receive.sink import Sink
from groupwire.norm.receive.stats import ReceiverStats
from groupwire.norm.receive.stream import IncomingStream
from groupwire.norm.receive.voice import Voice
from groupwire.norm.repair.requests import needs_of
from groupwire.norm.repair.state import Need
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
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.feedback import Ack, AckType, Nack, Watermark
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.repairs import RepairRequest

__all__ = ["Remote"]

_SYMBOL_BITS = 16
_ACK_S = 1e-4
"""For each of those who are asked, where nobody waits (K = 0): as long as a sender
takes for an answer."""


class Remote:
    """Takes a sender's messages in and gives each of its rules what it is to know."""

    def __init__(
        self,
        key: SenderKey,
        config: ReceiverConfig,
        rng: Random,
        host: Host,
        *,
        resume: int | None = None,
        heard: int = 0,
    ) -> None:
        self.key = key
        self.heard = heard
        """Datagrams; who was heard least makes room for others."""
        self.bytes = 0
        """Of all datagrams."""
        self.held_bytes = 0
        """Of memory that is promised to its objects; the budget keeps count."""
        self._config = config
        self._host = host
        self._heard_before = heard
        self._grtt_s, self._backoff = 0.0, 0
        self._leaps = Leaps(config.objects)
        self._catalogue = Catalogue(
            config.objects, resume=resume, info_tries=config.info_tries
        )
        self._handover = Handover(
            key,
            self._catalogue,
            accepts_at_once=config.accepts_at_once,
            forgives_gone=config.forgives_gone,
        )
        self._admission = Admission(key, config, host, self._catalogue, self._handover)
        self._numbers = Numbers(self._catalogue, self._admission)
        self._asking = Asking(config, self._catalogue, rng, self)
        self._speaker = CongestionSpeaker(config.node, rng)
        self._voice = Voice(key, config.node, self._speaker, self._numbers.numbering)
        self._acks = Acknowledger(rng, config.robust)
        self._flow = Flow(
            self._catalogue, self._admission, self._asking, self._speaker, self._leaps
        )
        self._mark: tuple[Position, Watermark, int] | None = None
        """A watermark that was asked for, of so many, and is not reached yet."""
        self.events: list[ReceiverEvent] = self._handover.events
        self.feedback: list[Nack | Ack] = self._voice.said
        self.released: list[Sink] = self._catalogue.released
        """Sinks that are written to no more."""

    # What is heard.

    def take_segments(self, segments: Segments, now: float) -> None:
        """Take DATA of one object in."""
        first, payloads = segments.common, segments.payloads
        self._hear(first.sender, segments.sequences, len(payloads[0]), now)
        number = self._number(first.object_id)
        if number is None:
            return
        keys = segments.keys
        block = keys[0] >> _SYMBOL_BITS
        if not self._catalogue.joined:
            self._join(number, block, first.flags)
        self._asking.advanced(now)
        incoming = self._admission.incoming(
            number, first.flags, first.extensions.info, block
        )
        if incoming is not None:
            self._asking.answered()
            try:
                self._add(incoming, keys, payloads)
            except OSError as error:
                self._handover.fail(number, error)
        block, symbol = keys[-1] >> _SYMBOL_BITS, keys[-1] & 0xFFFF
        self._moved((number, self._numbers.block(number, block), symbol), now)

    def take_next(self, data: bytes, now: float) -> bool:
        """Take in what comes next in a stream; False, and nothing done, if it is none.

        Then there is nothing to be said, and nothing is due sooner than before.
        """
        if self._mark is not None:
            return False
        chunk = self._flow.take(data, now)
        if chunk is None:
            return False
        self.heard += 1
        self.bytes += len(data)
        self._handover.hand_over(self._flow.number, chunk)
        return True

    def learn(self, data: bytes | memoryview, first: Data) -> None:
        """Remember what was taken in as the last, for what may follow it."""
        stream = None
        if not first.flags & ObjectFlag.REPAIR:
            number = self._catalogue.number(first.object_id)
            stream = self._catalogue.under_way.get(number)
        if isinstance(stream, IncomingStream):
            self._flow.learn(data, stream)
        else:
            self._flow.forget()

    def take_info(self, info: Info, now: float) -> None:
        """Take an object's INFO in."""
        self._hear(info.sender, (info.sequence,), len(info.payload), now)
        number = self._number(info.object_id)
        if number is None:
            return
        if not self._catalogue.joined:
            self._join(number, 0, info.flags)
        self._asking.advanced(now)
        fti, payload = info.extensions.info, bytes(info.payload)
        incoming = self._admission.incoming(number, info.flags, fti, 0, payload)
        if incoming is not None:
            if incoming.info is None:
                self._asking.answered()
            self._handover.informed(incoming, payload)
        elif number in self._catalogue.deferred:
            self._asking.answered()
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
                if command.limited:
                    numbering = self._numbers.numbering
                    self._asking.limit(needs_of(command.requests, numbering))
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
        self._reach_mark(now)

    def again(self, number: int, now: float) -> None:
        """Ask for an object once more, because what came is not what was sent."""
        if self._catalogue.want_again(number):
            self._asking.again(number, now)

    def retry(self, now: float) -> None:
        """Look for places of objects that had none, and ask for what they lack."""
        placed = False
        for deferred in list(self._catalogue.deferred.values()):
            incoming = self._admission.place(deferred)
            if incoming is not None:
                placed = True
                self._handover.progress(incoming)
        if placed:
            self._reach_mark(now)
            self._asking.resume(now)

    def answer(self, ack_type: int, ack_id: int, payload: bytes, now: float) -> None:
        """Acknowledge a request of the sender's application."""
        limit = (self._admission.coding or Coding()).segment_bytes
        if len(payload) > limit:
            raise MessageTooLarge(len(payload), limit, fix="send it another way")
        self._acks.answer(ack_type, ack_id, payload, now, self._grtt_s)

    # What time brings.

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        asking = self._asking.deadline
        if self._config.silent:
            return asking
        due = asking, self._speaker.deadline, self._acks.deadline
        return min([d for d in due if d is not None], default=None)

    def expire(self, now: float) -> None:
        """Do what is due."""
        self._asking.expire(now)
        if self._config.silent:
            return
        for due in self._acks.due(now):
            self._voice.acknowledge(due, now)
        if self._speaker.deadline is not None and self._speaker.deadline <= now:
            self._voice.acknowledge(DueAck(AckType.CONGESTION, 0, b""), now)

    def ask(self, needs: Sequence[Need], now: float) -> None:
        """Ask the sender for this."""
        most = self._config.nacks_per_cycle
        self._voice.ask(needs, self._admission.coding, most=most, now=now)

    def give_up(self, reason: LossReason) -> None:
        """Want nothing more of what is lacking, as the sender does not repair it."""
        self._mark = None
        self.close(reason)
        if reason is LossReason.SILENCE:
            self.events.append(SenderLost(self.key))

    def close(self, reason: LossReason) -> None:
        """Give everything up that is lacking."""
        for number in self._catalogue.squelch(self._catalogue.highest[0] + 1):
            self._handover.lose(number, reason)

    def leave(self) -> int | None:
        """Make room for others; return what to resume with if it is followed again.

        What is lacking is lost, and will not come later. But while nothing has been
        handed over, nothing is lost: all of it may come later.
        """
        if self._catalogue.handed_over:
            self.close(LossReason.ROOM)
        else:
            self._catalogue.begin_anew(*self._catalogue.under_way)
        return self._catalogue.resume

    @property
    def lacks(self) -> bool:
        """Whether something is lacking of what the sender is known to have sent."""
        return self._asking.lacks or bool(self._catalogue.deferred)

    @property
    def stats(self) -> ReceiverStats:
        """What has come so far."""
        return ReceiverStats(
            self.bytes,
            self.heard - self._heard_before,
            self._speaker.lost,
            self._voice.nacks_sent,
            self._voice.acks_sent,
            len(self._catalogue.under_way),
            *self._catalogue.open_bytes,
        )

    def arrived_bytes(self, number: int) -> int | None:
        """Return how much of an object under way is there."""
        incoming = self._catalogue.under_way.get(number)
        return incoming.arrived_bytes if isinstance(incoming, Incoming) else None

    # How it is done.

    def _number(self, object_id: int) -> int | None:
        """Return the number that an object id means, None where it is in doubt."""
        catalogue = self._catalogue
        number = catalogue.number(object_id)
        if catalogue.joined and self._leaps.doubts(number, catalogue.highest[0]):
            self._host.drop("norm-leap")
            return None
        return number

    def _hear(
        self, state: SenderState, sequences: Sequence[int], size: int, now: float
    ) -> None:
        self.heard += len(sequences)
        self._grtt_s, self._backoff = state.grtt_s, state.backoff
        self._asking.hear(state, now)
        self._speaker.count(sequences, size * len(sequences), state, now)

    def _join(self, number: int, block: int, flags: ObjectFlag) -> None:
        """Begin to want objects, as the policy says."""
        join = self._config.join
        if join is Join.WINDOW:
            self._catalogue.join(number, back=self._config.objects - 1)
        elif join is Join.OBJECT or _begins(block, flags):
            self._catalogue.join(number)

    def _add(
        self,
        incoming: Incoming | IncomingStream,
        keys: Sequence[int],
        payloads: Sequence[bytes | memoryview],
    ) -> None:
        number = incoming.number
        for start, stop in _runs(keys):
            block, symbol = keys[start] >> _SYMBOL_BITS, keys[start] & 0xFFFF
            run = payloads[start:stop] if stop - start < len(keys) else payloads
            if not incoming.add(self._numbers.block(number, block), symbol, run):
                self._host.drop("norm-symbol")
        self._handover.progress(incoming)

    def _moved(self, position: Position, now: float) -> None:
        """Note where the sender is with its objects."""
        if self._catalogue.joined:
            for lost in self._catalogue.reach(position):
                self._handover.lose(lost, LossReason.WINDOW)
            for lost in self._catalogue.passed(position[0]):
                self._handover.lose(lost, LossReason.UNREPAIRED)
            self._reach_mark(now)
        self._asking.moved(position, now)

    def _flushed(self, flush: Flush, now: float) -> None:
        number = self._number(flush.object_id)
        if number is None:
            return
        listed = self._config.node in flush.nodes
        if not self._catalogue.joined:
            if not listed and self._config.join is Join.NOW:
                return
            self._join(number, 0, ObjectFlag(0))
        block = self._numbers.block(number, flush.payload_id.block)
        position = number, block, flush.payload_id.symbol
        self._asking.advanced(now)
        if listed:
            where = Watermark(flush.fec_id, flush.object_id, flush.payload_id)
            self._mark = position, where, len(flush.nodes)
        for lost in self._catalogue.reach(position):
            self._handover.lose(lost, LossReason.WINDOW)
        stream = self._catalogue.under_way.get(number)
        if isinstance(stream, IncomingStream):
            stream.flushed(block, position[2])
            self._handover.progress(stream)
        for lost in self._catalogue.rested(position):
            self._handover.lose(lost, LossReason.UNREPAIRED)
        self._reach_mark(now)
        self._asking.flushed(position, now)

    def _reach_mark(self, now: float) -> None:
        if self._mark is None:
            return
        position, where, asked = self._mark
        if self._catalogue.complete_through(position):
            coding = self._admission.coding or Coding()
            within_s = self._grtt_s
            if not self._backoff:
                within_s = min(within_s, _ACK_S * (asked - 1))
            self._acks.reached(where, coding.field_bits, now, within_s)
            self._mark = None

    def _squelched(self, squelch: Squelch, now: float) -> None:
        catalogue = self._catalogue
        first = self._number(squelch.object_id)
        if first is None:
            return
        forgiven = self._config.forgives_gone
        for number in catalogue.squelch(first, accepted=forgiven):
            self._handover.lose(number, LossReason.GONE)
        for object_id in squelch.invalid:
            number = catalogue.number(object_id)
            if catalogue.wants(number):
                for lost in catalogue.give_up(number, accepted=True):
                    self._handover.lose(lost, LossReason.GONE)
        stream = catalogue.under_way.get(first)
        if isinstance(stream, IncomingStream):
            stream.skip_to(self._numbers.block(first, squelch.payload_id.block))
            self._handover.progress(stream)
        self._reach_mark(now)

    def _requested(self, request: AckRequest, now: float) -> None:
        if self._config.node not in request.nodes:
            return
        kind, number = request.ack_type, request.ack_id
        if kind < AckType.APPLICATION:
            self._host.drop("norm-ack-type")
            return
        if self._acks.requested(kind, number, now, self._grtt_s):
            self.events.append(AckRequested(self.key, kind, number))

    def _ended(self) -> None:
        if self._asking.end():
            self.close(LossReason.ENDED)
            self.events.append(SenderEnded(self.key))

    def _overhear(
        self, requests: Sequence[RepairRequest], extensions: Extensions, now: float
    ) -> None:
        self._asking.overhear(needs_of(requests, self._numbers.numbering))
        if extensions.feedback is not None:
            self._speaker.overheard(extensions.feedback, now)


def _begins(block: int, flags: ObjectFlag) -> bool:
    """Return whether a message is where a receiver may begin (RFC 5740 §5.2)."""
    if flags & ObjectFlag.REPAIR:
        return False
    return block == 0 or bool(flags & ObjectFlag.STREAM)


def _runs(keys: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Iterate over runs of consecutive symbols, as first and one more than last."""
    count = len(keys)
    breaks: list[int] = []
    if not isinstance(keys, range):
        breaks = [at for at in range(1, count) if keys[at] != keys[at - 1] + 1]
    return zip([0, *breaks], [*breaks, count], strict=True)
