"""What the tests of ``lab`` and ``interop`` ask for by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lab.harness.laboratory import Laboratory
from tests.lab.harness.rights import NoLaboratoryError, need

__all__ = ["lab"]


@pytest.fixture
def lab() -> Iterator[Laboratory]:
    """A laboratory of the test's own; skips with the reason where there is none."""
    try:
        need()
    except NoLaboratoryError as reason:
        pytest.skip(str(reason))
    with Laboratory() as laboratory:
        yield laboratory
