"""How many files are open at once."""

from __future__ import annotations

import errno
import os
import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

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
    for _ in range(most):
        slots.take()
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


def test_threads_that_look_at_once_do_not_take_more_than_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Slots(0, 2)
    slots.take()
    both = Barrier(2)

    def spare(_: Slots) -> None:
        with suppress(BrokenBarrierError):
            both.wait(0.05)  # as long as two threads can be in here at once

    monkeypatch.setattr(Slots, "_check_spare", spare)

    def take(_: int) -> bool:
        with suppress(OSError):
            slots.take()
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, range(2))) == [False, True]
