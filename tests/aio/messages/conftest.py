from __future__ import annotations

import pytest
from tests.ports import free_port


@pytest.fixture
def group() -> str:
    return f"239.255.78.6%lo:{free_port()}"
