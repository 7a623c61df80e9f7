"""Any verbs, any feedback and any pauses in any order: what a sender never does."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from tests.norm.send.places import INSTANCE, NODE, SMALL, Stage, ack, numbered

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.send.content import BytesSource, ObjectContent
from groupwire.norm.send.events import ObjectSent, WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.stream_header import StreamHeader
from groupwire.norm.wire.commands import Flush
from groupwire.norm.wire.feedback import Ack, FeedbackHead, Nack
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)

FIRST = 65_530
_TEXT = numbered(20_000)
NODES = (5, 6, 7)
ITEMS = st.builds(
    RepairItem,
    st.sampled_from([FecId.REED_SOLOMON_8, FecId.SMALL_BLOCK]),
    st.integers(FIRST - 2, FIRST + 8).map(lambda number: number & 0xFFFF),
    st.builds(PayloadId, st.integers(0, 3), st.integers(0, 8), st.integers(0, 4)),
)
LEVELS = st.sampled_from([*RepairLevel] * 3 + [RepairLevel(0), RepairLevel(15)])
REQUESTS = st.one_of(
    st.builds(
        RepairRequest,
        st.sampled_from([RepairForm.ITEMS, RepairForm.ERASURES]),
        LEVELS,
        st.lists(ITEMS, max_size=4).map(tuple),
    ),
    st.builds(
        RepairRequest,
        st.just(RepairForm.RANGES),
        LEVELS,
        st.lists(st.tuples(ITEMS, ITEMS), max_size=3).map(lambda pairs: sum(pairs, ())),
    ),
)


class AnySender(RuleBasedStateMachine):
    """Knows what was handed in, and holds everything that is sent against it."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(
            4000.0, robust=2, patience_s=0.0, kept_objects=4, first_object=FIRST
        )
        self.objects: dict[int, bytes] = {}
        self.streams: dict[int, bytearray] = {}
        self.open: int | None = None
        self.cancelled: set[int] = set()
        self.watermarks = 0
        self.seen: set[tuple[int, int]] = set()
        """Offsets in streams that have been sent, by object."""
        self.sequence = 0

    # What the application does.

    @rule(size=st.integers(0, 100), info=st.none() | st.binary(max_size=10))
    def send(self, size: int, info: bytes | None) -> None:
        data = numbered(size)
        with suppress(UsageError):
            self.objects[self.stage.send(data, info=info)] = data

    @precondition(lambda self: self.open is None)
    @rule()
    def open_stream(self) -> None:
        with suppress(UsageError):
            self.open = self.stage.do(self.stage.sender.open_stream, buffer_bytes=1)
            self.streams[self.open] = bytearray()

    @precondition(lambda self: self.open is not None)
    @rule(size=st.integers(0, 500), flush=st.booleans())
    def write(self, size: int, flush: bool) -> None:
        assert self.open is not None
        size = min(size, self.stage.sender.stream_room(self.open))
        written = self.streams[self.open]
        data = _TEXT[len(written) : len(written) + size]
        written += data
        self.stage.do(self.stage.sender.write, self.open, data)
        if flush:
            self.stage.do(self.stage.sender.flush, self.open)

    @precondition(lambda self: self.open is not None)
    @rule()
    def end_stream(self) -> None:
        self.stage.do(self.stage.sender.end_stream, self.open)
        self.open = None

    @rule(back=st.integers(0, 2))
    def cancel(self, back: int) -> None:
        number = FIRST + len(self.objects) + len(self.streams) - 1 - back
        self.stage.do(self.stage.sender.cancel, number)
        self.cancelled.add(number)
        if number == self.open:
            self.open = None

    @rule(nodes=st.lists(st.sampled_from(NODES), min_size=1))
    def watermark(self, nodes: list[int]) -> None:
        with suppress(UsageError):
            self.stage.do(self.stage.sender.watermark, nodes)
            self.watermarks += 1

    @rule(content=st.binary(max_size=10))
    def command(self, content: bytes) -> None:
        self.stage.do(self.stage.sender.command, content)

    @rule(nodes=st.lists(st.sampled_from(NODES)))
    def request_ack(self, nodes: list[int]) -> None:
        self.stage.do(self.stage.sender.request_ack, 16, nodes)

    @rule()
    def finish(self) -> None:
        self.stage.do(self.stage.sender.finish)

    # What the network does.

    @rule(
        node=st.sampled_from(NODES),
        requests=st.lists(REQUESTS, max_size=3).map(tuple),
        unicast=st.booleans(),
        seconds=st.sampled_from([0.0, 0.05, 1.0]),
    )
    def nack(
        self,
        node: int,
        requests: tuple[RepairRequest, ...],
        unicast: bool,
        seconds: float,
    ) -> None:
        heard = Nack(0, node, FeedbackHead(NODE, INSTANCE), requests)
        self.stage.hear(heard, unicast=unicast)
        self.stage.run(seconds)

    @precondition(lambda self: self.stage.of(Flush))
    @rule(node=st.sampled_from(NODES))
    def acknowledge(self, node: int) -> None:
        self.stage.hear(ack(self.stage.of(Flush)[-1], node))

    @rule(node=st.sampled_from(NODES), ack_type=st.integers(0, 255), junk=st.binary())
    def answer(self, node: int, ack_type: int, junk: bytes) -> None:
        to = FeedbackHead(NODE, INSTANCE, 1, 5)
        self.stage.hear(Ack(0, node, to, ack_type, 1, junk[:10]))

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.5, 3.0]))
    def wait(self, seconds: float) -> None:
        self.stage.run(seconds)

    # What is always true.

    @invariant()
    def sequence_numbers_leave_nothing_out(self) -> None:
        for _, message in self.stage.heard[self.sequence :]:
            assert message.sequence == self.sequence & 0xFFFF
            self.sequence += 1
            if isinstance(message, Data):
                self.check(message)

    def check(self, data: Data) -> None:
        number = FIRST + ((data.object_id - FIRST) & 0xFFFF)
        if data.flags & ObjectFlag.STREAM:
            self.check_stream(number, data)
        else:
            assert bytes(data.payload) == symbol(self.objects[number], data.payload_id)

    def check_stream(self, number: int, data: Data) -> None:
        if data.payload_id.symbol < SMALL.block:
            head = StreamHeader.decode(data.payload)
            text = bytes(data.payload[8:])
            assert len(text) == head.length_bytes
            assert self.streams[number][head.offset :].startswith(text)
            self.seen.update((number, head.offset + n) for n in range(len(text)))

    def teardown(self) -> None:
        """Let everything come to its end."""
        if self.open is not None:
            self.end_stream()
        self.stage.run(100.0)
        self.sequence_numbers_leave_nothing_out()
        sent = {event.object for event in self.stage.happened(ObjectSent)}
        assert sent | self.cancelled >= {*self.objects, *self.streams}
        for number in self.streams.keys() - self.cancelled:
            offsets = {(number, n) for n in range(len(self.streams[number]))}
            assert self.seen >= offsets
        ended = self.stage.happened(WatermarkEnded)
        assert len(ended) == self.watermarks
        if ended and ended[-1].object not in self.cancelled:
            assert AckStatus.PENDING not in ended[-1].status.values()


def symbol(data: bytes, where: PayloadId, coding: Coding = SMALL) -> bytes:
    """Return what a symbol of an object holds."""
    partition = Partition.of(len(data), coding.segment_bytes, coding.block)
    content = ObjectContent(BytesSource(data), partition)
    length = content.length(where.block)
    source = content.symbols(where.block, 0, length)
    if where.symbol < length:
        return bytes(source[where.symbol])
    code = ReedSolomon(coding.block, coding.parity)
    return code.encode(source, [where.symbol - length], max(map(len, source)))[0]


TestAnySender = AnySender.TestCase
TestAnySender.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None
)
