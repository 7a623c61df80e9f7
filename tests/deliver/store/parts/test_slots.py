"""How many files are open at once."""

from __future__ import annotations

import errno
import resource

import pytest

from groupwire.deliver.store.parts.slots import MAX_OPEN, Slots


def test_what_is_given_back_can_be_taken_again() -> None:
    slots = Slots(2)
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
        (1, 1),
        (1 << 20, MAX_OPEN),
        (resource.RLIM_INFINITY, MAX_OPEN),
    ],
)
def test_half_of_what_a_process_may_have_open_is_left_to_others(
    soft: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    slots = Slots()
    for _ in range(most):
        slots.take()
    with pytest.raises(OSError, match="open files"):
        slots.take()
