"""Who measures time is alone, and need not wait until nobody else comes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Barrier, Event

import pytest
from tests.turns import turn

Turn = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def place(tmp_path: Path) -> Turn:
    door, room = tmp_path / "door", tmp_path / "room"
    door.touch()
    room.touch()
    return lambda *, alone=False: turn(door, room, alone=alone)


def test_tests_run_beside_each_other(place: Turn) -> None:
    all_in = Barrier(3, timeout=10)

    def work() -> None:
        with place():
            all_in.wait()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for _ in range(3)]:
            done.result()


def test_who_is_alone_waits_for_the_others_and_the_next_wait_for_it(
    place: Turn,
) -> None:
    order: list[str] = []
    first_may_end, alone_may_end = Event(), Event()

    def work(name: str, may_end: Event, *, alone: bool = False) -> None:
        with place(alone=alone):
            order.append(name)
            may_end.wait(10)
            order.append(f"{name} ends")

    def begun(done: Future[None]) -> bool:
        return not wait([done], 0.05).not_done

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(work, "first", first_may_end)
        while not order:
            wait([first], 0.001)
        alone = pool.submit(work, "alone", alone_may_end, alone=True)
        assert not begun(alone)
        last = pool.submit(work, "last", alone_may_end)
        assert not begun(last)
        assert order == ["first"]
        first_may_end.set()
        wait([first])
        alone_may_end.set()
        wait([alone, last])
    assert sorted(order[:2]) == ["first", "first ends"]
    assert "alone ends" in order
    at = order.index("alone")
    assert order[at + 1] == "alone ends"
