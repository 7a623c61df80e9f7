"""Figures as people write them."""

from __future__ import annotations

import pytest

from groupwire.cli.render.deliveries.ink.figures import (
    Pace,
    amount,
    bit_rate,
    lost_share,
    percent,
    remaining,
    share,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (52_400_000, "52.4 MB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1 << 48, "281 TB"),
        (10**19, "10000 PB"),
    ],
)
def test_amounts_have_three_digits(size: int, text: str) -> None:
    assert amount(size) == text


def test_rates_are_in_bits() -> None:
    assert [bit_rate(r) for r in (0, 8, 1e8, 2.5e8)] == [
        "0 b/s",
        "64 b/s",
        "800 Mb/s",
        "2 Gb/s",
    ]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "100 %"), (0, 9, "0 %"), (999, 1000, "99 %"), (9, 9, "100 %")],
)
def test_all_is_said_only_of_all(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [(0, "0 %"), (1, "<0.01 %"), (300, "0.03 %"), (4000, "0.4 %"), (120_000, "12 %")],
)
def test_a_small_share_is_not_rounded_away(part: int, text: str) -> None:
    assert share(part, 1_000_000) == text


def test_a_share_of_nothing_is_nothing() -> None:
    assert share(5, 0) == "0 %"


def test_every_file_has_a_segment_however_short() -> None:
    assert lost_share(1, 10, 1000, 1400) == "10 %"
    assert lost_share(1, 1, 14_000, 1400) == "10 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (9.4, "9 s"), (65, "1:05"), (7380, "2:03:00")],
)
def test_what_remains_is_told_as_on_a_clock(seconds: float, text: str) -> None:
    assert remaining(seconds) == text


def test_a_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace.per_s == 0.0
    pace.see(0.0, 0)
    assert pace.per_s == 0.0
    for second in range(1, 20):
        pace.see(second, 10 * second if second < 10 else 90 + 1000 * (second - 9))
    assert pace.per_s == 1000


def test_two_looks_at_once_have_no_pace() -> None:
    pace = Pace()
    pace.see(1.0, 0)
    pace.see(1.0, 5)
    assert pace.per_s == 0.0
