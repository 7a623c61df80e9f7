"""Members' disks that are closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.deliver.store.member import Member


@pytest.fixture
def make_member(tmp_path: Path) -> Iterator[Callable[..., Member]]:
    members: list[Member] = []

    def make(**policy: object) -> Member:
        members.append(Member(tmp_path / "into", **policy))
        return members[-1]

    yield make
    for member in members:
        member.close()


@pytest.fixture
def member(make_member: Callable[..., Member]) -> Member:
    return make_member()
