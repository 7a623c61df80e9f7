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
    bygone.end(_run(1))
    bygone.add(_run(2), 5, 1)
    assert bygone.over(_run(1))
    assert not bygone.over(_run(2))
    assert bygone.resume(_run(2)) == 5


def test_the_latest_word_counts() -> None:
    bygone = Bygone(10)
    bygone.add(_run(1), 5, 1)
    bygone.add(_run(1), 8, 1)
    assert bygone.resume(_run(1)) == 8
    bygone.end(_run(1))
    assert bygone.over(_run(1))


def test_of_those_that_are_over_the_oldest_are_forgotten() -> None:
    bygone = Bygone(2)
    for instance in (1, 2, 1, 3):
        bygone.end(_run(instance))
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
    bygone.end(_run(1))
    for instance in range(2, 10):
        bygone.met(_run(instance), 1)
    assert bygone.over(_run(1))


def test_many_that_went_displace_none_that_is_over() -> None:
    bygone = Bygone(2)
    bygone.end(_run(1))
    for instance in range(2, 10):
        bygone.add(_run(instance), 5, 100)
    assert bygone.over(_run(1))


def test_the_one_heard_least_is_forgotten_but_never_the_latest() -> None:
    bygone = Bygone(3)
    for instance, heard in ((1, 20), (2, 10), (3, 30), (4, 5)):
        bygone.add(_run(instance), 8, heard)
    resumes = [bygone.resume(_run(n)) for n in (1, 2, 3, 4)]
    assert resumes == [8, None, 8, 8]
    bygone.add(_run(5), 8, 1)
    assert [bygone.resume(_run(n)) for n in (1, 3, 4, 5)] == [8, 8, None, 8]


def test_of_those_heard_as_little_the_oldest_is_forgotten() -> None:
    bygone = Bygone(2)
    for instance in (1, 2, 1, 3):
        bygone.add(_run(instance), 8, 1)
    assert [bygone.resume(_run(n)) for n in (1, 2, 3)] == [8, None, 8]


def test_a_run_that_is_heard_more_moves_up() -> None:
    bygone = Bygone(2)
    bygone.add(_run(1), 8, 1)
    bygone.add(_run(2), 8, 5)
    bygone.add(_run(1), 9, 10)
    bygone.add(_run(3), 8, 1)
    assert [bygone.resume(_run(n)) for n in (1, 2, 3)] == [9, None, 8]


def test_how_often_a_run_was_heard_is_remembered_with_where_it_goes_on() -> None:
    bygone = Bygone(2)
    bygone.add(_run(1), 8, 7)
    for instance in range(2, 10):
        bygone.met(_run(instance), 1)
    assert bygone.heard(_run(1)) == 7


def test_a_run_that_is_over_takes_no_place_of_those_that_may_go_on() -> None:
    bygone = Bygone(2)
    bygone.add(_run(1), 8, 1)
    bygone.add(_run(2), 8, 9)
    bygone.end(_run(2))
    bygone.add(_run(3), 8, 1)
    assert bygone.over(_run(2))
    assert bygone.resume(_run(2)) is None
    assert [bygone.resume(_run(n)) for n in (1, 3)] == [8, 8]
