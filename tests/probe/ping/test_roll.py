"""Members of a group, found by multicast and then asked one by one."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import count
from math import inf

import pytest

from groupwire.probe.ping import Answered, MemberPinged, Roll, Told, roll
from groupwire.values import Origin

CAM1, CAM2 = Origin("10.0.0.7", 5000), Origin("10.0.0.8", 5000)


class Play:
    """A roll, and answers to its questions; the request id of a round is the latest."""

    def __init__(self, **expected: tuple[object, ...]) -> None:
        draw = count(100).__next__
        self.roll = Roll(draw, ttl_hops=2, **expected)  # type: ignore[arg-type]
        self.group_id = 0

    def ask(self, at: float) -> None:
        self.group_id = self.roll.ask(now=at - 0.5)
        self.roll.sent(now=at)

    def ask_alone(self, at: float) -> list[Origin]:
        asked = []
        for member in self.roll.waiting():
            self.roll.asked_alone(member, now=at)
            asked.append(member.origin)
        return asked

    def hear(
        self,
        at: float,
        origin: Origin = CAM1,
        name: str | None = "cam1",
        *,
        request_id: int | None = None,
        ttl: int | None = 1,
    ) -> Answered | None:
        wanted = self.group_id if request_id is None else request_id
        told = Told(wanted, name, ping=True, ttl_hops=ttl)
        return answered(self.roll.hear(origin, told, multicast=True, now=at))

    def hear_alone(self, at: float, *, ttl: int | None = 63) -> Answered | None:
        return self.hear(at, request_id=self.roll.alone_id, ttl=ttl)

    def hear_plain(
        self, at: float, *, multicast: bool = True, origin: Origin = CAM1
    ) -> Answered | None:
        return answered(self.roll.hear(origin, None, multicast=multicast, now=at))

    @property
    def results(self) -> list[MemberPinged]:
        return self.roll.results(since=inf)


def answered(heard: tuple[object, Answered] | None) -> Answered | None:
    return None if heard is None else heard[1]


@pytest.fixture
def play() -> Play:
    play = Play()
    play.ask(100.0)
    return play


def test_who_answers_the_group_is_asked_alone_and_both_are_counted(play: Play) -> None:
    assert play.hear(100.25) == Answered(1, True, 0.25, 1, False)
    assert not play.roll.complete() or play.roll.waiting()
    assert play.ask_alone(100.5) == [CAM1]
    assert play.ask_alone(100.5) == []
    assert not play.roll.complete()
    assert play.hear_alone(101.0) == Answered(1, False, 0.5, 1, False)
    assert play.roll.complete()
    (found,) = play.results
    assert (found.name, found.sender, found.pings) == ("cam1", str(CAM1), True)
    assert found.unicast_known
    for leg in (found.unicast, found.multicast):
        assert (leg.asked, leg.received, leg.lost, leg.hops) == (1, 1, 0, 1)
    assert (found.multicast.setup_s, found.unicast.setup_s) == (0.25, 0.5)


def test_what_comes_twice_is_counted_for_its_way(play: Play) -> None:
    for _ in range(2):
        play.hear(100.1)
    play.ask_alone(100.5)
    for _ in range(3):
        play.hear_alone(100.6)
    (found,) = play.results
    assert (found.multicast.duplicates, found.unicast.duplicates) == (1, 2)


def test_two_of_one_name_are_two_members(play: Play) -> None:
    play.hear(100.1, CAM1, "cam")
    play.hear(100.1, CAM2, "cam")
    assert [each.sender for each in play.results] == [str(CAM1), str(CAM2)]
    assert len(play.roll) == 2


def test_answers_to_nothing_and_by_unicast_from_strangers_are_none(play: Play) -> None:
    assert play.hear(100.1, request_id=1) is None
    assert play.hear_alone(100.1) is None
    assert answered(
        Roll(int, ttl_hops=1).hear(CAM1, None, multicast=True, now=1.0)
    ) is (None)
    assert play.results == []


def test_an_answer_to_what_was_not_asked_alone_is_none(play: Play) -> None:
    play.hear(100.1)
    assert play.hear_alone(100.2) is None


def test_a_late_answer_counts_for_its_own_round(play: Play) -> None:
    first = play.group_id
    play.hear(100.1)
    play.ask(101.0)
    assert play.hear(101.5, CAM2, "cam2", request_id=first) == Answered(
        1, True, 1.5, 1, False
    )


def test_who_came_later_has_lost_nothing_and_who_was_expected_has() -> None:
    play = Play(names=("cam2",), addresses=(ip_address("10.0.0.9"),))
    for at in (100.0, 101.0, 102.0):
        play.ask(at)
    play.hear(102.1)
    play.hear(102.1, CAM2, "cam2")
    cam1, cam2, silent = play.results
    assert (cam1.multicast.lost, cam2.multicast.lost) == (0, 2)
    assert (silent.name, silent.sender, silent.multicast.loss) == ("10.0.0.9", "", 1.0)
    assert play.roll.silent() == ["10.0.0.9"]
    play.hear(102.1, Origin("10.0.0.9", 4000), "cam3")
    assert play.roll.silent() == []


def test_a_name_that_was_never_heard_is_silent() -> None:
    play = Play(names=("cam1", "cam2"))
    play.ask(100.0)
    play.hear(100.1)
    assert play.roll.silent() == ["cam2"]


def test_what_may_still_be_answered_is_not_lost(play: Play) -> None:
    play.hear(100.1)
    play.ask_alone(100.5)
    play.ask(101.0)
    play.ask_alone(101.5)
    (found,) = play.roll.results(since=100.9)
    assert (found.multicast.open, found.multicast.lost) == (1, 0)
    assert (found.unicast.open, found.unicast.lost) == (1, 1)
    silent = Play(names=("z",))
    silent.ask(100.0)
    (row,) = silent.roll.results(since=99.0)
    assert row.multicast.loss == 0.0


def test_a_plain_answer_counts_for_the_latest_question_of_its_way(play: Play) -> None:
    assert play.hear_plain(100.1) == Answered(1, True, pytest.approx(0.1), None, False)
    assert play.hear_plain(100.2, multicast=False) is None
    play.ask_alone(100.5)
    play.ask(101.0)
    assert play.hear_plain(101.25, multicast=False) == Answered(
        1, False, 0.75, None, False
    )
    (found,) = play.results
    assert (found.name, found.pings, found.unicast_known) == ("", False, True)


def test_plain_answers_of_one_host_are_one_member_s(play: Play) -> None:
    later = Origin(CAM1.host, 5001)
    assert play.hear_plain(100.1) is not None
    play.ask(101.0)
    assert play.hear_plain(101.1, origin=later) is not None
    assert play.ask_alone(101.5) == [later]
    (found,) = play.results
    assert (found.sender, found.multicast.received) == (str(later), 2)


def test_who_knows_no_pings_may_hear_nothing_by_unicast(play: Play) -> None:
    play.hear_plain(100.1)
    play.ask_alone(100.5)
    (found,) = play.results
    assert not found.unicast_known


def test_a_low_port_is_never_asked_alone(play: Play) -> None:
    play.hear(100.1, Origin("10.0.0.7", 53))
    assert play.ask_alone(100.5) == []
    assert play.roll.complete()
    assert not play.results[0].unicast_known


def test_who_answers_nothing_by_unicast_is_asked_so_often() -> None:
    play = Play()
    for at in range(20):
        play.ask(100.0 + at)
        play.hear(100.1 + at)
        play.ask_alone(100.5 + at)
    (found,) = play.results
    assert found.unicast.asked == found.unicast.lost == roll.MAX_UNANSWERED
    assert found.unicast_known


def test_members_are_bounded(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "MAX_MEMBERS", 2)
    monkeypatch.setattr(roll, "MAX_PLAIN", 1)
    assert play.hear_plain(100.1) is not None
    assert play.hear_plain(100.1, origin=CAM2) is None
    assert play.hear(100.1) is not None
    assert play.hear(100.1, CAM2, "cam2") is None


def test_rounds_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "MAX_OPEN", 1)
    monkeypatch.setattr(roll, "_MAX_OPEN_ALONE", 1)
    play = Play()
    play.ask(100.0)
    first = play.group_id
    play.hear(100.1)
    play.ask_alone(100.5)
    old = play.roll.alone_id
    play.ask(101.0)
    play.ask_alone(101.5)
    assert play.hear(101.6, request_id=first) is None
    assert play.hear(101.6, request_id=old) is None
    assert play.hear_alone(101.6) is not None
