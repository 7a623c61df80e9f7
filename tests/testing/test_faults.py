"""A link's character as a value."""

from __future__ import annotations

from typing import Any

import pytest

from groupwire.errors import UsageError
from groupwire.testing import Faults


def test_the_default_is_a_perfect_link() -> None:
    perfect = Faults()
    assert not perfect.shapes_time
    assert (perfect.loss, perfect.corruption, perfect.rate_bytes_per_s) == (0, 0, 0)


@pytest.mark.parametrize("name", ["loss", "duplication", "reordering", "corruption"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_fraction_is_from_0_to_1(name: str, value: float) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(UsageError, match=name):
        Faults(**wrong)
    for right in (0, 1):
        Faults(**{name: right})


@pytest.mark.parametrize("name", ["burst", "checksum_misses"])
def test_what_counts_packets_is_at_least_1(name: str) -> None:
    wrong: dict[str, Any] = {name: 0}
    with pytest.raises(UsageError, match=name):
        Faults(**wrong)


@pytest.mark.parametrize(
    "name",
    ["late_s", "delay_s", "jitter_s", "rate_bytes_per_s", "queue_bytes", "mtu_bytes"],
)
def test_no_time_and_no_size_is_negative(name: str) -> None:
    wrong: dict[str, Any] = {name: -1}
    with pytest.raises(UsageError, match=name):
        Faults(**wrong)


@pytest.mark.parametrize("name", ["jitter_s", "reordering", "duplication"])
def test_what_disturbs_the_order_or_the_rhythm_is_told(name: str) -> None:
    faults: dict[str, Any] = {name: 0.1}
    assert Faults(**faults).shapes_time


@pytest.mark.parametrize("name", ["loss", "corruption", "delay_s", "rate_bytes_per_s"])
def test_what_leaves_the_order_alone_is_told(name: str) -> None:
    faults: dict[str, Any] = {name: 0.1}
    assert not Faults(**faults).shapes_time


def test_on_the_wire_a_datagram_has_the_headers_of_ipv4_and_udp() -> None:
    # RFC 791: 20 bytes without options; RFC 768: 8 bytes.
    assert Faults().wire_bytes(1472) == 1500
