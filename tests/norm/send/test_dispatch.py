"""What is sent next, and when, as it leaves the sender."""

import pytest
from tests.norm.send.places import (
    GRTT,
    SLOW,
    Stage,
    lacks,
    lacks_info,
    numbered,
)

from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import ObjectSent
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.commands import Flush
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.objects import Data, Info

LARGE = Coding(segment_bytes=1400, block=16, parity=16)


def test_the_info_goes_before_the_symbols_and_both_before_the_flush() -> None:
    stage = Stage()
    stage.send(numbered(50), info=b"name")
    kinds = [type(message) for _, message in stage.heard]
    first_flush = kinds.index(Flush)
    assert kinds.index(Info) < kinds.index(Data) < first_flush
    assert stage.happened(ObjectSent) == [ObjectSent(0)]


def test_repairs_go_before_what_is_new() -> None:
    stage = Stage(rate=SLOW, backoff=0)
    stage.call(stage.sender.send_object, numbered(400), info=b"name")
    while len(stage.of(Data)) < 3:
        stage.run(0.001)
    stage.nack(lacks_info(0), lacks(0, 0, 0))
    stage.heard.clear()
    stage.run(60.0)
    sent = [m for _, m in stage.heard if isinstance(m, Data | Info)]
    assert isinstance(sent[0], Info)
    assert isinstance(sent[1], Data)
    assert sent[1].flags & ObjectFlag.REPAIR
    assert not sent[-1].flags & ObjectFlag.REPAIR


def test_nothing_is_flushed_while_nacks_are_gathered() -> None:
    stage = Stage()
    stage.send(numbered(50))
    stage.run(GRTT / 10)
    stage.heard.clear()
    stage.nack(lacks(0, 0, 0))
    stage.run(4 * GRTT)
    assert stage.of(Flush) == []
    stage.run(4 * GRTT)
    assert stage.of(Flush) != []


def test_the_rate_is_kept_in_the_mean() -> None:
    stage = Stage(rate=1e5, coding=LARGE)
    stage.call(stage.sender.send_object, bytes(100_000))
    stage.run(0.5)
    sent = sum(len(message.encode()) for _, message in stage.heard)
    assert sent == pytest.approx(0.5 * 1e5, rel=0.1)


def test_in_one_turn_no_more_is_sent_than_others_can_wait_for() -> None:
    stage = Stage(rate=1e12, coding=LARGE)
    stage.call(stage.sender.send_object, bytes(10_000_000))
    stage.now += 1e-6
    stage.call(stage.sender.handle_timeout)
    first = sum(len(message.encode()) for _, message in stage.heard)
    assert 1 << 18 <= first <= (1 << 18) + 65_000
    stage.run(1.0)
    assert stage.happened(ObjectSent) == [ObjectSent(0)]


def test_a_stream_without_a_segment_sends_nothing_and_flushes_nothing() -> None:
    stage = Stage()
    stream = stage.do(stage.sender.open_stream, buffer_bytes=1000)
    stage.do(stage.sender.write, stream, b"a")
    stage.run(GRTT)
    assert stage.of(Data) == []
    assert stage.of(Flush) == []


def test_no_more_is_made_while_nobody_takes_it() -> None:
    sender = Sender(SenderConfig(1, 7, LARGE), FixedRate(1e9))
    now = 0.0
    sender.send_object(bytes(10_000_000), now=now)
    for _ in range(100):
        now += 0.001
        sender.handle_timeout(now=now)
        assert now <= (sender.poll_timeout() or 0) < now + 0.1
    waiting = sum(len(t.data) for t in sender.poll_transmits())
    assert 1 << 20 <= waiting <= 1 << 21
    sender.handle_timeout(now=now + 0.001)
    assert sender.poll_transmits()


def test_what_was_too_much_to_be_taken_goes_on_as_soon_as_it_is_taken() -> None:
    sender, now = Sender(SenderConfig(1, 9, LARGE), FixedRate(1e9)), 1.0
    sender.send_object(bytes(4 << 20), now=now)
    for _ in range(10):
        now += 0.001
        sender.handle_timeout(now=now)
    assert (sender.poll_timeout() or 0.0) > now
    assert sum(len(t.data) for t in sender.poll_transmits()) >= 1 << 20
    assert sender.poll_timeout() == now
    sender.handle_timeout(now=now)
    assert sender.poll_transmits()


@pytest.mark.parametrize(("gather_s", "most"), [(0.0, 1000), (0.001, 50)])
def test_who_waits_for_the_rate_may_gather_what_it_lets_through(
    gather_s: float, most: int
) -> None:
    config = SenderConfig(1, 9, LARGE, gather_s=gather_s)
    sender, now, wakes = Sender(config, FixedRate(1e8)), 1.0, 0
    sender.send_object(bytes(4 << 20), now=now)
    sent = sum(len(t.data) for t in sender.poll_transmits())
    while sent < 4 << 20:
        now = sender.poll_timeout() or 0.0
        wakes += 1
        sender.handle_timeout(now=now)
        sent += sum(len(t.data) for t in sender.poll_transmits())
    assert (4 << 20) / (now - 1.0) == pytest.approx(1e8, rel=0.2)
    assert wakes < most
