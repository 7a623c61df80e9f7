"""Memory for objects that nobody else stores."""

from __future__ import annotations

from groupwire.norm.receive.budget import Budget


def test_what_is_promised_is_used_though_nothing_has_arrived() -> None:
    budget = Budget(100)
    assert budget.fits(100)
    budget.open(60)
    assert budget.fits(40)
    assert not budget.fits(41)


def test_a_promise_is_taken_back_once() -> None:
    budget = Budget(100)
    one, other = budget.open(60), budget.open(40)
    budget.close(one)
    budget.close(one)
    assert budget.fits(60)
    assert not budget.fits(61)
    budget.close(other)
    assert budget.fits(100)


def test_a_sink_of_somebody_else_is_none_of_its_own() -> None:
    budget = Budget(100)
    budget.open(100)
    budget.close(object())
    assert not budget.fits(1)
