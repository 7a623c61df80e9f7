"""The objects of one sender: wanted, under way, done."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest
from tests.norm.receive.places import CODING, Object, stream_symbol

from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.catalogue import Catalogue
from groupwire.norm.receive.incoming import Incoming
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.receive.stream import IncomingStream
from groupwire.norm.repair.state import Need

CODE = ReedSolomon(CODING.block, CODING.parity)
MOST = 8
MEMORY = MemorySink()
"""Stands for the memory of a stream."""
TWO_BLOCKS = bytes(8 * CODING.segment_bytes)


def _catalogue(first: int | None = 0) -> Catalogue:
    catalogue = Catalogue(MOST)
    if first is not None:
        catalogue.join(first)
    return catalogue


def _begin(catalogue: Catalogue, number: int, *blocks: int) -> Incoming:
    """Put an object of two blocks under way, of which some are there."""
    incoming = Incoming(number, len(TWO_BLOCKS), MemorySink(), CODING, CODE)
    for block in blocks:
        cut = Object(TWO_BLOCKS)
        incoming.add(block, 0, [cut.symbol(block, n) for n in range(4)])
    fti = CODING.object_info(len(TWO_BLOCKS))
    catalogue.begin(number, fti, incoming.sink, incoming)
    return incoming


def _flow(catalogue: Catalogue, number: int, first: int = 0) -> IncomingStream:
    """Put a stream under way."""
    stream = IncomingStream(number, first, 10, CODING, CODE)
    catalogue.begin(number, CODING.object_info(1000), MEMORY, stream)
    return stream


def _fill(stream: IncomingStream, block: int, *symbols: int) -> None:
    for symbol in symbols:
        stream.add(block, symbol, [stream_symbol(b"x")])
    list(stream.take())


def _needs(
    catalogue: Catalogue, number: int, block: int, symbol: int | None = None
) -> list[Need]:
    return list(catalogue.needs((number, block, symbol)))


def test_before_it_has_joined_nothing_is_wanted_and_nothing_lacks() -> None:
    catalogue = _catalogue(None)
    assert not catalogue.joined
    assert not catalogue.wants(3)
    assert _needs(catalogue, 3, 0) == []
    assert list(catalogue.squelch(3)) == []
    assert catalogue.reach((3, 0, 0)) == []
    assert not catalogue.complete_through((3, 0, 0))


@pytest.mark.parametrize("number", [0, 3, 40_000, 65_535])
def test_the_first_object_has_the_number_of_its_id(number: int) -> None:
    catalogue = _catalogue(None)
    assert catalogue.number(number) == number
    catalogue.join(number)
    assert catalogue.wants(number)
    assert not catalogue.wants(number - 1)
    assert catalogue.reach((number, 1, 2)) == []
    assert catalogue.highest == (number, 1, 2)


def test_numbers_go_on_where_ids_wrap() -> None:
    catalogue = _catalogue(65_534)
    catalogue.reach((65_535, 0, 0))
    assert catalogue.number(0) == 65_536
    assert catalogue.number(65_534) == 65_534
    catalogue.reach((65_536, 0, 0))
    assert _needs(catalogue, 65_536, 0) == [Need(65_534, 65_536)]


def test_it_joins_once() -> None:
    catalogue = _catalogue(5)
    catalogue.join(2)
    assert not catalogue.wants(2)


def test_what_is_done_is_wanted_no_more_and_its_sink_is_released() -> None:
    catalogue = _catalogue()
    incoming = _begin(catalogue, 0)
    catalogue.finish(0, accepted=True)
    assert not catalogue.wants(0)
    assert catalogue.wants(1)
    assert catalogue.lowest == 1
    assert catalogue.released == [incoming.sink]
    assert catalogue.under_way == {}


def test_what_stands_for_the_memory_of_a_stream_is_released_too() -> None:
    catalogue = _catalogue()
    _flow(catalogue, 0)
    catalogue.finish(0, accepted=True)
    assert catalogue.released == [MEMORY]


def test_what_was_told_of_an_object_is_known_as_long_as_it_is_under_way() -> None:
    catalogue = _catalogue()
    assert catalogue.told(0) is None
    _begin(catalogue, 0)
    assert catalogue.told(0) == CODING.object_info(len(TWO_BLOCKS))
    catalogue.finish(0, accepted=True)
    assert catalogue.told(0) is None


def test_what_begins_anew_is_wanted_from_its_beginning() -> None:
    catalogue = _catalogue()
    incoming = _begin(catalogue, 0, 0)
    catalogue.finish(1, accepted=True)
    catalogue.begin_anew(0, 1)
    assert catalogue.released == [incoming.sink]
    assert catalogue.wants(0)
    assert catalogue.wants(1)
    assert _needs(catalogue, 1, 0) == [Need(0, 1)]
    catalogue.finish(0, accepted=True)
    assert not catalogue.complete_through((1, 1, 3))


def test_only_what_was_done_is_wanted_again() -> None:
    catalogue = _catalogue()
    catalogue.finish(0, accepted=True)
    assert catalogue.want_again(0)
    assert catalogue.wants(0)
    assert not catalogue.want_again(0)
    assert not catalogue.want_again(1)
    catalogue.finish(0, accepted=True)
    assert not catalogue.wants(0)


def test_a_run_that_is_followed_again_goes_on_behind_what_was_done() -> None:
    catalogue = _catalogue(5)
    assert catalogue.resume is None
    catalogue.finish(7, accepted=True)
    catalogue.finish(6, accepted=False)
    assert catalogue.resume == 8
    again = Catalogue(MOST, resume=catalogue.resume)
    again.join(again.number(6))
    assert not again.wants(6)
    assert not again.wants(7)
    assert again.wants(8)


def test_it_goes_on_there_too_where_ids_have_wrapped() -> None:
    again = Catalogue(MOST, resume=65_540)
    assert again.number(3) == 65_539
    assert again.number(6) == 65_542
    again.join(65_542)
    assert again.wants(65_542)
    assert not again.wants(65_541)


def test_objects_never_heard_of_are_lacking_as_a_whole() -> None:
    catalogue = _catalogue()
    catalogue.finish(1, accepted=True)
    catalogue.reach((4, 0, 0))
    assert _needs(catalogue, 4, -1) == [Need(0, 0), Need(2, 3)]
    assert _needs(catalogue, 4, 0) == [Need(0, 0), Need(2, 4)]
    assert catalogue.lacks_before(4, 0)
    assert not catalogue.lacks_before(0, 0)
    assert catalogue.lacks_before(0, 1)


def test_objects_under_way_are_lacking_in_parts() -> None:
    catalogue = _catalogue()
    _begin(catalogue, 1, 1)
    _begin(catalogue, 3, 0)
    lacking_of_1 = Need(1, 1, False, 0, 0)
    lacking_of_3 = Need(3, 3, False, 1, 1)
    assert _needs(catalogue, 3, 1) == [
        Need(0, 0),
        lacking_of_1,
        Need(2, 2),
        lacking_of_3,
    ]
    # Of the object that the sender is at, only what it has passed.
    assert _needs(catalogue, 3, 0) == [Need(0, 0), lacking_of_1, Need(2, 2)]
    assert _needs(catalogue, 3, -1) == [Need(0, 0), lacking_of_1, Need(2, 2)]
    assert _needs(catalogue, 3, 1, 0) == [
        Need(0, 0),
        lacking_of_1,
        Need(2, 2),
        Need(3, 3, False, 1, 1, 1),
    ]


def test_the_object_under_way_lacks_what_lies_before_a_block() -> None:
    catalogue = _catalogue()
    _begin(catalogue, 0, 1)
    assert not catalogue.lacks_before(0, 0)
    assert catalogue.lacks_before(0, 1)
    assert catalogue.lacks_before(1, 0)
    _begin(catalogue, 0, 0)
    assert not catalogue.lacks_before(0, 1)


def test_a_place_before_all_that_is_open_lacks_nothing() -> None:
    catalogue = _catalogue()
    catalogue.finish(0, accepted=True)
    assert not catalogue.lacks_before(0, 5)
    assert _needs(catalogue, 0, 5) == []


def test_an_open_stream_lacks_nothing_that_was_not_sent() -> None:
    catalogue = _catalogue()
    stream = _flow(catalogue, 0)
    _fill(stream, 0, 0, 1)
    _begin(catalogue, 1, 0)
    assert not catalogue.lacks_before(1, 1)
    assert _needs(catalogue, 1, 0) == []
    _fill(stream, 0, 3)
    assert catalogue.lacks_before(1, 1)


def test_the_oldest_is_given_up_for_a_newer_one() -> None:
    catalogue = _catalogue()
    catalogue.finish(1, accepted=True)
    assert catalogue.reach((MOST - 1, 0, 0)) == []
    assert catalogue.reach((MOST, 0, 0)) == [0]
    assert catalogue.lowest == 2
    assert catalogue.reach((MOST + 2, 0, 0)) == [2]


def test_a_great_leap_names_what_was_under_way_and_the_latest() -> None:
    catalogue = _catalogue()
    incoming = _begin(catalogue, 0)
    lost = catalogue.reach((32_000, 0, 0))
    after = 32_000 - MOST + 1
    assert lost == [0, *range(after - MOST, after)]
    assert catalogue.released == [incoming.sink]
    assert catalogue.lowest == after
    assert not catalogue.wants(5)


def test_a_leap_over_many_gaps_names_no_more_than_a_leap_over_one() -> None:
    catalogue = _catalogue()
    for number in range(0, 30_000, 100):
        catalogue.finish(number, accepted=True)
    after = 32_000 - MOST + 1
    lost = catalogue.reach((32_000, 0, 0))
    assert lost == list(range(after - MOST, after))
    assert catalogue.lowest == after


def test_a_squelch_loses_what_lies_before_it() -> None:
    catalogue = _catalogue()
    catalogue.finish(1, accepted=True)
    incoming = _begin(catalogue, 2)
    _begin(catalogue, 4)
    assert list(catalogue.squelch(4)) == [0, 2, 3]
    assert catalogue.released == [incoming.sink]
    assert list(catalogue.under_way) == [4]
    assert list(catalogue.squelch(4)) == []
    assert catalogue.lowest == 4


def test_what_was_only_hoped_for_is_no_loss() -> None:
    # Who joins wanting all that is kept does not know what is.
    catalogue = _catalogue(None)
    catalogue.join(3, back=MOST - 1)
    assert _needs(catalogue, 3, -1) == [Need(3 - MOST + 1, 2)]
    _begin(catalogue, 1)
    assert list(catalogue.squelch(3)) == [1]


def test_what_was_hoped_for_in_vain_holds_no_watermark_up() -> None:
    catalogue = _catalogue(None)
    catalogue.join(3, back=MOST - 1)
    assert list(catalogue.squelch(3)) == []
    catalogue.finish(3, accepted=True)
    assert catalogue.complete_through((3, 1, 3))


def test_who_cancels_an_object_makes_nobody_lack_it() -> None:
    catalogue = _catalogue()
    _begin(catalogue, 0)
    assert list(catalogue.give_up(0, accepted=True)) == [0]
    catalogue.finish(1, accepted=True)
    assert catalogue.complete_through((1, 1, 3))


def test_a_watermark_is_reached_when_all_up_to_it_is_accepted() -> None:
    catalogue = _catalogue()
    mark = 1, 1, 3
    catalogue.finish(1, accepted=True)
    assert not catalogue.complete_through(mark)
    catalogue.finish(0, accepted=False)
    assert not catalogue.complete_through(mark)
    catalogue.accept(0)
    assert catalogue.complete_through(mark)
    assert not catalogue.complete_through((2, 0, 0))
    _begin(catalogue, 2, 0)
    assert not catalogue.complete_through((2, 0, 3))


def test_only_what_is_done_can_be_accepted() -> None:
    catalogue = _catalogue()
    catalogue.accept(0)
    catalogue.finish(0, accepted=False)
    assert not catalogue.complete_through((0, 1, 3))


def test_whoever_lost_something_reaches_no_watermark_behind_it() -> None:
    catalogue = _catalogue()
    assert list(catalogue.squelch(1)) == [0]
    catalogue.finish(1, accepted=True)
    assert not catalogue.complete_through((1, 1, 3))


def test_what_is_gone_may_count_as_accepted_however_much_it_is() -> None:
    catalogue = _catalogue()
    _begin(catalogue, 5, 0)
    lost = list(catalogue.squelch(10 * MOST, accepted=True))
    assert lost == [5, *range(9 * MOST, 10 * MOST)]
    catalogue.finish(10 * MOST, accepted=True)
    assert catalogue.complete_through((10 * MOST, 1, 3))


def _lose_every_other(catalogue: Catalogue, first: int, last: int) -> None:
    for number in range(first, last, 2):
        catalogue.finish(number, accepted=False)
        catalogue.finish(number + 1, accepted=True)


def test_very_many_losses_take_no_more_memory_than_many() -> None:
    catalogue = _catalogue()
    tracemalloc.start()
    _lose_every_other(catalogue, 0, 20_000)
    many, _ = tracemalloc.get_traced_memory()
    _lose_every_other(catalogue, 20_000, 60_000)
    very_many, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Of 20,000 losses each would be remembered by two numbers of 32 bytes.
    assert very_many - many < 10_000
    assert not catalogue.complete_through((60_000, 0, 0))


def test_whoever_lost_very_much_acknowledges_nothing_however_much_follows() -> None:
    catalogue = _catalogue()
    _lose_every_other(catalogue, 0, 10_000)
    for number in range(10_000, 10_010):
        catalogue.accept(number)
        catalogue.finish(number, accepted=True)
        assert not catalogue.complete_through((number, 1, 3))
    assert catalogue.want_again(9_998)
    catalogue.finish(9_998, accepted=True)
    assert not catalogue.complete_through((10_009, 1, 3))


def test_an_application_may_accept_late_and_in_any_order() -> None:
    catalogue, order = _catalogue(), list(range(1_000))
    for number in order:
        catalogue.finish(number, accepted=False)
    Random(1).shuffle(order)
    for number in order:
        assert not catalogue.complete_through((999, 1, 3))
        catalogue.accept(number)
    assert catalogue.complete_through((999, 1, 3))


def test_an_application_may_be_very_late() -> None:
    catalogue = _catalogue()
    for number in range(50_000):
        catalogue.finish(number, accepted=False)
    for number in range(50_000):
        catalogue.accept(number)
    assert catalogue.complete_through((49_999, 1, 3))


def test_a_watermark_before_its_joining_is_not_reached() -> None:
    # It would say that objects are there of which nothing was ever heard.
    catalogue = _catalogue(5)
    catalogue.finish(5, accepted=True)
    assert catalogue.complete_through((5, 0, 0))
    assert not catalogue.complete_through((4, 0, 0))


def test_a_watermark_in_a_stream_is_reached_as_it_is_handed_over() -> None:
    catalogue = _catalogue()
    stream = _flow(catalogue, 0, first=2)
    _fill(stream, 2, 0, 1)
    assert catalogue.complete_through((0, 2, 1))
    assert not catalogue.complete_through((0, 2, 2))
    # Before the block of its joining it has had nothing.
    assert not catalogue.complete_through((0, 1, 3))


def test_a_stream_with_a_gap_reaches_no_watermark_behind_it() -> None:
    catalogue = _catalogue()
    stream = _flow(catalogue, 0)
    _fill(stream, 0, 0)
    stream.skip_to(1)
    _fill(stream, 1, 0)
    assert not catalogue.complete_through((0, 1, 0))


def test_an_open_stream_holds_up_a_watermark_only_by_what_it_lacks() -> None:
    catalogue = _catalogue()
    stream = _flow(catalogue, 0)
    _fill(stream, 0, 0, 2)
    catalogue.finish(1, accepted=True)
    mark = 1, 1, 3
    assert not catalogue.complete_through(mark)
    _fill(stream, 0, 1)
    assert catalogue.complete_through(mark)
    stream.skip_to(1)
    assert not catalogue.complete_through(mark)


def test_something_is_handed_over_with_the_first_object_that_is_done() -> None:
    catalogue = _catalogue()
    _begin(catalogue, 3)
    assert not catalogue.handed_over
    catalogue.finish(3, accepted=True)
    assert catalogue.handed_over
    again = Catalogue(MOST, resume=catalogue.resume)
    assert not again.handed_over


def test_a_stream_is_begun_with_the_first_symbol_read() -> None:
    catalogue = _catalogue()
    _begin(catalogue, 1)
    stream = _flow(catalogue, 0)
    _fill(stream, 0, 1)
    assert catalogue.begun_streams() == []
    assert not catalogue.handed_over
    _fill(stream, 0, 0)
    assert catalogue.begun_streams() == [0]
    assert catalogue.handed_over


def test_what_was_hoped_for_and_is_gone_hinders_no_watermark() -> None:
    catalogue = Catalogue(MOST)
    catalogue.join(10, back=7)
    assert list(catalogue.squelch(10)) == []
    assert catalogue.resume == 10
    catalogue.finish(10, accepted=True)
    assert catalogue.complete_through((10, 0, 0))
