"""The reading end of a pipe: one sender's bytes in their order, and how they ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from groupwire.errors import DecodeError
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    Batch,
    MemberJoined,
    MemberLeft,
    PublisherRestarted,
    SubscribeEvent,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.piping.events import (
    OtherSender,
    Outcome,
    ReadEvent,
    SenderBack,
    SenderFound,
    SenderSilent,
    Skipped,
)
from groupwire.messages.piping.wire import (
    BEGIN,
    DATA,
    END,
    chunk_of,
    decode_begin,
    decode_end,
)

__all__ = ["Intake"]

_MOST_OTHERS = 64

_DECODERS: dict[str, Callable[[bytes], object]] = {
    BEGIN: decode_begin,
    DATA: chunk_of,
    END: decode_end,
}


class Intake:
    """Takes a subscriber's events and gives the bytes of the first sender.

    Or of the one who is named ``sender_name``. What is lost of a live pipe is skipped,
    as it is where this end is ``lossy``; of another one it ends everything.
    """

    def __init__(self, sender_name: str | None = None, *, lossy: bool = False) -> None:
        self.sender: Member | None = None
        self.begun_at = 0
        """Where in the pipe the first byte was that was taken."""
        self.place = 0
        """Of the byte that comes next."""
        self.live = False
        self.skipped_bytes = 0
        self.total_bytes: int | None = None
        """Of the whole pipe, once its sender has told it."""
        self.outcome: Outcome | None = None
        self.silent = False
        """Whether nothing is heard of the sender."""
        self.events: list[ReadEvent] = []
        self.others: dict[Member, None] = {}
        """Senders of whom nothing is taken."""
        self._name = sender_name
        self._lossy = lossy
        self._begun = False
        """Whether the first byte is known."""

    @property
    def size_bytes(self) -> int:
        """How many were taken."""
        return self.place - self.begun_at - self.skipped_bytes

    @property
    def late(self) -> bool:
        """Whether the pipe had begun before."""
        return self.begun_at > 0

    def take(self, event: SubscribeEvent) -> list[memoryview]:
        """Take in what has happened; return the bytes that are next."""
        if self.outcome is not None:
            return []
        match event:
            case Batch():
                return self._batch(event)
            case MemberLeft(member=who, reason=reason):
                self.others.pop(who, None)
                self._of_sender(who, lambda sender: self._left(sender, reason))
            case MemberJoined(member=who):
                self._of_sender(who, self._back)
            case PublisherRestarted(before=before):
                self._of_sender(before, lambda _: self._end(Outcome.RESTARTED))
            case _:  # how much is lost, and whether, shows with what comes next
                pass
        return []

    def give_up(self) -> None:
        """Wait no more for what is lacking: for a sender, for its end, or its tail."""
        if self.sender is None:
            self._end(Outcome.NOBODY)
        elif self.total_bytes is None:
            self._end(Outcome.SILENT)
        else:
            self._skip_to(self.total_bytes)
            self._look_at_end()

    @property
    def settling(self) -> bool:
        """Whether a live pipe has ended of which the last bytes are not here."""
        return self.outcome is None and self.total_bytes is not None

    # How it is done.

    def _of_sender(self, who: Member, do: Callable[[Member], None]) -> None:
        if self.sender is not None and _is(self.sender, who):
            do(self.sender)

    def _batch(self, batch: Batch) -> list[memoryview]:
        who = batch.publisher
        if self.sender is None and self._wanted(who) and _is_pipe(batch):
            self.sender = who
        if self.sender is None or not _is(self.sender, who):
            self._refuse(who)
            return []
        chunks: list[memoryview] = []
        for payload in batch.payloads:
            try:
                self._payload(batch, payload, chunks)
            except DecodeError:
                continue  # a stranger's idea of a pipe
        return chunks

    def _wanted(self, who: Member) -> bool:
        return who.role is Role.PUBLISHER and self._name in {None, who.name}

    def _refuse(self, who: Member) -> None:
        if who not in self.others and len(self.others) < _MOST_OTHERS:
            self.others[who] = None
            self.events.append(OtherSender(who))

    def _payload(self, batch: Batch, payload: bytes, chunks: list[memoryview]) -> None:
        if batch.topic == DATA:
            place, data = chunk_of(payload)
            self.live = self.live or batch.delivery is Delivery.BESTEFFORT
            self._chunk(place, data, chunks)
        elif batch.topic == BEGIN:
            self.live = self.live or decode_begin(payload).live
            self._found(0)
        elif batch.topic == END:
            self.total_bytes = decode_end(payload).size_bytes
            self._found(self.total_bytes)
            if not self.live:
                self._skip_to(self.total_bytes)
            self._look_at_end()

    def _found(self, place: int) -> None:
        """Note where the first byte is, if that is not known."""
        if not self._begun and self.sender is not None:
            self._begun = True
            self.begun_at = self.place = place
            self.events.append(SenderFound(self.sender, place, self.live))

    def _chunk(self, place: int, data: memoryview, chunks: list[memoryview]) -> None:
        self._found(place)
        if place > self.place:
            self._skip_to(place)
        if self.outcome is None and place + len(data) > self.place:
            data = data[self.place - place :]
            self.place += len(data)
            chunks.append(data)
        self._look_at_end()

    def _skip_to(self, place: int) -> None:
        if place <= self.place:
            return
        if not self._skips:
            self._end(Outcome.LOST)
            return
        self.events.append(Skipped(self.place, place - self.place))
        self.skipped_bytes += place - self.place
        self.place = place

    @property
    def _skips(self) -> bool:
        return self.live or self._lossy

    def _look_at_end(self) -> None:
        if self.total_bytes is not None and self.place >= self.total_bytes:
            self._end(Outcome.COMPLETE)

    def _left(self, sender: Member, reason: LeaveReason) -> None:
        if reason is LeaveReason.SILENT:
            self.silent = True
            self.events.append(SenderSilent(sender))
        elif self.total_bytes is not None:
            self.give_up()
        else:
            self._end(Outcome.LEFT)

    def _back(self, sender: Member) -> None:
        if self.silent:
            self.silent = False
            self.events.append(SenderBack(sender))

    def _end(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome


def _is_pipe(batch: Batch) -> bool:
    """Return whether something of it is of a pipe: strangers may publish anything."""
    decode = _DECODERS.get(batch.topic)
    if decode is None:
        return False
    for payload in batch.payloads:
        with suppress(DecodeError):
            decode(payload)
            return True
    return False


def _is(one: Member, other: Member) -> bool:
    return (one.id, one.origin) == (other.id, other.origin)
