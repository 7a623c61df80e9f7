"""How far a delivery is, and where it can go from there."""

from __future__ import annotations

import pytest

from groupwire.deliver.pull.plumbing.phase import Phase
from groupwire.errors import UsageError


def test_a_delivery_can_end_from_everywhere_but_its_end() -> None:
    for phase in Phase:
        if phase is not Phase.OVER:
            assert phase.to(Phase.OVER) is Phase.OVER
    with pytest.raises(UsageError, match="from OVER to OVER"):
        Phase.OVER.to(Phase.OVER)


def test_a_seal_can_open_again_what_was_signed_for() -> None:
    assert Phase.SIGNING.to(Phase.TAKING) is Phase.TAKING
    with pytest.raises(UsageError, match="from TAKING to SIGNING"):
        Phase.TAKING.to(Phase.SIGNING)
