import pytest

from groupwire.diagnose.checks.trials.ways import (
    Sizes,
    Station,
    lost_at,
    sizes,
    stations,
)
from groupwire.diagnose.trials.seen import Arrived, Way

SENT = (0, 1, 2)


def arrived(*numbers: int) -> tuple[Arrived, ...]:
    return tuple(Arrived(number, 1, 100) for number in numbers)


@pytest.mark.parametrize(
    ("way", "station"),
    [
        (Way(sent=SENT, arrived=arrived(0, 1, 2)), Station.ARRIVED),
        (Way(sent=SENT, arrived=arrived(1)), Station.ARRIVED),
        (Way(), Station.REFUSED),
        (Way(sent=SENT, error="no way out"), Station.REFUSED),
        (Way(sent=SENT, left=(), reached=()), Station.SENDER),
        (Way(sent=SENT, left=()), Station.SENDER),
        (Way(sent=SENT, left=SENT, reached=()), Station.NETWORK),
        (Way(sent=SENT, reached=()), Station.NETWORK),
        (Way(sent=SENT, left=SENT, reached=SENT), Station.RECEIVER),
        (Way(sent=SENT, reverse_path=3), Station.RECEIVER),
        (Way(sent=SENT, reverse_path=2), Station.SOMEWHERE),
        (Way(sent=SENT, left=SENT), Station.SOMEWHERE),
        (Way(sent=SENT), Station.SOMEWHERE),
    ],
)
def test_a_loss_is_where_the_last_station_saw_it(way: Way, station: Station) -> None:
    assert lost_at(way) is station


def test_what_passed_each_station_is_told_as_far_as_known() -> None:
    way = Way(sent=SENT, left=SENT, reached=(1, 9), arrived=arrived(1))
    assert stations(way) == (
        "3 sent, 3 left the sender's host, 1 reached the receiver's host, "
        "1 heard by its socket"
    )
    assert stations(Way(sent=SENT)) == "3 sent, 0 heard by its socket"


LARGE = ((3, 1472), (4, 1472), (5, 1000), (6, 1000))


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ((0, 3, 4, 5, 6), None),
        ((0, 3, 5), None),
        ((0, 5, 6), Sizes(1000, 1472)),
        ((0, 6), Sizes(1000, 1472)),
        ((0,), Sizes(0, 1000)),
        ((0, 3, 4), None),
        ((5, 6), None),
        ((), None),
    ],
)
def test_size_decides_only_where_all_larger_ones_are_lost(
    numbers: tuple[int, ...], found: Sizes | None
) -> None:
    way = Way(sent=SENT, arrived=arrived(*numbers), sizes=LARGE)
    assert sizes(way) == found
