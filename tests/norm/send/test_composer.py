from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from tests.norm.send.places import (
    GRTT,
    INSTANCE,
    NODE,
    SMALL,
    config,
    decoded,
    numbered,
    outgoing,
)

from groupwire.norm.coding import Coding
from groupwire.norm.send.composer import Composer
from groupwire.norm.send.outgoing import Outgoing, Row, key
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.values import Transmit

NO_FLAG = ObjectFlag(0)


def composer(coding: Coding = SMALL) -> Composer:
    return Composer(config(coding=coding, members=100, backoff=3))


def row(*payloads: bytes, block: int = 0, flags: ObjectFlag = NO_FLAG) -> Row:
    places = [(block, n) for n in range(len(payloads))]
    return Row(flags, [key(*place) for place in places], list(payloads))


def written(
    of: Outgoing, *rows: Row, coding: Coding = SMALL
) -> tuple[list[Transmit], list[Data]]:
    composing = composer(coding)
    transmits = [t for each in rows for t in composing.row(of, each)]
    messages = decoded(transmits, coding.field_bits)
    return transmits, [m for m in messages if isinstance(m, Data)]


def sizes(transmits: Sequence[Transmit]) -> list[tuple[int, int]]:
    return [(len(t.data), t.segment_bytes) for t in transmits]


def test_symbols_of_equal_length_travel_in_one_transmit() -> None:
    transmits, heard = written(outgoing(bytes(40)), row(b"a" * 10, b"b" * 10, b"c" * 4))
    # RFC 5740: 20 bytes of header; EXT_FTI of RFC 5510 for fec_id 5 has 12 more.
    assert sizes(transmits) == [(3 * 32 + 24, 42)]
    assert [bytes(data.payload) for data in heard] == [b"a" * 10, b"b" * 10, b"c" * 4]


def test_a_transmit_ends_where_symbols_become_shorter_or_longer() -> None:
    payloads = (b"a" * 10, b"b" * 4, b"c" * 10, b"d" * 10, b"e" * 4, b"f" * 4)
    transmits, heard = written(outgoing(bytes(40)), row(*payloads))
    assert sizes(transmits) == [(42 + 36, 42), (42 + 42 + 36, 42), (36, 0)]
    assert [bytes(data.payload) for data in heard] == list(payloads)


def test_a_symbol_longer_than_those_before_it_begins_a_transmit() -> None:
    transmits, heard = written(outgoing(bytes(40)), row(b"a" * 4, b"b" * 4, b"c" * 10))
    assert sizes(transmits) == [(72, 36), (42, 0)]
    assert [len(data.payload) for data in heard] == [4, 4, 10]


def test_no_symbols_are_no_transmits() -> None:
    assert written(outgoing(), row()) == ([], [])


def test_a_symbol_of_no_bytes_is_sent() -> None:
    _, (data,) = written(outgoing(), row(b""))
    assert data.payload == b""
    assert data.extensions.info is not None
    assert data.extensions.info.size_bytes == 0


def test_every_message_says_who_sends_and_what_the_object_is() -> None:
    of = outgoing(numbered(25), number=3)
    _, (data,) = written(of, row(b"x", block=2, flags=ObjectFlag.FILE))
    assert (data.source, data.sender.instance) == (NODE, INSTANCE)
    assert (data.sender.backoff, data.sender.members) == (3, 100)
    assert data.sender.grtt_s == pytest.approx(GRTT, rel=0.08)
    assert (data.object_id, data.payload_id) == (3, PayloadId(2, 0))
    assert data.flags == ObjectFlag.FILE
    assert data.extensions.info == SMALL.object_info(25)


def test_sequence_numbers_leave_nothing_out_and_wrap() -> None:
    composing = composer()
    assert composing.number(65_534) == 0
    transmits = [
        composing.info(outgoing(info=b"i"), again=False),
        *composing.row(outgoing(), row(b"a" * 10, b"b" * 4, b"c" * 10)),
    ]
    messages = decoded(transmits)
    assert [message.sequence for message in messages] == [65_534, 65_535, 0, 1]
    assert composing.number() == 2


def test_numbers_of_objects_and_blocks_wrap_on_the_wire() -> None:
    of = outgoing(bytes(40), number=65_537)
    _, (data,) = written(of, row(b"x", block=(1 << 24) + 5))
    assert (data.object_id, data.payload_id) == (1, PayloadId(5, 0))


def test_of_objects_alike_in_id_each_has_its_own_header() -> None:
    """65,536 objects later the id is the same and the size another one."""
    composing = composer()
    first, later = outgoing(bytes(40), number=2), outgoing(bytes(10), number=65_538)
    transmits = [*composing.row(first, row(b"x")), *composing.row(later, row(b"x"))]
    infos = [m.extensions.info for m in decoded(transmits) if isinstance(m, Data)]
    assert [info.size_bytes for info in infos if info] == [40, 10]


def test_flags_of_one_row_do_not_stick_to_the_next() -> None:
    repair = ObjectFlag.REPAIR
    of = outgoing(bytes(40))
    _, heard = written(of, row(b"x", flags=repair), row(b"x"), row(b"x", flags=repair))
    assert [data.flags for data in heard] == [repair, NO_FLAG, repair]


def test_a_new_round_trip_is_told_at_once() -> None:
    composing, of = composer(), outgoing(bytes(40))
    told: list[float] = []
    for seconds in (GRTT, 0.5, 0.5, 0.001):
        composing.set_grtt(seconds)
        (data,) = decoded(composing.row(of, row(b"x")))
        assert isinstance(data, Data)
        assert data.sender == composing.state
        told.append(data.sender.grtt_s)
    # The byte of RFC 5401 grows by 8 % a step and is rounded up.
    assert told == pytest.approx([GRTT, 0.5, 0.5, 0.001], rel=0.08)
    assert all(
        said >= true for said, true in zip(told, [GRTT, 0.5, 0.5, 0.001], strict=True)
    )


@pytest.mark.parametrize("again", [False, True])
def test_info_is_a_message_of_its_own(again: bool) -> None:
    of = outgoing(bytes(25), number=65_539, info=b"name")
    transmit = composer().info(of, again=again)
    info = decode(transmit.data)
    assert isinstance(info, Info)
    assert (info.object_id, info.payload) == (3, b"name")
    assert info.extensions.info == SMALL.object_info(25)
    expected = ObjectFlag.INFO | (ObjectFlag.REPAIR if again else NO_FLAG)
    assert info.flags == expected


def test_info_may_be_empty() -> None:
    info = decode(composer().info(outgoing(info=b""), again=False).data)
    assert isinstance(info, Info)
    assert (info.payload, info.flags) == (b"", ObjectFlag.INFO)


def test_over_gf_256_fec_id_2_is_written_like_fec_id_5() -> None:
    coding = replace(SMALL, fec_id=FecId.REED_SOLOMON_M)
    of = outgoing(bytes(40), coding=coding)
    _, heard = written(of, row(b"a", b"b", block=7), coding=coding)
    assert [data.payload_id for data in heard] == [PayloadId(7, 0), PayloadId(7, 1)]
    assert {data.fec_id for data in heard} == {FecId.REED_SOLOMON_M}


def test_fec_id_129_tells_the_length_of_each_block() -> None:
    coding = replace(SMALL, fec_id=FecId.SMALL_BLOCK)
    of = outgoing(bytes(50), coding=coding)  # five symbols: blocks of three and two
    rows = row(b"a", b"b"), row(b"c", block=1)
    transmits, heard = written(of, *rows, coding=coding)
    assert [t.segment_bytes for t in transmits] == [0, 0, 0]
    assert [data.payload_id for data in heard] == [
        PayloadId(0, 0, 3),
        PayloadId(0, 1, 3),
        PayloadId(1, 0, 2),
    ]
    sequences = [data.sequence for data in heard]
    assert all(later == earlier + 1 for earlier, later in pairwise(sequences))
