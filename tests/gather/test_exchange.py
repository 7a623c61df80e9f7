"""An asker and hundreds of members on a network that loses, all on virtual time."""

import heapq
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from random import Random

import pytest

from groupwire.gather import (
    Answerer,
    Asker,
    Expectation,
    Form,
    Limits,
    Question,
    Result,
    StoppedBy,
)
from groupwire.values import Datagram, Interface, Origin

NET = Interface("eth0", 2, (IPv4Interface("10.0.0.1/16"),), up=True, multicast=True)
ASKER = Origin("10.0.0.1", 4000)
LATENCY = 0.001


@dataclass(order=True)
class _Due:
    at: float
    turn: int
    to: int | None = field(compare=False)
    """A member's number, None for the asker."""
    data: bytes | None = field(compare=False)
    """None: time to look at the clock."""


class Link:
    """One asker, many members, every datagram lost with the same probability."""

    def __init__(self, question: Question, members: int, loss: float, seed: int):
        self.now = 0.0
        self.delivered = [0] * members
        self.arrivals: list[float] = []
        self._dice, self._loss, self._turns = Random(seed), loss, count()
        self._due: list[_Due] = []
        self._members = [
            Answerer(f"m{n:03}", Limits(), [NET], rng=Random(seed * 10_000 + n))
            for n in range(members)
        ]
        self.asker = Asker(question, rng=Random(seed), now=0.0)

    def run(self) -> Result:
        self._drain_asker()
        while not self.asker.finished:
            due = heapq.heappop(self._due)
            self.now = max(self.now, due.at)
            if due.to is None:
                self._wake_asker(due.data)
            else:
                self._wake_member(due.to, due.data)
        return self.asker.result(now=self.now)

    def _wake_asker(self, data: bytes | None) -> None:
        if data is None:
            due = self.asker.poll_timeout()
            if due is not None and due <= self.now:
                self.asker.handle_timeout(now=self.now)
        else:
            member = str(IPv4Address("10.0.1.0") + int.from_bytes(data[:2], "big"))
            datagram = Datagram(data[2:], Origin(member, 5000), 2)
            self.asker.handle_datagram(datagram, now=self.now)
            self.arrivals.append(self.now)
        self._drain_asker()

    def _drain_asker(self) -> None:
        for transmit in self.asker.poll_transmits():
            for n in range(len(self._members)):
                self._carry(n, bytes(transmit.data))
        if (due := self.asker.poll_timeout()) is not None:
            self._later(due, None, None)

    def _wake_member(self, n: int, data: bytes | None) -> None:
        member = self._members[n]
        if data is None:
            member.handle_timeout(now=self.now)
        else:
            member.handle_datagram(Datagram(data, ASKER, 2), now=self.now)
        for message in member.poll_events():
            self.delivered[n] += 1
            member.answer(message, b"ack", now=self.now)
        for transmit in member.poll_transmits():
            self._carry(None, n.to_bytes(2, "big") + bytes(transmit.data))
        if (due := member.poll_timeout()) is not None:
            self._later(due, n, None)

    def _carry(self, to: int | None, data: bytes) -> None:
        if self._dice.random() >= self._loss:
            self._later(self.now + LATENCY, to, data)

    def _later(self, at: float, to: int | None, data: bytes | None) -> None:
        heapq.heappush(self._due, _Due(at, next(self._turns), to, data))


def names(number: int) -> Expectation:
    return Expectation(tuple(f"m{n:03}" for n in range(number)))


def test_512_members_spread_their_answers_over_51_ms() -> None:
    link = Link(Question(b"status?", names(512)), 512, loss=0.0, seed=1)
    result = link.run()
    assert result.stopped_by is StoppedBy.EXPECTED
    assert (len(result.answers), result.attempts, result.duplicates) == (512, 1, 0)
    assert 0.045 < result.elapsed < 0.0512 + 2 * LATENCY + 1e-9
    busiest = max(
        sum(1 for at in link.arrivals if start <= at < start + 0.005)
        for start in link.arrivals
    )
    assert busiest < 100  # of 256 that the system's own receive buffer holds


@pytest.mark.parametrize("seed", range(2))
def test_retries_complete_512_members_at_20_percent_loss(seed: int) -> None:
    question = Question(b"status?", names(512), retries=12)
    link = Link(question, 512, loss=0.2, seed=seed)
    result = link.run()
    assert result.complete
    assert result.stopped_by is StoppedBy.EXPECTED
    assert len(result.answers) == 512
    assert set(link.delivered) == {1}
    assert result.elapsed < 5


@pytest.mark.parametrize("seed", range(5))
def test_a_count_is_reached_by_retries_too(seed: int) -> None:
    question = Question(b"?", Expectation(count=20), form=Form.TAGGED, retries=8)
    result = Link(question, 20, loss=0.3, seed=seed).run()
    assert (result.complete, len(result.answers)) == (True, 20)


def test_members_that_are_not_there_are_named_after_all_attempts() -> None:
    link = Link(Question(b"?", names(22)), 20, loss=0.0, seed=1)
    result = link.run()
    assert result.missing == ("m020", "m021")
    assert result.stopped_by is StoppedBy.RETRIES
    assert result.duplicates == 0  # nobody answered again who had been heard
    assert set(link.delivered) == {1}


@pytest.mark.parametrize("seed", range(5))
def test_a_plain_question_loses_what_the_network_loses(seed: int) -> None:
    result = Link(Question(b"?"), 20, loss=0.3, seed=seed).run()
    assert result.stopped_by is StoppedBy.STALL
    assert 0 < len(result.answers) < 20
