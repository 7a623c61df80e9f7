"""Objects of which nothing was heard: their info is asked for before all of them."""

from __future__ import annotations

import pytest
from tests.norm.receive.facts import BACKOFF_S, DATA, HOLD_S, lost, numbered, received
from tests.norm.receive.places import ME, Ear, Source, asked, request
from tests.norm.receive.test_held import STEP, Kept

from groupwire.errors import UsageError
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import InfoReceived
from groupwire.norm.receive.sink import SinkFor
from groupwire.norm.receive.unheard import Unheard
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.repairs import RepairLevel

CYCLE_S = BACKOFF_S + HOLD_S
_INFORMED = ObjectFlag.INFO


def _ear(sink_for: SinkFor | None = None, tries: int = 2) -> Ear:
    return Ear(config=ReceiverConfig(ME, info_tries=tries), sink_for=sink_for)


def test_who_comes_after_all_was_sent_asks_only_for_what_it_does_not_hold() -> None:
    sink = Kept(DATA, [(0, 6 * STEP), (8 * STEP, 4 * STEP)])
    ear, source = _ear(lambda _: sink), Source()
    ear.hear(source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["info 0"]
    ear.hear(source.info(0, b"name", size=len(DATA)), source.flush(0, 2, 3))
    ear.wait(CYCLE_S)
    ear.hear(source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert set(asked(ear.said())) == {"segment 0:1:4-5"}
    of = numbered(flags=_INFORMED)
    ear.hear(source.symbol(of, 1, 2), source.symbol(of, 1, 3))
    assert received(ear.events()[1:]) == [0]


def test_an_object_without_info_is_asked_for_whole_after_some_tries() -> None:
    ear, source = _ear(), Source()
    questions: list[str] = []
    for _ in range(3):
        ear.hear(source.flush(0, 2, 3))
        ear.wait(CYCLE_S)
        questions += asked(ear.said())
    assert questions[:3] == ["info 0", "info 0", "object 0"]
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]


def test_what_others_have_asked_for_in_vain_counts_as_a_try() -> None:
    ear, source = _ear(tries=1), Source()
    ear.hear(source.flush(0, 2, 3))
    ear.hear_nack(request(RepairLevel.INFO, (0, 0, 0)))
    ear.wait(CYCLE_S)
    assert asked(ear.said()) == []
    ear.hear(source.flush(0, 2, 3))
    ear.wait(CYCLE_S)
    assert asked(ear.said()) == ["object 0"]


def test_objects_between_two_that_were_heard_are_asked_what_they_are() -> None:
    ear, source = _ear(), Source()
    ear.hear(source.whole(numbered(0)), source.symbol(numbered(3), 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["info 1-2"]
    for number in (1, 2):
        ear.hear(source.info(number, b"name", size=len(DATA)))
        ear.hear(source.whole(numbered(number, _INFORMED)))
    events = ear.events()
    infos = [event for event in events if isinstance(event, InfoReceived)]
    assert [info.object for info in infos] == [1, 2]
    assert received([e for e in events if e not in infos]) == [0, 1, 2]
    assert lost(events) == []


def test_a_negative_number_of_tries_is_refused() -> None:
    with pytest.raises(UsageError, match="info_tries is negative"):
        ReceiverConfig(ME, info_tries=-1)


def test_without_tries_all_is_asked_for_at_once() -> None:
    unheard = Unheard(0)
    assert list(unheard.needs(3, 5)) == [Need(3, 5)]
    unheard.asked(3, 5)
    unheard.forget_before(4)
    assert list(unheard.needs(3, 5)) == [Need(3, 5)]


def test_each_object_has_tries_of_its_own() -> None:
    unheard = Unheard(2)
    unheard.asked(0, 5)
    unheard.asked(2, 3)
    unheard.asked(7, 7)
    assert list(unheard.needs(1, 8)) == [
        Need(1, 1, info=True),
        Need(2, 3),
        Need(4, 8, info=True),
    ]
    unheard.asked(1, 8)
    assert list(unheard.needs(1, 8)) == [
        Need(1, 5),
        Need(6, 6, info=True),
        Need(7, 7),
        Need(8, 8, info=True),
    ]


def test_what_is_not_wanted_any_more_is_forgotten() -> None:
    unheard = Unheard(1)
    unheard.asked(-3, 9)
    unheard.forget_before(5)
    assert list(unheard.needs(3, 6)) == [Need(3, 4, info=True), Need(5, 6)]
