"""Who takes nothing more of a publisher, and a publisher that leaves at once."""

from __future__ import annotations

from contextlib import suppress

import pytest

from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Closed,
    Lagging,
    MemberJoined,
    MemberLeft,
    RoomFreed,
    TakesNoMore,
)
from groupwire.messages.members import Member, Role
from groupwire.messages.wire.speech import decode_word, encode_word
from groupwire.messages.wire.words import Enough
from groupwire.norm import AdaptiveConfig
from groupwire.testing import Faults

from .places import PERFECT, Place, Reader, Writer

FAST = AdaptiveConfig(start_bytes_per_s=20e6, floor_bytes_per_s=2e6)
SMALL = {"window_bytes": 1 << 18, "queue_bytes": 1 << 17, "rate": FAST}


def publisher_of(reader: Reader, name: str = "cam") -> Member:
    """Return whom a subscriber knows by a name."""
    members = reader.seat.core.members
    return next(m for m in members if m.name == name and m.role is Role.PUBLISHER)


def enough(reader: Reader, why: str = "", name: str = "cam") -> None:
    member = publisher_of(reader, name)
    reader.seat.do(lambda core, _: core.enough(member, why))


def fill(writer: Writer) -> int:
    """Send until the queue is full."""
    sent = 0
    with suppress(QueueFull):
        while True:
            writer.send("a", bytes(1000), flush=False)
            sent += 1
    writer.seat.do(lambda core, now: core.flush(now=now))
    return sent


def told(writer: Writer) -> list[str]:
    return [e.why for e in writer.events if isinstance(e, TakesNoMore)]


def test_the_word_comes_back_cut_and_printable() -> None:
    word = Enough(7, 3, "done")
    assert decode_word(encode_word(word)) == word
    said = decode_word(encode_word(Enough(7, 3, "\x1b" + "x" * 500)))
    assert said == Enough(7, 3, "?" + "x" * 199)


@pytest.mark.parametrize(
    "faults", [PERFECT, Faults(loss=0.3, delay_s=0.001)], ids=["perfect", "lossy"]
)
def test_who_takes_nothing_more_says_so_once_and_hears_nothing(faults: Faults) -> None:
    place = Place()
    writer, reader = place.writer("cam"), place.reader("screen", faults)
    place.run(3.0)
    writer.send("a", b"1")
    place.run(1.0)
    enough(reader, "full")
    enough(reader, "again")
    writer.send("a", b"2")
    place.run(5.0)
    assert told(writer) == ["full"]
    assert reader.messages == [("a", b"1")]
    assert not reader.lost


def test_it_is_waited_for_no_more_and_counts_as_missing() -> None:
    place = Place()
    writer, reader = (
        place.writer("cam", **SMALL),
        place.reader("screen", slow=True, queue_bytes=1000),
    )
    place.run(0.2)
    fill(writer)
    place.run(0.5)
    ticket = writer.received()
    place.run(0.5)
    enough(reader)
    place.run(0.5)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.missing == {"screen"}
    assert any(isinstance(event, RoomFreed) for event in writer.events)
    assert not any(isinstance(event, Lagging) for event in writer.events)


def test_of_others_it_takes_what_comes() -> None:
    place = Place()
    writers = [place.writer("cam"), place.writer("other")]
    reader = place.reader("screen")
    place.run(0.5)
    enough(reader)
    for writer in writers:
        writer.send("a", writer.name.encode())
    place.run(0.5)
    assert reader.messages == [("a", b"other")]
    assert [told(writer) for writer in writers] == [[""], []]


def test_another_life_of_the_publisher_is_taken() -> None:
    place = Place()
    writer, reader = place.writer("cam"), place.reader("screen")
    place.run(0.5)
    enough(reader)
    place.run(0.5)
    writer.close()
    place.run(1.0)
    writer.restart()
    place.run(0.5)
    writer.send("a", b"new")
    place.run(0.5)
    assert reader.messages == [("a", b"new")]


def test_whoever_leaves_makes_room() -> None:
    place = Place()
    writer, reader = (
        place.writer("cam", **SMALL),
        place.reader("screen", slow=True, queue_bytes=1000),
    )
    place.run(0.2)
    fill(writer)
    place.run(0.5)
    assert not any(isinstance(event, RoomFreed) for event in writer.events)
    reader.seat.do(lambda core, now: core.close(now=now))
    place.run(0.5)
    assert any(isinstance(event, MemberLeft) for event in writer.events)
    assert any(isinstance(event, RoomFreed) for event in writer.events)


def test_a_publisher_may_leave_at_once() -> None:
    place = Place()
    writer, reader = (
        place.writer("cam", **SMALL),
        place.reader("screen", slow=True, queue_bytes=1000),
    )
    place.run(0.2)
    fill(writer)
    place.run(0.5)
    writer.seat.do(lambda core, now: core.abandon(now=now))
    place.run(0.2)
    assert [event for event in writer.events if isinstance(event, Closed)]
    assert any(isinstance(event, MemberJoined) for event in reader.events)
