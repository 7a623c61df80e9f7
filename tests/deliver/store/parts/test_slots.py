"""How many files are open at once."""

from __future__ import annotations

import errno
import os
import resource

import pytest

from groupwire.deliver.store.parts.slots import MAX_OPEN, SPARE, Slots


def test_what_is_given_back_can_be_taken_again() -> None:
    slots = Slots(0, 2)
    first = slots.take()
    slots.take()
    with pytest.raises(OSError, match="open files") as caught:
        slots.take()
    assert caught.value.errno == errno.EMFILE
    slots.give(first)
    slots.give(first)
    slots.take()
    with pytest.raises(OSError, match="open files"):
        slots.take()


@pytest.mark.parametrize(
    ("soft", "most"),
    [
        (1024, 256),
        (1 << 20, MAX_OPEN),
        (resource.RLIM_INFINITY, MAX_OPEN),
    ],
)
def test_half_of_what_a_process_may_have_open_is_left_to_others(
    soft: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    slots = Slots(0)
    monkeypatch.undo()
    for number in range(most):
        slots.take(number)
    with pytest.raises(OSError, match="open files"):
        slots.take()


def test_the_last_descriptors_are_left_for_placing_what_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = os.dup(0), os.dup(0)
    os.close(first)
    os.close(second)
    limits = [second + SPARE + 1]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limits[0], limits[0]))
    slots = Slots(0, 10)
    slots.take()
    limits[0] -= 1
    with pytest.raises(OSError, match="open files"):
        slots.take()
    Slots(0, 10).take()  # one at a time goes in any case
    again = os.dup(0)
    os.close(again)
    assert again == first


def taken(slots: Slots, delivery: int, *, foreign: bool = False) -> int:
    """Take as many as there are; return how many."""
    for number in range(1000):
        try:
            slots.take(delivery, foreign=foreign)
        except OSError:
            return number
    return 1000


def test_one_delivery_leaves_a_quarter_to_others() -> None:
    slots = Slots(0, 64)
    assert taken(slots, 1) == 48
    assert taken(slots, 2) == 8
    # What is kept is for those that have none.
    assert [taken(slots, delivery) for delivery in range(3, 12)] == [1] * 8 + [0]


def test_foreign_senders_share_a_quarter_and_none_has_all_of_it() -> None:
    slots = Slots(0, 64)
    assert [taken(slots, n, foreign=True) for n in range(5)] == [4, 4, 4, 4, 0]
    assert taken(slots, 9) == 40
    assert taken(slots, 10) == 1


def test_foreign_senders_get_nothing_of_what_is_kept_for_deliveries() -> None:
    slots = Slots(0, 32)
    for delivery in range(24):
        slots.take(delivery)
    assert taken(slots, 99, foreign=True) == 0
    assert taken(slots, 98) == 1


def test_a_foreign_sender_gets_one_where_there_are_few() -> None:
    slots = Slots(0, 2)
    first = slots.take(1, foreign=True)
    assert taken(slots, 1, foreign=True) == taken(slots, 2, foreign=True) == 0
    slots.give(first)
    assert taken(slots, 2, foreign=True) == 1
