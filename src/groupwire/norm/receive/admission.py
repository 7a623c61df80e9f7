"""What a receiver believes of a sender's objects, and which of them it takes in."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.receive.catalogue import Catalogue, UnderWay
from groupwire.norm.receive.claims import Claims
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import LossReason, SenderKey
from groupwire.norm.receive.handover import Handover
from groupwire.norm.receive.incoming import Deferred, Incoming, object_bytes
from groupwire.norm.receive.sink import Later, ObjectOffer, Sink
from groupwire.norm.receive.stream import IncomingStream, stream_bytes
from groupwire.norm.wire.extensions import ObjectInfo
from groupwire.norm.wire.head import ObjectFlag

__all__ = ["Admission", "Host", "Refusal"]

_TOLD = ObjectFlag.INFO | ObjectFlag.FILE | ObjectFlag.UNRELIABLE
"""Flags that say what an object is."""


class Refusal(Enum):
    """Why there is no place for an object."""

    NEVER = auto()
    NOT_NOW = auto()


class Host(Protocol):
    """Whom a run of a sender asks for what all runs share."""

    def open_sink(
        self, key: SenderKey, offer: ObjectOffer, size_bytes: int
    ) -> Sink | Later | Refusal:
        """Return where an object goes that takes so much if it is kept in memory."""
        ...

    def open_memory(self, key: SenderKey, size_bytes: int) -> Sink | Refusal:
        """Return what stands for so much memory until it is released."""
        ...

    def drop(self, reason: str) -> None:
        """Count what is not understood or not wanted."""
        ...


class Admission:
    """Begins objects as their sender tells of them in EXT_FTI (RFC 5740 §4.2.1).

    What contradicts what was heard before is believed when it is heard twice in a row:
    one packet with wrong bits neither spoils an object nor, being the first, decides
    what the sender's code is. A stream of which anything was handed over never begins
    anew, as bytes would come twice: what contradicts it is dropped, and when another
    object brings another code, it is lost.
    """

    def __init__(
        self,
        key: SenderKey,
        config: ReceiverConfig,
        host: Host,
        catalogue: Catalogue,
        handover: Handover,
    ) -> None:
        self.coding: Coding | None = None
        """Of all objects of the sender."""
        self._key = key
        self._config = config
        self._host = host
        self._catalogue = catalogue
        self._handover = handover
        self._claims = Claims()
        self._code: ReedSolomon | None = None
        self._flagged: tuple[UnderWay | None, ObjectFlag] = None, ObjectFlag(0)
        """What was said last of which object: to add flags takes long."""

    def incoming(
        self,
        number: int,
        flags: ObjectFlag,
        fti: ObjectInfo | None,
        block: int,
        info: bytes | None = None,
    ) -> Incoming | IncomingStream | None:
        """Return the object that a message belongs to, None if nothing of it is taken.

        Where it goes may depend on the ``info`` that the message brings.
        """
        if not self._catalogue.wants(number):
            return None
        for lost in self._catalogue.reach((number, 0, 0)):
            self._handover.lose(lost, LossReason.WINDOW)
        incoming = self._catalogue.under_way.get(number)
        if fti is None:
            if incoming is None:
                self._host.drop("norm-no-fti")
        elif incoming is None or self._differs(number, fti):
            incoming = self._claimed(number, flags, fti, block)
        else:
            self._claims.agreed()
        if incoming is None:
            return None
        if self._flagged != (incoming, flags):
            self._flagged = incoming, flags
            incoming.flags |= flags & _TOLD
        if not isinstance(incoming, Deferred):
            return incoming
        placed = self.place(incoming, info)
        if number in self._catalogue.deferred:
            self._host.drop("norm-later")
        return placed

    def agreed(self) -> None:
        """Note that the sender said the same of an object as before."""
        self._claims.agreed()

    def _differs(self, number: int, fti: ObjectInfo) -> bool:
        told = self._catalogue.told(number)
        return told is not fti and told != fti  # mostly it is the same one

    def place(self, deferred: Deferred, info: bytes | None = None) -> Incoming | None:
        """Begin an object if there is a place for it now; ``info`` is news."""
        key, number, coding = self._key, deferred.number, deferred.coding
        size = deferred.fti.size_bytes
        known = info if deferred.info is None else deferred.info
        offer = ObjectOffer(
            key.source, key.instance, number, size, deferred.flags, known
        )
        partition = Partition.of(size, coding.segment_bytes, coding.block)
        try:
            sink = self._host.open_sink(key, offer, object_bytes(partition, coding))
        except OSError as error:
            self._handover.fail(number, error)
            return None
        if isinstance(sink, Later):
            self._defer(deferred, info)
            return None
        if isinstance(sink, Refusal):
            self._refuse(number, sink)
            return None
        incoming = Incoming(number, size, sink, coding, deferred.code)
        incoming.flags, incoming.info = deferred.flags, deferred.info
        self._catalogue.begin(number, deferred.fti, sink, incoming)
        return incoming

    def _defer(self, deferred: Deferred, info: bytes | None) -> None:
        if info is not None:
            self._handover.informed(deferred, info)
        self._catalogue.defer(deferred)

    def _claimed(
        self, number: int, flags: ObjectFlag, fti: ObjectInfo, block: int
    ) -> UnderWay | None:
        """Begin an object, or begin it anew as the sender has it now."""
        coding = Coding.of(fti)
        if coding is None or fti.size_bytes > coding.largest_object:
            self._host.drop("norm-fti")
            return None
        if not self._believes(number, fti, coding):
            self._host.drop("norm-fti-differs")
            return None
        code = self._take_up(coding)
        self._catalogue.begin_anew(number)
        if flags & ObjectFlag.STREAM:
            return self._begin_stream(number, flags, fti, block, code)
        return Deferred(number, fti, coding, code)

    def _believes(self, number: int, fti: ObjectInfo, coding: Coding) -> bool:
        incoming = self._catalogue.under_way.get(number)
        if isinstance(incoming, IncomingStream) and incoming.begun:
            return False
        if incoming is None and self.coding in (None, coding):
            return True
        return not self._claims.doubts(number, fti)

    def _take_up(self, coding: Coding) -> ReedSolomon:
        """Return the sender's code; with another one all objects begin anew."""
        if self._code is None or coding != self.coding:
            self._begin_all_anew()
            self.coding = coding
            self._code = ReedSolomon(coding.block, coding.parity)
        return self._code

    def _begin_all_anew(self) -> None:
        for number in self._catalogue.begun_streams():
            self._catalogue.finish(number, accepted=False)
            self._handover.lose(number, LossReason.CHANGED)
        self._catalogue.begin_anew(*self._catalogue.under_way)

    def _begin_stream(
        self,
        number: int,
        flags: ObjectFlag,
        fti: ObjectInfo,
        block: int,
        code: ReedSolomon,
    ) -> IncomingStream | None:
        coding = self.coding or Coding()
        kept = -(-fti.size_bytes // (coding.block * coding.segment_bytes))
        # What the sender keeps no more is not worth waiting for.
        fit = self._config.memory_bytes // stream_bytes(coding, 1)
        most = max(1, min(self._config.stream_blocks, kept, fit))
        memory = self._host.open_memory(self._key, stream_bytes(coding, most))
        if isinstance(memory, Refusal):
            self._refuse(number, memory)
            return None
        first, unreliable = block, bool(flags & ObjectFlag.UNRELIABLE)
        if self._config.join is not Join.NOW:
            first = max(0, block - kept + 1)
        stream = IncomingStream(
            number, first, most, coding, code, unreliable=unreliable
        )
        stream.message_by_message = self._config.message_by_message
        stream.views = self._config.views
        self._catalogue.begin(number, fti, memory, stream)
        return stream

    def _refuse(self, number: int, why: Refusal) -> None:
        """Take none of an object, for good, or until there is room."""
        if why is Refusal.NOT_NOW:
            self._host.drop("norm-no-room")
            return
        self._catalogue.finish(number, accepted=False)
        self._handover.lose(number, LossReason.REFUSED)
