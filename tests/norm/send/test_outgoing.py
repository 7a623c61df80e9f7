from collections.abc import Iterator, Sequence
from itertools import chain

import pytest
from tests.norm.send.places import SMALL, numbered, outgoing

from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.send.outgoing import Outgoing, Row
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.wire.head import ObjectFlag

REPAIR = ObjectFlag.REPAIR
EXPLICIT = ObjectFlag.REPAIR | ObjectFlag.EXPLICIT
LENGTH, PARITY = SMALL.block, SMALL.parity
TWO_BLOCKS = numbered(80)


def bits(*numbers: int) -> int:
    return sum(1 << number for number in numbers)


def all_new(of: Outgoing, limit: int = 100) -> list[Row]:
    return list(rows(of.next_new(limit) for _ in range(1000)))


def all_repairs(of: Outgoing, limit: int = 100) -> list[Row]:
    return list(rows(of.next_repair(limit) for _ in range(1000)))


def rows(offered: Iterator[Row | None]) -> Iterator[Row]:
    for row in offered:
        if row is None:
            return
        yield row


def places(of: Sequence[Row]) -> list[tuple[int, int]]:
    return list(chain.from_iterable(row.places for row in of))


def sent(data: bytes = TWO_BLOCKS, **options: object) -> Outgoing:
    """Return an object all of which has been sent once."""
    of = outgoing(data, **options)  # type: ignore[arg-type]
    all_new(of)
    return of


def ask(of: Outgoing, block: int, *symbols: int) -> bool:
    """Ask as one receiver does that lacks these symbols."""
    asked = of.existing(block, bits(*symbols))
    return of.ask_symbols(block, asked.bit_count(), of.trimmed(block, asked))


# What is new.


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, [(0, 0)]),
        (1, [(0, 0)]),
        (10, [(0, 0)]),
        (40, [(0, 0), (0, 1), (0, 2), (0, 3)]),
        (41, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]),
    ],
)
def test_all_symbols_are_sent_once_and_in_order(
    size: int, expected: list[tuple[int, int]]
) -> None:
    data = numbered(size)
    of = outgoing(data)
    assert of.has_new
    assert not of.finished
    new = all_new(of)
    assert places(new) == expected
    assert b"".join(payload for row in new for payload in row.payloads) == data
    assert of.finished
    assert not of.has_new
    assert of.position == expected[-1]


def test_a_row_holds_what_is_asked_for_of_as_many_blocks_as_it_needs() -> None:
    new = all_new(outgoing(numbered(70)), limit=3)
    assert [row.places for row in new] == [
        [(0, 0), (0, 1), (0, 2)],
        [(0, 3), (1, 0), (1, 1)],
        [(1, 2)],
    ]
    assert places(all_new(outgoing(numbered(70)))[:1]) == places(new)


def test_a_block_that_is_nearly_a_row_is_a_row_by_itself() -> None:
    of = outgoing(numbered(120))
    of.next_new(2)
    rest = [row.places for row in all_new(of, limit=LENGTH + 1)]
    assert rest == [
        [(0, 2), (0, 3)],
        [(1, 0), (1, 1), (1, 2), (1, 3)],
        [(2, 0), (2, 1), (2, 2), (2, 3)],
    ]


def test_the_position_is_that_of_the_last_new_symbol() -> None:
    of = outgoing(TWO_BLOCKS)
    assert of.position == (0, 0)
    of.next_new(3)
    assert of.position == (0, 2)
    of.next_new(1)
    assert of.position == (0, 3)
    of.next_new(1)
    assert of.position == (1, 0)


def test_parity_unasked_follows_each_block_as_repair_of_nothing() -> None:
    of = outgoing(TWO_BLOCKS, auto_parity=2)
    new = all_new(of, limit=5)
    assert places(new) == [(block, n) for block in (0, 1) for n in range(6)]
    code = ReedSolomon(LENGTH, PARITY)
    source = [TWO_BLOCKS[at : at + 10] for at in range(0, 40, 10)]
    payloads = list(chain.from_iterable(row.payloads for row in new))
    assert payloads[4:6] == code.encode(source, [0, 1], 10)
    assert {row.flags for row in new} == {ObjectFlag(0)}
    assert of.position == (1, 3)


def test_an_object_is_not_finished_before_its_parity_is_sent() -> None:
    of = outgoing(bytes(40), auto_parity=1)
    of.next_new(4)
    assert not of.finished
    of.next_new(4)
    assert of.finished


def test_no_more_parity_is_sent_than_the_code_has() -> None:
    new = all_new(outgoing(bytes(40), auto_parity=100))
    assert places(new) == [(0, n) for n in range(LENGTH + PARITY)]


def test_info_is_new_once() -> None:
    of = outgoing(b"x", info=b"name")
    assert of.flags == ObjectFlag.INFO
    all_new(of)
    assert not of.finished
    assert of.take_info(new=True)
    assert not of.take_info(new=True)
    assert of.finished


def test_without_info_there_is_none_to_send() -> None:
    of = outgoing(b"x")
    assert of.flags == ObjectFlag(0)
    assert not of.take_info(new=True)
    of.ask_info()
    assert not of.repairing


def test_an_object_has_begun_with_the_first_message_of_it() -> None:
    plain, told = outgoing(b"x"), outgoing(b"x", info=b"name")
    assert not plain.begun
    assert not told.begun
    plain.next_new(1)
    told.take_info(new=True)
    assert plain.begun
    assert told.begun
    assert (plain.last_begun, told.last_begun) == (0, -1)


# Repair: parity first, explicit after (RFC 5740 §5.4.2).


def test_fresh_parity_replaces_whatever_was_lost() -> None:
    of = sent()
    assert ask(of, 0, 1, 2)
    (row,) = all_repairs(of)
    assert (row.flags, row.places) == (REPAIR, [(0, 4), (0, 5)])
    code = ReedSolomon(LENGTH, PARITY)
    block = {n: TWO_BLOCKS[n * 10 : n * 10 + 10] for n in (0, 3)}
    parity = {n - LENGTH: p for (_, n), p in zip(row.places, row.payloads, strict=True)}
    found = code.decode(LENGTH, block, parity, 10)
    assert found == {1: TWO_BLOCKS[10:20], 2: TWO_BLOCKS[20:30]}


def test_parity_is_fresh_once() -> None:
    of = sent()
    ask(of, 0, 1)
    assert places(all_repairs(of)) == [(0, 4)]
    ask(of, 0, 2, 3)
    assert places(all_repairs(of)) == [(0, 5), (0, 6)]
    assert of.fresh_parity(0) == 0
    assert of.fresh_parity(1) == PARITY


def test_parity_sent_unasked_is_not_fresh() -> None:
    of = sent(auto_parity=2)
    assert of.fresh_parity(0) == 1
    ask(of, 0, 0)
    assert places(all_repairs(of)) == [(0, 6)]


def test_what_parity_does_not_suffice_for_is_sent_again() -> None:
    of = sent(auto_parity=2)
    ask(of, 0, 0, 1, 2)
    explicit, fresh = all_repairs(of)
    # RFC 5740 §5.3: receivers ask for the lowest first, so these they have in common.
    assert (explicit.flags, explicit.places) == (EXPLICIT, [(0, 0), (0, 1)])
    assert explicit.payloads == [TWO_BLOCKS[:10], TWO_BLOCKS[10:20]]
    assert (fresh.flags, fresh.places) == (REPAIR, [(0, 6)])


def test_without_fresh_parity_all_is_sent_again_parity_too() -> None:
    of = sent(auto_parity=3)
    ask(of, 0, 1, 3, 5)
    (row,) = all_repairs(of)
    assert (row.flags, row.places) == (EXPLICIT, [(0, 1), (0, 3), (0, 5)])
    code = ReedSolomon(LENGTH, PARITY)
    source = [TWO_BLOCKS[at : at + 10] for at in range(0, 40, 10)]
    assert row.payloads == [source[1], source[3], *code.encode(source, [1], 10)]


def test_fresh_parity_that_is_asked_for_by_name_counts_once() -> None:
    of = sent(auto_parity=2)
    assert of.trimmed(0, bits(2, 6)) == bits(2)
    ask(of, 0, 2, 6)
    assert sorted(places(all_repairs(of))) == [(0, 2), (0, 6)]


def test_parity_that_waits_serves_who_asks_next() -> None:
    of = sent()
    ask(of, 0, 1, 2)
    ask(of, 0, 0, 3)
    ask(of, 0, 3)
    assert places(all_repairs(of)) == [(0, 4), (0, 5)]


def test_who_asks_for_more_than_what_waits_gets_the_rest() -> None:
    of = sent()
    ask(of, 0, 1)
    ask(of, 0, 0, 2, 3)
    assert places(all_repairs(of)) == [(0, 4), (0, 5), (0, 6)]


def test_a_short_last_symbol_is_protected_by_whole_ones() -> None:
    of = sent(numbered(15))
    ask(of, 0, 1)
    (row,) = all_repairs(of)
    assert row.places == [(0, 2)]
    assert len(row.payloads[0]) == 10


def test_numbers_that_no_symbol_has_are_not_asked_for() -> None:
    of = sent()
    assert ask(of, 0, LENGTH + PARITY)
    assert ask(of, 0, 200, 2000)
    assert not of.repairing
    ask(of, 0, 1, 300)
    assert places(all_repairs(of)) == [(0, 4)]


def test_what_has_never_been_sent_cannot_be_lacking() -> None:
    of = outgoing(TWO_BLOCKS)
    assert ask(of, 0, 0)
    of.next_new(2)
    assert ask(of, 1, 0)
    assert ask(of, 7, 0)
    assert not of.repairing


def test_a_block_half_sent_is_repaired_as_far_as_it_was_sent() -> None:
    of = outgoing(TWO_BLOCKS, coding=SMALL)
    of.next_new(2)
    of.ask_symbols(0, 0, bits(1, 2))
    assert places(all_repairs(of)) == [(0, 1)]


def test_repairs_leave_new_symbols_as_they_are() -> None:
    of = outgoing(TWO_BLOCKS)
    of.next_new(4)
    ask(of, 0, 1)
    all_repairs(of)
    assert places(all_new(of)) == [(1, n) for n in range(4)]


# Order, whole blocks, rows.


def test_the_lowest_block_is_repaired_first_whoever_asked_first() -> None:
    of = sent(numbered(160))
    ask(of, 3, 0)
    of.ask_blocks(2, 2)
    ask(of, 1, 0)
    of.ask_blocks(0, 0)
    blocks = [block for block, _ in places(all_repairs(of))]
    assert blocks == sorted(blocks)
    assert set(blocks) == {0, 1, 2, 3}


def test_a_whole_block_is_its_source_symbols_sent_again() -> None:
    of = sent()
    assert of.ask_blocks(1, 1)
    (row,) = all_repairs(of)
    assert (row.flags, row.places) == (EXPLICIT, [(1, n) for n in range(4)])
    assert b"".join(row.payloads) == TWO_BLOCKS[40:]


def test_who_wants_symbols_of_a_block_that_is_sent_again_as_a_whole_waits_for_it() -> (
    None
):
    of = sent()
    of.ask_blocks(0, 0)
    assert ask(of, 0, 1)
    assert places(all_repairs(of)) == [(0, n) for n in range(4)]


def test_a_block_may_be_asked_for_in_part_and_then_as_a_whole() -> None:
    of = sent()
    ask(of, 0, 1)
    of.ask_blocks(0, 0)
    assert places(all_repairs(of)) == [(0, n) for n in range(5)]


def test_of_blocks_that_do_not_exist_nothing_is_sent() -> None:
    of = sent()
    assert of.ask_blocks(1, 99)
    assert of.ask_blocks(2, 99)
    assert places(all_repairs(of)) == [(1, n) for n in range(4)]


def test_of_a_block_half_sent_only_that_half_is_sent_again() -> None:
    of = outgoing(TWO_BLOCKS)
    of.next_new(4)
    of.next_new(1)
    of.ask_blocks(0, 1)
    assert places(all_repairs(of)) == [*((0, n) for n in range(4)), (1, 0)]


def test_a_block_not_begun_is_not_repaired() -> None:
    of = outgoing(TWO_BLOCKS)
    of.ask_blocks(0, 1)
    assert not of.repairing
    of.next_new(4)
    of.ask_blocks(1, 1)
    assert not of.repairing


def test_rows_of_repair_are_as_short_as_is_asked_for_and_flagged_alike() -> None:
    of = sent(numbered(160), auto_parity=2)
    of.ask_blocks(0, 0)
    for block in (1, 2, 3):
        ask(of, block, 0, 1)
    repairs = all_repairs(of, limit=3)
    assert [(row.flags, row.places) for row in repairs] == [
        (EXPLICIT, [(0, 0), (0, 1), (0, 2)]),
        (EXPLICIT, [(0, 3), (1, 0)]),
        (REPAIR, [(1, 6)]),
        (EXPLICIT, [(2, 0)]),
        (REPAIR, [(2, 6)]),
        (EXPLICIT, [(3, 0)]),
        (REPAIR, [(3, 6)]),
    ]


def test_one_row_holds_repairs_of_many_blocks() -> None:
    of = sent(numbered(160))
    for block in (2, 0, 3):
        ask(of, block, 1)
    (row,) = all_repairs(of)
    assert row.places == [(0, 4), (2, 4), (3, 4)]


def test_a_row_does_not_reach_past_a_whole_block() -> None:
    of = sent(numbered(160))
    ask(of, 0, 1)
    ask(of, 2, 1)
    of.ask_blocks(1, 1)
    assert [row.places for row in all_repairs(of)] == [
        [(0, 4)],
        [(1, n) for n in range(4)],
        [(2, 4)],
    ]


def test_repairs_asked_for_on_the_way_still_come_in_order() -> None:
    of = sent(numbered(160))
    ask(of, 1, 0, 1, 2)
    row = of.next_repair(1)
    assert row is not None
    assert row.places == [(1, 4)]
    ask(of, 0, 0)
    assert places(all_repairs(of)) == [(0, 4), (1, 5), (1, 6)]


def test_info_is_sent_again_when_asked_for() -> None:
    of = outgoing(b"x", info=b"name")
    of.ask_info()
    assert not of.repairing, "it has not been sent yet"
    of.take_info(new=True)
    of.ask_info()
    assert of.repairing
    assert of.take_info(new=False)
    assert not of.take_info(new=False)
    assert not of.repairing


# Streams: blocks fill slowly, and old ones go.


def stream(*sizes: int, kept: int = 3) -> tuple[StreamContent, Outgoing]:
    content = StreamContent(10, LENGTH, kept)
    for size in sizes:
        content.write(bytes(size), message_ends=True)
        content.flush()
    return content, outgoing(content=content)


def test_a_stream_is_not_finished_before_it_is_ended() -> None:
    content, of = stream()
    assert not of.has_new
    assert not of.finished
    assert of.next_new(10) is None
    content.write(b"abc", message_ends=True)
    content.end()
    assert places(all_new(of)) == [(0, 0), (0, 1)]
    assert of.finished


def test_a_stream_goes_on_in_the_block_where_it_stopped() -> None:
    content, of = stream(15)
    assert places(all_new(of)) == [(0, 0), (0, 1)]
    assert of.position == (0, 1)
    content.write(bytes(30), message_ends=True)
    assert places(all_new(of)) == [(0, 2), (0, 3), (1, 0)]


def test_parity_of_a_stream_comes_when_its_block_is_full() -> None:
    content = StreamContent(10, LENGTH, 5)
    of = outgoing(content=content, auto_parity=1)
    content.write(bytes(30), message_ends=True)
    assert places(all_new(of)) == [(0, 0), (0, 1), (0, 2)]
    content.write(bytes(10), message_ends=True)
    assert places(all_new(of)) == [(0, 3), (0, 4)]
    assert of.position == (0, 3)


def test_a_block_of_a_stream_that_is_not_full_has_no_parity() -> None:
    content, of = stream(30)
    all_new(of)
    assert of.fresh_parity(0) == 0
    ask(of, 0, 0, 2)
    (row,) = all_repairs(of)
    assert (row.flags, row.places) == (EXPLICIT | ObjectFlag.STREAM, [(0, 0), (0, 2)])
    content.write(bytes(10), message_ends=True)
    all_new(of)
    ask(of, 0, 0, 2)
    assert places(all_repairs(of)) == [(0, 4), (0, 5)]


def test_a_block_that_is_kept_no_more_cannot_be_repaired() -> None:
    content, of = stream(120)
    all_new(of)
    content.write(bytes(40), message_ends=True)
    all_new(of)
    assert content.first_block == 1
    assert not ask(of, 0, 1)
    assert not of.ask_blocks(0, 0)
    assert not of.repairing
    assert not of.ask_blocks(0, 1), "some are kept no more"
    assert places(all_repairs(of)) == [(1, n) for n in range(4)]


def test_what_goes_while_it_waits_for_repair_is_not_repaired() -> None:
    content, of = stream(120)
    all_new(of)
    ask(of, 0, 1)
    of.ask_blocks(1, 1)
    ask(of, 2, 1)
    content.write(bytes(80), message_ends=True)
    assert content.first_block == 2
    assert places(all_repairs(of)) == [(2, 4)]


def test_whole_blocks_that_go_while_they_wait_are_not_repaired() -> None:
    content, of = stream(120)
    all_new(of)
    of.ask_blocks(0, 1)
    content.write(bytes(80), message_ends=True)
    assert places(all_repairs(of)) == []
    assert not of.repairing


class Far:
    """A stream that has been going for so long that its block numbers wrap."""

    symbol_bytes = 2
    ended = True
    first_block = (1 << 24) - 1
    blocks = ready_blocks = (1 << 24) + 1
    last = 1 << 24, 0

    def length(self, block: int) -> int:
        return int(block >= 0)

    def ready(self, block: int) -> int:
        return int(self.first_block <= block < self.blocks)

    def symbols(self, block: int, first: int, stop: int) -> Sequence[bytes]:
        assert self.ready(block)
        return [bytes(2)][first:stop]


def test_block_numbers_do_not_wrap_before_the_wire() -> None:
    of = outgoing(content=Far())
    assert places(all_new(of)) == [((1 << 24) - 1, 0), (1 << 24, 0)]
    ask(of, (1 << 24) - 1, 0)
    of.ask_blocks(1 << 24, 1 << 24)
    assert places(all_repairs(of)) == [((1 << 24) - 1, 1), (1 << 24, 0)]
