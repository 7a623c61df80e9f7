"""One way of a ping: what came, what came twice, what is lost."""

import pytest

from groupwire.probe.ping import Leg
from groupwire.probe.ping.leg import MAX_OPEN, routers


def heard(*numbers: int, asked: int = 9, tree: bool = False) -> Leg:
    leg = Leg(tree=tree)
    for number in numbers:
        leg.take(number, rtt_s=0.1, hops=None, since_s=-1.0)
    return leg.now(asked=asked)


@pytest.mark.parametrize(
    ("sent", "arrived", "between"),
    [(64, 64, 0), (64, 61, 3), (1, 1, 0), (64, None, None), (64, 128, None)],
)
def test_the_ttl_tells_the_routers_where_it_can(
    sent: int, arrived: int | None, between: int | None
) -> None:
    assert routers(sent, arrived) == between


def test_each_question_counts_once_in_whatever_order() -> None:
    leg = heard(5, 3, 5, 4, 3)
    assert (leg.received, leg.duplicates, leg.first_number) == (3, 2, 3)
    assert [leg.answered(number) for number in (2, 3, 4, 5, 6)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_way_that_carries_nothing_has_lost_all() -> None:
    assert (heard(tree=True).lost, heard(tree=True).loss) == (9, 1.0)
    assert heard(asked=0).loss == 0.0


def test_only_a_tree_may_lose_its_first_ones() -> None:
    assert (heard(4, 5).lost, heard(4, 5, tree=True).lost) == (7, 4)


def test_what_is_open_counts_neither_way() -> None:
    leg = heard(1).now(asked=3, unanswered=2)
    assert (leg.lost, leg.loss, leg.setup_s) == (0, 0.0, 0.0)


def test_what_is_long_past_is_forgotten() -> None:
    leg = heard(1, MAX_OPEN + 1)
    assert not leg.answered(1)
