"""The short way of what comes next does what the usual way does, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import ReceiverEvent, StreamReceived
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.head import ObjectFlag
from groupwire.values import Datagram, Origin

_ORIGIN = Origin("10.0.0.1", 10_000)
_NODE = 7
_PLAIN = ObjectFlag(0)
_SEEDS = range(30)


class _Pair:
    """Two receivers that hear the same: one by the short way where it is one."""

    def __init__(self, join: Join, *, foreign: bool = False) -> None:
        config = ReceiverConfig(
            _NODE, join=join, unicast=True, message_by_message=foreign
        )
        self.quick, self.plain = (
            Receiver(config, Random(1)),
            Receiver(config, Random(1)),
        )
        self.events: list[ReceiverEvent] = []
        self.short = 0

    def hear(self, data: bytes, now: float) -> list[bytes]:
        datagram = Datagram(data, _ORIGIN)
        if self.quick.handle_next(datagram, now=now):
            self.short += 1
        else:
            self.quick.handle_datagram(datagram, now=now)
        self.plain.handle_datagram(datagram, now=now)
        return self.agree()

    def wait(self, until: float) -> Iterator[bytes]:
        while (due := self.plain.poll_timeout()) is not None and due <= until:
            self.quick.handle_timeout(now=due)
            self.plain.handle_timeout(now=due)
            yield from self.agree()

    def agree(self) -> list[bytes]:
        """Return what both say."""
        quick, plain = self.quick, self.plain
        events, said = list(plain.poll_events()), list(plain.poll_transmits())
        assert list(quick.poll_events()) == events
        assert list(quick.poll_transmits()) == said
        assert quick.poll_timeout() == plain.poll_timeout()
        assert quick.senders == plain.senders
        for sender in plain.senders:
            assert quick.stats(sender) == plain.stats(sender)
            assert quick.lacks(sender) == plain.lacks(sender)
        assert quick.dropped == plain.dropped
        self.events += events
        return [bytes(transmit.data) for transmit in said]


class _Talk:
    """A sender of single messages, whose datagrams meet with all that happens."""

    def __init__(
        self, seed: int, pair: _Pair, *, flags: ObjectFlag, info: bool
    ) -> None:
        self.dice = dice = Random(seed)
        backoff = dice.choice((0, 4))
        coding = Coding(32, dice.choice((4, 8)), 4)
        config = SenderConfig(1, 9, coding, backoff=backoff, more_follows=True)
        self.pair = pair
        self.now = 1.0
        self.trouble = dice.choice((0.0, 0.05, 0.3))
        self.late: list[bytes] = []
        self.sender = Sender(config, FixedRate(1e7))
        self.stream = self.sender.open_stream(
            buffer_bytes=4096, now=self.now, info=b"it" if info else None, flags=flags
        )

    def play(self, messages: int) -> None:
        for number in range(messages):
            size = self.dice.choice((1, 20, 31, 32, 33, 90))
            room = self.sender.stream_room(self.stream)
            if size <= room:
                text = bytes([number & 0xFF]) * size
                self.sender.write(self.stream, text, now=self.now, flush=True)
            if self.dice.random() < 0.05:
                self.sender.watermark([_NODE], now=self.now)
            self._carry()
            self._pass(self.dice.choice((0.0005, 0.002, 0.002, 0.01, 1.5)))
        self.sender.end_stream(self.stream, now=self.now)
        self._carry()
        self._pass(3.0)

    def _pass(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.sender.poll_timeout()) is not None and due <= until:
            self._answer(list(self.pair.wait(due)), due)
            self.now = max(self.now, due)
            self.sender.handle_timeout(now=self.now)
            self._carry()
        self._answer(list(self.pair.wait(until)), until)
        self.now = until

    def _carry(self) -> None:
        for transmit in self.sender.poll_transmits():
            whole, step = bytes(transmit.data), transmit.segment_bytes
            step = step or len(whole)
            for at in range(0, len(whole), step):
                self._meet(whole[at : at + step])

    def _meet(self, data: bytes) -> None:
        fate = self.dice.random() / self.trouble if self.trouble else 1.0
        if fate < 0.5:
            return  # lost
        if fate < 0.7:
            self.late.append(data)
            return
        self._hear(data)
        if fate < 0.8:
            self._hear(data)
        elif fate < 0.9:
            self._hear(data[: self.dice.randrange(len(data))])
        elif fate < 1.0:
            at = self.dice.randrange(len(data))
            self._hear(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        late, self.late = self.late, []
        for data in late:
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        self._answer(self.pair.hear(data, self.now), self.now)

    def _answer(self, said: list[bytes], now: float) -> None:
        for data in said:
            if self.dice.random() >= self.trouble:
                self.sender.handle_datagram(Datagram(data, _ORIGIN), now=now)
        if said:
            self._carry()


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("flags", [_PLAIN, ObjectFlag.UNRELIABLE])
def test_both_ways_say_and_hand_over_the_same(seed: int, flags: ObjectFlag) -> None:
    join = (Join.NOW, Join.OBJECT, Join.WINDOW)[seed % 3]
    pair = _Pair(join)
    talk = _Talk(seed, pair, flags=flags, info=bool(seed % 2))
    talk.play(100)
    assert any(isinstance(event, StreamReceived) for event in pair.events)
    if not talk.trouble:
        assert pair.short > 30


def test_where_messages_are_told_apart_it_is_never_taken() -> None:
    pair = _Pair(Join.OBJECT, foreign=True)
    _Talk(1, pair, flags=_PLAIN, info=True).play(50)
    assert not pair.short


def test_what_is_longer_than_a_segment_of_the_sender_goes_neither_way() -> None:
    pair, dropped = _Pair(Join.NOW), 0
    sender = Sender(
        SenderConfig(1, 9, Coding(32, 8, 0), backoff=0, more_follows=True),
        FixedRate(1e7),
    )
    stream = sender.open_stream(buffer_bytes=4096, now=1.0)
    for number in range(6):
        now = 1.0 + number / 100
        sender.handle_timeout(now=now)
        sender.write(stream, b"it", now=now, flush=True)
        for transmit in sender.poll_transmits():
            data = bytes(transmit.data)
            if number == 5 and data[0] == 0x12:
                data += bytes(31)
                dropped += 1
            pair.hear(data, now)
    assert (pair.short, dropped) == (4, 1)
    assert pair.quick.dropped == {"norm-symbol": 1}


def test_nothing_of_a_sender_that_was_never_heard_is_next() -> None:
    pair = _Pair(Join.OBJECT)
    assert not pair.quick.handle_next(Datagram(b"\x12" + bytes(40), _ORIGIN), now=1.0)


@pytest.mark.parametrize("views", [False, True])
def test_what_is_large_is_a_view_only_for_who_wants_that(*, views: bool) -> None:
    receiver = Receiver(
        ReceiverConfig(_NODE, join=Join.NOW, unicast=True, views=views), Random(1)
    )
    config = SenderConfig(1, 9, Coding(20_000, 8, 0), backoff=0, more_follows=True)
    sender = Sender(config, FixedRate(1e9))
    stream = sender.open_stream(buffer_bytes=1_000_000, now=1.0)
    whole = [bytes([number]) * 10_000 for number in range(8)]
    short = 0
    for number, text in enumerate(whole):
        now = 1.0 + number / 10
        receiver.handle_timeout(now=now)
        sender.handle_timeout(now=now)
        sender.write(stream, text, now=now, flush=True)
        for transmit in sender.poll_transmits():
            datagram = Datagram(bytes(transmit.data), _ORIGIN)
            if receiver.handle_next(datagram, now=now):
                short += 1
            else:
                receiver.handle_datagram(datagram, now=now)
    parts = [e.data for e in receiver.poll_events() if isinstance(e, StreamReceived)]
    assert short >= 5
    assert {type(part) for part in parts} == {memoryview if views else bytes}
    assert b"".join(parts) == b"".join(whole)
