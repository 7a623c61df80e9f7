"""What a receiver says to a sender: NACKs and ACKs, numbered (RFC 5740 §4.3)."""

from __future__ import annotations

from collections.abc import Iterable

from groupwire.norm.coding import Coding
from groupwire.norm.receive.acks import DueAck
from groupwire.norm.receive.congestion import CongestionSpeaker
from groupwire.norm.receive.events import SenderKey
from groupwire.norm.repair.requests import Numbering, requests_of
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.feedback import Ack, FeedbackHead, Nack

__all__ = ["Voice"]

_LEAST_BYTES = 64
"""Of requests, in a message to a sender whose segments are not known."""


class Voice:
    """Puts into each message what the sender wants to know of round trip and rate."""

    def __init__(
        self,
        key: SenderKey,
        node: int,
        speaker: CongestionSpeaker,
        numbering: Numbering,
    ) -> None:
        self.said: list[Nack | Ack] = []
        """What is to be sent."""
        self._key = key
        self._node = node
        self._speaker = speaker
        self._numbering = numbering
        self._sequence = 0
        self.nacks_sent = self.acks_sent = 0

    def ask(
        self, needs: Iterable[Need], coding: Coding | None, *, most: int, now: float
    ) -> None:
        """Ask for what is lacking, lowest first, in at most so many messages."""
        if coding is None:
            # Nothing is known but that there is something: the lowest scheme will do.
            scheme, limit = Coding().scheme, _LEAST_BYTES
        else:
            scheme, limit = coding.scheme, coding.segment_bytes
        bits, node = scheme.field_bits, self._node
        contents = requests_of(needs, scheme, self._numbering, limit)
        for _, requests in zip(range(most), contents, strict=False):
            extensions, head = self._extensions(now), self._head(now)
            number = self._number()
            self.nacks_sent += 1
            self.said.append(Nack(number, node, head, requests, extensions, bits))

    def acknowledge(self, due: DueAck, now: float) -> None:
        """Send an acknowledgement."""
        extensions, head = self._extensions(now), self._head(now)
        number, node = self._number(), self._node
        kind, ack_id, payload = due.ack_type, due.ack_id, due.payload
        self.acks_sent += 1
        self.said.append(Ack(number, node, head, kind, ack_id, payload, extensions))

    def _extensions(self, now: float) -> Extensions:
        return Extensions(feedback=self._speaker.feedback(now))

    def _head(self, now: float) -> FeedbackHead:
        echo = self._speaker.echo(now)
        return FeedbackHead(self._key.source, self._key.instance, *echo)

    def _number(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence
