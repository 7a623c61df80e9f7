"""Streams of NORM programs that know nothing of us: each message is one of ours."""

from __future__ import annotations

from random import Random

import pytest
from tests.messages.places import Place

from groupwire.norm import Coding, FixedRate, Sender, SenderConfig
from groupwire.testing import Faults, Member

LAN = Faults(delay_s=0.001)


class Program:
    """Writes messages to a stream, each with its end marked."""

    def __init__(self, place: Place, faults: Faults = LAN) -> None:
        config = SenderConfig(3, 7, Coding(1000, 16, 8), initial_grtt_s=0.1)
        self._place = place
        self.seat: Member[Sender] = place.lab.add(
            "norm", Sender(config, FixedRate(1e6)), up=faults, down=LAN
        )
        self._stream = self.seat.do(
            lambda core, now: core.open_stream(buffer_bytes=1 << 20, now=now)
        )

    def write(self, data: bytes, *, ends: bool = True) -> None:
        def say(core: Sender, now: float) -> None:
            core.write(self._stream, data, now=now, message_ends=ends)
            core.flush(self._stream, now=now)

        self.seat.do(say)

    def begin(self) -> None:
        """Speak until it is known to be foreign."""
        for _ in range(20):
            self.write(b"before")
            self._place.run(0.1)

    def end(self) -> None:
        self.seat.do(lambda core, now: core.end_stream(self._stream, now=now))
        self.seat.do(lambda core, now: core.finish(now=now))


def numbered(count: int, size: int) -> list[bytes]:
    return [Random(number).randbytes(size) for number in range(count)]


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_messages_come_one_for_one_though_packets_are_lost(
    seed: int, loss: float
) -> None:
    place = Place(seed)
    reader = place.reader("screen")
    program = Program(place, Faults(delay_s=0.001, loss=loss))
    program.begin()
    for data in numbered(60, 3000):
        program.write(data)
        place.run(0.01)
    program.end()
    place.run(10.0)
    had = [data for topic, data in reader.messages if topic == "norm/3"]
    assert had[-60:] == numbered(60, 3000)
    assert not reader.lost


def test_a_message_of_several_segments_is_whole_though_its_program_stops_amid_it() -> (
    None
):
    place = Place()
    reader = place.reader("screen")
    program = Program(place)
    program.begin()
    program.write(bytes(1000), ends=False)
    place.run(0.3)
    program.write(bytes(1500))
    place.run(0.3)
    had = [data for _, data in reader.messages if data != b"before"]
    assert had == [bytes(2500)]


def test_nothing_vanishes_of_a_message_that_is_written_slowly() -> None:
    place = Place()
    reader = place.reader("screen")
    program = Program(place)
    program.begin()
    for part in (b"first ", b"second "):
        program.write(part, ends=False)
        place.run(0.5)
    program.write(b"third")
    program.write(b"next")
    place.run(2.0)
    had = [data for _, data in reader.messages if data != b"before"]
    assert b"".join(had) == b"first second thirdnext"
    assert had[-1] == b"next"
