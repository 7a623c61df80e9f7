"""What a receiver makes of what arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.probe.load import LoadHead, LoadReport, Runs
from groupwire.probe.load import runs as module
from groupwire.values import Datagram, Origin
from groupwire.values.datagram import KnownFacts

SENDER = Origin("10.0.0.7", 4000)


def row(*numbers: int, run: int = 7, sent: float = 1.0, size: int = 50) -> bytes:
    heads = (LoadHead(run, number, round(sent * 1e9)).encode() for number in numbers)
    return b"".join(head + bytes(size - len(head)) for head in heads)


def arrived(
    data: bytes, at: float = 1.5, *, size: int = 0, origin: Origin = SENDER
) -> Datagram:
    facts = KnownFacts(at=at)
    return Datagram(data, origin, 1, facts, segment_bytes=size)


def taken(*datagrams: Datagram) -> LoadReport:
    runs = Runs()
    for datagram in datagrams:
        runs.take(datagram, time=9.0)
    run = runs.find(7)
    assert run is not None
    return run.report(dropped=3, heard=1.0, answered=2.0)


def test_single_datagrams_and_rows_count_alike() -> None:
    singly = taken(*(arrived(row(number)) for number in (0, 1, 2, 3)))
    at_once = taken(arrived(row(0, 1, 2, 3), size=50))
    assert singly == at_once
    assert (singly.packets, singly.size_bytes, singly.lost) == (4, 200, 0)
    assert singly.delays_s["p50"] == pytest.approx(0.5)
    assert (singly.dropped_here, singly.heard, singly.answered) == (0, 1.0, 2.0)


def test_drops_are_counted_in_rows_and_are_some_of_the_lost() -> None:
    rows = [arrived(row(*range(n, n + 4)), size=50) for n in (0, 4, 40)]
    report = taken(*rows)
    assert (report.lost, report.dropped_here) == (32, 12)
    assert taken(arrived(row(0, 1, 3), size=50)).dropped_here == 1


def test_what_was_sent_before_the_first_that_came_is_told() -> None:
    assert taken(arrived(row(5)), arrived(row(4))).before == 4


def test_two_million_lost_are_no_new_beginning() -> None:
    report = taken(
        arrived(row(0, 1), size=50), arrived(row(2_000_002, 2_000_003), size=50)
    )
    assert (report.packets, report.lost) == (4, 2_000_000)


def test_loss_and_rate_are_those_of_what_came() -> None:
    report = LoadReport(run=1, packets=3, lost=1, size_bytes=300, seconds=2.0)
    assert (report.loss, report.bits_per_s) == (0.25, 800.0)
    assert LoadReport(run=1).loss == 0.0
    assert LoadReport(run=1, packets=9, size_bytes=9).bits_per_s is None
    assert LoadReport(run=1, packets=1, seconds=1.0).bits_per_s is None


def test_a_hole_in_a_row_is_a_loss() -> None:
    report = taken(arrived(row(0, 1, 3, 3, 2, 6), size=50))
    assert (report.packets, report.lost, report.duplicates) == (5, 2, 1)
    assert (report.reordered, report.longest_gap) == (1, 2)


def test_a_last_one_that_is_no_measured_traffic_is_not_counted() -> None:
    report = taken(arrived(row(0, 1) + b"short", size=50))
    assert (report.packets, report.size_bytes) == (2, 100)


def test_without_the_kernel_s_time_ours_serves() -> None:
    report = taken(Datagram(row(0), SENDER))
    assert report.delays_s["max"] == pytest.approx(8.0)


def test_what_is_something_else_is_counted_and_left() -> None:
    runs = Runs()
    assert runs.take(Datagram(b"hello", SENDER), time=0.0) is None
    assert (runs.foreign, list(runs), runs.find(7)) == (1, [], None)


def test_a_run_is_told_when_it_begins_and_senders_are_kept_apart() -> None:
    runs = Runs()
    assert runs.take(arrived(row(0)), time=0.0) is None
    assert list(runs) == [], "one may be anybody's"
    first = runs.take(arrived(row(1)), time=0.0)
    assert first is not None
    assert runs.take(arrived(row(2)), time=0.0) is None
    other = Origin("10.0.0.8", 4000)
    second = runs.take(arrived(row(0, 1), 2.5, size=50, origin=other), time=0.0)
    assert list(runs) == [first, second]
    assert runs.find(7) is second, "the one heard last"


def begun(runs: Runs, number: int, count: int, host: str = "10.0.0.7") -> None:
    numbers = row(*range(count), run=number)
    runs.take(arrived(numbers, size=50, origin=Origin(host, number)), time=0.0)


def test_runs_are_bounded_and_the_one_of_least_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_RUNS", 2)
    runs = Runs()
    for number, count in ((1, 5), (2, 2), (3, 2)):
        begun(runs, number, count)
    assert [run.number for run in runs] == [1, 3]


def test_a_host_with_many_runs_forgets_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_RUNS_OF_A_HOST", 2)
    runs = Runs()
    begun(runs, 1, 2, "10.0.0.1")
    for number in range(2, 9):
        begun(runs, number, 3, "10.0.0.66")
    assert [run.number for run in runs].count(1) == 1
    assert len(list(runs)) == 3


REPORT = LoadReport(run=7, packets=5, delays_s={"p50": -0.25})


@given(st.integers(0, (1 << 64) - 1), st.floats(-1e9, 1e9))
def test_a_report_reads_back(count: int, seconds: float) -> None:
    report = LoadReport(run=count, lost=count, seconds=seconds, delays_s={"max": 1.0})
    assert LoadReport.decode(report.encode()) == report


def test_the_longest_report_is_one_small_datagram() -> None:
    most = (1 << 64) - 1
    names = ("min", "p50", "p90", "p99", "p999", "max")
    report = LoadReport(
        run=most,
        packets=most,
        size_bytes=most,
        lost=most,
        duplicates=most,
        reordered=most,
        longest_gap=most,
        dropped_here=most,
        seconds=-123456789.123456,
        jitter_s=0.1234567,
        silence_s=123456789.123456,
        peak_bits_per_s=123456789012345.6,
        heard=1795656590.412871,
        answered=1795656590.412871,
        delays_s=dict.fromkeys(names, -1795656590.4128711),
    )
    assert len(report.encode()) < 900


def changed(**values: Any) -> bytes:
    return json.dumps({**json.loads(REPORT.encode()), **values}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"ack",
        b"{}",
        b"[" * 1300,
        changed(unknown=1),
        changed(delays_s=[1]),
        changed(delays_s={"p50": "x"}),
        changed(packets=-1),
        changed(packets=1.5),
        changed(packets=True),
        changed(seconds=float("nan")),
        changed(seconds="1"),
        changed(seconds=1e300),
        changed(filling="x" * 2000),
    ],
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="load-no-report"):
        LoadReport.decode(data)


def test_percentiles_that_are_not_known_are_passed_over() -> None:
    report = LoadReport.decode(changed(delays_s={"p50": 1, "p42": 2}))
    assert dict(report.delays_s) == {"p50": 1.0}
