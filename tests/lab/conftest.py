from collections.abc import Iterator

import pytest
from tests.lab.harness import Laboratory, NoLaboratoryError
from tests.lab.harness.rights import need


@pytest.fixture
def lab() -> Iterator[Laboratory]:
    try:
        need()
    except NoLaboratoryError as reason:
        pytest.skip(str(reason))
    with Laboratory() as laboratory:
        yield laboratory
