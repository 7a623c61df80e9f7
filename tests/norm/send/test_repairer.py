from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from tests.norm.send.places import (
    SMALL,
    config,
    decoded,
    item,
    lacks,
    lacks_blocks,
    lacks_info,
    lacks_objects,
    nack,
    numbered,
    outgoing,
)

from groupwire.norm.coding import Coding
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.outgoing import Outgoing
from groupwire.norm.send.repairer import Repairer
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.send.window import Window
from groupwire.norm.wire.commands import RepairAdvertisement, Squelch
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)

WIDE = replace(SMALL, segment_bytes=400)
INFO = "info"
WHOLE = [0, 1, 2, 3]


class Desk:
    """A repairer, its window, and a clock; every object has two blocks of four."""

    def __init__(
        self,
        objects: int = 1,
        *,
        first: int = 0,
        most: int = 256,
        coding: Coding = SMALL,
        info: bytes | None = None,
        **changes: Any,
    ) -> None:
        self.outbox = Outbox(config(coding=coding, **changes))
        self.window = Window(most, 1 << 40, first=first)
        self.repairer = Repairer(self.window, self.outbox)
        self.coding = coding
        self.now = 100.0
        for _ in range(objects):
            self.send(self.add(info=info))

    @property
    def grtt(self) -> float:
        return self.outbox.grtt_s

    def add(self, **options: Any) -> Outgoing:
        """Take a new object in."""
        number = self.window.next_number
        data = numbered(8 * self.coding.segment_bytes)
        of = outgoing(data, number, coding=self.coding, **options)
        self.window.add(of)
        return of

    def send(self, of: Outgoing) -> None:
        of.take_info(new=True)
        while of.next_new(100) is not None:
            self.repairer.position = (of.number, *of.position)
        if of.finished:
            self.window.sent()

    def hear(self, *requests: RepairRequest, unicast: bool = False) -> bool:
        return self.repairer.hear(nack(*requests), unicast=unicast, now=self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (due := self.repairer.deadline) is not None and due <= end:
            self.now = max(due, self.now)
            self.repairer.expire(self.now)
        self.now = end

    def repairs(self, limit: int = 100) -> list[tuple[int, str | int, list[int]]]:
        """Return objects, blocks and symbols repaired from now on."""
        found: list[tuple[int, str | int, list[int]]] = []
        while (repair := self.repairer.next_row(limit)) is not None:
            of, row = repair
            if row is None:
                found.append((of.number, INFO, []))
                continue
            for block, symbol in row.places:
                if found and found[-1][:2] == (of.number, block):
                    found[-1][2].append(symbol)
                else:
                    found.append((of.number, block, [symbol]))
        return found

    def rewind(self) -> list[tuple[int, str | int, list[int]]]:
        """Wait until NACKs have been gathered, and repair."""
        self.wait(5 * self.grtt)
        return self.repairs()

    def squelches(self) -> list[Squelch]:
        return [m for m in decoded(self.outbox.take()) if isinstance(m, Squelch)]

    def adverts(self) -> list[RepairAdvertisement]:
        messages = decoded(self.outbox.take())
        return [m for m in messages if isinstance(m, RepairAdvertisement)]


def stream(desk: Desk, blocks: int, kept: int = 3) -> tuple[StreamContent, Outgoing]:
    """Send a stream of so many blocks, of which the last few are kept."""
    content = StreamContent(10, 4, kept)
    of = desk.add(content=content)
    for _ in range(blocks):
        content.write(bytes(40), message_ends=True)
        desk.send(of)
    return content, of


# Gathering (RFC 5740 §5.4.1).


def test_nacks_are_gathered_for_backoff_and_one_round_trips() -> None:
    desk = Desk(backoff=4)
    assert desk.repairer.deadline is None
    assert desk.hear(lacks(0, 0, 1))
    assert desk.repairer.deadline == pytest.approx(desk.now + 5 * desk.grtt)
    assert desk.repairer.busy
    desk.wait(4.9 * desk.grtt)
    assert desk.repairs() == []
    desk.wait(0.1 * desk.grtt + 1e-6)
    assert desk.repairs() == [(0, 0, [4])]
    assert not desk.repairer.busy


def test_of_all_nacks_the_neediest_says_how_much_parity_is_sent() -> None:
    desk = Desk()
    desk.hear(lacks(0, 0, 1))
    desk.hear(lacks(0, 0, 0, 3), lacks(0, 1, 2))
    desk.hear(lacks(0, 0, 2))
    assert desk.rewind() == [(0, 0, [4, 5]), (0, 1, [4])]


def test_what_one_nack_asks_for_in_pieces_counts_together() -> None:
    desk = Desk()
    desk.hear(lacks(0, 0, 1), lacks(0, 0, 2))
    assert desk.rewind() == [(0, 0, [4, 5])]


def test_explicit_repair_is_for_what_fresh_parity_does_not_suffice() -> None:
    desk = Desk()
    desk.hear(lacks(0, 0, 0, 1, 2, 3))
    desk.hear(lacks(0, 0, 2))
    assert desk.rewind() == [(0, 0, [0, 4, 5, 6])]


def test_without_fresh_parity_everybody_gets_what_they_asked_for() -> None:
    desk = Desk()
    desk.hear(lacks(0, 0, 0, 1, 2))
    assert desk.rewind() == [(0, 0, [4, 5, 6])]
    desk.wait(desk.grtt)
    desk.hear(lacks(0, 0, 1))
    desk.hear(lacks(0, 0, 3, 5))
    assert desk.rewind() == [(0, 0, [1, 3, 5])]


def test_a_count_of_erasures_is_answered_by_as_much_parity() -> None:
    desk = Desk()
    where = RepairItem(FecId.REED_SOLOMON_8, 0, PayloadId(1, 2))
    desk.hear(RepairRequest(RepairForm.ERASURES, RepairLevel.SEGMENT, (where,)))
    assert desk.rewind() == [(0, 1, [4, 5])]


def test_repairs_come_in_the_order_of_sending() -> None:
    desk = Desk(3, info=b"name")
    desk.hear(lacks(2, 1, 0), lacks_info(2))
    desk.hear(lacks_blocks(0, 1, 1))
    desk.hear(lacks(0, 0, 3), lacks(1, 0, 3))
    assert desk.rewind() == [
        (0, 0, [4]),
        (0, 1, WHOLE),
        (1, 0, [4]),
        (2, INFO, []),
        (2, 1, [4]),
    ]


def test_a_whole_object_is_its_info_and_all_its_blocks() -> None:
    desk = Desk(2, info=b"name")
    desk.hear(lacks_objects(0, 1))
    every = [(INFO, []), (0, WHOLE), (1, WHOLE)]
    assert desk.rewind() == [(n, *what) for n in (0, 1) for what in every]


def test_infos_are_sent_of_the_objects_that_have_one() -> None:
    desk = Desk(1, info=b"name")
    desk.send(desk.add())
    desk.hear(lacks_info(0), lacks_info(1))
    assert desk.rewind() == [(0, INFO, [])]


def test_repairs_stop_when_their_object_is_gone() -> None:
    desk = Desk(2)
    desk.hear(lacks(0, 0, 0), lacks(1, 0, 0))
    desk.window.remove(0)
    assert desk.rewind() == [(1, 0, [4])]


def test_ids_mean_the_nearest_object_when_they_wrap() -> None:
    desk = Desk(4, first=65_534)
    desk.hear(lacks(65_535, 0, 0), lacks(0, 0, 0), lacks_objects(1))
    assert desk.rewind() == [
        (65_535, 0, [4]),
        (65_536, 0, [4]),
        (65_537, 0, WHOLE),
        (65_537, 1, WHOLE),
    ]


def test_it_is_known_whether_something_up_to_a_place_is_to_be_repaired() -> None:
    desk = Desk(3)
    first, second, third = [(number, 1, 3) for number in range(3)]
    assert not desk.repairer.behind(third)
    desk.hear(lacks(1, 0, 1))
    gathered = [desk.repairer.behind(place) for place in (first, second, third)]
    assert gathered == [False, True, True]
    desk.wait(5 * desk.grtt)
    waiting = [desk.repairer.behind(place) for place in (first, second, third)]
    assert waiting == [False, True, True]
    desk.repairs()
    assert not desk.repairer.behind(third)


# Holding off.


def test_in_the_hold_off_nothing_behind_the_position_is_repaired() -> None:
    desk = Desk(2)
    desk.hear(lacks(1, 0, 1))
    assert desk.rewind() == [(1, 0, [4])]
    assert desk.hear(lacks(0, 0, 1))
    assert desk.hear(lacks(1, 0, 2))
    assert desk.repairs() == []
    assert not desk.repairer.busy
    desk.wait(desk.grtt)
    assert desk.repairs() == []


def test_in_the_hold_off_what_lies_ahead_is_repaired_at_once() -> None:
    desk = Desk(2, info=b"name")
    desk.hear(lacks(0, 0, 1))
    assert desk.rewind() == [(0, 0, [4])]
    desk.hear(lacks(0, 1, 2, 3))
    assert desk.repairs() == [(0, 1, [4, 5])]
    desk.hear(lacks_info(1))
    desk.hear(lacks_blocks(1, 1, 1))
    assert desk.repairs() == [(1, INFO, []), (1, 1, WHOLE)]


def test_the_transmit_position_is_where_repairs_begin() -> None:
    """Also before the first of them has found its turn (RFC 5740 §5.4.1)."""
    desk = Desk()
    desk.hear(lacks(0, 0, 1))
    desk.wait(5 * desk.grtt)
    desk.hear(lacks(0, 1, 1))
    assert desk.repairs() == [(0, 0, [4]), (0, 1, [4])]


def test_the_position_of_an_info_is_before_its_object() -> None:
    desk = Desk(2, info=b"name")
    desk.hear(lacks_info(1))
    desk.rewind()
    desk.hear(lacks(1, 0, 1))
    assert desk.repairs() == [(1, 0, [4])]
    desk.hear(lacks_info(1))
    assert desk.repairs() == []


def test_new_symbols_move_the_position_on() -> None:
    desk = Desk(2)
    desk.hear(lacks(0, 0, 1))
    assert desk.rewind() == [(0, 0, [4])]
    desk.send(desk.add())
    desk.hear(lacks(0, 1, 2), lacks(1, 0, 2))
    assert desk.repairs() == []


def test_the_hold_off_lasts_one_round_trip() -> None:
    desk = Desk()
    desk.hear(lacks(0, 1, 1))
    desk.wait(5 * desk.grtt)
    assert desk.repairer.deadline == pytest.approx(desk.now + desk.grtt)
    desk.repairs()
    desk.wait(1.001 * desk.grtt)
    assert desk.repairer.deadline is None
    desk.hear(lacks(0, 0, 1))
    assert desk.repairer.deadline == pytest.approx(desk.now + 5 * desk.grtt)
    assert desk.rewind() == [(0, 0, [4])]


def test_in_a_hold_off_explicit_repair_comes_after_parity_too() -> None:
    desk = Desk(2)
    desk.hear(lacks(0, 0, 1))
    desk.rewind()
    desk.hear(lacks(1, 0, 0, 1, 2, 3))
    assert desk.repairs() == [(1, 0, [0, 4, 5, 6])]


def test_without_backoff_repairs_begin_at_once() -> None:
    desk = Desk(backoff=0)
    desk.hear(lacks(0, 0, 1))
    assert desk.repairs() == [(0, 0, [4])]
    assert desk.repairer.deadline == pytest.approx(desk.now + desk.grtt)
    desk.hear(lacks(0, 0, 2))
    assert desk.repairs() == []


def test_without_backoff_what_nobody_asked_for_is_repaired_in_the_hold_off_too() -> (
    None
):
    desk = Desk(2, backoff=0)
    desk.hear(lacks(1, 1, 1))
    assert desk.repairs() == [(1, 1, [4])]
    desk.hear(lacks(1, 1, 2))
    assert desk.repairs() == [], "its parity will do"
    desk.hear(lacks(0, 0, 1, 2))
    assert desk.repairs() == [(0, 0, [4, 5])]
    desk.hear(lacks(0, 0, 2), lacks_blocks(0, 0, 1))
    assert desk.repairs() == []
    desk.hear(lacks(0, 0, 0, 1, 2))
    assert desk.repairs() == [(0, 0, [0, 1, 6])]
    desk.hear(lacks(0, 0, 1))
    assert desk.repairs() == []


# What was never sent.


@pytest.mark.parametrize(
    "request_",
    [
        lacks(0, 2, 0),
        lacks(0, 99, 0),
        lacks(0, 0, 7),
        lacks(0, 0, 254),
        lacks_blocks(0, 2, 99),
        lacks(1, 0, 0),
        lacks_blocks(1, 0, 1),
        lacks_info(1),
        lacks_objects(1),
        lacks(2, 0, 0),
        lacks_objects(2, 5),
    ],
)
def test_a_nack_for_what_was_never_sent_is_no_nack(request_: RepairRequest) -> None:
    desk = Desk()
    desk.add(info=b"name")  # object 1 waits to be sent
    assert not desk.hear(request_, unicast=True)
    assert desk.repairer.deadline is None
    assert desk.outbox.take() == []


def test_of_what_is_asked_for_only_what_was_sent_counts() -> None:
    desk = Desk()
    waiting = desk.add()
    waiting.next_new(2)
    desk.hear(lacks(0, 0, 1, 99), lacks_blocks(1, 0, 1), lacks_objects(2, 9))
    assert desk.rewind() == [(0, 0, [4]), (1, 0, [0, 1])]


def test_an_object_of_which_the_info_alone_was_sent_can_be_lacking() -> None:
    desk = Desk()
    begun = desk.add(info=b"name")
    begun.take_info(new=True)
    desk.hear(lacks_objects(1))
    assert desk.rewind() == [(1, INFO, [])]


# What is kept no more (RFC 5740 §5.4.3).


def purged(desk: Desk, *numbers: int) -> Desk:
    for number in numbers:
        desk.window.remove(number)
    return desk


def test_who_asks_for_what_is_gone_is_told_what_there_is() -> None:
    desk = purged(Desk(4), 0, 1)
    assert not desk.hear(lacks(0, 1, 2))
    assert desk.repairer.deadline == desk.now
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert (squelch.object_id, squelch.payload_id) == (2, PayloadId(0, 0))
    assert squelch.invalid == ()
    assert desk.repairer.deadline is None


def test_of_what_is_asked_for_the_rest_is_repaired() -> None:
    desk = purged(Desk(3), 0)
    assert desk.hear(lacks_objects(0, 1))
    desk.wait(0.0)
    assert len(desk.squelches()) == 1
    assert desk.rewind() == [(1, 0, WHOLE), (1, 1, WHOLE)]


def test_objects_cancelled_in_between_are_listed_from_the_lowest_asked_for_on() -> None:
    desk = purged(Desk(8), 1, 3, 4, 6)
    desk.hear(lacks(4, 0, 0))
    desk.hear(lacks(3, 0, 0))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert squelch.object_id == 0
    assert squelch.invalid == (3, 4, 6)


def test_the_list_is_at_most_a_segment() -> None:
    desk = purged(Desk(9), *range(1, 8))
    desk.hear(lacks(1, 0, 0))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert squelch.invalid == (1, 2, 3, 4, 5)  # ten bytes hold five


def test_with_nothing_kept_what_is_to_come_is_all_there_is() -> None:
    desk = purged(Desk(2), 0, 1)
    desk.hear(lacks(1, 0, 0))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert (squelch.object_id, squelch.invalid) == (2, ())


def test_squelches_are_two_round_trips_apart() -> None:
    desk = purged(Desk(2), 0)
    times = []
    for _ in range(100):
        desk.hear(lacks(0, 0, 0))
        desk.wait(0.1 * desk.grtt)
        times += [desk.now for _ in desk.squelches()]
    assert len(times) == 5
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 1.999 * desk.grtt


def test_squelches_tell_ids_that_wrap() -> None:
    desk = purged(Desk(6, first=65_533), 65_533, 65_537)
    desk.hear(lacks(65_533, 0, 0), lacks(1, 0, 0))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert (squelch.object_id, squelch.invalid) == (65_534, (1,))


def test_objects_older_than_all_that_ever_was_are_refused() -> None:
    desk = Desk()
    desk.hear(lacks_objects(40_000))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert (squelch.object_id, squelch.invalid) == (0, ())


def test_fec_id_129_tells_the_length_of_the_first_block() -> None:
    coding = replace(SMALL, fec_id=FecId.SMALL_BLOCK)
    desk = purged(Desk(2, coding=coding), 0)
    where = RepairItem(FecId.SMALL_BLOCK, 0, PayloadId(0, 0, 4))
    desk.hear(RepairRequest(RepairForm.ITEMS, RepairLevel.SEGMENT, (where,)))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert squelch.payload_id == PayloadId(0, 0, 4)


def test_blocks_of_a_stream_that_are_gone_are_refused() -> None:
    desk = Desk(0)
    content, _ = stream(desk, 5)
    assert content.first_block == 2
    assert not desk.hear(lacks(0, 1, 0), lacks_blocks(0, 0, 1))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert (squelch.object_id, squelch.payload_id) == (0, PayloadId(2, 0))
    assert desk.repairer.deadline is None


def test_of_blocks_of_a_stream_those_that_are_kept_are_repaired() -> None:
    desk = Desk(0)
    stream(desk, 5)
    assert desk.hear(lacks_blocks(0, 1, 3))
    desk.wait(0.0)
    assert len(desk.squelches()) == 1
    assert desk.rewind() == [(0, 2, WHOLE), (0, 3, WHOLE)]


def test_blocks_that_go_while_nacks_are_gathered_are_not_repaired() -> None:
    desk = Desk(0)
    content, of = stream(desk, 5)
    desk.hear(lacks(0, 2, 0), lacks_blocks(0, 3, 3))
    content.write(bytes(40), message_ends=True)
    desk.send(of)
    assert content.first_block == 3
    assert desk.rewind() == [(0, 3, WHOLE)]


def test_blocks_that_go_while_they_wait_for_their_turn_are_not_repaired() -> None:
    desk = Desk(0)
    content, of = stream(desk, 5)
    desk.hear(lacks(0, 2, 0))
    desk.wait(5 * desk.grtt)
    content.write(bytes(40), message_ends=True)
    desk.send(of)
    assert desk.repairs() == []
    assert not desk.repairer.busy


# What was asked for by unicast (RFC 5740 §5.4.4).


def told(adverts: Iterable[RepairAdvertisement]) -> list[set[RepairItem]]:
    return [{i for r in a.requests for i in r.items} for a in adverts]


def test_all_are_told_what_was_asked_for_by_unicast() -> None:
    desk = Desk(2, coding=WIDE)
    desk.hear(lacks(0, 0, 1), unicast=True)
    assert told(desk.adverts()) == [{item(0, 0, 1)}]
    desk.now += 0.001
    desk.hear(lacks(0, 1, 2), unicast=True)
    assert told(desk.adverts()) == [{item(0, 0, 1), item(0, 1, 2)}]


def test_advertisements_take_a_tenth_of_a_low_rate_at_most() -> None:
    desk = Desk(2, coding=WIDE)
    desk.outbox.bucket.rate = 100.0
    desk.hear(lacks(0, 0, 1), unicast=True)
    (first,) = desk.adverts()
    desk.now += 0.9 * 10 * len(first.encode()) / 100.0
    desk.hear(lacks(0, 1, 2), unicast=True)
    assert desk.adverts() == []


def test_what_all_have_heard_is_not_told_again() -> None:
    desk = Desk(coding=WIDE)
    desk.hear(lacks(0, 0, 1))
    desk.hear(lacks(0, 0, 1), unicast=True)
    assert desk.adverts() == []


def test_an_advertisement_is_at_most_a_segment_and_says_so() -> None:
    desk = Desk(8, coding=replace(SMALL, segment_bytes=60))
    requests = [lacks(n, 0, n % 4) for n in range(8)]
    desk.hear(*requests[:3], unicast=True)
    (few,) = desk.adverts()
    assert not few.limited
    desk.now += 0.001
    desk.hear(*requests, unicast=True)
    (many,) = desk.adverts()
    assert many.limited
    assert sum(len(r.encode()) for r in many.requests) <= 60
    # The lowest come first: receivers take the highest for the position (§5.4.4).
    assert [i.object_id for r in many.requests for i in r.items][:4] == [0, 1, 2, 3]


def test_what_is_not_repaired_is_not_advertised() -> None:
    desk = purged(Desk(3, coding=WIDE), 0)
    desk.hear(lacks(0, 0, 1), unicast=True)
    assert desk.adverts() == []
    desk.hear(lacks(2, 0, 1))
    desk.rewind()
    desk.outbox.take()
    desk.hear(lacks(1, 0, 1), unicast=True)
    assert desk.adverts() == []


def test_without_backoff_nobody_waits_who_could_be_silenced() -> None:
    desk = Desk(coding=WIDE, backoff=0)
    desk.hear(lacks(0, 0, 1), unicast=True)
    assert desk.adverts() == []
    assert desk.repairs() == [(0, 0, [4])]


def test_an_advertisement_tells_the_length_of_blocks_under_fec_id_129() -> None:
    desk = Desk(coding=replace(WIDE, fec_id=FecId.SMALL_BLOCK))
    where = RepairItem(FecId.SMALL_BLOCK, 0, PayloadId(1, 2, 4))
    asked = RepairRequest(RepairForm.ITEMS, RepairLevel.SEGMENT, (where,))
    desk.hear(asked, unicast=True)
    assert told(desk.adverts()) == [{where}]


# Block numbers that wrap.


def test_block_numbers_of_a_long_stream_mean_the_nearest() -> None:
    desk = Desk(0)
    content = StreamContent(10, 4, 4)
    content.first_block = content.block_after = (1 << 24) - 2
    of = desk.add(content=content)
    for _ in range(4):
        content.write(bytes(40), message_ends=True)
        desk.send(of)
    desk.hear(lacks(0, (1 << 24) - 1, 0), lacks(0, 1, 0), lacks(0, 0xFF_0000, 0))
    desk.wait(0.0)
    (squelch,) = desk.squelches()
    assert squelch.payload_id == PayloadId((1 << 24) - 2, 0)
    assert desk.rewind() == [(0, (1 << 24) - 1, [4]), (0, (1 << 24) + 1, [4])]
