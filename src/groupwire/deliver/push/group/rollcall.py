"""Calls to the members, and the answers that come to them (docs/delivery.md §2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from random import Random

from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import Call
from groupwire.gather import Answer, Asker, Expectation, Form, Kind, Question
from groupwire.gather.fields import filled
from groupwire.values import Datagram, Transmit

__all__ = ["RollCall", "request_of"]

_KEPT = 4
"""Calls whose answers are still taken: who examines much answers late."""
_OF_SECONDS = 3600.0
"""A call has no end of its own."""
_FIRST_S = 0.25
_LONGEST_S = 1.0
_ANSWER_BYTES = 250
_SHARE = 0.01
"""Of the rate: so much may the answers take."""
_AT_ONCE = 16
_HEAD_BYTES = 16


def request_of(data: bytes) -> tuple[int, int]:
    """Return kind and request id of a tagged datagram; zeros where it is cut."""
    if len(data) < _HEAD_BYTES:
        return 0, 0
    return data[4], int.from_bytes(data[8:_HEAD_BYTES], "big")


class RollCall:
    """Asks again and again: at first soon, later as the group and the rate allow."""

    def __init__(
        self, name: str, *, rng: Random, patience_s: float, payload_limit: int
    ) -> None:
        self.next_at: float | None = None
        self.stray = 0
        """Answers to nothing that was asked lately."""
        self._name = name
        self._rng = rng
        self._longest_s = patience_s / 3
        self._payload_limit = payload_limit
        self._interval_s = _FIRST_S
        self._askers: OrderedDict[int, Asker] = OrderedDict()
        self._transmits: list[Transmit] = []

    def hurry(self, now: float) -> None:
        """Ask at once, and soon again."""
        self._interval_s, self.next_at = _FIRST_S, now

    def calm(self, now: float) -> None:
        """Ask for progress only."""
        self._interval_s, self.next_at = _LONGEST_S, now + _LONGEST_S

    def stop(self) -> None:
        """Ask no more."""
        self.next_at = None

    def ask(self, call: Call, *, members: int, rate: float, now: float) -> None:
        """Call all members; plan the next call."""
        asker = Asker(
            self._question(call, members),
            rng=self._rng,
            now=now,
            payload_limit=self._payload_limit,
        )
        for transmit in asker.poll_transmits():
            self._transmits.append(transmit)
            self._askers[request_of(bytes(transmit.data))[1]] = asker
        while len(self._askers) > _KEPT:
            self._askers.popitem(last=False)
        self.next_at = now + self._pause(members, rate)

    def is_own(self, data: bytes) -> bool:
        """Return whether it is a call of ours that came back from the group."""
        kind, request = request_of(data)
        return kind == Kind.QUESTION and request in self._askers

    def hear(self, datagram: Datagram, *, now: float) -> Iterator[Answer]:
        """Iterate over the answers that a datagram is; one at most."""
        asker = self._askers.get(request_of(datagram.data)[1])
        if asker is None:
            self.stray += 1
            return
        asker.handle_datagram(datagram, now=now)
        for event in asker.poll_events():
            if isinstance(event, Answer):
                yield event

    def poll_transmits(self) -> list[Transmit]:
        """Return the calls to send; each only once."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def _question(self, call: Call, members: int) -> Question:
        # Twice as many, because a question ends when all expected have answered,
        # and somebody may come.
        expect = Expectation(count=2 * members if members > _AT_ONCE else 0)
        return Question(
            filled(encode_word(call)),
            expect,
            timeout=_OF_SECONDS,
            stall=_OF_SECONDS,
            retries=0,
            form=Form.TAGGED,
            name=self._name,
        )

    def _pause(self, members: int, rate: float) -> float:
        """Return how long until the next call: longer each time, and for many."""
        pause = self._interval_s
        self._interval_s = min(2 * pause, _LONGEST_S)
        by_rate = members * _ANSWER_BYTES / (_SHARE * rate)
        return min(max(pause, by_rate), self._longest_s)
