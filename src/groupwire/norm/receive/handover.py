"""What a run of a sender hands over to the application, and what it says is lost."""

from __future__ import annotations

from groupwire.norm.receive.catalogue import Catalogue, UnderWay
from groupwire.norm.receive.events import (
    InfoReceived,
    LossReason,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderKey,
    StreamEnded,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.incoming import Incoming
from groupwire.norm.receive.stream import Chunk, IncomingStream

__all__ = ["Handover"]


class Handover:
    """Tells in events what is complete, what can be read, and what never will be."""

    def __init__(
        self,
        key: SenderKey,
        catalogue: Catalogue,
        *,
        accepts_at_once: bool,
        forgives_gone: bool = False,
    ) -> None:
        self.events: list[ReceiverEvent] = []
        self._key = key
        self._catalogue = catalogue
        self._accepts_at_once = accepts_at_once
        self._forgives_gone = forgives_gone

    def informed(self, incoming: UnderWay, info: bytes) -> None:
        """Note an object's info; the first one counts."""
        if incoming.info is None:
            incoming.info = info
            self.events.append(InfoReceived(self._key, incoming.number, info))
        self.progress(incoming)

    def progress(self, incoming: UnderWay) -> None:
        """Hand over what is there."""
        if isinstance(incoming, IncomingStream):
            self._read(incoming)
        elif isinstance(incoming, Incoming) and incoming.complete:
            self._complete(incoming)

    def _complete(self, incoming: Incoming) -> None:
        self._catalogue.finish(incoming.number, accepted=self._accepts_at_once)
        self.events.append(
            ObjectReceived(
                self._key,
                incoming.number,
                incoming.partition.size_bytes,
                incoming.flags,
                incoming.info,
                incoming.sink,
            )
        )

    def _read(self, stream: IncomingStream) -> None:
        number = stream.number
        for data, message_at in stream.take():
            self._tell_gap(stream)
            self.events.append(StreamReceived(self._key, number, data, message_at))
        self._tell_gap(stream)
        if stream.complete:
            accepted = stream.intact or stream.unreliable
            self._catalogue.finish(number, accepted=accepted)
            self.events.append(StreamEnded(self._key, number))

    def hand_over(self, number: int, chunk: Chunk) -> None:
        """Hand over what comes next in a stream."""
        self.events.append(StreamReceived(self._key, number, *chunk))

    def _tell_gap(self, stream: IncomingStream) -> None:
        if stream.skipped:
            self.events.append(StreamGap(self._key, stream.number, stream.skipped))
            stream.skipped = 0
            if self._forgives_gone:
                stream.forgive()

    def lose(self, number: int, reason: LossReason) -> None:
        """Tell of an object that is wanted no more."""
        self.events.append(ObjectLost(self._key, number, reason))

    def fail(self, number: int, error: OSError) -> None:
        """Give up what cannot be stored: a full disk ends an object, no receiver."""
        self._catalogue.finish(number, accepted=False)
        self.events.append(ObjectLost(self._key, number, LossReason.STORE, error))
