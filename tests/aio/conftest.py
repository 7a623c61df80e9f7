from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.aio.places import Foreign
from tests.ports import free_port

from groupwire.net import known_interfaces


@pytest.fixture
def group() -> str:
    return f"239.255.78.1%lo:{free_port()}"


@pytest.fixture
def foreign(group: str) -> Iterator[Foreign]:
    """A member that knows nothing of groupwire."""
    with Foreign(group) as member:
        yield member


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Every descriptor that was opened is closed."""
    known_interfaces()  # each thread keeps a socket that hears of changes
    before = _descriptors()
    yield
    assert _descriptors() == before


def _descriptors() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
        except OSError:  # the listing's own
            continue
    return found
