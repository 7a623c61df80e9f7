from collections import Counter

import pytest

from groupwire.norm.send.polls import AckStatus, Poll

PENDING, SUCCESS, FAILURE = AckStatus.PENDING, AckStatus.SUCCESS, AckStatus.FAILURE
INTERVAL = 0.2


def poll(*nodes: int, tries: int = 3, patience_s: float = 0.0, limit: int = 99) -> Poll:
    return Poll(nodes, tries=tries, patience_s=patience_s, limit=limit)


def rounds(asking: Poll, count: int, *, start: float = 0.0) -> list[tuple[int, ...]]:
    times = (start + n * INTERVAL for n in range(count))
    return [asking.next_round(now) for now in times]


def test_each_node_is_asked_in_every_round_until_it_has_answered() -> None:
    asking = poll(5, 6)
    assert asking.next_round(0.0) == (5, 6)
    assert asking.acknowledge(5)
    assert asking.next_round(0.2) == (6,)
    assert asking.acknowledge(6)
    assert not asking.open
    assert asking.status == {5: SUCCESS, 6: SUCCESS}


def test_a_node_that_was_asked_as_often_as_the_robust_factor_says_has_failed() -> None:
    asking = poll(5, 6, tries=3)
    asking.acknowledge(5)
    assert rounds(asking, 4) == [(6,), (6,), (6,), ()]
    assert asking.status == {5: SUCCESS, 6: FAILURE}
    assert not asking.open


def test_a_node_fails_no_sooner_than_patience_allows() -> None:
    asking = poll(5, tries=3, patience_s=1.0)
    assert rounds(asking, 5) == [(5,)] * 5
    assert asking.status == {5: PENDING}
    assert asking.next_round(1.0) == ()
    assert asking.status == {5: FAILURE}


def test_lists_are_no_longer_than_a_segment_and_all_nodes_have_their_turn() -> None:
    asking = poll(*range(10), tries=2, limit=4)
    asked = rounds(asking, 6)
    assert max(map(len, asked)) == 4
    assert asked[:3] == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 0, 1)]
    assert sorted(node for nodes in asked for node in nodes) == sorted([*range(10)] * 2)
    assert not asking.open


def test_who_has_answered_makes_room_for_others() -> None:
    asking = poll(1, 2, 3, limit=2)
    assert asking.next_round(0.0) == (1, 2)
    asking.acknowledge(1)
    assert asking.next_round(0.2) == (3, 2)


def test_no_more_are_asked_at_once_than_half_of_what_a_receive_buffer_takes() -> None:
    assert len(poll(*range(10_000), limit=10_000).next_round(0.0)) == 128


def test_ten_thousand_nodes_are_asked_equally_often_by_turns() -> None:
    asking = poll(*range(10_000), tries=20, limit=350)
    asked: Counter[int] = Counter()
    for nodes in rounds(asking, 500):
        assert len(nodes) == 128
        asked.update(nodes)
    assert set(asked.values()) == {6, 7}  # 64,000 questions
    assert len(asked) == 10_000


def test_a_list_holds_at_least_one_node_however_short_segments_are() -> None:
    assert poll(1, 2, limit=0).next_round(0.0) == (1,)


def test_only_the_first_answer_of_a_node_that_was_named_counts() -> None:
    asking = poll(5, 6)
    assert asking.acknowledge(5)
    assert not asking.acknowledge(5)
    assert not asking.acknowledge(7)
    assert asking.status == {5: SUCCESS, 6: PENDING}


def test_a_node_that_is_named_twice_is_asked_as_one() -> None:
    assert poll(5, 5).next_round(0.0) == (5,)


def test_nobody_named_is_nobody_to_wait_for() -> None:
    assert not poll().open


def test_a_node_may_answer_before_it_was_asked() -> None:
    asking = poll(1, 2, limit=1)
    asking.next_round(0.0)
    assert asking.acknowledge(2)
    assert asking.status == {1: PENDING, 2: SUCCESS}


def test_a_node_given_up_is_asked_no_more() -> None:
    asking = poll(5, 6)
    asking.fail(5)
    asking.fail(7)
    assert asking.next_round(0.0) == (6,)
    assert asking.status == {5: FAILURE, 6: PENDING}


def test_a_node_that_has_answered_does_not_fail_any_more() -> None:
    asking = poll(5)
    asking.acknowledge(5)
    asking.fail(5)
    assert asking.status == {5: SUCCESS}


def test_the_status_that_was_told_does_not_change_any_more() -> None:
    asking = poll(5)
    told = asking.status
    asking.acknowledge(5)
    assert told == {5: PENDING}


def test_a_node_that_asks_for_repair_is_asked_longer() -> None:
    asking = poll(5, 6, tries=3)
    assert rounds(asking, 3) == [(5, 6)] * 3
    asking.alive(6)
    assert rounds(asking, 3, start=0.6) == [(6,), (6,), ()]


def test_patience_begins_anew_with_a_node_that_asks_for_repair() -> None:
    asking = poll(5, tries=1, patience_s=1.0)
    rounds(asking, 5)
    asking.alive(5)
    assert asking.next_round(1.0) == (5,)
    assert asking.next_round(1.9) == (5,)
    assert asking.next_round(2.0) == ()


@pytest.mark.parametrize("node", [6, 7])
def test_a_node_is_not_asked_because_it_wants_repair(node: int) -> None:
    """Neither one that was never named nor one whose turn has not come."""
    asking = poll(5, 6, limit=1)
    asking.next_round(0.0)
    asking.alive(node)
    assert asking.status == {5: PENDING, 6: PENDING}
    assert asking.next_round(0.2) == (6,)


def test_a_round_that_does_not_count_fails_nobody() -> None:
    asking = poll(5, tries=1)
    assert asking.next_round(0.0, counts=False) == (5,)
    assert asking.next_round(0.2) == (5,)
    assert asking.next_round(0.4, counts=False) == (5,)
    assert asking.status == {5: PENDING}
    assert asking.next_round(0.6) == ()
    assert asking.status == {5: FAILURE}
