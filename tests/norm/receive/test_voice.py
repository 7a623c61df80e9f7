"""What NACKs and ACKs say besides what they ask for."""

from __future__ import annotations

import pytest
from tests.norm.receive.facts import BACKOFF_S, acks, numbered, received
from tests.norm.receive.places import ANOTHER, ME, Ear, Object, Source, asked

from groupwire.norm.coding import Coding
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.wire.feedback import Ack, AckType, Nack
from groupwire.norm.wire.payload import FecId, PayloadId


def test_many_requests_are_many_messages_of_a_segment_each() -> None:
    # 16 bytes: one item of 8 with its head of 4.
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(*[source.block(of, n, but=[1]) for n in range(3)], source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    said = ear.said()
    assert [len(nack.requests) for nack in said if isinstance(nack, Nack)] == [1] * 3
    assert asked(said) == [f"segment 0:{n}:4" for n in range(3)]
    assert [nack.sequence for nack in said] == [1, 2, 3]


def test_no_more_messages_are_sent_in_a_cycle_than_it_may() -> None:
    ear = Ear(config=ReceiverConfig(ME, nacks_per_cycle=2))
    source, of = Source(), numbered()
    ear.hear(*[source.block(of, n, but=[1]) for n in range(3)], source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4", "segment 0:1:4"]


def test_with_fec_id_129_the_length_of_the_block_is_told() -> None:
    coding = Coding(segment_bytes=32, block=4, parity=2, fec_id=FecId.SMALL_BLOCK)
    ear, source = Ear(), Source(coding=coding)
    # Ten symbols: blocks of 4, 3 and 3.
    of = Object(bytes(320), coding=coding)
    ear.hear(source.block(of, 0), source.block(of, 1, but=[0]))
    ear.hear(source.flush(1, 0, 3))
    ear.wait(BACKOFF_S)
    said = [nack for nack in ear.said() if isinstance(nack, Nack)]
    places = [i.payload_id for n in said for r in n.requests for i in r.items]
    # Of an object never heard of, the longest block is as good a guess as any.
    assert places == [PayloadId(1, 3, 3), PayloadId(2, 0, 3), PayloadId(0, 0, 4)]


def test_who_knows_nothing_but_a_flush_asks_for_the_object() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.flush(5, 0, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 5"]
    ear.hear(source.whole(numbered(5)))
    assert received(ear.events()) == [5]


def test_with_fec_id_129_too() -> None:
    # Whoever knows no code asks in the simplest scheme; its items say which.
    coding = Coding(segment_bytes=16, block=4, parity=2, fec_id=FecId.SMALL_BLOCK)
    ear, source = Ear(), Source(coding=coding)
    ear.hear(source.flush(5, 0, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 5"]


def test_feedback_is_for_this_run_of_this_sender() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(1), 1, 0))
    ear.wait(BACKOFF_S)
    (nack,) = ear.said()
    assert (nack.source, nack.to.sender, nack.to.instance) == (ME, 1, 7)
    assert (nack.to.echo_s, nack.to.echo_us) == (0, 0)
    assert nack.extensions.feedback is None


def test_a_probe_is_sent_back_moved_on_by_how_long_it_was_held() -> None:
    # RFC 5740 §4.3: grtt_response = probe time + (now - time of hearing it).
    ear, source = Ear(), Source()
    ear.hear(source.probe(sent_s=100, sent_us=900_000))
    ear.wait(0.25)
    ear.hear(source.symbol(numbered(1), 1, 0))
    while not (said := ear.said()):
        ear.wait(0.0001)
    (nack,) = said
    echo = nack.to.echo_s + nack.to.echo_us / 1e6
    assert echo == pytest.approx(100.9 + ear.now, abs=0.0005)
    assert nack.extensions.feedback is not None
    assert nack.extensions.feedback.sequence == 1


def test_a_probe_that_tells_a_rate_is_answered_and_others_answers_silence() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.probe(rate=0x8003))
    ear.wait(BACKOFF_S)
    (ack,) = acks(ear)
    assert (ack.ack_type, ack.payload) == (AckType.CONGESTION, b"")
    assert ack.extensions.feedback is not None
    ear.wait(10.0)
    ear.hear(source.probe(rate=0x8003))
    # Another receiver has a rate at least as low: RFC 5740 §5.5.2.2.
    lower = Ack(1, ANOTHER, ack.to, AckType.CONGESTION, 0, b"", ack.extensions)
    ear.hear(lower.encode())
    ear.wait(BACKOFF_S)
    assert acks(ear) == []
