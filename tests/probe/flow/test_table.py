from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.probe.flow.packets import SENDER, datagram, row, rtp, transport

from groupwire.probe.flow import FlowTable, SourceReport
from groupwire.probe.flow.table import MAX_SOURCES, STALE_S
from groupwire.values import Group, Origin

GROUP = Group.parse("239.1.1.1:5000")
OTHER = Group.parse("239.1.1.2:5000")


def table(*groups: Group, trail: bool = False) -> FlowTable:
    return FlowTable(groups or (GROUP,), now=0.0, trail=trail)


def only(found: FlowTable, now: float) -> SourceReport:
    ((source,),) = [group.sources for group in found.report(now=now)]
    return source


def test_a_group_without_packets_is_reported_too() -> None:
    first, second = table(GROUP, OTHER).report(now=1.0)
    assert (first.group, second.group) == (GROUP, OTHER)
    assert first.ip == IPv4Address("239.1.1.1")
    assert first.total.packets == first.lost == 0
    assert first.now.packets_per_s == first.now.bits_per_s == 0.0


def test_what_one_interval_brought_is_told_apart_from_the_whole() -> None:
    found = table()
    found.take(0, [datagram(rtp(n), at=n * 0.1) for n in range(10)], now=1.0)
    found.report(now=1.0)
    found.take(0, [datagram(rtp(n), at=n * 0.1) for n in (10, 12)], now=2.0)
    source = only(found, now=3.0)
    assert (source.now.packets, source.total.packets) == (2, 12)
    assert (source.now.bytes, source.total.bytes) == (200, 1200)
    assert source.now.seconds == 2.0
    assert (source.now.lost, source.total.lost) == (1, 1)
    assert source.now.loss == pytest.approx(1 / 3)
    assert (source.now.packets_per_s, source.now.bits_per_s) == (1.0, 800.0)
    assert source.quiet_s == pytest.approx(1.8)


def test_a_clock_that_is_set_does_not_change_the_rate_of_a_group() -> None:
    found = table()
    found.take(0, [datagram(b"x" * 100)] * 4, now=1.0)
    (group,) = found.report(now=1.0, elapsed_s=1.0)
    assert (group.now.bits_per_s, group.total.bits_per_s) == (3200.0, 3200.0)
    found.take(0, [datagram(b"x" * 100)] * 4, now=7200.0)
    (group,) = found.report(now=7200.0, elapsed_s=2.0)
    assert (group.now.bits_per_s, group.total.bits_per_s) == (3200.0, 3200.0)


def test_what_comes_late_does_not_make_an_interval_gain() -> None:
    found = table()
    found.take(0, [datagram(rtp(n)) for n in (0, 1, 2, 3, 6)], now=1.0)
    assert only(found, now=1.0).now.lost == 2
    found.take(0, [datagram(rtp(4)), datagram(rtp(9))], now=2.0)
    source = only(found, now=2.0)
    assert (source.now.lost, source.total.lost) == (1, 3)
    assert source.now.counts is not None
    assert source.now.counts.reordered == 1
    found.take(0, [datagram(rtp(20))], now=3.0)
    longest = only(found, now=3.0).now.counts
    assert longest is not None
    assert longest.longest_gap == 10


def test_a_row_counts_as_its_packets() -> None:
    found = table()
    data = row([rtp(n) for n in range(40)]).data[:-20]
    found.take(0, [datagram(data, segment_bytes=100)], now=1.0)
    source = only(found, now=1.0)
    assert (source.total.packets, source.total.bytes) == (40, 3980)
    assert source.size_range == (80, 100)
    assert source.total.lost == 0


def test_a_source_without_numbers_loses_nobody_knows_what() -> None:
    found = table()
    found.take(0, [datagram(b"hello"), datagram(b"")], now=1.0)
    source = only(found, now=1.0)
    assert source.form is None
    assert source.total.lost is source.total.loss is None
    assert source.unit == "packets"
    assert not source.jitter_by_clock


def test_form_and_detail_are_told() -> None:
    found = table(GROUP, OTHER)
    found.take(0, [datagram(rtp(n, stamp=90 * n), at=n / 1e3) for n in range(9)], now=1)
    found.take(1, [datagram(transport(7 * n)) for n in range(9)], now=1)
    one, two = (group.sources[0] for group in found.report(now=1.0))
    assert (one.form, one.detail, one.unit) == ("RTP", "MPEG-TS", "packets")
    assert one.jitter_by_clock
    assert (two.form, two.unit) == ("MPEG-TS", "TS packets")


def test_the_range_of_ttl_is_kept() -> None:
    found = table()
    for hops in (4, 7, None, 3):
        found.take(0, [datagram(b"x", hops=hops)], now=1.0)
    source = only(found, now=1.0)
    assert (source.ttl_hops, source.ttl_range) == (3, (3, 7))


def test_sources_interfaces_and_groups_are_told_apart() -> None:
    found = table(GROUP, OTHER)
    other = Origin("10.0.0.8", 1)
    found.take(0, [datagram(b"a"), datagram(b"b", origin=other)], now=1.0)
    found.take(0, [datagram(b"a", interface=2)], now=1.0)
    found.take(1, [datagram(b"a")], now=1.0)
    first, second = found.report(now=1.0)
    keys = [(s.source, s.interface) for s in first.sources]
    assert keys == [(SENDER, 1), (other, 1), (SENDER, 2)]
    assert (first.total.packets, second.total.packets) == (3, 1)


def test_the_time_of_reading_serves_where_the_kernel_tells_none() -> None:
    found = table()
    found.take(0, [datagram(b"x", at=None)], now=5.0)
    found.take(0, [datagram(b"x", at=None)], now=5.5)
    assert only(found, now=6.0).total.silence_s == 0.5


def test_what_this_host_drops_is_told_apart() -> None:
    found = table()
    found.take(0, [datagram(rtp(n)) for n in (0, 1, 2, 3, 4, 10)], now=1.0)
    (group,) = found.report([3], now=1.0)
    assert (group.dropped, group.dropped_now, group.lost) == (3, 3, 5)
    assert group.lost_on_the_way == 2
    (group,) = found.report([7], now=2.0)
    assert (group.dropped, group.dropped_now, group.lost_on_the_way) == (7, 4, 0)


def test_what_is_dropped_in_rows_is_counted_in_packets() -> None:
    found = table()
    (group,) = found.report([2], now=0.5)
    assert (group.dropped, group.dropped_exactly) == (2, True)
    found.take(0, [datagram(rtp(1)), datagram(rtp(2))], now=1.0)
    (group,) = found.report([2], now=1.0)
    assert (group.dropped, group.dropped_exactly) == (2, True)
    data = row([rtp(n) for n in range(40)]).data
    found.take(0, [datagram(data, segment_bytes=100)], now=2.0)
    (group,) = found.report([5], now=2.0)
    assert (group.dropped, group.dropped_now) == (122, 120)
    assert not group.dropped_exactly
    (group,) = found.report([6], now=3.0)
    assert group.dropped_now == 14


@pytest.mark.parametrize("trail", [False, True])
def test_a_flood_of_single_packets_is_what_its_packets_are(trail: bool) -> None:
    numbers = [n for n in range(5, 400) if n % 37]
    packets = [datagram(rtp(n), at=1 + n / 1e5, hops=4 + n // 250) for n in numbers]
    others = [datagram(b"x", origin=stranger(1), at=1.0)] * 3
    alone, together = table(trail=trail), table(trail=trail)
    for packet in [*packets, *others]:
        alone.take(0, [packet], now=1.0)
    for first in range(0, len(packets), 50):
        together.take(0, packets[first : first + 50], now=1.0)
    together.take(0, [*others, datagram(rtp(400), at=1.004), *others], now=1.0)
    (one,), (two,) = alone.report(now=2.0), together.report(now=2.0)
    first, second = one.sources[0], two.sources[0]
    assert second.total.packets == first.total.packets + 1 == len(packets) + 1
    assert second.total.lost == first.total.lost == 10
    assert second.ttl_range == first.ttl_range == (4, 5)
    assert second.size_range == first.size_range
    assert second.total.silence_s == pytest.approx(first.total.silence_s, abs=1e-3)
    assert second.trail.count(".") == first.trail.count(".")


def test_a_run_is_looked_at_one_by_one_where_it_is_no_flood() -> None:
    found = table()
    slow = [datagram(rtp(n), at=1 + n / 10) for n in range(20)]
    found.take(0, slow, now=1.0)
    found.take(0, slow, now=1.0)
    mixed = [datagram(b"x", at=3.0, interface=n % 2) for n in range(20)]
    found.take(0, mixed, now=1.0)
    found.take(0, [datagram(b"", at=3.0)] * 20, now=1.0)
    found.take(0, [datagram(rtp(n), at=None) for n in range(20, 40)], now=3.5)
    first, second = found.report(now=4.0)[0].sources
    assert first.now.silence_s == pytest.approx(0.5)
    assert (first.total.packets, second.total.packets) == (90, 10)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"", b"\x80\x21", b"G", b"\x12\x04", b"\xf5gwl", b"A", b"Q"]
            ),
            st.binary(max_size=400),
            st.sampled_from([0, 0, 1, 7, 16, 188]),
            st.integers(1, 12),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_whatever_strangers_send_is_counted(
    sent: list[tuple[bytes, bytes, int, int]], trail: bool
) -> None:
    found, packets = table(trail=trail), 0
    for first, rest, step, times in sent:
        data = first + rest
        size = step if data else 0
        packets += times * (-(-len(data) // size) if size else 1)
        found.take(0, [datagram(data, segment_bytes=size, at=1.0)] * times, now=1.0)
    (group,) = found.report(now=2.0)
    assert group.total.packets == packets
    assert all(source.total.bytes >= 0 for source in group.sources)


def stranger(number: int) -> Origin:
    return Origin(str(IPv4Address(number)), 5)


def test_strangers_do_not_fill_the_table() -> None:
    found = table()
    for number in range(MAX_SOURCES + 10):
        found.take(0, [datagram(b"x", origin=stranger(number), at=1.0)], now=1.0)
    found.take(
        0,
        [datagram(b"abcabca", origin=stranger(1 << 30), at=1.0, segment_bytes=3)],
        now=1.0,
    )
    (group,) = found.report(now=1.0)
    assert len(group.sources) == MAX_SOURCES
    assert group.others == 13
    assert group.total.packets == MAX_SOURCES + 13
    assert group.total.bytes == MAX_SOURCES + 17


def test_who_is_silent_for_long_gives_way() -> None:
    found = table(GROUP, OTHER)
    late = 2 * STALE_S
    for number in range(MAX_SOURCES):
        at = late if number == 7 else 1.0
        found.take(0, [datagram(b"x", origin=stranger(number), at=at)], now=1.0)
    found.take(1, [datagram(b"x", at=late)], now=late)
    found.take(1, [datagram(b"x", origin=stranger(99), at=late)], now=late)
    first, second = found.report(now=late)
    assert [s.source for s in first.sources] == [stranger(7)]
    assert first.others == MAX_SOURCES - 1
    assert len(second.sources) == 2


def test_a_trail_has_a_glyph_for_each_packet() -> None:
    found = table(trail=True)
    found.take(0, [datagram(rtp(n)) for n in (0, 1, 2, 3, 4, 7, 5, 5, 8)], now=1.0)
    assert only(found, now=1.0).trail == ".....xx.<2."
    found = table(trail=True)
    data = row([b"abc"] * 4).data
    found.take(0, [datagram(data, segment_bytes=3)], now=1.0)
    assert only(found, now=1.0).trail == "...."
