"""A sender that stops in the midst of an object is asked, whatever else it says."""

from __future__ import annotations

import pytest
from tests.norm.receive.places import GRTT_S, ME, Ear, Object, Source, asked

from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import LossReason, ObjectLost

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


@pytest.mark.parametrize("flushed", [False, True])
def test_who_never_asks_gives_up_what_does_not_come_whatever_else_is_said(
    flushed: bool,
) -> None:
    config = ReceiverConfig(ME, silent=True, robust=2)
    ear, source, object_ = Ear(config=config), Source(), Object(bytes(16 * 8))
    ear.hear(source.block(object_, 0))
    silence_s = max(1.0, 2 * 2 * GRTT_S)
    while ear.now < 2 * silence_s:
        ear.wait(silence_s / 4)
        ear.hear(source.flush(0, 0, 15) if flushed else source.probe())
    assert not ear.events()
    while ear.now < 4 * silence_s:
        ear.wait(silence_s / 4)
        ear.hear(source.flush(0, 0, 15) if flushed else source.probe())
    assert ear.events() == [ObjectLost(ear.key, 0, LossReason.UNANSWERED)]
    assert not ear.said()
