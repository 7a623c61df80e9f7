"""A sender that stops in the midst of an object is asked, whatever else it says."""

from __future__ import annotations

import pytest
from tests.norm.receive.places import GRTT_S, Ear, Object, Source, asked

SILENCE_S = 20 * 2 * GRTT_S
"""RFC 5740 §5.3: as many round trips as the robust factor says, twice."""
BACKOFF_S = 4 * GRTT_S


@pytest.mark.parametrize("seed", range(3))
def test_probes_do_not_keep_a_receiver_from_asking(seed: int) -> None:
    ear, source, object_ = Ear(seed=seed), Source(), Object(bytes(16 * 8))
    ear.hear(source.block(object_, 0))
    for _ in range(10):
        ear.wait((SILENCE_S + BACKOFF_S) / 10 + 0.01)
        ear.hear(source.probe())
    assert asked(ear.said()) == ["block 0:1"]
