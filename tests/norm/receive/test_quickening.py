"""A round trip that turns out shorter than the sender thought shortens all waiting."""

from __future__ import annotations

from dataclasses import dataclass

from tests.norm.receive.places import Ear, Object, Source, asked

from groupwire.norm.wire.head import SenderState
from groupwire.norm.wire.quantise import pack_rtt


@dataclass
class Learning(Source):
    """A sender whose round trip becomes better known."""

    grtt_s: float = 1.0

    @property
    def state(self) -> SenderState:
        return SenderState(self.instance, pack_rtt(self.grtt_s), self.backoff, 0)


def test_the_hold_off_of_a_long_round_trip_ends_in_the_short_one() -> None:
    ear, source, object_ = Ear(), Learning(), Object(bytes(16 * 12))
    ear.hear(source.block(object_, 0, but=[1]), source.block(object_, 1))
    ear.wait(4.1)  # the back-off is at most K = 4 round trips
    assert asked(ear.said()) == ["segment 0:0:4"]
    # From now on the hold-off would last 6 s (K + 2 round trips).
    source.grtt_s = 0.01
    ear.hear(source.block(object_, 2, but=[3]), source.flush(0, 2, 3))
    ear.wait(0.2)
    ear.hear(source.flush(0, 2, 3))
    ear.wait(0.05)
    assert asked(ear.said())[:1] == ["segment 0:0:4"]


def test_a_longer_round_trip_prolongs_nothing_that_has_begun() -> None:
    ear, source, object_ = Ear(), Learning(grtt_s=0.01), Object(bytes(16 * 8))
    ear.hear(source.block(object_, 0, but=[1]), source.symbol(object_, 1, 0))
    source.grtt_s = 1.0
    ear.hear(source.symbol(object_, 1, 1))
    ear.wait(0.041)
    assert asked(ear.said()) == ["segment 0:0:4"]
