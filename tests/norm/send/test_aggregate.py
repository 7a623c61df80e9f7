from groupwire.norm.repair.state import Need
from groupwire.norm.send.aggregate import Aggregation, Phase


def test_nothing_is_due_before_anybody_asks() -> None:
    cycle = Aggregation()
    assert (cycle.phase, cycle.deadline) == (Phase.IDLE, None)


def test_the_first_nack_alone_begins_to_gather() -> None:
    cycle = Aggregation()
    cycle.open(1.0, 0.5)
    cycle.open(1.4, 0.5)
    assert (cycle.phase, cycle.deadline) == (Phase.GATHERING, 1.5)


def test_nobody_opens_a_cycle_while_repairs_are_held_off() -> None:
    cycle = Aggregation()
    cycle.open(1.0, 0.5)
    cycle.hold(1.5, 0.1)
    cycle.open(1.55, 0.5)
    assert (cycle.phase, cycle.deadline) == (Phase.HOLDING, 1.6)


def test_a_new_cycle_may_begin_after_the_rest() -> None:
    cycle = Aggregation()
    cycle.open(1.0, 0.5)
    cycle.hold(1.5, 0.1)
    cycle.rest()
    assert (cycle.phase, cycle.deadline) == (Phase.IDLE, None)
    cycle.open(2.0, 0.5)
    assert (cycle.phase, cycle.deadline) == (Phase.GATHERING, 2.5)


def test_of_each_block_counts_what_the_neediest_receiver_lacks() -> None:
    cycle = Aggregation()
    cycle.add_symbols(0, 1, 3, 0)
    cycle.add_symbols(0, 1, 2, 0)
    cycle.add_symbols(0, 2, 1, 0)
    cycle.add_symbols(1, 1, 4, 0)
    assert cycle.counts == {(0, 1): 3, (0, 2): 1, (1, 1): 4}
    assert cycle.explicit == {}


def test_what_parity_will_not_replace_is_sent_to_all_who_lack_it() -> None:
    cycle = Aggregation()
    cycle.add_symbols(0, 1, 1, 0b0010)
    cycle.add_symbols(0, 1, 1, 0b1000)
    assert cycle.explicit == {(0, 1): 0b1010}


def test_strangers_cannot_fill_memory_with_blocks() -> None:
    cycle = Aggregation()
    for block in range(10_000):
        cycle.add_symbols(0, block, 1, 1)
        cycle.answer(0, block, 1, 1.0, 0.5)
    cycle.add_symbols(0, 0, 5, 2)
    assert len(cycle.counts) == len(cycle.explicit) == 4096
    assert cycle.counts[0, 0] == 5
    assert cycle.explicit[0, 0] == 3


def test_what_was_asked_for_is_forgotten_when_repair_begins() -> None:
    cycle = Aggregation()
    cycle.open(1.0, 0.5)
    cycle.asked.add(Need(3, 3))
    cycle.add_symbols(0, 1, 1, 1)
    cycle.hold(1.5, 0.1)
    assert not cycle.asked
    assert (cycle.counts, cycle.explicit) == ({}, {})


def test_what_was_answered_is_on_its_way_for_a_round_trip() -> None:
    cycle = Aggregation()
    assert cycle.answered(0, 1, 1.0) == 0
    cycle.answer(0, 1, 0b001, 1.0, 0.5)
    cycle.answer(0, 1, 0b100, 1.4, 0.5)
    assert cycle.answered(0, 1, 1.4) == 0b101
    assert cycle.answered(0, 1, 1.5) == 0
    cycle.answer(0, 1, 0b010, 1.6, 0.5)
    assert cycle.answered(0, 1, 2.0) == 0b010


def test_of_many_blocks_that_are_on_their_way_only_so_many_are_remembered() -> None:
    cycle = Aggregation()
    for block in range(10_000):
        cycle.answer(0, block, 1, 1.0, 0.5)
    assert [cycle.answered(0, block, 1.2) for block in (4095, 4096)] == [1, 0]
    cycle.answer(0, 4096, 1, 2.0, 0.5)
    assert [cycle.answered(0, block, 2.2) for block in (4095, 4096)] == [0, 1]
