"""The writing end of a pipe: who reads, who has it, who has not and why."""

from __future__ import annotations

from dataclasses import replace

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    CaughtUp,
    Lagging,
    MemberJoined,
    MemberLeft,
    RoomFreed,
    TakesNoMore,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.piping.audience import Audience, ReaderState
from groupwire.values import Origin


def member(
    name: str, number: int, role: Role = Role.SUBSCRIBER, label: str = ""
) -> Member:
    pipe = role is Role.SUBSCRIBER
    return Member(
        number, name, role, Origin("192.0.2.1", number), number, label=label, pipe=pipe
    )


ONE, TWO = member("one", 1), member("two", 2)
SAID, SILENT = LeaveReason.SAID, LeaveReason.SILENT


def begun(*members: Member) -> Audience:
    audience = Audience()
    for one in members:
        audience.take(MemberJoined(one), 0)
    audience.begin()
    return audience


def names(audience: Audience) -> list[str]:
    return [reader.member.name for reader in audience.reading]


def test_ends_of_pipes_are_readers_and_nobody_else() -> None:
    plain = replace(TWO, pipe=False)
    audience = begun(ONE, member("cam", 9, Role.PUBLISHER), plain)
    audience.take(RoomFreed(Delivery.RELIABLE), 0)
    assert names(audience) == ["one"]


def test_who_leaves_before_the_beginning_was_never_there() -> None:
    audience = Audience()
    audience.take(MemberJoined(ONE), 0)
    audience.take(MemberLeft(ONE, SAID), 0)
    audience.take(MemberLeft(TWO, SAID), 0)
    audience.begin()
    assert audience.missing() == {}


def test_who_does_not_follow_at_the_beginning_is_no_reader() -> None:
    audience = Audience()
    for one in (ONE, TWO):
        audience.take(MemberJoined(one), 0)
    audience.begin({"one"})
    assert names(audience) == ["one"]
    assert list(audience.missing()) == ["one"]


def test_who_comes_late_and_fails_is_not_missing() -> None:
    audience = begun(ONE)
    audience.take(MemberJoined(TWO), 9)
    audience.take(MemberLeft(TWO, SILENT), 20)
    assert audience.missing() == {"one": "reading"}
    assert audience.missing(["two"]) == {"one": "reading", "two": "late"}


def test_who_comes_before_the_first_byte_has_it_all_and_is_not_missing() -> None:
    audience = begun(ONE)
    three = member("three", 3)
    for each in (TWO, three):
        audience.take(MemberJoined(each), 0)
    audience.take(TakesNoMore(TWO, "done"), 20)
    audience.take(TakesNoMore(three, "another"), 0)
    assert (audience.received(), audience.late()) == (["two"], [])
    assert list(audience.missing()) == ["one"]


def test_who_takes_another_sender_before_the_beginning_is_no_reader() -> None:
    audience = Audience()
    audience.take(MemberJoined(ONE), 0)
    audience.take(TakesNoMore(ONE, "another"), 0)
    assert names(audience) == []
    audience.begin()
    assert audience.missing(["one"]) == {"one": "absent"}


def test_who_has_written_all_has_it() -> None:
    audience = begun(ONE, TWO)
    audience.take(TakesNoMore(ONE, "done"), 9)
    audience.take(MemberLeft(ONE, SAID), 9)
    assert audience.received() == ["one"]
    assert audience.missing() == {"two": "reading"}


def test_whose_last_word_is_lost_has_it_too() -> None:
    audience = begun(ONE, TWO)
    audience.acknowledged(["one", "two"])
    audience.take(MemberLeft(ONE, SAID), 9)
    assert audience.received() == ["one", "two"]
    assert audience.missing() == {}


def test_who_has_left_before_it_is_known_that_it_has_all_has_it() -> None:
    audience = begun(ONE, TWO)
    audience.take(MemberLeft(ONE, SAID), 9)
    audience.take(MemberLeft(TWO, SAID), 9)
    audience.acknowledged(["one"])
    assert audience.received() == ["one"]
    assert audience.missing() == {"two": "left"}


def test_who_fails_behind_the_end_has_not() -> None:
    audience = begun(ONE)
    audience.acknowledged(["one"])
    audience.take(TakesNoMore(ONE, "no space left on device"), 9)
    assert audience.missing() == {"one": "no space left on device"}


def test_who_leaves_in_the_middle_has_not() -> None:
    audience = begun(ONE, TWO)
    audience.take(MemberLeft(ONE, SAID), 9)
    audience.take(MemberLeft(TWO, SILENT), 9)
    assert audience.missing() == {"one": "left", "two": "silent"}
    audience.take(MemberJoined(TWO), 20)
    assert names(audience) == ["two"]


def test_who_lags_is_waited_for_when_it_has_caught_up() -> None:
    audience = begun(ONE)
    audience.take(Lagging(ONE, 100), 9)
    assert names(audience) == []
    assert [r.member for r in audience.here] == [ONE]
    assert audience.missing() == {"one": "lagging"}
    audience.take(CaughtUp(ONE), 9)
    assert names(audience) == ["one"]
    audience.take(MemberJoined(ONE), 9)
    assert [r.state for r in audience] == [ReaderState.READING]


def test_who_comes_late_has_the_rest() -> None:
    audience = begun(ONE)
    audience.take(MemberJoined(TWO), 9)
    audience.take(TakesNoMore(TWO, "done"), 20)
    audience.take(TakesNoMore(ONE, "done"), 20)
    assert (audience.received(), audience.late()) == (["one"], ["two"])
    assert audience.missing() == {}
    assert audience.missing(["one", "two", "three"]) == {
        "two": "late",
        "three": "absent",
    }


def test_another_one_of_the_same_name_has_not_what_who_left_has_not() -> None:
    twin = member("one", 3)
    audience = begun(ONE, twin)
    audience.take(MemberLeft(ONE, SAID), 10)
    audience.acknowledged({"one"})
    assert audience.received() == [str(twin)]
    assert list(audience.missing()) == [str(ONE)]


def test_of_two_with_one_name_each_is_meant_by_its_label() -> None:
    twin = member("one", 3, label="one (192.0.2.1:3)")
    audience = Audience()
    for each in (ONE, twin):
        audience.take(MemberJoined(each), 0)
    assert [r.member for r in audience.named({"one"})] == [ONE]
    audience.begin({str(twin)})
    audience.acknowledged({"one"})
    assert audience.received() == ["one (192.0.2.1:3)"]


def test_strangers_that_come_and_go_fill_nothing() -> None:
    audience = begun(ONE)
    for number in range(10, 9000):
        ghost = member("ghost", number)
        audience.take(MemberJoined(ghost), 9)
        audience.take(MemberLeft(ghost, SILENT), 9)
    audience.take(MemberJoined(TWO), 9)
    assert len(list(audience)) == 8192
    assert names(audience) == ["one", "two"]


def test_where_all_are_here_there_is_no_room_for_another() -> None:
    audience = begun(*(member("one", number) for number in range(8192)))
    audience.take(MemberJoined(member("two", 9000)), 9)
    assert "two" not in names(audience)


def test_who_comes_behind_the_end_is_no_reader() -> None:
    audience = begun(ONE)
    audience.end()
    audience.take(MemberJoined(TWO), 9)
    assert names(audience) == ["one"]
    audience.take(MemberLeft(ONE, SILENT), 9)
    audience.take(MemberJoined(ONE), 9)
    assert names(audience) == ["one"]
