import os

import pytest

from groupwire.norm.fec import isal
from groupwire.norm.fec.sums import Combine


@pytest.fixture(scope="session")
def library() -> Combine:
    """ISA-L; without it a test is skipped, or fails where nothing may be."""
    found = isal.find()
    if found is None:
        refuse = pytest.fail if os.environ.get("GROUPWIRE_NO_SKIPS") else pytest.skip
        refuse("libisal2 is not installed")
    return found
