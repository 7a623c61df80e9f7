"""Departures by the stream's clock; times in the tests are seconds from 0."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.media.making import clip, packet, ticking

from groupwire.errors import UsageError
from groupwire.media.transport import (
    CLOCK_HZ,
    PCR_MODULUS,
    Departure,
    Timetable,
    ticks_in,
)
from groupwire.media.transport.pacing import LONGEST_TICK_S, MAX_HELD

FOREVER = 1e9


def played(
    table: Timetable, step: float = 0.001, until: float = 60.0
) -> list[Departure]:
    """Return what leaves, taken often enough to be late never."""
    found: list[Departure] = []
    now = 0.0
    while now < until and table.due_s is not None:
        found += table.take(now)
        now += step
    return found


def fed(*rows: bytes, rate_bps: float | None = None, each: int = 7) -> Timetable:
    table = Timetable(rate_bps=rate_bps, packets_each=each)
    for row in rows:
        table.feed(row, now=0.0)
    table.end(now=0.0)
    return table


def test_each_datagram_leaves_when_its_first_packet_is_due() -> None:
    table = fed(ticking(11, each=7, every_s=0.02))
    departures = played(table)
    assert [len(d.data) for d in departures] == [7 * 188] * 11
    assert [d.due_s for d in departures] == pytest.approx([n * 0.02 for n in range(11)])
    assert b"".join(d.data for d in departures) == ticking(11, each=7)
    assert (table.clocked, table.breaks, table.late_s) == (True, 0, 0.0)


def test_packets_between_two_clocks_are_evenly_apart() -> None:
    departures = played(fed(ticking(5, each=10, every_s=0.1), each=1))
    assert len(departures) == 50
    gaps = [b.due_s - a.due_s for a, b in pairwise(departures)]
    assert gaps == pytest.approx([0.01] * 49)


def test_the_size_of_a_datagram_does_not_depend_on_how_it_came() -> None:
    stream = ticking(20)
    whole = played(fed(stream))
    parts = [stream[n : n + 188] for n in range(0, len(stream), 188)]
    assert played(fed(*parts)) == whole


def test_a_clock_that_wraps_goes_on() -> None:
    table = fed(ticking(11, each=7, first=PCR_MODULUS - CLOCK_HZ // 10))
    departures = played(table)
    assert [d.due_s for d in departures] == pytest.approx([n * 0.02 for n in range(11)])
    assert table.breaks == 0


@pytest.mark.parametrize(
    "second",
    [
        ticking(5, each=7, first=0),
        ticking(5, each=7, first=900 * CLOCK_HZ),
        packet(0, pcr=5 * 540_000, jumps=True) + ticking(5, each=7)[188:],
    ],
    ids=["back", "far ahead", "announced"],
)
def test_another_clock_goes_on_at_the_same_pace(second: bytes) -> None:
    table = fed(ticking(5, each=7), second)
    departures = played(table)
    assert table.breaks == 1 + (b"\x90" in second[:8])
    assert [d.due_s for d in departures] == pytest.approx([n * 0.02 for n in range(10)])
    assert [d.fresh for d in departures][:6] == [False] * 5 + [True]


def test_a_datagram_ends_where_another_clock_begins() -> None:
    table = fed(ticking(3, each=5), ticking(3, each=5))
    sizes = [len(d.data) // 188 for d in played(table)]
    assert sizes == [7, 7, 1, 7, 7, 1]


def test_what_is_in_front_of_the_first_clock_leaves_before_it_at_its_pace() -> None:
    head = b"".join(packet(n, 0) for n in range(14))
    departures = played(fed(head + ticking(3, each=7)))
    assert [d.due_s for d in departures] == pytest.approx([n * 0.02 for n in range(5)])


def test_much_in_front_of_the_first_clock_is_no_long_wait() -> None:
    head = b"".join(packet(n, 0) for n in range(7000))
    departures = played(fed(head + ticking(3, each=7)))
    assert departures[1000].due_s == pytest.approx(LONGEST_TICK_S)


def test_a_first_clock_that_jumps_at_once_waits_for_a_pace() -> None:
    departures = played(fed(packet(0, pcr=77 * CLOCK_HZ) + ticking(3, each=7), each=1))
    gaps = [b.due_s - a.due_s for a, b in pairwise(departures)]
    assert gaps == pytest.approx([0.02 / 7] * 21)


def test_the_first_packet_id_with_a_clock_is_followed() -> None:
    other = [packet(n, 0x200, pcr=n * 999_999_999) for n in range(5)]
    row = ticking(5, each=7)
    mixed = b"".join(row[n * 1316 : (n + 1) * 1316] + other[n] for n in range(5))
    table = fed(mixed)
    assert (len(played(table)), table.breaks) == (6, 0)


def test_a_packet_id_that_has_no_clock_any_more_is_followed_no_more() -> None:
    rest = b"".join(packet(n) for n in range(1000)) + ticking(60, each=7, pid=0x300)
    table = Timetable()
    table.feed(ticking(5, each=7), now=0.0)
    for start in range(0, len(rest), 1880):
        table.feed(rest[start : start + 1880], now=0.0)
    table.end(now=0.0)
    departures = played(table)
    assert table.clocked
    gaps = [b.due_s - a.due_s for a, b in pairwise(departures)]
    assert gaps == pytest.approx([0.02] * len(gaps))


def test_without_a_clock_a_rate_sets_the_pace() -> None:
    row = b"".join(packet(n) for n in range(2000))
    departures = played(fed(row, rate_bps=1316 * 8 * 100))
    gaps = [b.due_s - a.due_s for a, b in pairwise(departures)]
    assert gaps == pytest.approx([0.01] * len(gaps))


def test_once_it_is_known_that_there_is_no_clock_nothing_waits_for_one() -> None:
    table = Timetable(rate_bps=1316 * 8 * 100)
    row = b"".join(packet(n) for n in range(2000))
    table.feed(row[: 188 * 600], now=0.0)
    assert table.due_s is None
    table.feed(row[188 * 600 : 188 * 800], now=0.0)
    assert (table.due_s, table.clocked) == (0.0, False)
    before = table.queued_bytes
    table.feed(row[188 * 800 : 188 * 807], now=0.0)
    assert table.queued_bytes == before + 1316
    table.feed(b"", now=0.0)


def test_a_clock_goes_before_a_rate() -> None:
    departures = played(fed(packet(0) + ticking(5, each=7), rate_bps=1e6))
    assert departures[-1].due_s - departures[-2].due_s == pytest.approx(0.02)


def test_a_stream_without_a_clock_or_a_rate_is_refused() -> None:
    with pytest.raises(UsageError, match="no clock"):
        fed(packet(0) + packet(1))
    table = Timetable()
    with pytest.raises(UsageError, match="--rate 8M"):
        table.feed(b"".join(packet(n) for n in range(MAX_HELD)), now=0.0)


def test_nothing_at_all_is_nothing_to_send() -> None:
    table = fed()
    assert (table.due_s, table.take(FOREVER), table.ahead_s(0.0)) == (None, [], 0.0)


def test_a_source_that_is_late_delays_all_that_follows() -> None:
    stream = ticking(40, each=7)
    table = Timetable()
    now, left = 0.0, []
    for start in range(0, len(stream), 1316):
        table.feed(stream[start : start + 1316], now=now)
        left += [(now, d) for d in table.take(now)]
        now += 0.025  # the source is slower than it says
    assert table.late_s == pytest.approx(38 * 0.005)
    assert max(at - d.due_s for at, d in left) < 0.021
    stamps = [d.due_s for _, d in left]
    assert all(b - a >= 0.02 - 1e-9 for a, b in pairwise(stamps))


def test_who_was_stopped_sends_no_burst() -> None:
    table = fed(clip(4.0))
    assert len(table.take(0.0)) == 1
    next_due = table.due_s
    assert next_due is not None
    burst = table.take(3.0)
    assert [d.due_s for d in burst] == [3.0]
    assert table.late_s == pytest.approx(3.0 - next_due)
    later = [d for step in range(1, 11) for d in table.take(3.0 + step * 0.05)]
    assert len(later) == pytest.approx(2e6 / 8 / 1316 * 0.5, rel=0.05)


def test_who_is_a_little_late_catches_up() -> None:
    table = fed(ticking(11, each=7))
    assert len(table.take(0.09)) == 5
    assert table.late_s == 0.0


def test_how_much_is_ready_is_known() -> None:
    table = fed(ticking(11, each=7))
    assert table.ahead_s(0.05) == pytest.approx(0.17)
    assert table.queued_bytes == 11 * 1316
    table.take(0.05)
    assert table.queued_bytes == 8 * 1316
    assert ticks_in(b"") == []
