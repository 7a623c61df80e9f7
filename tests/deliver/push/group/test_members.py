"""What of a file nobody lacks."""

from __future__ import annotations

import pytest

from groupwire.deliver.push.group import members as module
from groupwire.deliver.push.group.members import Member, Members
from groupwire.deliver.words import MemberPhase, State
from groupwire.values import Origin


class Group:
    """Members that say what they lack and what they have."""

    def __init__(self) -> None:
        self.members = Members(5.0)

    def add(self, node: int) -> Member:
        origin = Origin(f"10.0.0.{node}", 5000)
        member = self.members.meet(node, f"m{node}", origin, 0.0, late=False)
        assert member is not None
        return member

    def say(
        self,
        node: int,
        wants: tuple[range, ...] | None,
        held: tuple[tuple[int, int], ...] = (),
    ) -> None:
        member = self.members.get(node) or self.add(node)
        state = State(1, node, MemberPhase.TAKING, wants=wants, held=held)
        self.members.lack(member, state)


def test_what_all_who_lack_it_have_of_a_file_is_the_least_of_them() -> None:
    group = Group()
    assert group.members.held_by_all(3) == 0
    group.add(9)  # has not said anything yet
    group.say(1, None, ((3, 700), (4, 10)))
    assert group.members.held_by_all(3) == 700
    group.say(2, (range(3, 5),), ((3, 500),))
    assert group.members.held_by_all(3) == 500
    assert group.members.held_by_all(4) == 0


def test_who_does_not_lack_a_file_has_all_of_it() -> None:
    group = Group()
    group.say(1, (range(3, 4),), ((3, 700),))
    group.say(2, (range(5, 6),), ())
    assert group.members.held_by_all(3) == 700


def test_what_a_member_has_is_said_once_and_counts_from_then_on() -> None:
    group = Group()
    group.say(1, (range(3, 5),), ((3, 700), (4, 5)))
    group.say(1, (range(4, 5),))
    assert group.members.held_by_all(4) == 5
    group.say(2, None)
    assert group.members.held_by_all(4) == 0


def test_foreign_receivers_have_nothing() -> None:
    group = Group()
    group.say(1, None, ((3, 700),))
    group.members.presume(8, Origin("10.0.0.8", 0), 0.0)
    assert group.members.held_by_all(3) == 0


def test_only_so_many_files_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PARTLY", 2)
    group = Group()
    group.say(1, None, ((3, 1), (4, 2)))
    group.say(1, None, ((3, 1), (4, 2), (5, 3)))
    assert [group.members.held_by_all(n) for n in (3, 4, 5)] == [1, 2, 0]
