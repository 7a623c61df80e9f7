"""What Aeron proves of itself: many messages under loss, a large gap, many small ones.

Its tests (aeron-system-tests, GapFillLossTest and LossReportTest) lose data and not
feedback; so do these.
"""

from __future__ import annotations

from random import Random

import pytest
from tests.norm.group import Group

from groupwire.testing import Faults

LAN = Faults(delay_s=0.001)


def messages(count: int, size: int, seed: int) -> list[bytes]:
    rng = Random(seed)
    return [rng.randbytes(size) for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_messages_arrive_in_order_at_20_percent_loss(seed: int) -> None:
    group = Group(seed, 2, down=Faults(loss=0.2, delay_s=0.001), up=LAN)
    sent = messages(10_000, 100, seed)
    group.stream(sent, buffer_bytes=256 << 10)
    assert group.run(60, until=2)
    for ears in group.ears:
        assert ears.gaps == 0
        assert bytes(ears.stream) == b"".join(sent)


def test_a_gap_of_a_mebibyte_is_filled() -> None:
    group = Group(1, 2, down=LAN, up=LAN, rate=1e8)
    (data,) = messages(1, 4 << 20, 1)
    group.send(data)
    group.run(0.005)
    group.members[0].cut(up=False)
    group.run((1 << 20) / 1e8)
    group.members[0].cut(up=False, down=False)
    assert group.run(10, until=2)
    assert group.members[0].down.dropped["cut"] >= (1 << 20) // 1100
    assert [ears.objects[0] == data for ears in group.ears] == [True, True]


def test_a_hundred_gaps_are_filled() -> None:
    group = Group(1, 1, down=LAN, up=LAN, rate=1e7)
    sent = messages(10_000, 100, 1)
    group.stream(sent, buffer_bytes=4 << 20)
    (member,), (ears,) = group.members, group.ears
    for _ in range(100):
        group.run(0.0007)
        member.cut(up=False)
        group.run(0.0003)
        member.cut(up=False, down=False)
    assert group.run(10, until=1)
    assert member.down.dropped["cut"] >= 100
    assert ears.gaps == 0
    assert bytes(ears.stream) == b"".join(sent)
