"""Watching without ``async``."""

from collections.abc import Iterator
from itertools import count

import pytest
from tests.aio.places import Foreign

from groupwire import sync
from groupwire.errors import InterfaceError, UsageError

_PORTS = count(22_700)


@pytest.fixture
def group() -> str:
    return f"239.255.78.3%lo:{next(_PORTS)}"


@pytest.fixture
def foreign(group: str) -> Iterator[Foreign]:
    with Foreign(group) as member:
        yield member


def test_what_comes_is_told_by_interval(group: str, foreign: Foreign) -> None:
    packets = 0
    for report in sync.watch(group, interval=0.02):
        foreign.say(b"hello")
        packets = report.groups[0].total.packets
        if packets >= 3:
            break
    assert packets >= 3


def test_it_ends_after_its_duration(group: str) -> None:
    assert len(list(sync.watch(group, interval=0.02, duration=0.05))) >= 1


def test_wrong_use_is_told_at_once_and_machines_when_it_begins(group: str) -> None:
    with pytest.raises(UsageError):
        sync.watch(group, interval=0)
    with pytest.raises(InterfaceError):
        next(sync.watch(group, interface="nowhere9"))
