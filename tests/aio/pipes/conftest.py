from __future__ import annotations

from itertools import count

import pytest

_PORTS = count(24_900)


@pytest.fixture
def group() -> str:
    return f"239.255.78.7%lo:{next(_PORTS)}"
