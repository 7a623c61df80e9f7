"""Acknowledgements that a sender has asked for."""

from __future__ import annotations

from random import Random

import pytest

from groupwire.errors import UsageError
from groupwire.norm.receive.acks import Acknowledger, DueAck
from groupwire.norm.wire.feedback import AckType, Watermark
from groupwire.norm.wire.payload import FecId, PayloadId

GRTT_S = 0.5
LATER = 1e9
POLL, OTHER = AckType.APPLICATION, AckType.LAST


def _mark(block: int = 0) -> Watermark:
    return Watermark(FecId.REED_SOLOMON_8, 3, PayloadId(block, 2))


def _reach(acks: Acknowledger, mark: Watermark, now: float = 0.0) -> None:
    acks.reached(mark, 8, now, GRTT_S)


def test_nothing_is_due_where_nobody_asked() -> None:
    acks = Acknowledger(Random(1), 20)
    assert acks.deadline is None
    assert acks.due(LATER) == []


def test_answers_are_spread_evenly_over_a_round_trip() -> None:
    # RFC 5740 §5.5.3: uniform over a window of 1 * GRTT.
    acks, dues = Acknowledger(Random(1), 20), list[float]()
    for block in range(400):
        _reach(acks, _mark(block), 10.0)
        assert acks.deadline is not None
        dues.append(acks.deadline - 10.0)
    assert min(dues) >= 0
    assert max(dues) <= GRTT_S
    assert sum(dues) / len(dues) == pytest.approx(GRTT_S / 2, rel=0.15)
    assert sum(due < GRTT_S / 4 for due in dues) == pytest.approx(100, abs=30)


def test_a_watermark_is_echoed_exactly_and_only_once() -> None:
    acks = Acknowledger(Random(1), 20)
    _reach(acks, _mark())
    # | fec_id 5 | 0 | object 0003 | block 000000, symbol 02 |
    assert acks.due(LATER) == [DueAck(2, 0, bytes.fromhex("0500000300000002"))]
    assert acks.due(LATER) == []


def test_a_watermark_that_is_asked_for_again_meanwhile_is_answered_once() -> None:
    acks = Acknowledger(Random(1), 20)
    _reach(acks, _mark())
    due = acks.deadline
    for now in (0.01, 0.02, 0.03):
        _reach(acks, _mark(), now)
        assert acks.deadline == due
    assert len(acks.due(LATER)) == 1
    _reach(acks, _mark(), 1.0)
    assert len(acks.due(LATER)) == 1


def test_a_newer_watermark_takes_the_place_of_an_older_one() -> None:
    acks = Acknowledger(Random(1), 20)
    _reach(acks, _mark(1))
    _reach(acks, _mark(2))
    assert [due.payload for due in acks.due(LATER)] == [_mark(2).encode()]


def test_an_application_is_asked_once_and_answers_whenever_it_likes() -> None:
    acks = Acknowledger(Random(1), 20)
    assert acks.requested(POLL, 1, 0.0, GRTT_S)
    assert not acks.requested(POLL, 1, 0.1, GRTT_S)
    assert acks.deadline is None
    acks.answer(POLL, 1, b"yes", 5.0, GRTT_S)
    assert acks.deadline is not None
    assert 5.0 <= acks.deadline <= 5.0 + GRTT_S
    assert acks.due(LATER) == [DueAck(POLL, 1, b"yes")]


def test_a_request_that_is_repeated_is_answered_from_memory() -> None:
    acks = Acknowledger(Random(1), 20)
    acks.requested(POLL, 1, 0.0, GRTT_S)
    acks.answer(POLL, 1, b"yes", 0.0, GRTT_S)
    assert not acks.requested(POLL, 1, 0.0, GRTT_S)
    assert len(acks.due(LATER)) == 1
    assert not acks.requested(POLL, 1, 2.0, GRTT_S)
    assert acks.due(LATER) == [DueAck(POLL, 1, b"yes")]


@pytest.mark.parametrize(("robust", "keep_s"), [(2, 10.0), (20, 40.0)])
def test_a_number_that_is_used_again_later_is_another_request(
    robust: int, keep_s: float
) -> None:
    # Sent robust times, each two round trips of 0.5 s after the other; twice that.
    acks = Acknowledger(Random(1), robust)
    assert acks.requested(POLL, 1, 0.0, GRTT_S)
    acks.answer(POLL, 1, b"old", 0.0, GRTT_S)
    assert not acks.requested(POLL, 1, keep_s, GRTT_S)
    assert acks.due(LATER) == [DueAck(POLL, 1, b"old")]
    # As long as somebody asks, it is the same.
    assert not acks.requested(POLL, 1, 2 * keep_s, GRTT_S)
    assert acks.due(LATER) == [DueAck(POLL, 1, b"old")]
    assert acks.requested(POLL, 1, 3 * keep_s + 0.001, GRTT_S)
    assert acks.due(LATER) == []
    acks.answer(POLL, 1, b"new", 3 * keep_s + 1, GRTT_S)
    assert acks.due(LATER) == [DueAck(POLL, 1, b"new")]


def test_an_application_that_never_answered_is_asked_again_later() -> None:
    acks = Acknowledger(Random(1), 2)
    assert acks.requested(POLL, 1, 0.0, GRTT_S)
    assert acks.requested(POLL, 1, 10.001, GRTT_S)


def test_an_answer_that_comes_too_late_is_sent_and_not_kept() -> None:
    acks = Acknowledger(Random(1), 2)
    assert acks.requested(POLL, 1, 0.0, GRTT_S)
    acks.answer(POLL, 1, b"late", 11.0, GRTT_S)
    assert acks.due(LATER) == [DueAck(POLL, 1, b"late")]
    assert acks.requested(POLL, 1, 12.0, GRTT_S)


def test_an_answer_to_what_nobody_asked_is_sent_and_not_kept() -> None:
    acks = Acknowledger(Random(1), 20)
    acks.answer(POLL, 1, b"42", 0.0, GRTT_S)
    assert acks.due(LATER) == [DueAck(POLL, 1, b"42")]
    assert acks.requested(POLL, 1, 1.0, GRTT_S)


def test_who_is_asked_most_recently_is_remembered_longest() -> None:
    acks = Acknowledger(Random(1), 20)
    for number in range(64):
        acks.requested(POLL, number, 0.0, GRTT_S)
    assert not acks.requested(POLL, 0, 1.0, GRTT_S)
    assert acks.requested(POLL, 64, 2.0, GRTT_S)
    assert not acks.requested(POLL, 0, 3.0, GRTT_S)
    assert acks.requested(POLL, 1, 3.0, GRTT_S)


def test_requests_differ_by_type_and_by_number() -> None:
    acks = Acknowledger(Random(1), 20)
    for key in ((POLL, 1), (POLL, 2), (OTHER, 1)):
        assert acks.requested(*key, 0.0, GRTT_S)
        acks.answer(*key, str(key).encode(), 0.0, GRTT_S)
    assert len(acks.due(LATER)) == 3


def test_only_what_is_due_is_sent() -> None:
    acks = Acknowledger(Random(1), 20)
    acks.answer(POLL, 1, b"", 0.0, GRTT_S)
    acks.answer(POLL, 2, b"", 100.0, GRTT_S)
    assert [due.ack_id for due in acks.due(50.0)] == [1]
    assert acks.deadline is not None
    assert acks.deadline >= 100.0


def test_the_oldest_answers_are_forgotten_and_asked_for_again() -> None:
    acks = Acknowledger(Random(1), 20)
    for number in range(200):
        assert acks.requested(POLL, number, 0.0, GRTT_S)
        acks.answer(POLL, number, b"", 0.0, GRTT_S)
    assert not acks.requested(POLL, 199, 0.0, GRTT_S)
    # Numbers are one byte: 0 after 255 is another request than the first one.
    assert acks.requested(POLL, 0, 0.0, GRTT_S)


@pytest.mark.parametrize(
    ("ack_type", "ack_id"), [(2, 0), (256, 0), (16, -1), (16, 256)]
)
def test_there_is_no_answer_that_an_ack_cannot_hold(ack_type: int, ack_id: int) -> None:
    acks = Acknowledger(Random(1), 20)
    with pytest.raises(UsageError):
        acks.answer(ack_type, ack_id, b"", 0.0, GRTT_S)
    assert acks.due(LATER) == []
