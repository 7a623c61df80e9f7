"""Who is shown under which name."""

from __future__ import annotations

from groupwire.messages.events import PublisherRestarted
from groupwire.messages.members import Role
from groupwire.messages.roster import Roster
from groupwire.messages.wire.words import Here
from groupwire.values import Origin


def here(life: int, role: Role) -> Here:
    return Here(life, role, life, 0, 1000)


def shown(roster: Roster) -> list[str]:
    return [str(member) for member in roster.members]


def test_a_program_that_publishes_and_subscribes_has_its_name_twice() -> None:
    roster = Roster()
    roster.hear(here(1, Role.SUBSCRIBER), "alice", Origin("10.0.0.1", 5001), 0.0)
    roster.hear(here(2, Role.PUBLISHER), "alice", Origin("10.0.0.1", 5002), 0.0)
    assert shown(roster) == ["alice", "alice"]


def test_the_later_one_of_a_role_is_shown_with_its_address() -> None:
    roster = Roster()
    one, other = Origin("10.0.0.1", 5001), Origin("10.0.0.2", 5002)
    roster.hear(here(1, Role.PUBLISHER), "cam", one, 0.0)
    roster.hear(here(2, Role.PUBLISHER), "cam", other, 0.0)
    assert shown(roster) == ["cam", "cam (10.0.0.2:5002)"]
    roster.left(1, one)
    roster.left(2, other)
    roster.hear(here(3, Role.PUBLISHER), "cam", one, 1.0)
    assert shown(roster) == ["cam"]


def test_a_new_publisher_after_an_orderly_leave_is_no_restart() -> None:
    roster = Roster()
    origin = Origin("10.0.0.1", 5001)
    roster.hear(here(1, Role.PUBLISHER), "cam", origin, 0.0)
    roster.left(1, origin)
    roster.hear(here(2, Role.PUBLISHER), "cam", origin, 1.0)
    assert not [e for e in roster.poll_events() if isinstance(e, PublisherRestarted)]


def test_a_new_publisher_after_silence_is_a_restart() -> None:
    roster = Roster()
    origin = Origin("10.0.0.1", 5001)
    roster.hear(here(1, Role.PUBLISHER), "cam", origin, 0.0)
    roster.expire(60.0)
    roster.hear(here(2, Role.PUBLISHER), "cam", origin, 61.0)
    restarts = [e for e in roster.poll_events() if isinstance(e, PublisherRestarted)]
    assert [(e.before.id, e.publisher.id) for e in restarts] == [(1, 2)]
