from __future__ import annotations

import pytest
from tests.ports import free_port


@pytest.fixture
def group() -> str:
    return f"239.255.78.6%lo:{free_port()}"


@pytest.fixture(autouse=True)
def soon_acquainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let publishers ask who is here sooner: all are in one process and answer."""
    monkeypatch.setattr("groupwire.messages.presence._ASK_AGAIN_S", (0.02, 0.04, 0.06))
    monkeypatch.setattr("groupwire.messages.presence._ACQUAINTED_S", 0.05)
