from __future__ import annotations

import pytest
from tests.cli.running import free_port


@pytest.fixture
def group() -> str:
    # Others may run the same tests on this machine.
    return f"239.255.78.7%lo:{free_port()}"
