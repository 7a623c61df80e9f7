"""Rates and sizes as people write them."""

from __future__ import annotations

import pytest
import typer

from groupwire.cli.options.quantities import bytes_size, delay, rate


@pytest.mark.parametrize(
    ("text", "bits_per_s"),
    [("800M", 8e8), ("64k", 64e3), ("2.5G", 2.5e9), ("8", 8.0), (" 10m ", 1e7)],
)
def test_a_rate_is_in_bits_per_second(text: str, bits_per_s: float) -> None:
    assert rate(text) == bits_per_s


@pytest.mark.parametrize("text", ["", "0", "fast", "-1M", "1T", "nan", "1e9", "٣M"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="800M"):
        rate(text)


def test_a_size_is_in_bytes_and_may_be_nothing() -> None:
    assert [bytes_size(text) for text in ("0", "1.5k", "4G")] == [
        0,
        1500,
        4_000_000_000,
    ]


@pytest.mark.parametrize("text", ["", "4 GB", "0x10", "9" * 16])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="4G"):
        bytes_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.5", 0.5), ("200ms", 0.2), ("3", 3), ("1s", 1)]
)
def test_a_delay_is_seconds_or_milliseconds(text: str, seconds: float) -> None:
    assert delay(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "-1", "ms", "nan", "inf", "1m", "s", "1mss"])
def test_what_is_no_delay_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no time"):
        delay(text)
