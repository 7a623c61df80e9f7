"""Each form by itself: what it takes, what it counts, what it refuses."""

import struct
from collections.abc import Callable

import pytest
from tests.probe.flow.packets import (
    measured,
    norm,
    row,
    rtp,
    ssmping,
    transport,
)

from groupwire.probe.flow.forms import (
    Form,
    MeasuredForm,
    NormForm,
    RtpForm,
    SsmpingForm,
    TransportForm,
)
from groupwire.probe.flow.forms.form import CONSISTENT, MAX_STREAMS

NUMBERED = pytest.mark.parametrize(
    ("form", "packet"),
    [
        (RtpForm, rtp),
        (NormForm, norm),
        (MeasuredForm, measured),
        (SsmpingForm, ssmping),
    ],
)


@NUMBERED
def test_packets_are_counted_by_their_numbers(
    form: Callable[[], Form], packet: Callable[[int], bytes]
) -> None:
    reader = form()
    for number in [1, 2, 3, 6, 7, 7, 5]:
        assert reader.take(row([packet(number)])) == 1
    counts = reader.counts
    assert (counts.received, counts.lost) == (6, 1)
    assert (counts.duplicates, counts.reordered) == (1, 1)
    assert reader.believed
    assert reader.UNIT == "packets"


@NUMBERED
def test_a_row_is_what_its_packets_are(
    form: Callable[[], Form], packet: Callable[[int], bytes]
) -> None:
    whole = form()
    single = form()
    numbers = [*range(250, 300), 305, 306, 304]
    assert whole.take(row(packet(n) for n in numbers)) == len(numbers)
    for number in numbers:
        single.take(row([packet(number)]))
    assert whole.counts == single.counts


@NUMBERED
def test_a_last_packet_may_be_cut_short(
    form: Callable[[], Form], packet: Callable[[int], bytes]
) -> None:
    reader = form()
    packets = [packet(n) for n in range(5)]
    packets[-1] = packets[-1][:3]
    assert reader.take(row(packets)) == 4


@NUMBERED
def test_few_packets_are_not_believed(
    form: Callable[[], Form], packet: Callable[[int], bytes]
) -> None:
    reader = form()
    for number in range(CONSISTENT - 1):
        reader.take(row([packet(number)]))
    assert not reader.believed


@NUMBERED
def test_numbers_that_say_nothing_are_not_believed(
    form: Callable[[], Form], packet: Callable[[int], bytes]
) -> None:
    reader = form()
    for number in [5, 5, 5, 5, 5, 5]:
        reader.take(row([packet(number)]))
    assert not reader.believed
    for number in range(0, 60_000, 20_001):
        reader.take(row([packet(number)]))
    assert not reader.believed


@NUMBERED
def test_a_form_says_little_of_itself(
    form: Callable[[], Form], packet: Callable[[int], bytes]
) -> None:
    reader = form()
    assert reader.detail == ""
    assert reader.jitter_s is None
    reader.take(row([packet(1)]))


def test_rtp_names_its_payload() -> None:
    form = RtpForm()
    form.take(row([rtp(1)]))
    assert form.detail == "MPEG-TS"
    form.take(row([rtp(2, kind=0x80 | 96)]))
    assert form.detail == "payload type 96"


def test_reports_of_rtp_have_no_number() -> None:
    form = RtpForm()
    assert form.take(row([rtp(1, kind=200)])) == 1
    assert form.counts.received == 0


@pytest.mark.parametrize(
    "packet", [b"", b"\x80", rtp(1, kind=50), b"\x00" + rtp(1)[1:]]
)
def test_what_is_no_rtp_is_refused(packet: bytes) -> None:
    assert RtpForm().take(row([packet])) == 0


def test_two_sources_in_a_row_are_told_apart() -> None:
    form = RtpForm()
    packets = [rtp(n, ssrc=s) for n in range(10) for s in (1, 2)]
    assert form.take(row(packets)) == 20
    counts = form.counts
    assert (counts.received, counts.lost, counts.duplicates) == (20, 0, 0)


def test_a_source_that_gives_way_stays_counted() -> None:
    form = RtpForm()
    for ssrc in range(3 * MAX_STREAMS):
        form.take(row([rtp(1, ssrc=ssrc), rtp(3, ssrc=ssrc)]))
    counts = form.counts
    assert (counts.received, counts.lost) == (6 * MAX_STREAMS, 3 * MAX_STREAMS)


def test_forged_names_push_no_stream_out() -> None:
    form = RtpForm()
    for n in range(50):
        form.take(row([rtp(2 * n)]))
        for forged in range(3):
            form.take(row([rtp(40_000, ssrc=1000 + 3 * n + forged)]))
    counts = form.counts
    assert (counts.lost, counts.gaps, counts.restarts) == (49, 49, 0)


def test_a_stream_that_goes_on_does_not_give_way_to_many_short_ones() -> None:
    form = RtpForm()
    rounds = 4 * MAX_STREAMS
    for number in range(rounds):
        form.take(row([rtp(2 * number)]))
        form.take(row([rtp(n, ssrc=100 + number) for n in range(CONSISTENT)]))
    assert form.counts.lost == rounds - 1


def test_rtp_jitter_is_by_the_clock_of_the_payload() -> None:
    form = RtpForm()
    for number in range(400):
        late = 0.002 if number % 2 else 0.0
        form.take(row([rtp(number, stamp=number * 900)], at=number * 0.01 + late))
    assert form.jitter_s == pytest.approx(0.002, rel=0.01)


def test_the_clock_of_an_unknown_payload_is_learned_by_its_speed() -> None:
    form = RtpForm()
    stamp = 0xFFFFF000  # it wraps
    for number in range(300):
        at = number * 0.02
        form.take(row([rtp(number, kind=96, stamp=stamp + number * 960)], at=at))
        if at < 1.9:
            assert form.jitter_s is None
    assert form.jitter_s == pytest.approx(0.0, abs=1e-6)


def test_a_clock_like_none_in_use_stays_unknown() -> None:
    form = RtpForm()
    for number in range(300):
        form.take(row([rtp(number, kind=96, stamp=number * 5)], at=number * 0.02))
    assert form.jitter_s is None


def test_what_is_no_norm_is_refused() -> None:
    form = NormForm()
    for packet in (
        b"\x12" * 5,
        b"\x22" + norm(1)[1:],
        b"\x17" + norm(1)[1:],
        norm(1)[:1] + b"\xff" + norm(1)[2:],
    ):
        assert form.take(row([packet])) == 0


def test_what_norm_receivers_answer_has_no_number() -> None:
    form = NormForm()
    assert form.take(row([norm(0, kind=4)])) == 1
    assert form.counts.received == 0


def test_a_norm_sender_that_begins_anew_has_lost_nothing() -> None:
    form = NormForm()
    for number in range(100):
        form.take(row([norm(number)]))
    for number in range(7000, 7100):
        form.take(row([norm(number, instance=10)]))
    assert (form.counts.received, form.counts.lost) == (200, 0)


def test_measured_traffic_tells_when_it_left() -> None:
    form = MeasuredForm()
    for number in range(400):
        late = 0.001 if number % 2 else 0.0
        sent = 1_000_000 * number
        form.take(row([measured(number, sent_ns=sent)], at=number * 0.001 + late))
    assert form.jitter_s == pytest.approx(0.001, rel=0.01)
    assert form.take(row([b"\xf5gw\x01".ljust(64, b"-")])) == 0


@pytest.mark.parametrize(
    "packet",
    [
        b"A",
        b"An answer in plain words",
        b"A" + struct.pack("!HH", 0, 1) + b"\x02",
        b"A" + struct.pack("!HHI", 2, 4, 1),
        ssmping(1) + b"-",
        ssmping(1)[:-1],
    ],
)
def test_what_is_no_ssmping_is_refused(packet: bytes) -> None:
    assert SsmpingForm().take(row([packet])) == 0


def test_the_packets_of_a_real_ssmping_are_read() -> None:
    form = SsmpingForm()
    for number in range(1, 6):
        answer = (
            f"410001000400000c3100020004{number:08x}000300086b079503000726820004"
            "000501efff07ea"
        )
        assert form.take(row([bytes.fromhex(answer)])) == 1
    assert (form.counts.received, form.counts.lost) == (5, 0)
    assert form.believed


def test_questions_and_clients_count_for_themselves() -> None:
    form = SsmpingForm()
    for number in range(10):
        form.take(row([ssmping(number)]))
        form.take(row([ssmping(number, kind=b"Q")]))
        form.take(row([ssmping(number, client=b"efgh")]))
    assert (form.counts.received, form.counts.duplicates) == (30, 0)


def test_a_transport_stream_is_counted_in_its_own_packets() -> None:
    form = TransportForm()
    for datagram in (0, 1, 2, 4, 5):
        assert form.take(row([transport(7 * datagram)])) == 1
    counts = form.counts
    assert (counts.received, counts.lost, counts.gaps) == (35, 7, 1)
    assert form.believed
    assert (form.detail, form.jitter_s, form.UNIT) == ("", None, "TS packets")


def test_a_row_of_a_transport_stream_is_read() -> None:
    form = TransportForm()
    assert form.take(row([transport(7 * n) for n in range(5)])) == 5
    assert form.counts.lost == 0


def test_a_datagram_that_comes_twice_is_known_again() -> None:
    form = TransportForm()
    for first in (0, 7, 7, 14, 0):
        form.take(row([transport(first)]))
    counts = form.counts
    assert (counts.received, counts.duplicates, counts.lost) == (21, 14, 0)


def test_a_late_datagram_fills_its_gap() -> None:
    form = TransportForm()
    for first in (0, 14, 7, 21):
        form.take(row([transport(first)]))
    counts = form.counts
    assert (counts.received, counts.lost, counts.reordered) == (28, 0, 7)


@pytest.mark.parametrize(
    "packet", [b"", b"G" * 187, b"G" * 1316 + b"-", b"G" + b"-" * 375]
)
def test_what_is_no_transport_stream_is_refused(packet: bytes) -> None:
    assert TransportForm().take(row([packet])) == 0


def test_counters_that_jump_about_are_not_believed() -> None:
    form = TransportForm()
    for first in range(0, 600, 3):
        form.take(row([transport(first, packets=1)]))
    assert not form.believed
