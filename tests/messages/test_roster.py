"""Who is shown under which name."""

from __future__ import annotations

from groupwire.messages.events import MemberLeft, PublisherRestarted
from groupwire.messages.members import LeaveReason, Role
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


def crowd(roster: Roster, count: int, now: float, host: str = "") -> None:
    """Let strangers say once that they are here, of one host or of as many."""
    for number in range(count):
        origin = Origin(host or f"10.9.{number >> 8}.{number & 255}", 6000 + number)
        life = 1 << 40 | round(now * 10) << 20 | number
        node = 100 + number + 10_000 * round(now * 10)
        subscriber = Here(life, Role.SUBSCRIBER, node, 0, 30_000)
        roster.hear(subscriber, f"x{number}", origin, now)


ONE, OTHER = Origin("10.0.0.1", 5001), Origin("10.0.0.2", 5002)


def test_who_was_heard_again_stays_and_who_was_not_makes_room() -> None:
    roster = Roster()
    for now in (0.0, 0.1):
        roster.hear(here(1, Role.PUBLISHER), "cam", ONE, now)
    crowd(roster, 5000, 0.2)
    assert len(roster) == 4096
    # Who came just now may speak again.
    assert roster.hear(here(2, Role.SUBSCRIBER), "arm", OTHER, 1.1) is None
    assert roster.hear(here(2, Role.SUBSCRIBER), "arm", OTHER, 1.3) is not None
    roster.hear(here(2, Role.SUBSCRIBER), "arm", OTHER, 1.4)
    for step in range(20):
        crowd(roster, 5000, 3.0 + 2 * step)
    assert len(roster) == 4096
    assert roster.find(1, ONE) is not None
    assert roster.find(2, OTHER) is not None
    left = [e for e in roster.poll_events() if isinstance(e, MemberLeft)]
    assert {event.reason for event in left} == {LeaveReason.SILENT}


def test_no_address_takes_all_places() -> None:
    roster = Roster()
    for now in (0.0, 0.1):
        crowd(roster, 5000, now, "10.9.9.9")
        assert len(roster) == 1024
    for number in range(2000):
        origin = Origin(f"10.1.{number >> 8}.{number & 255}", 5000)
        assert roster.hear(here(number, Role.SUBSCRIBER), f"m{number}", origin, 0.2)
    assert roster.hear(here(9999, Role.SUBSCRIBER), "m", OTHER, 0.2)


def test_who_takes_many_places_makes_room_for_itself_only() -> None:
    roster = Roster()
    crowd(roster, 1000, 0.0, "10.9.9.9")
    for number in range(3096):
        origin = Origin(f"10.1.{number >> 8}.{number & 255}", 5000)
        assert roster.hear(here(number, Role.SUBSCRIBER), f"m{number}", origin, 0.1)
    for step in range(10):
        crowd(roster, 1000, 2.0 + 2 * step, "10.9.9.9")
    assert sum(m.origin.host.startswith("10.1.") for m in roster.members) == 3096


def test_who_gives_a_sign_of_life_stays() -> None:
    roster = Roster()
    member = roster.hear(here(1, Role.SUBSCRIBER), "arm", ONE, 0.0)
    assert member is not None
    roster.alive(member, 0.1)
    crowd(roster, 4095, 0.2)
    crowd(roster, 5000, 2.0)
    assert roster.find(1, ONE) is member
    for other in roster.members:
        roster.left(other.id, other.origin)
    assert len(roster) == 0
    crowd(roster, 4096, 3.0)
    assert len(roster) == 4096
