"""The rhythm of a capture, on virtual time."""

from ipaddress import ip_address
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from groupwire.probe.capture import Packet
from groupwire.probe.capture.playing import Playing, Shot, Target
from groupwire.values import Origin

SENDER, GROUP = Origin("10.0.0.7", 4000), ip_address("239.1.2.3")


def packet(time: float, data: bytes = b"x", port: int = 5000) -> Packet:
    return Packet(time, SENDER, GROUP, port, 1, data)


def played(*packets: Packet, speed: float = 1.0) -> list[Shot]:
    """Play to the end, each shot exactly when it is due."""
    playing = Playing(speed=speed)
    playing.feed(packets)
    shots: list[Shot] = []
    while playing.due_s is not None:
        shots += playing.take(playing.due_s)
    assert not len(playing)
    return shots


def test_the_first_leaves_at_once_and_the_others_at_their_distance() -> None:
    shots = played(packet(1000.0), packet(1000.25), packet(1002.0))
    assert [shot.due_s for shot in shots] == [0.0, 0.25, 2.0]


def test_speed_divides_the_distances() -> None:
    shots = played(packet(0.0), packet(1.0), speed=4.0)
    assert [shot.due_s for shot in shots] == [0.0, 0.25]


def test_longer_pauses_are_made_shorter() -> None:
    playing = Playing(speed=2.0, max_gap_s=1.0)
    playing.feed([packet(0.0), packet(1.0), packet(1000.0), packet(1000.5)])
    dues = [playing.take(playing.due_s or 0.0)[0].due_s for _ in range(4)]
    assert dues == [0.0, 0.5, 1.5, 1.75]


def test_nothing_leaves_before_it_is_due() -> None:
    playing = Playing()
    playing.feed([packet(0.0), packet(1.0)])
    assert len(playing.take(0.999)) == 1
    assert playing.due_s == 1.0


def test_who_was_captured_too_early_leaves_behind_the_one_in_front() -> None:
    shots = played(packet(5.0), packet(6.0, b"y"), packet(5.5, b"zz"))
    assert [(shot.due_s, shot.data) for shot in shots] == [
        (0.0, b"x"),
        (1.0, b"y"),
        (1.0, b"zz"),
    ]


def test_neighbours_of_one_size_are_a_row_and_a_shorter_one_ends_it() -> None:
    shots = played(*(packet(0.0, data) for data in (b"aa", b"bb", b"c", b"dd", b"")))
    target = Target(GROUP, 5000)
    assert shots == [
        Shot(target, b"aabbc", 2, 3, 0.0),
        Shot(target, b"dd", 0, 1, 0.0),
        Shot(target, b"", 0, 1, 0.0),
    ]


def test_a_longer_one_and_another_target_begin_anew() -> None:
    shots = played(packet(0.0), packet(0.0, b"yy"), packet(0.0, b"zz", 5001))
    assert [shot.packets for shot in shots] == [1, 1, 1]


def test_a_row_is_no_longer_than_the_kernel_takes() -> None:
    assert [shot.packets for shot in played(*[packet(0.0)] * 100)] == [64, 36]
    large = [packet(0.0, bytes(20_000))] * 4
    assert [shot.packets for shot in played(*large)] == [3, 1]


@given(st.integers(0, 1 << 32))
def test_every_packet_leaves_once_and_in_order(seed: int) -> None:
    rng = Random(seed)
    packets = [
        packet(
            rng.random() * 3, rng.randbytes(rng.randrange(4)), 5000 + rng.randrange(2)
        )
        for _ in range(50)
    ]
    shots = played(*packets, speed=2.0)
    assert b"".join(shot.data for shot in shots) == b"".join(p.data for p in packets)
    assert sum(shot.packets for shot in shots) == 50
    assert [shot.due_s for shot in shots] == sorted(shot.due_s for shot in shots)
