"""A message that leaves first is sent as any other, and so is all that follows."""

from __future__ import annotations

from random import Random

import pytest

from groupwire.norm.coding import Coding
from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import StreamReceived
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import SenderEvent
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.payload import FecId
from groupwire.values import Datagram, Origin

_SENDER, _RECEIVER = Origin("10.0.0.1", 10_000), Origin("10.0.0.2", 10_000)
_NODE = 7


class _Pair:
    """Two senders of the same; one lets messages leave first where they may."""

    def __init__(self, seed: int, coding: Coding) -> None:
        self.dice = dice = Random(seed)
        self.now = 1.0
        config = SenderConfig(
            1, 9, coding, backoff=dice.choice((0, 4)), more_follows=True
        )
        rate = AdaptiveConfig(start_bytes_per_s=dice.choice((1e4, 1e7)))
        self.quick = Sender(config, AdaptiveRate(rate))
        self.plain = Sender(config, AdaptiveRate(rate))
        self.stream = 0
        for sender in (self.quick, self.plain):
            self.stream = sender.open_stream(
                buffer_bytes=4096, now=self.now, info=b"it"
            )
        self.receiver = Receiver(
            ReceiverConfig(_NODE, join=Join.WINDOW, unicast=True), Random(seed)
        )
        self.loss = dice.choice((0.0, 0.1))
        self.first = 0
        self.sent = b""
        self.came = b""
        self.said: list[SenderEvent] = []

    def write(self, text: bytes) -> None:
        room = self.plain.stream_room(self.stream)
        assert self.quick.stream_room(self.stream) == room
        if len(text) > room:
            return
        self.sent += text
        self.plain.write(self.stream, text, now=self.now, flush=True)
        if self.quick.write_first(self.stream, text, now=self.now):
            self.first += 1
            self.quick.settle(now=self.now)
        else:
            self.quick.write(self.stream, text, now=self.now, flush=True)
        self.agree()

    def ask(self) -> None:
        self.plain.watermark([_NODE], now=self.now)
        self.quick.watermark([_NODE], now=self.now)
        self.agree()

    def pass_by(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            due = [self.plain.poll_timeout(), self.receiver.poll_timeout()]
            soonest = min(d for d in [*due, until] if d is not None)
            self.now = max(self.now, soonest)
            if soonest >= until:
                return
            self.receiver.handle_timeout(now=self.now)
            self.quick.handle_timeout(now=self.now)
            self.plain.handle_timeout(now=self.now)
            self.agree()

    def agree(self) -> None:
        transmits = list(self.plain.poll_transmits())
        assert list(self.quick.poll_transmits()) == transmits
        assert self.quick.poll_timeout() == self.plain.poll_timeout()
        assert self.quick.stats == self.plain.stats
        events = list(self.plain.poll_events())
        assert list(self.quick.poll_events()) == events
        self.said += events
        for transmit in transmits:
            whole, step = bytes(transmit.data), transmit.segment_bytes
            for at in range(0, len(whole), step or len(whole)):
                part = whole[at : at + step] if step else whole
                if self.dice.random() >= self.loss:
                    heard = Datagram(part, _SENDER)
                    self.receiver.handle_datagram(heard, now=self.now)
        for event in self.receiver.poll_events():
            if isinstance(event, StreamReceived):
                self.came += event.data
        for said in self.receiver.poll_transmits():
            feedback = Datagram(bytes(said.data), _RECEIVER)
            self.quick.handle_datagram(feedback, now=self.now)
            self.plain.handle_datagram(feedback, now=self.now)
            self.agree()


@pytest.mark.parametrize("seed", range(30))
def test_it_is_sent_as_by_the_usual_way(seed: int) -> None:
    pair = _Pair(seed, Coding(32, 8, 4))
    for number in range(100):
        size = pair.dice.choice((1, 20, 31, 32, 33, 90))
        pair.write(bytes([number]) * size)
        if pair.dice.random() < 0.1:
            pair.ask()
        pair.pass_by(pair.dice.choice((0.0, 0.0005, 0.002, 0.01, 1.5)))
    pair.pass_by(20.0)
    assert pair.came == pair.sent
    assert pair.first > 5


def test_what_shares_a_segment_or_fills_more_than_one_goes_the_usual_way() -> None:
    pair = _Pair(1, Coding(32, 8, 4))
    pair.write(b"a message")
    pair.pass_by(0.01)
    assert not pair.quick.write_first(pair.stream, b"", now=pair.now)
    assert not pair.quick.write_first(pair.stream, bytes(33), now=pair.now)
    pair.quick.write(pair.stream, b"half of one", now=pair.now, message_ends=False)
    assert not pair.quick.write_first(pair.stream, b"the other", now=pair.now)


def test_nothing_leaves_first_of_a_stream_that_is_not_open() -> None:
    pair = _Pair(1, Coding(32, 8, 4))
    assert not pair.quick.write_first(99, b"it", now=pair.now)


def test_nothing_leaves_first_by_a_code_whose_ids_are_longer() -> None:
    pair = _Pair(1, Coding(32, 8, 4, fec_id=FecId.SMALL_BLOCK))
    for _ in range(9):
        pair.write(b"a message")
        pair.pass_by(0.002)
    assert not pair.first
