import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.diagnose.checks.trials.scenes import ETH0, LO
from tests.diagnose.trials.test_queries import FakeTap, taps
from tests.diagnose.trials.test_tap import UDP4

from groupwire.diagnose import Diagnosis
from groupwire.diagnose.trials.peer import local
from groupwire.diagnose.trials.peer.local import (
    LookAtOneself,
    WireWatch,
    reverse_path_drops,
)
from groupwire.diagnose.trials.tap import Tapped
from groupwire.values import Group

GROUP = Group.parse("239.255.42.99:10000")


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await work()

    return asyncio.run(main())


class Notes:
    """What was noted of the wire."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bool]] = []

    def __call__(self, data: bytes, *, outgoing: bool) -> None:
        self.seen.append((data, outgoing))


@pytest.fixture
def _tapped(monkeypatch: pytest.MonkeyPatch) -> None:
    taps.clear()
    monkeypatch.setattr(local, "Tap", FakeTap)


@pytest.mark.usefixtures("_tapped")
def test_the_wire_is_looked_at_for_a_while() -> None:
    notes = Notes()

    async def work() -> None:
        watch = WireWatch(GROUP, [LO, ETH0], notes)
        assert watch.renew(10)
        assert watch.renew(0.03)
        (tap,) = taps
        tap.brings(Tapped(UDP4, outgoing=True))
        await asyncio.sleep(0.02)
        assert notes.seen == [(b"data", True)]
        await asyncio.sleep(0.05)
        assert tap.far.fileno() == -1
        assert watch.renew()
        watch.close()
        watch.close()

    run(work)
    assert len(taps) == 2


def test_what_may_not_be_looked_at_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(local, "Tap", refuse)

    async def work() -> None:
        for links in ([ETH0], [LO], []):
            watch = WireWatch(GROUP, links, Notes())
            assert not watch.renew()
            watch.close()

    run(work)


def test_a_look_at_oneself_counts_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    async def examine() -> Diagnosis:
        looked.append(1)
        return Diagnosis(())

    async def work() -> None:
        look = LookAtOneself(examine)
        for _ in range(3):
            look.refresh()
            await asyncio.sleep(0)
        monkeypatch.setattr(local, "LOOK_S", -1.0)
        look.refresh()
        await asyncio.sleep(0)
        look.close()

    run(work)
    assert len(looked) == 2


def test_who_cannot_look_at_himself_finds_nothing() -> None:
    async def work() -> None:
        look = LookAtOneself(None)
        look.refresh()
        look.close()
        assert look.findings == ()

    run(work)


def test_without_a_counter_nothing_was_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reverse_path_drops() >= 0

    def missing(*_: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(local.Path, "read_text", missing)
    assert reverse_path_drops() == 0


def test_a_loopback_of_another_name_has_no_wire_either() -> None:
    async def work() -> None:
        assert not WireWatch(GROUP, [replace(LO, name="lo1")], Notes()).renew()

    run(work)
