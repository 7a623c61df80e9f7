"""What anybody may have sent again."""

from __future__ import annotations

from groupwire.messages.publish.lanes.budget import Budget

SAVED = 1 << 20
RATE = 4000.0
"""A quarter of it is a thousand bytes a second."""


def test_what_is_saved_up_is_sent_at_once() -> None:
    budget = Budget()
    assert budget.allows(0.0, RATE)
    budget.spend(SAVED)
    assert budget.allows(0.0, RATE)
    assert budget.deadline is None


def test_a_debt_is_paid_by_a_quarter_of_the_rate() -> None:
    budget = Budget()
    assert budget.allows(0.0, RATE)
    budget.spend(SAVED + 500)
    assert not budget.allows(0.0, RATE)
    assert budget.deadline == 0.5
    assert not budget.due(0.4)
    assert budget.due(0.5)
    assert budget.allows(0.5, RATE)
    assert not budget.due(0.5)


def test_no_more_is_saved_than_a_group_needs_at_once() -> None:
    budget = Budget()
    assert budget.allows(0.0, RATE)
    assert budget.allows(1e9, RATE)
    budget.spend(SAVED + 1000)
    assert not budget.allows(1e9, RATE)
    assert budget.deadline == 1e9 + 1


def test_without_a_rate_nothing_is_held_back() -> None:
    budget = Budget()
    budget.spend(SAVED + 1)
    assert budget.allows(0.0, 0.0)
