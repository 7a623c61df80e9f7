"""A form is found without being told, and noise is never called one."""

import random
from collections.abc import Callable

import pytest
from tests.probe.flow.packets import (
    measured,
    noise,
    norm,
    row,
    rtp,
    ssmping,
    transport,
)

from groupwire.probe.flow.numbering import MAX_MISFITS, Numbering
from groupwire.probe.sequence import SequenceCounts


def seven(number: int) -> bytes:
    return transport(7 * number)


FORMS = pytest.mark.parametrize(
    ("name", "packet"),
    [
        ("RTP", rtp),
        ("NORM", norm),
        ("groupwire", measured),
        ("ssmping", ssmping),
        ("MPEG-TS", seven),
    ],
)


def name_of(numbering: Numbering) -> str | None:
    return None if numbering.form is None else numbering.form.NAME


@FORMS
def test_a_form_is_found_by_itself(name: str, packet: Callable[[int], bytes]) -> None:
    numbering = Numbering()
    assert numbering.counts is None
    for number in range(8):
        numbering.take(row([packet(number)]))
    assert name_of(numbering) == name


@FORMS
def test_the_packets_that_made_it_plain_are_counted(
    name: str, packet: Callable[[int], bytes]
) -> None:
    numbering = Numbering()
    for number in [0, 1, 3, 4, 5, 6]:
        numbering.take(row([packet(number)]))
    assert numbering.counts is not None
    unit = 7 if name == "MPEG-TS" else 1
    assert numbering.counts.received == 6 * unit
    assert numbering.counts.lost == unit


@FORMS
def test_a_whole_row_makes_it_plain_at_once(
    name: str, packet: Callable[[int], bytes]
) -> None:
    numbering = Numbering()
    numbering.take(row(packet(n) for n in range(20)))
    assert name_of(numbering) == name


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("first", [None, 0x80, 0xB5, 0x47, 0x12, 0xF5, 0x41, 0x51])
def test_noise_is_no_form(seed: int, first: int | None) -> None:
    dice = random.Random(seed)
    numbering = Numbering()
    for _ in range(2000):
        size = dice.choice([0, 1, 16, 64, 188, 1316])
        numbering.take(row([noise(dice, size, first if size else None)]))
        assert numbering.form is None
    assert numbering.counts is None


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1",
        b"A sensor says 21.5",
        b"\x80" * 40,
        b"G" * 188,
        b"\x12\x04" * 9,
    ],
)
def test_a_text_that_is_repeated_is_no_form(text: bytes) -> None:
    numbering = Numbering()
    for _ in range(200):
        numbering.take(row([text]))
    assert numbering.form is None


def test_a_form_is_found_behind_noise() -> None:
    dice = random.Random(3)
    numbering = Numbering()
    for _ in range(50):
        numbering.take(row([noise(dice, 40)]))
    for number in range(20):
        numbering.take(row([rtp(number)]))
    assert name_of(numbering) == "RTP"


def test_the_first_packet_behind_another_kind_is_counted_too() -> None:
    numbering = Numbering()
    for packet in [b"\xf5gw\x01 a question", *(norm(n) for n in (0, 2, 3, 4, 5))]:
        numbering.take(row([packet]))
    assert name_of(numbering) == "NORM"
    assert numbering.counts == SequenceCounts(received=5, lost=1, gaps=1, longest_gap=1)


def test_other_packets_between_do_not_hide_a_form() -> None:
    numbering = Numbering()
    for number in range(8):
        numbering.take(row([rtp(number)]))
        numbering.take(row([b"hello"]))
    assert name_of(numbering) == "RTP"


def test_a_stray_packet_of_another_kind_is_set_aside() -> None:
    numbering = Numbering()
    for number in range(10):
        numbering.take(row([rtp(number)]))
    numbering.take(row([b"hello"]))
    numbering.take(row([rtp(10)]))
    assert name_of(numbering) == "RTP"
    assert numbering.counts == SequenceCounts(received=11)


def test_a_source_may_go_over_to_another_form() -> None:
    numbering = Numbering()
    for number in [1, 2, 3, 4, 6]:
        numbering.take(row([rtp(number)]))
    for number in range(MAX_MISFITS):
        numbering.take(row([norm(number)]))
    assert numbering.form is None
    assert numbering.counts is not None
    assert numbering.counts.lost == 1
    for number in range(10):
        numbering.take(row([norm(number)]))
    assert name_of(numbering) == "NORM"
    assert numbering.counts.received == 15
    assert numbering.counts.lost == 1


@pytest.mark.parametrize("jump", [3001, 20_000, 32_767, 32_768, 40_000, 65_000])
@pytest.mark.parametrize("at", [0, 1, 3, 4, 200])
@pytest.mark.parametrize("copies", [1, 3])
def test_a_forged_packet_far_away_makes_nothing_lost(
    jump: int, at: int, copies: int
) -> None:
    numbering = Numbering()
    for number in range(400):
        if number == at:
            for _ in range(copies):
                numbering.take(row([rtp(number + jump)]))
        numbering.take(row([rtp(number)]))
    counts = numbering.counts
    assert counts is not None
    assert (counts.lost, counts.restarts, counts.gaps) == (0, 0, 0)
