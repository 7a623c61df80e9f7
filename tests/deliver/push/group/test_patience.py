"""Who is given up, and why."""

from __future__ import annotations

from groupwire.deliver.push.group.members import Member, Members
from groupwire.deliver.push.group.patience import Patience
from groupwire.values import Origin


def there(members: Members) -> Member:
    member = members.meet(7, "cam", Origin("10.0.0.2", 4000), 0.0, late=False)
    assert member is not None
    return member


def given_up(members: Members, awake: float) -> list[str]:
    return [reason for _, reason in Patience(10.0).given_up(members, awake)]


def test_who_has_refused_is_given_up_though_norm_hears_it() -> None:
    members = Members(5.0)
    member = there(members)
    member.refuse("busy", 1.0)
    member.refuse("late", 5.0)
    member.heard_at = 10.9
    assert given_up(members, 10.9) == []
    assert given_up(members, 11.0) == ["busy"]


def test_a_refusal_without_a_reason_is_one() -> None:
    members = Members(5.0)
    there(members).refuse("", 1.0)
    assert given_up(members, 10.0) == ["refused"]
