"""Memory for objects that nobody else stores."""

from __future__ import annotations

from groupwire.norm.receive.budget import Budget


class Owner:
    held_bytes = 0


ONE, OTHER = Owner(), Owner()


def test_what_is_promised_is_used_though_nothing_has_arrived() -> None:
    budget = Budget(100)
    assert budget.fits(100)
    budget.open(ONE, 60)
    assert budget.fits(40)
    assert not budget.fits(41)


def test_a_promise_is_taken_back_once() -> None:
    budget = Budget(100)
    one, other = budget.open(ONE, 60), budget.open(ONE, 40)
    budget.close(one)
    budget.close(one)
    assert budget.fits(60)
    assert not budget.fits(61)
    budget.close(other)
    assert budget.fits(100)


def test_a_sink_of_somebody_else_is_none_of_its_own() -> None:
    budget = Budget(100)
    budget.open(ONE, 100)
    budget.close(object())
    assert not budget.fits(1)


def test_it_is_known_who_holds_how_much() -> None:
    budget, one, other = Budget(100), Owner(), Owner()
    sink = budget.open(one, 60)
    budget.open(one, 10)
    budget.open(other, 20)
    assert (one.held_bytes, other.held_bytes) == (70, 20)
    budget.close(sink)
    assert (one.held_bytes, other.held_bytes) == (10, 20)
