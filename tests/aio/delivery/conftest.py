from __future__ import annotations

from pathlib import Path

import pytest
from tests.aio.delivery.places import content
from tests.ports import free_port


@pytest.fixture
def group() -> str:
    return f"239.255.78.4%lo:{free_port()}"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A directory of a few files, one of them in two parts of its own."""
    root = tmp_path / "album"
    (root / "sub" / "empty").mkdir(parents=True)
    (root / "a").write_bytes(content(200_000))
    (root / "b").write_bytes(b"hello\n")
    (root / "sub" / "nothing").write_bytes(b"")
    (root / "sub" / "nothing").chmod(0o600)
    return root
