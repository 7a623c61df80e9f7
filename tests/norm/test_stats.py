"""What a sender and its receivers count, together."""

from __future__ import annotations

import pytest
from tests.norm.group import Group
from tests.norm.receive.facts import BACKOFF_S, numbered
from tests.norm.receive.places import Ear, Object, Source

from groupwire.norm import LATER, ReceiverStats, SenderStats
from groupwire.testing import Faults


def _stats(group: Group) -> tuple[SenderStats, ReceiverStats]:
    core = group.members[0].core
    theirs = core.stats(core.senders[0])
    assert theirs is not None
    return group.sender.core.stats, theirs


def test_nothing_is_repaired_and_nothing_lost_on_a_perfect_link() -> None:
    group = Group(1, 1)
    group.send(bytes(100_000))
    group.watermark(group.nodes)
    assert group.run(1.0, until=1)
    ours, theirs = _stats(group)
    assert ours.data_bytes == 100_000
    assert group.sender.core.sent_bytes(0) == 100_000
    assert (ours.repair_bytes, ours.repair_packets, ours.nacks_heard) == (0, 0, 0)
    assert (theirs.packets_lost, theirs.nacks_sent) == (0, 0)
    assert (theirs.open_objects, theirs.open_bytes, theirs.arrived_bytes) == (0, 0, 0)
    assert theirs.bytes_received == ours.bytes_sent > 100_000
    assert theirs.packets_received == ours.packets_sent > 100


@pytest.mark.parametrize("seed", range(3))
def test_losses_and_repairs_are_counted(seed: int) -> None:
    group = Group(seed, 1, down=Faults(loss=0.2))
    group.send(bytes(1_000_000))
    assert group.run(60.0, until=1)
    group.run(5.0)
    ours, theirs = _stats(group)
    assert ours.data_bytes == 1_000_000
    assert ours.nacks_heard == theirs.nacks_sent > 0
    assert ours.repair_packets > 100
    assert ours.repair_bytes == pytest.approx(1030 * ours.repair_packets, rel=0.02)
    lost = ours.packets_sent - theirs.packets_received
    assert theirs.packets_lost == pytest.approx(lost, abs=25)


def test_acknowledgements_are_counted() -> None:
    group = Group(4, 2)
    group.send(bytes(1000))
    group.watermark(group.nodes)
    group.run(3.0)
    ours, theirs = _stats(group)
    assert theirs.acks_sent >= 1
    assert ours.acks_heard >= 2


def test_an_info_that_is_sent_again_counts_as_a_repair() -> None:
    group = Group(5, 1, down=Faults(loss=0.5))
    for number in range(20):
        group.sender.do(
            lambda core, now, n=number: core.send_object(b"", now=now, info=bytes([n]))
        )
    assert group.run(60.0, until=20)
    assert group.sender.core.stats.repair_packets > 10


def test_of_what_is_not_there_nothing_is_counted() -> None:
    ear = Ear()
    assert ear.core.stats(ear.key) is None
    assert ear.core.arrived_bytes(ear.key, 0) is None
    group = Group(6, 0)
    assert group.sender.core.sent_bytes(0) is None


def test_what_is_under_way_is_counted_as_far_as_it_is_there() -> None:
    ear, source = Ear(sink_for=None), Source()
    ear.hear(source.block(numbered(), 0), source.symbol(numbered(), 1, 1))
    ear.hear(source.stream(0, 0, b"12345678x", number=1))
    stats = ear.core.stats(ear.key)
    assert stats is not None
    assert (stats.open_objects, stats.open_bytes, stats.arrived_bytes) == (2, 192, 80)
    assert ear.core.arrived_bytes(ear.key, 0) == 80
    assert ear.core.arrived_bytes(ear.key, 1) is None


def test_what_waits_for_its_place_is_open_and_none_of_it_there() -> None:
    ear, source = Ear(sink_for=lambda _: LATER), Source()
    ear.hear(source.symbol(Object(bytes(100)), 0, 0))
    ear.wait(BACKOFF_S)
    stats = ear.core.stats(ear.key)
    assert stats is not None
    assert (stats.open_objects, stats.open_bytes, stats.arrived_bytes) == (1, 100, 0)
