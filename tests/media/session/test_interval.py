from random import Random

import pytest

from groupwire.media.session import Repetition
from groupwire.media.session.interval import LEAST_S, RFC_LEAST_S, interval_s


def test_few_announcements_are_as_often_as_may_be() -> None:
    assert interval_s(1, 400) == LEAST_S
    assert interval_s(1, 400, least_s=RFC_LEAST_S) == 300


def test_many_share_4000_bits_a_second() -> None:
    assert interval_s(100, 500) == 100
    assert interval_s(1000, 500, least_s=RFC_LEAST_S) == 1000


def test_the_first_is_due_at_once_and_the_next_within_a_third_of_the_interval() -> None:
    rng = Random(1)
    distances = []
    for _ in range(200):
        repetition = Repetition(400, rng)
        assert repetition.next_s(1, now=7.0) == 7.0
        repetition.sent(now=7.0)
        distances.append(repetition.next_s(1, now=8.0) - 7.0)
    assert LEAST_S * 2 / 3 <= min(distances) < LEAST_S * 0.7
    assert LEAST_S * 1.3 < max(distances) <= LEAST_S * 4 / 3


def test_when_others_have_come_it_is_later() -> None:
    repetition = Repetition(500, Random(1))
    repetition.sent(now=0.0)
    few, many = repetition.next_s(1, now=1.0), repetition.next_s(100, now=1.0)
    assert many / few == pytest.approx(100 / LEAST_S)
