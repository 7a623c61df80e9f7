"""A receiver of a trial: its links, its application, its fates."""

from __future__ import annotations

from typing import Any

import pytest
from tests.testing.swarm.places import CONFIG, LINK, life

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import Join
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab, Member
from groupwire.testing.swarm.application import Truth, digest
from groupwire.testing.swarm.scenario import Cut, Life
from groupwire.testing.swarm.seat import Seat

OBJECTS = (bytes(900), b"x" * 450)
TRUTH = Truth(0, OBJECTS, None)
BOTH = {(7, 0), (7, 1)}


class Room:
    """A sender, and a seat before it."""

    def __init__(self, life: Life) -> None:
        self.lab = Lab(1, keep_log=True)
        core = Sender(CONFIG, FixedRate(100e3))
        self.sender: Member[Sender] = self.lab.add("sender", core, up=LINK)
        self.seat = Seat(self.lab, life, TRUTH)
        for data in OBJECTS:
            self.sender.do(
                lambda core, now, data=data: core.send_object(
                    data, now=now, info=digest(data)
                )
            )

    @property
    def accepted(self) -> set[tuple[int, int]]:
        return self.seat.application.accepted

    def when(self, what: str) -> list[float]:
        """Return when something is in the receiver's log."""
        lines = [line.split(" ", 2) for line in self.lab.log.text.splitlines()]
        return [float(at) for at, who, said in lines if who == "r100" and what in said]


def _room(**changes: Any) -> Room:
    return Room(life(**changes))


def test_what_is_sent_is_accepted() -> None:
    room = _room()
    room.lab.run(1.0)
    assert room.accepted == BOTH
    assert room.seat.joined == {7: 0}
    assert not room.seat.lacks
    assert room.seat.there
    assert room.seat.slipped == room.seat.slipped_feedback == 0


def test_an_application_may_take_its_time_to_store() -> None:
    room = _room(accept_after_s=1.0)
    room.lab.run(0.9)
    assert not room.accepted
    room.lab.run(3.0)
    assert room.accepted == BOTH


def test_what_is_not_stored_before_a_crash_is_never_accepted() -> None:
    room = _room(accept_after_s=1.0, crash_s=0.5)
    room.lab.run(3.0)
    assert not room.seat.there
    assert not room.accepted


def test_what_an_earlier_life_would_have_stored_the_next_one_has_not() -> None:
    room = _room(accept_after_s=1.0, crash_s=0.5, back_s=0.6, join=Join.NOW)
    room.lab.run(3.0)
    assert room.seat.there
    assert not room.accepted


def test_who_comes_back_wants_everything_again() -> None:
    room = _room(crash_s=0.01, back_s=0.1)
    room.lab.run(0.05)
    assert not room.seat.there
    room.lab.run(5.0)
    assert room.accepted == BOTH
    assert len(room.when("! SenderFound")) == 2


def test_who_is_stopped_goes_on_after_a_second() -> None:
    room = _room(pause_s=0.004)
    room.lab.run(3.0)
    assert room.when("pauses") == [0.004]
    assert room.when("resumes") == [pytest.approx(1.004)]
    assert room.accepted == BOTH


def test_who_is_gone_neither_stops_nor_goes_on() -> None:
    room = _room(crash_s=0.01, pause_s=0.02)
    room.lab.run(3.0)
    assert not room.when("pauses")
    room = _room(crash_s=0.5, pause_s=0.01)
    room.lab.run(3.0)
    assert room.when("pauses")
    assert not room.when("resumes")


@pytest.mark.parametrize(("up", "down"), [(True, False), (False, True), (True, True)])
def test_a_partition_is_mended(up: bool, down: bool) -> None:
    room = _room(cut=Cut(0.001, 0.5, up, down))
    room.lab.run(0.4)
    assert (room.accepted == BOTH) is not down
    room.lab.run(10.0)
    assert len(room.when("cut")) == 2
    assert room.accepted == BOTH


def test_who_is_silent_says_nothing_though_it_lacks_something() -> None:
    loss = Faults(loss=0.5)
    for silent in (False, True):
        room = _room(silent=silent, down=loss)
        room.lab.run(2.0)
        assert (room.seat.said == 0) is silent


def test_who_is_told_to_answers_the_sender_alone() -> None:
    room = _room(unicast=True, down=Faults(loss=0.5))
    room.lab.run(2.0)
    assert room.seat.said
    assert room.when(f"> {room.sender.origin}")
    assert not room.when("> None")


def test_what_was_mutilated_unnoticed_is_counted_and_asked_for_again() -> None:
    dirty = Faults(corruption=0.2, checksum_misses=1)
    room = _room(up=dirty, down=dirty)
    room.lab.run(30.0)
    assert room.seat.slipped
    assert room.seat.slipped_feedback
    assert room.seat.application.refused
    assert room.accepted == BOTH


def test_objects_that_nobody_sent_are_not_joined() -> None:
    lab = Lab(1)
    seat = Seat(lab, life(), Truth(5, OBJECTS, None))
    sender = lab.add("sender", Sender(CONFIG, FixedRate(100e3)), up=LINK)
    # Numbers 0 and 1 lie before the first one that was sent.
    sender.do(lambda core, now: core.send_object(b"x", now=now, info=b"x"))
    lab.run(1.0)
    assert seat.joined == {}


def test_an_object_of_a_sender_that_is_followed_no_more_is_stored_all_the_same() -> (
    None
):
    room = _room(accept_after_s=1.0)
    room.lab.run(0.5)
    core = room.seat._member.core
    core.forget(core.senders[0])
    room.lab.run(2.0)
    assert room.accepted == BOTH
