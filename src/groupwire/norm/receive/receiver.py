"""A NORM receiver (RFC 5740 §5.2, §5.3, §5.5): rules only, no socket and no clock.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random

from groupwire.errors import DecodeError, UsageError
from groupwire.norm.receive.admission import Refusal
from groupwire.norm.receive.budget import Budget
from groupwire.norm.receive.bygone import Bygone
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    LossReason,
    ReceiverEvent,
    SenderFound,
    SenderKey,
)
from groupwire.norm.receive.remote import Remote
from groupwire.norm.receive.sink import (
    Later,
    MemorySink,
    ObjectOffer,
    Sink,
    SinkFor,
)
from groupwire.norm.receive.stats import ReceiverStats
from groupwire.norm.wire.batch import Segments, alike, parse_segments, symbol_key
from groupwire.norm.wire.commands import Command
from groupwire.norm.wire.feedback import Ack, Nack
from groupwire.norm.wire.head import MessageType
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.objects import Data, Info
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Receiver"]

_REMEMBERED = 1024
"""Runs of senders that are not followed any more: what is replayed of them changes
nothing."""


_TYPE = 0x0F
"""Of a message's first byte, the bits that tell its type."""
_PAID_BYTES = 1 << 16
"""Of memory, with each datagram."""


class Receiver:
    """Follows every sender of a group, each by itself.

    ``sink_for`` chooses where an object goes; without it objects are assembled in
    memory, within the budget of the config. ``join_for`` chooses what is wanted of a
    run of a sender when it is heard first, and when it is followed again; without it
    that is the config's ``join``.
    """

    def __init__(
        self,
        config: ReceiverConfig,
        rng: Random,
        *,
        sink_for: SinkFor | None = None,
        join_for: Callable[[SenderKey], Join] | None = None,
    ) -> None:
        self._config = config
        self._rng = rng
        self._sink_for = sink_for
        self._join_for = join_for
        self._budget = Budget(config.memory_bytes)
        self._remotes: dict[SenderKey, Remote] = {}
        self._by_source: dict[tuple[int, int], list[Remote]] = {}
        self._latest: Remote | None = None
        self._bygone = Bygone(_REMEMBERED)
        self._events: list[ReceiverEvent] = []
        self._transmits: list[Transmit] = []
        self.dropped: Counter[str] = Counter()
        """What was heard and not understood or not wanted, by reason."""

    # What the application wants.

    def accept(self, sender: SenderKey, number: int, *, now: float) -> None:
        """Say that an object is safely stored: only then it is acknowledged.

        Of a run that is not followed any more this is only counted in ``dropped``.
        """
        if (remote := self._followed(sender)) is not None:
            remote.accept(number, now)
            self._drain()

    def again(self, sender: SenderKey, number: int, *, now: float) -> None:
        """Say that an object is not what was sent, and ask for all of it again.

        For digests above NORM: a checksum of 16 bits lets one packet in 65,536 with
        wrong bits through. Of a run that is not followed any more this is only counted
        in ``dropped``, and nothing comes.
        """
        if (remote := self._followed(sender)) is not None:
            remote.again(number, now)
            self._drain()

    def retry(self, sender: SenderKey, *, now: float) -> None:
        """Ask ``sink_for`` again for all objects that it wanted later.

        What is lacking of those that have a place now is asked for, though the sender
        has long been through with them. Of a run that is not followed any more this is
        only counted in ``dropped``.
        """
        if (remote := self._followed(sender)) is not None:
            remote.retry(now)
            self._drain()

    def answer(
        self,
        sender: SenderKey,
        ack_type: int,
        ack_id: int,
        payload: bytes = b"",
        *,
        now: float,
    ) -> None:
        """Acknowledge what AckRequested told, with at most a segment.

        Of a run that is not followed any more this is only counted in ``dropped``.
        """
        if (remote := self._followed(sender)) is not None:
            remote.answer(ack_type, ack_id, payload, now)
            self._drain()

    def forget(self, sender: SenderKey) -> None:
        """Follow a run of a sender no more, whatever it still sends."""
        remote = self._remotes.get(sender)
        if remote is None:
            raise UsageError("no such sender is followed", fix="see senders")
        self._bygone.end(sender)
        remote.close(LossReason.ENDED)
        self._remove(remote)

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived; junk is counted and dropped."""
        origin = datagram.origin
        step = datagram.segment_bytes
        if step and len(datagram.data) > step:
            self._hear_row(datagram, origin, step, now)
        else:
            self._hear(datagram.data, origin, now)
        self._drain()

    def handle_next(self, datagram: Datagram, *, now: float) -> bool:
        """Take in what comes next in a stream; False, and nothing done, if it is none.

        A short way for who waits for every single one: then there is nothing to send,
        and nothing is due sooner than before. Whatever it is,
        :meth:`handle_datagram` takes it in as well.
        """
        remote = self._latest
        if (
            remote is None
            or datagram.segment_bytes
            or remote.key.origin != datagram.origin
            or not remote.take_next(datagram.data, now)
        ):
            return False
        self._events += remote.events
        remote.events.clear()
        return True

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        for remote in list(self._remotes.values()):
            deadline = remote.deadline
            if deadline is not None and deadline <= now:
                remote.expire(now)
        self._drain()

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def poll_events(self) -> Sequence[ReceiverEvent]:
        """Return what has happened; each only once."""
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        due = None
        for remote in self._remotes.values():
            deadline = remote.deadline
            if deadline is not None and (due is None or deadline < due):
                due = deadline
        return due

    @property
    def senders(self) -> Sequence[SenderKey]:
        """The runs of senders that are followed."""
        return tuple(self._remotes)

    def lacks(self, sender: SenderKey) -> bool:
        """Return whether something is lacking of what a sender has sent so far.

        Nothing is of a run that is not followed any more: what it lacked is lost.
        """
        remote = self._remotes.get(sender)
        return remote is not None and remote.lacks

    def stats(self, sender: SenderKey) -> ReceiverStats | None:
        """Return what has come of a sender; None of a run that is not followed."""
        remote = self._remotes.get(sender)
        return None if remote is None else remote.stats

    def arrived_bytes(self, sender: SenderKey, number: int) -> int | None:
        """Return how much of an object is there; None if it is not under way."""
        remote = self._remotes.get(sender)
        return None if remote is None else remote.arrived_bytes(number)

    # How it is done.

    def _hear_row(
        self, datagram: Datagram, origin: Origin, step: int, now: float
    ) -> None:
        """Take in at once what is a row of segments, and all else one by one."""
        row = memoryview(datagram.data)
        if self._hear_segments(row, step, origin, now):
            return
        for part in alike(row, step):
            if len(part) <= step or not self._hear_segments(part, step, origin, now):
                for at in range(0, len(part), step):
                    self._hear(part[at : at + step], origin, now)

    def _hear_segments(
        self, row: memoryview, step: int, origin: Origin, now: float
    ) -> bool:
        """Take a row in, but for a shorter last one; False where it is none."""
        whole = len(row) // step * step
        segments = None
        with suppress(DecodeError):  # each by itself will tell
            segments = parse_segments(row[:whole], step)
        if segments is None:
            return False
        self._take(segments, whole, origin, now)
        if whole < len(row):
            self._hear(row[whole:], origin, now)
        return True

    def _hear(self, data: bytes | memoryview, origin: Origin, now: float) -> None:
        try:
            message = _segment(data) or decode(data)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return
        if isinstance(message, Nack | Ack):
            self._overhear(message, now)
        else:
            self._take(message, len(data), origin, now)
            if isinstance(message, Segments):
                self._learn(data, message.common)

    def _learn(self, data: bytes | memoryview, first: Data) -> None:
        """Let the run of a sender remember its segment, for what may follow it."""
        remote = self._latest
        if remote is not None and remote.key.source == first.source:
            remote.learn(data, first)

    def _overhear(self, feedback: Nack | Ack, now: float) -> None:
        if feedback.source != self._config.node:
            of = feedback.to.sender, feedback.to.instance
            for remote in self._by_source.get(of, ()):
                remote.overhear(feedback, now)

    def _take(
        self,
        message: Segments | Data | Info | Command,
        size: int,
        origin: Origin,
        now: float,
    ) -> None:
        """Give a sender's message to the run of the sender that it belongs to."""
        first = message.common if isinstance(message, Segments) else message
        if first.source == self._config.node:
            return
        remote = self._run(origin, first.source, first.sender.instance)
        if remote is None:
            return
        remote.bytes += size
        if isinstance(message, Segments):
            remote.take_segments(message, now)
        elif isinstance(message, Data):
            keys = (symbol_key(message.payload_id),)
            row = Segments(message, (message.sequence,), keys, (message.payload,))
            remote.take_segments(row, now)
        elif isinstance(message, Info):
            remote.take_info(message, now)
        else:
            remote.take_command(message, now)

    def _run(self, origin: Origin, source: int, instance: int) -> Remote | None:
        """Return the run of a sender; mostly it is that of the message before."""
        remote = self._latest
        if (
            remote is None
            or remote.key.origin is not origin
            or remote.key.source != source
            or remote.key.instance != instance
        ):
            key = SenderKey(origin, source, instance)
            self._latest = remote = self._remotes.get(key) or self._open(key)
        return remote

    def _open(self, key: SenderKey) -> Remote | None:
        """Begin to follow a run of a sender, unless nothing is wanted of it."""
        if self._bygone.over(key):
            self.drop("norm-run-is-over")
            return None
        if len(self._remotes) >= self._config.sources:
            self._make_room(self._least_heard())
        resume, heard = self._bygone.resume(key), self._bygone.heard(key)
        config = self._config
        if self._join_for is not None:
            config = replace(config, join=self._join_for(key))
        remote = Remote(key, config, self._rng, self, resume=resume, heard=heard)
        self._remotes[key] = remote
        self._by_source.setdefault((key.source, key.instance), []).append(remote)
        if not heard:
            self._events.append(SenderFound(key))
        return remote

    def _least_heard(self) -> Remote:
        return min(self._remotes.values(), key=lambda remote: remote.heard)

    def _make_room(self, remote: Remote) -> None:
        """Follow a run no more for now; what was delivered of it never comes again."""
        if (resume := remote.leave()) is not None:
            self._bygone.add(remote.key, resume, remote.heard)
        self._bygone.met(remote.key, remote.heard)
        self._remove(remote)

    def _remove(self, remote: Remote) -> None:
        self._collect(remote)
        key = remote.key
        self._latest = None
        del self._remotes[key]
        same = self._by_source[key.source, key.instance]
        same.remove(remote)
        if not same:
            del self._by_source[key.source, key.instance]

    # What the runs of senders need of their host.

    def open_sink(
        self, key: SenderKey, offer: ObjectOffer, size_bytes: int
    ) -> Sink | Later | Refusal:
        """Return where an object goes that takes so much if it is kept in memory."""
        if self._sink_for is not None:
            sink = self._sink_for(offer)
            return Refusal.NEVER if sink is None else sink
        return self.open_memory(key, size_bytes)

    def open_memory(self, key: SenderKey, size_bytes: int) -> MemorySink | Refusal:
        """Return memory from the budget, perhaps that of another run.

        Each may have an equal share before anybody has more, once so much of it was
        heard that it has paid for it: to claim a size costs a stranger nothing.
        """
        if size_bytes > self._config.memory_bytes:
            return Refusal.NEVER
        asking = self._remotes[key]
        while not self._budget.fits(size_bytes):
            holder = max(self._remotes.values(), key=_claim)
            if holder is asking or _claim(holder) <= _claim(asking, size_bytes):
                return Refusal.NOT_NOW
            self._make_room(holder)
        return self._budget.open(asking, size_bytes)

    def drop(self, reason: str) -> None:
        """Count what is not understood or not wanted."""
        self.dropped[reason] += 1

    def _followed(self, sender: SenderKey) -> Remote | None:
        """Return a run; that strangers have pushed it out is no application's fault."""
        remote = self._remotes.get(sender)
        if remote is None:
            self.drop("norm-run-is-gone")
        return remote

    def _drain(self) -> None:
        for remote in self._remotes.values():
            if remote.events or remote.feedback or remote.released:
                self._collect(remote)

    def _collect(self, remote: Remote) -> None:
        for sink in remote.released:
            self._budget.close(sink)
        remote.released.clear()
        self._events += remote.events
        remote.events.clear()
        to = remote.key.origin if self._config.unicast else None
        if not self._config.silent:
            self._transmits += [Transmit(f.encode(), to) for f in remote.feedback]
        remote.feedback.clear()


def _segment(data: bytes | memoryview) -> Segments | None:
    """Return DATA as a row of one: its header is known where others like it came."""
    if not data or data[0] & _TYPE != MessageType.DATA:
        return None
    return parse_segments(data, len(data))


def _claim(remote: Remote, more_bytes: int = 0) -> tuple[bool, int, int]:
    """Return what orders runs: whose is the greatest makes room for the others."""
    held = remote.held_bytes + more_bytes
    unpaid = held > remote.heard * _PAID_BYTES
    return unpaid, held, -remote.heard
