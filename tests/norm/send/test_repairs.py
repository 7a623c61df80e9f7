from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.norm.send.places import (
    INSTANCE,
    NODE,
    SLOW,
    SMALL,
    Stage,
    datagrams,
    lacks,
    nack,
    numbered,
    place,
)

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import (
    ObjectPurged,
    ObjectSent,
    TransmissionIdle,
)
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.commands import (
    Flush,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.objects import Data
from groupwire.values import Datagram, KnownFacts, Origin

REPAIR, EXPLICIT = ObjectFlag.REPAIR, ObjectFlag.EXPLICIT


@pytest.fixture
def stage() -> Stage:
    return Stage(robust=3, patience_s=0.0)


def text(of: Stage) -> bytes:
    """Return the bytes of all data that was sent."""
    return b"".join(bytes(data.payload) for data in of.of(Data))


def grtt(of: Stage) -> float:
    return of.sender.grtt_s


def test_what_a_receiver_lacks_is_repaired_and_flushed_again(stage: Stage) -> None:
    stage.send(numbered(80))
    stage.run(0.3)
    before = len(stage.of(Flush))
    assert before == 2
    stage.heard.clear()
    stage.nack(lacks(0, 0, 1))
    stage.run(4.9 * grtt(stage))
    assert stage.of(Data) == []
    assert stage.of(Flush) == [], "nothing is flushed while NACKs are gathered"
    stage.run(3.0)
    (data,) = stage.of(Data)
    assert (place(data), data.flags) == ((0, 0, 4), REPAIR)
    assert len(stage.of(Flush)) >= 3


def test_new_data_goes_on_while_nacks_are_gathered_and_waits_for_repairs() -> None:
    stage = Stage(SLOW)
    stage.send(numbered(2000))
    stage.run(0.2)
    stage.heard.clear()
    stage.nack(lacks(0, 0, 1))
    stage.run(10.0)
    flags = [bool(data.flags & REPAIR) for data in stage.of(Data)]
    assert flags.count(True) == 1
    assert 10 < flags.index(True) < len(flags) - 10


def test_small_groups_are_repaired_at_once() -> None:
    config = SenderConfig.low_latency(NODE, INSTANCE)
    sender = Sender(config, FixedRate(1e9))
    sender.send_object(bytes(3000), now=1.0)
    sender.handle_timeout(now=1.01)
    sender.poll_transmits()
    facts = KnownFacts(ip_address("233.252.0.1"), 1)
    heard = Datagram(nack(lacks(0, 0, 1)).encode(), Origin("10.0.0.9", 1), 1, facts)
    sender.handle_datagram(heard, now=1.1)
    (row,) = (t for t in sender.poll_transmits() if len(t.data) > 1400)
    assert len(datagrams([row])) == 1


def test_where_others_wait_repairs_leave_before_feedback_is_booked() -> None:
    config = SenderConfig.low_latency(NODE, INSTANCE)
    sender, other = (Sender(config, FixedRate(1e9)) for _ in range(2))
    heard = Datagram(nack(lacks(0, 0, 1)).encode(), Origin("10.0.0.9", 1))
    for one in (sender, other):
        one.send_object(bytes(3000), now=1.0)
        one.handle_timeout(now=1.01)
        one.poll_transmits()
    sender.repair_first(heard, now=1.1)
    before = sender.poll_transmits()
    sender.book(now=1.1)
    other.handle_datagram(heard, now=1.1)
    assert len(before) == 1
    assert [*before, *sender.poll_transmits()] == other.poll_transmits()


def test_unicast_nacks_are_told_to_all_and_multicast_ones_are_not() -> None:
    stage = Stage(coding=replace(SMALL, segment_bytes=100))
    stage.send(numbered(800))
    stage.nack(lacks(0, 0, 1))
    assert stage.of(RepairAdvertisement) == []
    stage.nack(lacks(0, 0, 2), unicast=True)
    assert len(stage.of(RepairAdvertisement)) == 1


def test_a_nack_whose_destination_is_not_known_counts_as_unicast(stage: Stage) -> None:
    stage.send(numbered(80))
    heard = Datagram(nack(lacks(0, 0, 1)).encode(), Origin("10.0.0.9", 1))
    stage.do(stage.sender.handle_datagram, heard)
    assert len(stage.of(RepairAdvertisement)) == 1


# Cancelling.


def test_an_object_under_way_can_be_cancelled() -> None:
    stage = Stage(SLOW)
    stage.send(numbered(2000))
    stage.send(numbered(20))
    stage.run(0.2)
    stage.heard.clear()
    stage.do(stage.sender.cancel, 0)
    stage.run(1.0)
    assert stage.happened(ObjectPurged) == [ObjectPurged(0)]
    assert stage.places() == [(1, 0, 0), (1, 0, 1)]
    assert stage.happened(ObjectSent) == [ObjectSent(1)]


def test_who_wants_a_cancelled_object_is_told_that_it_is_gone(stage: Stage) -> None:
    for _ in range(3):
        stage.send(numbered(20))
    stage.do(stage.sender.cancel, 1)
    stage.heard.clear()
    stage.nack(lacks(1, 0, 0))
    stage.run(1.0)
    (squelch,) = stage.of(Squelch)
    assert (squelch.object_id, squelch.invalid) == (0, (1,))
    assert stage.of(Data) == []


def test_an_object_that_is_being_repaired_can_be_cancelled(stage: Stage) -> None:
    stage.send(numbered(80))
    stage.nack(lacks(0, 0, 1))
    stage.heard.clear()
    stage.do(stage.sender.cancel, 0)
    stage.run(5.0)
    assert stage.of(Data) == []
    assert len(stage.happened(TransmissionIdle)) == 1
