from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from ipaddress import ip_address

import pytest
from tests.norm.send.places import (
    INSTANCE,
    NODE,
    RECEIVER,
    SLOW,
    SMALL,
    Stage,
    ack,
    datagrams,
    lacks,
    lacks_blocks,
    lacks_objects,
    nack,
    numbered,
    place,
)

from groupwire.errors import MessageTooLarge, UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate, Slow
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.content import FileSource
from groupwire.norm.send.events import (
    AckReceived,
    CommandSent,
    MemberDropped,
    NodeAcknowledged,
    ObjectPurged,
    ObjectSent,
    RequestEnded,
    TransmissionIdle,
    WatermarkEnded,
)
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.norm.stream_header import StreamHeader
from groupwire.norm.wire.commands import (
    AckRequest,
    ApplicationCommand,
    CongestionProbe,
    EndOfTransmission,
    Flush,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions
from groupwire.norm.wire.feedback import Ack, AckType, FeedbackHead
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.values import Datagram, KnownFacts, Origin

PENDING, SUCCESS, FAILURE = AckStatus.PENDING, AckStatus.SUCCESS, AckStatus.FAILURE


@pytest.fixture
def stage() -> Stage:
    return Stage(robust=3, patience_s=0.0)


def text(of: Stage) -> bytes:
    """Return the bytes of all data that was sent."""
    return b"".join(bytes(data.payload) for data in of.of(Data))


def grtt(of: Stage) -> float:
    return of.sender.grtt_s


# Objects.


@pytest.mark.parametrize("size", [0, 1, 10, 11, 40, 41, 80, 81, 1000])
def test_an_object_is_sent_once_and_whole(stage: Stage, size: int) -> None:
    data = numbered(size)
    assert stage.send(data) == 0
    assert text(stage) == data
    for sent in stage.of(Data):
        assert sent.flags == ObjectFlag(0)
        assert sent.extensions.info == SMALL.object_info(size)
    assert stage.happened(ObjectSent) == [ObjectSent(0)]


def test_objects_are_sent_in_order_and_numbered(stage: Stage) -> None:
    assert [stage.send(numbered(n)) for n in (10, 0, 20)] == [0, 1, 2]
    assert stage.places() == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 0, 1)]
    assert stage.events == [ObjectSent(0), ObjectSent(1), ObjectSent(2)]


def test_info_is_sent_first_and_announced_by_all_data(stage: Stage) -> None:
    stage.send(numbered(20), info=b"name", flags=ObjectFlag.FILE)
    kinds = [type(m) for _, m in stage.heard if isinstance(m, Info | Data)]
    assert kinds == [Info, Data, Data]
    (info,) = stage.of(Info)
    assert info.payload == b"name"
    flags = {message.flags for message in [info, *stage.of(Data)]}
    assert flags == {ObjectFlag.FILE | ObjectFlag.INFO}


def test_an_object_may_be_nothing_but_info(stage: Stage) -> None:
    stage.send(b"", info=b"")
    (info,), (data,) = stage.of(Info), stage.of(Data)
    assert (info.payload, data.payload) == (b"", b"")


def test_info_is_at_most_a_segment(stage: Stage) -> None:
    stage.send(b"x", info=bytes(10))
    with pytest.raises(MessageTooLarge) as refused:
        stage.send(b"x", info=bytes(11))
    assert refused.value.limit_bytes == 10
    assert stage.send(b"x") == 1


class Endless:
    """Says that it has as many bytes as is wanted."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes

    def read(self, offset: int, size_bytes: int) -> memoryview:
        assert offset + size_bytes <= self.size_bytes
        return memoryview(bytes(size_bytes))


def test_no_object_has_more_blocks_than_can_be_numbered() -> None:
    stage = Stage(SLOW, coding=Coding(segment_bytes=1, block=1, parity=0))
    most = 1 << 24  # block numbers of fec_id 5 have 24 bits
    stage.do(stage.sender.send_object, Endless(most))
    with pytest.raises(MessageTooLarge) as refused:
        stage.do(stage.sender.send_object, Endless(most + 1))
    assert refused.value.limit_bytes == most


def test_a_file_that_shrinks_is_sent_with_zeros_and_told(stage: Stage) -> None:
    file = BytesIO(numbered(25))
    source = FileSource(file, 25)
    file.truncate(12)
    stage.do(stage.sender.send_object, source)
    assert text(stage) == numbered(25)[:12] + bytes(13)
    assert source.short


def test_parity_may_be_sent_unasked() -> None:
    stage = Stage(auto_parity=1)
    stage.send(numbered(80))
    every = [(0, block, n) for block in (0, 1) for n in range(5)]
    assert stage.places() == every
    assert stage.events == [ObjectSent(0)]


@pytest.mark.parametrize("fec_id", list(FecId))
def test_every_scheme_is_spoken(fec_id: FecId) -> None:
    stage = Stage(coding=replace(SMALL, fec_id=fec_id))
    stage.send(numbered(50))
    assert text(stage) == numbered(50)
    stage.nack(lacks_blocks(0, 1, 1))
    stage.run(1.0)
    (*_, last) = stage.of(Data)
    length = 2 if fec_id is FecId.SMALL_BLOCK else 0
    assert last.payload_id == PayloadId(1, 1, length)
    assert stage.of(Flush)[-1].payload_id == PayloadId(1, 1, length)


# Sequence, pace, bounds.


def test_sequence_numbers_leave_nothing_out_whatever_is_sent() -> None:
    stage = Stage(SLOW, robust=2, kept_objects=2)
    for size in (300, 300, 300):
        stage.send(numbered(size), info=b"name")
        stage.do(stage.sender.command, b"go")
        stage.do(stage.sender.request_ack, 16, [RECEIVER])
        stage.run(0.7)
        stage.nack(lacks(0, 0, 0), unicast=True)
    stage.do(stage.sender.watermark, [RECEIVER])
    stage.do(stage.sender.finish)
    stage.run(10.0)
    messages = [message for _, message in stage.heard]
    expected = {
        *(Info, Data, Flush, CongestionProbe, Squelch, RepairAdvertisement),
        *(AckRequest, ApplicationCommand, EndOfTransmission),
    }
    assert {type(message) for message in messages} == expected
    assert [message.sequence for message in messages] == list(range(len(messages)))


def test_data_keeps_to_the_rate() -> None:
    stage = Stage(SLOW)
    stage.send(numbered(10_000))
    stage.run(2.0)
    sent = sum(len(m.encode()) for _, m in stage.heard)
    assert sent == pytest.approx(2.0 * SLOW, rel=0.02)
    assert stage.happened(ObjectSent) == []


def test_commands_do_not_wait_for_data_but_are_paid_for() -> None:
    stage = Stage(SLOW, robust=3)
    stage.send(numbered(10_000))
    stage.do(stage.sender.command, b"stop")
    assert len(stage.of(ApplicationCommand)) == 1
    stage.run(2.0)
    assert len(stage.of(ApplicationCommand)) == 3
    assert stage.happened(CommandSent) == [CommandSent(b"stop")]
    sent = sum(len(m.encode()) for _, m in stage.heard)
    assert sent == pytest.approx(2.0 * SLOW, rel=0.02)


def test_however_high_the_rate_others_have_their_turn() -> None:
    stage = Stage(1e12, coding=Coding())
    stage.call(stage.sender.send_object, Endless(10_000_000))
    stage.call(stage.sender.handle_timeout)
    stage.now += 1e-6
    stage.heard.clear()
    stage.call(stage.sender.handle_timeout)
    first = sum(len(data.payload) for data in stage.of(Data))
    assert 250_000 <= first <= 330_000
    assert stage.sender.poll_timeout() == stage.now
    stage.run(0.001)
    assert stage.happened(ObjectSent) == [ObjectSent(0)]


def test_a_row_is_one_transmit_where_the_rate_allows() -> None:
    config = SenderConfig(NODE, INSTANCE)
    for rate, segments in ((1e9, 45), (1e6, 1)):
        sender = Sender(config, FixedRate(rate))
        sender.send_object(bytes(64 * 1400), now=1.0)
        sender.handle_timeout(now=1.1)
        rows = [t for t in sender.poll_transmits() if len(t.data) > 1400]
        assert max(len(datagrams([t])) for t in rows) == segments
        assert all(len(t.data) <= 65_507 for t in rows)


def test_the_oldest_objects_make_room_when_there_are_too_many() -> None:
    stage = Stage(kept_objects=3)
    for _ in range(5):
        stage.send(b"x")
    assert stage.happened(ObjectPurged) == [ObjectPurged(0), ObjectPurged(1)]
    stage.nack(lacks(1, 0, 0), lacks(2, 0, 0))
    stage.run(1.0)
    (squelch,) = stage.of(Squelch)
    assert squelch.object_id == 2
    assert place(stage.of(Data)[-1]) == (2, 0, 1)


def test_the_oldest_objects_make_room_when_they_are_too_large() -> None:
    stage = Stage(kept_bytes=100)
    for _ in range(3):
        stage.send(bytes(40))
    assert stage.happened(ObjectPurged) == [ObjectPurged(0)]


def test_what_waits_to_be_sent_is_not_given_up() -> None:
    stage = Stage(SLOW, kept_objects=2)
    stage.send(numbered(1000))
    stage.send(b"x")
    with pytest.raises(UsageError, match="wait to be sent"):
        stage.send(b"x")
    stage.run(2.0)
    assert stage.send(b"x") == 2
    assert stage.happened(ObjectPurged) == [ObjectPurged(0)]


def test_object_ids_wrap_within_the_window() -> None:
    stage = Stage(first_object=65_400, kept_objects=256)
    assert [stage.send(b"x") for _ in range(300)] == list(range(65_400, 65_700))
    assert [data.object_id for data in stage.of(Data)] == [
        n & 0xFFFF for n in range(65_400, 65_700)
    ]
    stage.heard.clear()
    stage.nack(lacks(65_450, 0, 0), lacks(65_535, 0, 0), lacks(0, 0, 0))
    stage.nack(lacks_objects(65_410))
    stage.run(1.0)
    assert stage.of(Squelch)[0].object_id == 65_700 - 256
    assert stage.places() == [(65_450, 0, 1), (65_535, 0, 1), (0, 0, 1)]


# Repair and cancelling; more of both in test_repairs.py.


def test_explicit_repairs_are_flagged(stage: Stage) -> None:
    stage.send(numbered(80), info=b"name", flags=ObjectFlag.FILE)
    stage.heard.clear()
    stage.nack(lacks_objects(0))
    stage.run(1.0)
    described = ObjectFlag.FILE | ObjectFlag.INFO
    (info,) = stage.of(Info)
    assert info.flags == described | ObjectFlag.REPAIR
    assert {data.flags for data in stage.of(Data)} == {
        described | ObjectFlag.REPAIR | ObjectFlag.EXPLICIT
    }
    assert text(stage) == numbered(80)


def test_cancelling_what_is_not_kept_changes_nothing(stage: Stage) -> None:
    stage.do(stage.sender.cancel, 5)
    assert stage.events == []


def test_what_waits_behind_a_stream_is_sent_when_it_ends_or_is_cancelled(
    stage: Stage,
) -> None:
    for ending in (stage.sender.end_stream, stage.sender.cancel):
        number = stage.do(stage.sender.open_stream, buffer_bytes=1)
        stage.send(b"x")
        assert stage.of(Data) == []
        stage.do(ending, number)
        assert stage.places()[-1] == (number + 1, 0, 0)


# Flushes and watermarks.


def test_all_is_flushed_before_the_sender_rests(stage: Stage) -> None:
    stage.send(numbered(50))
    stage.run(5.0)
    flushes = stage.times_of(Flush)[:3]
    assert flushes == pytest.approx([n * 2 * grtt(stage) for n in range(3)], abs=1e-6)
    ((idle, _),) = [t for t in stage.times if isinstance(t[1], TransmissionIdle)]
    assert idle == pytest.approx(4 * grtt(stage), abs=1e-6)


def test_who_was_cut_off_learns_from_time_to_time_how_far_all_was_sent() -> None:
    stage = Stage(robust=3, idle_probe_s=5.0)
    stage.send(numbered(50))
    stage.run(60.0)
    late = [time for time in stage.times_of(Flush) if time > 20]
    probes = [time for time in stage.times_of(CongestionProbe) if time > 20]
    assert late == probes
    assert len(late) == 8
    assert stage.of(Flush)[-1].payload_id == PayloadId(1, 1)


def test_every_node_succeeds_fails_or_is_pending() -> None:
    stage = Stage(robust=3, patience_s=1.0)
    stage.send(numbered(50))
    stage.do(stage.sender.watermark, [5, 6])
    stage.hear(ack(stage.of(Flush)[-1], 5))
    assert stage.happened(NodeAcknowledged) == [NodeAcknowledged(5)]
    stage.run(0.9)
    assert stage.happened(WatermarkEnded) == []
    stage.run(1.0)
    assert stage.happened(WatermarkEnded) == [
        WatermarkEnded(0, {5: SUCCESS, 6: FAILURE})
    ]
    stage.do(stage.sender.watermark, [6])
    stage.do(stage.sender.watermark, [5])
    assert stage.happened(WatermarkEnded)[1:] == [WatermarkEnded(0, {6: PENDING})]


def test_nobody_is_asked_before_the_watermark_is_sent() -> None:
    stage = Stage(SLOW)
    stage.send(numbered(2000))
    stage.do(stage.sender.watermark, [5])
    stage.send(numbered(2000))
    stage.run(1.0)
    assert stage.of(Flush) == []
    stage.run(2.0)
    asked = [flush for flush in stage.of(Flush) if flush.nodes]
    assert {(flush.object_id, flush.nodes) for flush in asked} == {(0, (5,))}
    assert stage.happened(ObjectSent) == [ObjectSent(0)], "the second one goes on"


def test_a_node_that_asks_for_repair_has_not_failed() -> None:
    stage = Stage(robust=3, patience_s=0.5)
    stage.send(numbered(80))
    stage.do(stage.sender.watermark, [RECEIVER])
    for _ in range(10):
        stage.run(0.4)
        stage.nack(lacks(0, 0, 1))
    assert stage.happened(WatermarkEnded) == []
    stage.run(5.0)
    assert len(stage.happened(WatermarkEnded)) == 1


def test_there_is_no_watermark_where_nothing_was_handed_in(stage: Stage) -> None:
    with pytest.raises(UsageError, match="nothing has been sent"):
        stage.do(stage.sender.watermark, [5])
    stage.send(b"x")
    with pytest.raises(UsageError, match="nobody is to acknowledge"):
        stage.do(stage.sender.watermark, [])
    stage.do(stage.sender.cancel, 0)
    with pytest.raises(UsageError, match="nothing has been sent"):
        stage.do(stage.sender.watermark, [5])


def test_the_watermark_is_the_newest_object_that_was_not_cancelled(
    stage: Stage,
) -> None:
    stage.send(numbered(50))
    stage.send(numbered(50))
    stage.do(stage.sender.cancel, 1)
    stage.do(stage.sender.watermark, [5])
    stage.run(0.5)
    assert {f.object_id for f in stage.of(Flush) if f.nodes} == {0}


def test_a_watermark_ends_when_its_object_is_cancelled() -> None:
    stage = Stage(SLOW)
    stage.send(numbered(2000))
    stage.do(stage.sender.watermark, [5])
    stage.run(0.1)
    stage.do(stage.sender.cancel, 0)
    assert stage.happened(WatermarkEnded) == [WatermarkEnded(0, {5: PENDING})]


def test_a_member_that_is_dropped_is_neither_asked_nor_heard(stage: Stage) -> None:
    stage.send(numbered(50))
    stage.do(stage.sender.watermark, [5, 6])
    stage.sender.drop_member(5)
    stage.heard.clear()
    stage.nack(lacks(0, 0, 1), node=5)
    stage.run(0.5)
    assert stage.of(Data) == []
    assert {flush.nodes for flush in stage.of(Flush)} == {(6,)}
    assert stage.sender.dropped == {"norm-dropped-member": 1}
    stage.hear(ack(stage.of(Flush)[0], 6))
    assert stage.happened(WatermarkEnded) == [
        WatermarkEnded(0, {5: FAILURE, 6: SUCCESS})
    ]


class Impatient(FixedRate):
    """Has found one member too slow."""

    found: Sequence[Slow] = ()

    def slow(self) -> Sequence[Slow]:
        found, self.found = self.found, ()
        return found


def test_the_answer_of_a_member_that_is_dropped_is_not_waited_for(
    stage: Stage,
) -> None:
    ack_id = stage.do(stage.sender.request_ack, 16, [5])
    stage.sender.drop_member(5)
    stage.run(2.1 * grtt(stage))
    assert stage.events == [RequestEnded(16, ack_id, {5: FAILURE})]


def test_a_member_that_is_too_slow_is_dropped_and_told() -> None:
    control = Impatient(1e6)
    stage = Stage(control=control)
    stage.send(numbered(50))
    stage.do(stage.sender.watermark, [5, 6])
    control.found = [Slow(5, 100.0)]
    stage.run(0.3)
    assert stage.happened(MemberDropped) == [MemberDropped(5, 100.0)]
    assert stage.of(Flush)[-1].nodes == (6,)


# Streams.


def opened(stage: Stage, buffer_bytes: int = 200, info: bytes | None = None) -> int:
    number: int = stage.do(
        stage.sender.open_stream, buffer_bytes=buffer_bytes, info=info
    )
    return number


def write(stage: Stage, number: int, data: bytes, *, flush: bool = True) -> None:
    stage.do(stage.sender.write, number, data)
    if flush:
        stage.do(stage.sender.flush, number)


def streamed(stage: Stage) -> bytes:
    symbols = [bytes(data.payload) for data in stage.of(Data)]
    heads = [StreamHeader.decode(symbol) for symbol in symbols]
    offsets = [head.offset for head in heads]
    assert offsets == sorted(offsets)
    return b"".join(symbol[8:] for symbol in symbols)


def test_what_is_written_to_a_stream_is_sent_in_order(stage: Stage) -> None:
    number = opened(stage, info=b"chat")
    write(stage, number, b"hello ")
    write(stage, number, numbered(33), flush=False)
    stage.do(stage.sender.end_stream, number)
    assert streamed(stage) == b"hello " + numbered(33)
    flags = {data.flags for data in stage.of(Data)}
    assert flags == {ObjectFlag.STREAM | ObjectFlag.INFO}
    assert StreamHeader.decode(stage.of(Data)[-1].payload).ends
    assert stage.events == [ObjectSent(0)]


def test_what_is_written_may_leave_at_once(stage: Stage) -> None:
    number = opened(stage)
    stage.do(stage.sender.write, number, memoryview(b"at once"), flush=True)
    assert streamed(stage) == b"at once"


def test_single_messages_are_probed_for_now_and_then() -> None:
    stage = Stage()
    number = opened(stage, buffer_bytes=10_000)
    stage.run(2.0)
    stage.heard.clear()
    for _ in range(1000):
        stage.call(stage.sender.write, number, b"a", flush=True)
        stage.run(0.002)
    assert 3 <= len(stage.of(CongestionProbe)) <= 5
    assert len(stage.of(Data)) == 1000
    assert len(stage.of(Flush)) <= 1


def test_where_messages_wait_to_be_sent_it_probes_as_the_control_wants() -> None:
    stage = Stage(rate=1000.0)
    number = opened(stage, buffer_bytes=10_000)
    stage.run(2.0)
    stage.heard.clear()
    for _ in range(50):
        stage.call(stage.sender.write, number, bytes(40))
        stage.run(0.02)
    # Each tenth of a second, but no more than a tenth of the rate.
    assert len(stage.of(CongestionProbe)) >= 3


def test_a_stream_tells_its_buffer_as_its_size(stage: Stage) -> None:
    write(stage, opened(stage, buffer_bytes=201), b"x")
    (data,) = stage.of(Data)
    assert data.extensions.info is not None
    assert data.extensions.info.size_bytes == 240  # six blocks of four segments of ten


def test_a_segment_that_is_not_full_waits_for_a_flush(stage: Stage) -> None:
    number = opened(stage)
    write(stage, number, b"hello", flush=False)
    assert stage.of(Data) == []
    write(stage, number, b"", flush=True)
    assert streamed(stage) == b"hello"


def test_an_idle_stream_is_flushed_up_to_its_last_symbol(stage: Stage) -> None:
    number = opened(stage)
    stage.run(2.0)
    assert stage.of(Flush) == [], "nothing has been sent"
    write(stage, number, bytes(50))
    stage.run(2.0)
    flushes = [(f.object_id, f.payload_id) for f in stage.of(Flush)]
    assert set(flushes) == {(0, PayloadId(1, 0))}
    assert stage.happened(TransmissionIdle)


def test_a_full_buffer_refuses_and_loses_nothing_that_was_not_sent() -> None:
    stage = Stage(SLOW)
    number = opened(stage, buffer_bytes=400)
    written = b""
    for _ in range(40):
        room = stage.sender.stream_room(number)
        with pytest.raises(UsageError, match="do not fit into the stream's buffer"):
            write(stage, number, bytes(room + 1))
        data = numbered(5000)[len(written) : len(written) + room]
        write(stage, number, data, flush=False)
        written += data
        stage.run(0.2)
    stage.do(stage.sender.end_stream, number)
    stage.run(10.0)
    assert len(written) > 1000
    assert streamed(stage) == written


def test_a_small_stream_takes_lone_messages_for_ever(stage: Stage) -> None:
    number = opened(stage, buffer_bytes=1)
    for _ in range(100):
        write(stage, number, b"hi")
    assert streamed(stage) == b"hi" * 100


def test_blocks_of_a_stream_that_are_gone_are_squelched(stage: Stage) -> None:
    number = opened(stage, buffer_bytes=120)
    for _ in range(20):
        write(stage, number, bytes(10))
    stage.heard.clear()
    stage.nack(lacks(0, 0, 1), lacks(0, 4, 1))
    stage.run(1.0)
    assert stage.of(Squelch)[0].payload_id == PayloadId(2, 0)
    assert stage.places() == [(0, 4, 4)]


@pytest.mark.parametrize("what", ["write", "flush", "end", "room"])
def test_a_stream_that_is_ended_takes_nothing_more(stage: Stage, what: str) -> None:
    number = opened(stage)
    write(stage, number, b"x")
    stage.do(stage.sender.end_stream, number)
    verbs = {
        "write": lambda: write(stage, number, b"y"),
        "flush": lambda: stage.do(stage.sender.flush, number),
        "end": lambda: stage.do(stage.sender.end_stream, number),
        "room": lambda: stage.sender.stream_room(number),
    }
    with pytest.raises(UsageError, match="0 is no open stream"):
        verbs[what]()
    assert len(stage.of(Data)) == 2


def test_only_streams_can_be_written_to(stage: Stage) -> None:
    stage.send(b"x")
    for number in (0, 1):
        with pytest.raises(UsageError, match=f"{number} is no open stream"):
            write(stage, number, b"x")


def test_the_watermark_of_a_stream_is_all_that_was_written(stage: Stage) -> None:
    number = opened(stage)
    write(stage, number, bytes(42), flush=False)
    stage.do(stage.sender.watermark, [5])
    assert len(streamed(stage)) == 42
    (flush,) = (each for each in stage.of(Flush) if each.nodes)
    assert (flush.payload_id, flush.nodes) == (PayloadId(1, 0), (5,))
    write(stage, number, bytes(40))
    stage.hear(ack(flush, 5))
    assert stage.happened(WatermarkEnded) == [WatermarkEnded(0, {5: SUCCESS})]


def test_the_watermark_of_an_empty_stream_is_the_end_of_what_was_before(
    stage: Stage,
) -> None:
    opened(stage)
    with pytest.raises(UsageError, match="nothing has been sent"):
        stage.do(stage.sender.watermark, [5])
    stage.do(stage.sender.cancel, 0)
    stage.send(numbered(50))
    opened(stage)
    stage.do(stage.sender.watermark, [5])
    stage.run(0.1)
    asked = {(f.object_id, f.payload_id) for f in stage.of(Flush) if f.nodes}
    assert asked == {(1, PayloadId(1, 1))}


# Commands and requests of the application.


def test_requests_are_answered_or_fail_while_data_flows() -> None:
    stage = Stage(SLOW, robust=3, patience_s=0.0)
    stage.send(numbered(5000))
    ack_id = stage.do(stage.sender.request_ack, 20, [5, 6])
    (request,) = stage.of(AckRequest)
    assert (request.ack_type, request.ack_id, request.nodes) == (20, ack_id, (5, 6))
    to = FeedbackHead(NODE, INSTANCE)
    stage.hear(Ack(0, 5, to, 20, ack_id, b"fine"))
    stage.run(2.0)
    assert stage.happened(AckReceived) == [AckReceived(5, 20, ack_id, b"fine")]
    assert stage.happened(RequestEnded) == [
        RequestEnded(20, ack_id, {5: SUCCESS, 6: FAILURE})
    ]
    assert stage.happened(ObjectSent) == []


# The end.


def test_a_sender_that_sent_nothing_may_finish(stage: Stage) -> None:
    stage.do(stage.sender.finish)
    stage.run(2.0)
    assert len(stage.of(EndOfTransmission)) == 3
    assert stage.of(Flush) == []


def test_a_sender_says_that_it_is_gone_when_all_is_sent_and_flushed() -> None:
    stage = Stage(SLOW, robust=3)
    stage.send(numbered(2000))
    stage.do(stage.sender.finish)
    stage.run(10.0)
    last_data = stage.times_of(Data)[-1]
    assert len(stage.of(EndOfTransmission)) == 3
    assert min(stage.times_of(Flush)) >= last_data
    assert stage.times_of(EndOfTransmission)[0] > stage.times_of(Flush)[2]
    assert text(stage) == numbered(2000)


# Probes and feedback.


def test_a_sender_may_probe_before_it_has_something_to_send(stage: Stage) -> None:
    assert stage.sender.poll_timeout() is None
    stage.do(stage.sender.start)
    assert len(stage.of(CongestionProbe)) == 1
    assert stage.sender.poll_timeout() is not None


def test_any_feedback_measures_the_round_trip() -> None:
    stage = Stage()
    stage.send(numbered(50))
    stage.run(0.01)
    probe = stage.of(CongestionProbe)[0]
    stage.run(0.4 - 0.01)
    to = FeedbackHead(NODE, INSTANCE, probe.sent_s, probe.sent_us)
    told = Extensions(feedback=CongestionFeedback(probe.probe, 0, 0, 0, 0))
    stage.hear(Ack(0, RECEIVER, to, AckType.CONGESTION, 0, b"", told))
    # Quantised to the next of 13 steps per factor e, so at most 8 % too long.
    assert 0.4 <= stage.sender.grtt_s <= 0.4 * 1.08


def test_the_rate_in_force_can_be_seen() -> None:
    assert Stage(SLOW).sender.rate_bytes_per_s == SLOW


def hear_raw(stage: Stage, data: bytes, segment_bytes: int = 0) -> None:
    facts = KnownFacts(ip_address("233.252.0.1"), 1)
    heard = Datagram(data, Origin("10.0.0.9", 1), 1, facts, 0, segment_bytes)
    stage.do(stage.sender.handle_datagram, heard)


def test_junk_is_counted_by_reason(stage: Stage) -> None:
    stage.send(b"x")
    hear_raw(stage, b"hello")
    hear_raw(stage, b"\x99" * 40)
    assert stage.sender.dropped == {"norm-cut": 1, "norm-version": 1}


def test_feedback_for_others_changes_nothing(stage: Stage) -> None:
    stage.send(numbered(50))
    stage.heard.clear()
    wanted = nack(lacks(0, 0, 1))
    stage.hear(replace(wanted, to=FeedbackHead(NODE + 1, INSTANCE)))
    stage.hear(replace(wanted, to=FeedbackHead(NODE, INSTANCE - 1)))
    stage.do(stage.sender.watermark, [RECEIVER])
    stage.run(0.5)
    answer = ack(stage.of(Flush)[-1], RECEIVER)
    stage.hear(replace(answer, to=FeedbackHead(NODE, INSTANCE - 1)))
    stage.run(1.0)
    assert stage.of(Data) == []
    assert stage.happened(NodeAcknowledged) == []
    assert stage.sender.dropped == {"norm-other-instance": 2}


def test_what_other_senders_send_is_not_for_a_sender(stage: Stage) -> None:
    stage.send(numbered(50))
    (*_, data) = stage.of(Data)
    hear_raw(stage, data.encode())
    assert not stage.sender.dropped


def test_acks_of_unknown_types_are_ignored(stage: Stage) -> None:
    stage.send(numbered(50))
    stage.do(stage.sender.watermark, [RECEIVER])
    to = FeedbackHead(NODE, INSTANCE)
    stage.hear(Ack(0, RECEIVER, to, 3, 0, b"junk"))
    assert stage.happened(NodeAcknowledged) == []


def test_feedback_that_the_kernel_joined_is_taken_apart(stage: Stage) -> None:
    stage.send(numbered(80))
    first, second = nack(lacks(0, 0, 1)).encode(), nack(lacks(0, 1, 1)).encode()
    stage.heard.clear()
    hear_raw(stage, first + second, len(first))
    stage.run(1.0)
    assert stage.places() == [(0, 0, 4), (0, 1, 4)]


def test_one_bad_datagram_does_not_spoil_those_behind_it(stage: Stage) -> None:
    stage.send(numbered(80))
    good = nack(lacks(0, 1, 1)).encode()
    stage.heard.clear()
    hear_raw(stage, bytes(len(good)) + good, len(good))
    stage.run(1.0)
    assert stage.places() == [(0, 1, 4)]


def test_of_very_many_dropped_members_the_first_is_heard_again(stage: Stage) -> None:
    stage.send(numbered(50))
    for node in range(1000, 1000 + 4097):
        stage.sender.drop_member(node)
    stage.nack(lacks(0, 0, 0), node=1001)
    assert stage.sender.dropped["norm-dropped-member"] == 1
    stage.nack(lacks(0, 0, 0), node=1000)
    assert stage.sender.dropped["norm-dropped-member"] == 1


@pytest.mark.parametrize("skip", [0, 39, 40, 95, 120, 199, 200, 999])
def test_what_is_skipped_is_sent_to_who_asks(stage: Stage, skip: int) -> None:
    data = numbered(200)
    stage.send(data, skip_bytes=skip, info=b"name")
    begun = min(skip // 40, 4) * 40
    assert text(stage) == data[begun:]
    assert stage.of(Info)
    assert stage.sender.sent_bytes(0) == 200
    assert stage.sender.stats.data_bytes == 200 - begun
    assert stage.happened(ObjectSent) == [ObjectSent(0)]
    stage.heard.clear()
    stage.nack(lacks_blocks(0, 0, 0), lacks(0, 1, 2))
    stage.run(1.0)
    places = stage.places()
    assert places[:4] == [(0, 0, n) for n in range(4)]
    assert {block for _, block, _ in places} == {0, 1}
