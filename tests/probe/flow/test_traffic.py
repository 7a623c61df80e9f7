import pytest

from groupwire.probe.flow.traffic import BURST_S, MAX_IN_WINDOW, Traffic


def test_packets_bytes_and_sizes_are_counted() -> None:
    traffic = Traffic()
    traffic.take(1, 100, 100, 5.0)
    traffic.take(4, 3 * 200 + 50, 200, 6.0)
    assert (traffic.packets, traffic.bytes) == (5, 750)
    assert (traffic.smallest, traffic.largest) == (50, 200)
    assert (traffic.first, traffic.last) == (5.0, 6.0)


def test_an_empty_packet_is_the_smallest() -> None:
    traffic = Traffic()
    traffic.take(1, 0, 0, 1.0)
    assert (traffic.smallest, traffic.largest) == (0, 0)


def test_the_longest_silence_is_kept_for_interval_and_whole() -> None:
    traffic = Traffic()
    for at in (0.0, 0.1, 0.7, 0.8):
        traffic.take(1, 10, 10, at)
    assert traffic.silence_until(0.9) == pytest.approx(0.6)
    assert traffic.silence_until(9.8) == pytest.approx(9.0)
    traffic.begin_interval()
    assert traffic.silence == 0.0
    assert traffic.silence_ever == pytest.approx(0.6)


def test_a_burst_is_the_most_in_any_ten_milliseconds() -> None:
    traffic = Traffic()
    for at in (0.0, 0.008, 0.012, 0.015, 0.1):
        traffic.take(2, 20, 10, at)
    assert traffic.peak == 6
    traffic.begin_interval()
    assert (traffic.peak, traffic.peak_ever) == (0, 6)


def test_a_flood_is_counted_in_bounded_memory() -> None:
    traffic = Traffic()
    for number in range(MAX_IN_WINDOW + 10):
        traffic.take(1, 10, 10, number * BURST_S / (4 * MAX_IN_WINDOW))
    assert traffic.peak == MAX_IN_WINDOW


def test_a_clock_that_is_set_back_is_no_silence() -> None:
    traffic = Traffic()
    traffic.take(1, 10, 10, 1000.0)
    traffic.take(1, 10, 10, 500.0)
    traffic.take(1, 10, 10, 500.5)
    assert traffic.silence == 0.5
    assert traffic.peak == 1


def test_packets_that_come_evenly_have_no_jitter() -> None:
    traffic = Traffic()
    assert traffic.jitter is None
    for number in range(500):
        traffic.take(1, 10, 10, number * 0.01)
    assert traffic.jitter == pytest.approx(0.0, abs=1e-9)


def test_packets_that_come_unevenly_have_jitter() -> None:
    traffic = Traffic()
    for number in range(2000):
        late = 0.002 if number % 2 else 0.0
        traffic.take(1, 10, 10, number * 0.01 + late)
    assert traffic.jitter == pytest.approx(0.002, rel=0.1)
