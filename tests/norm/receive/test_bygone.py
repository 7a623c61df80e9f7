"""Runs of senders that a receiver follows no more."""

from __future__ import annotations

from tests.norm.receive.places import SENDER

from groupwire.norm.receive.bygone import Bygone
from groupwire.norm.receive.events import SenderKey


def _run(instance: int) -> SenderKey:
    return SenderKey(SENDER, 1, instance)


def test_a_run_that_was_never_followed_is_neither_over_nor_resumed() -> None:
    bygone = Bygone(10)
    assert not bygone.over(_run(1))
    assert bygone.resume(_run(1)) is None


def test_a_run_is_over_or_goes_on_somewhere() -> None:
    bygone = Bygone(10)
    bygone.add(_run(1), None)
    bygone.add(_run(2), 5)
    assert bygone.over(_run(1))
    assert not bygone.over(_run(2))
    assert bygone.resume(_run(2)) == 5


def test_the_latest_word_counts() -> None:
    bygone = Bygone(10)
    bygone.add(_run(1), 5)
    bygone.add(_run(1), 8)
    assert bygone.resume(_run(1)) == 8
    bygone.add(_run(1), None)
    assert bygone.over(_run(1))


def test_the_oldest_are_forgotten() -> None:
    bygone = Bygone(2)
    for instance in (1, 2, 1, 3):
        bygone.add(_run(instance), None)
    assert [bygone.over(_run(n)) for n in (1, 2, 3)] == [True, False, True]


def test_how_often_a_run_was_heard_is_remembered() -> None:
    bygone = Bygone(2)
    assert bygone.heard(_run(1)) == 0
    bygone.met(_run(1), 3)
    bygone.met(_run(2), 7)
    bygone.met(_run(1), 5)
    assert [bygone.heard(_run(n)) for n in (1, 2)] == [5, 7]
    bygone.met(_run(3), 1)
    assert [bygone.heard(_run(n)) for n in (1, 2, 3)] == [5, 0, 1]


def test_many_that_were_only_met_displace_none_that_is_over() -> None:
    bygone = Bygone(2)
    bygone.add(_run(1), None)
    for instance in range(2, 10):
        bygone.met(_run(instance), 1)
    assert bygone.over(_run(1))
