"""What the tests of ``lab`` and ``interop`` ask for by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.lab.harness.laboratory import Laboratory
from tests.lab.harness.rights import NoLaboratoryError, need

__all__ = ["lab", "pytest_configure"]


def pytest_configure() -> None:
    """Get the right to build before there is a thread; parallel workers inherit it."""
    with suppress(NoLaboratoryError):
        need()


@pytest.fixture
def lab() -> Iterator[Laboratory]:
    """A laboratory of the test's own; skips with the reason where there is none."""
    try:
        need()
    except NoLaboratoryError as reason:
        pytest.skip(str(reason))
    with Laboratory() as laboratory:
        yield laboratory
