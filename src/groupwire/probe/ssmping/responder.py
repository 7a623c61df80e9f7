"""What a responder says: an answer by unicast, and the same one to the group."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from groupwire.errors import DecodeError
from groupwire.probe.ssmping.groups import answers_in
from groupwire.probe.ssmping.message import Kind, Message, as_answer, padded

__all__ = ["Bucket", "Reply", "Responder"]


class Reply(NamedTuple):
    """One answer: to the asker, and where he names a group, to that at his port."""

    data: bytes
    group: IPv4Address | IPv6Address | None
    padded: bytes
    """The same as long as the asker wants it, where he may have so much."""


class Bucket:
    """So many a second, and at once after a silence."""

    def __init__(self, rate: int) -> None:
        self._rate, self._left, self._at = rate, float(rate), 0.0

    def take(self, *, now: float) -> bool:
        """Tell whether one more may go."""
        grown = max(now - self._at, 0.0) * self._rate
        self._left, self._at = min(self._left + grown, self._rate), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Responder:
    """Answers questions; ``dropped`` counts by reason what it does not answer.

    ``name`` is told to who asks for it. Whom to answer, and how often, is decided by
    who has the sockets.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.dropped: Counter[str] = Counter()

    def hear(self, data: bytes) -> Reply | None:
        """Return the answer to a datagram; None: it wants none."""
        try:
            question = Message.decode(data)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return None
        if question.kind is not Kind.QUESTION:
            self.dropped["ssmping-no-question"] += 1
            return None
        if question.group is not None and not answers_in(question.group):
            self.dropped["ssmping-other-group"] += 1
            return None
        name = self._name if question.wants_name else ""
        answer = as_answer(data, name)
        return Reply(answer, question.group, padded(answer, question.wanted_bytes))
