from __future__ import annotations

from itertools import count

import pytest

_PORTS = count(24_700)


@pytest.fixture
def group() -> str:
    return f"239.255.78.6%lo:{next(_PORTS)}"
