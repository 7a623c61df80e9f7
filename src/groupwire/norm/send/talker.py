"""Commands of the application, and acknowledgements that it defines itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from groupwire.errors import MessageTooLarge, UsageError
from groupwire.norm.send.events import (
    AckReceived,
    CommandSent,
    RequestEnded,
    SenderEvent,
)
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.polls import ACK_TIME_S, Poll
from groupwire.norm.wire.commands import AckRequest, ApplicationCommand
from groupwire.norm.wire.feedback import Ack, AckType

__all__ = ["Talker"]


class _Question(NamedTuple):
    ack_type: int
    ack_id: int
    poll: Poll


class Talker:
    """Says one thing after the other, each as often as the robust factor says.

    RFC 5740 §4.2.3.6 and §4.2.3.7; once every two round trips.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._waiting: deque[bytes | _Question] = deque()
        self._left = 0
        self._ack_id = 0
        self._spacing_s = 0.0
        self.deadline: float | None = None
        self.events: list[SenderEvent] = []

    def command(self, content: bytes, now: float) -> None:
        """Say this to all; MessageTooLarge for more than a segment."""
        limit = self._outbox.config.coding.segment_bytes
        if len(content) > limit:
            raise MessageTooLarge(len(content), limit, fix="send it as an object")
        self._add(content, now)

    def ask(self, ack_type: int, nodes: Iterable[int], now: float) -> int:
        """Ask nodes for acknowledgements of a type; return the request's id."""
        if not AckType.APPLICATION <= ack_type <= AckType.LAST:
            raise UsageError(f"{ack_type} is no type of acks", fix="use 16 to 255")
        config = self._outbox.config
        self._ack_id = (self._ack_id + 1) & 0xFF
        poll = Poll(
            nodes,
            tries=config.robust,
            patience_s=config.patience_s,
            limit=config.coding.segment_bytes // 4,
        )
        self._add(_Question(ack_type, self._ack_id, poll), now)
        return self._ack_id

    def _add(self, what: bytes | _Question, now: float) -> None:
        self._waiting.append(what)
        if self.deadline is None:
            self._left = self._outbox.config.robust
            self.deadline = now

    def expire(self, now: float) -> None:
        """Say what is due."""
        if self.deadline is None or self.deadline > now:
            return
        interval = max(2 * self._outbox.grtt_s, self._spacing_s)
        self.deadline = now + interval
        what = self._waiting[0]
        if isinstance(what, bytes):
            self._command(what)
        else:
            self._question(what, now)

    def _command(self, content: bytes) -> None:
        composer, node = self._outbox.composer, self._outbox.config.node
        self._spacing_s = self._outbox.say(
            ApplicationCommand(composer.number(), node, composer.state, content)
        )
        self._left -= 1
        if not self._left:
            self.events.append(CommandSent(content))
            self._next(self.deadline)

    def _question(self, question: _Question, now: float) -> None:
        nodes = question.poll.next_round(now)
        if not question.poll.open:
            self._end(question, now)
            return
        composer, node = self._outbox.composer, self._outbox.config.node
        spacing_s = self._outbox.say(
            AckRequest(
                composer.number(),
                node,
                composer.state,
                question.ack_type,
                question.ack_id,
                nodes,
            )
        )
        self._spacing_s = max(spacing_s, len(nodes) * ACK_TIME_S)

    def hear(self, ack: Ack, now: float) -> None:
        """Take an answer in."""
        for what in self._waiting:
            if isinstance(what, bytes) or what[:2] != (ack.ack_type, ack.ack_id):
                continue
            if what.poll.acknowledge(ack.source):
                self.events.append(
                    AckReceived(ack.source, ack.ack_type, ack.ack_id, ack.payload)
                )
            if not what.poll.open and what is self._waiting[0]:
                self._end(what, now)
            return

    def drop(self, node: int) -> None:
        """Ask a node no more."""
        for what in self._waiting:
            if isinstance(what, _Question):
                what.poll.fail(node)

    def _end(self, question: _Question, now: float) -> None:
        self.events.append(
            RequestEnded(question.ack_type, question.ack_id, question.poll.status)
        )
        self._next(now)

    def _next(self, deadline: float | None) -> None:
        self._waiting.popleft()
        self._left = self._outbox.config.robust
        self.deadline = deadline if self._waiting else None
