"""Messages that were refused leave a gap of their size, at every subscriber."""

from __future__ import annotations

from tests.messages.places import Place, Writer

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Gap


def skip(writer: Writer, messages: int, delivery: Delivery | None = None) -> None:
    writer.seat.do(lambda core, _: core.skip(messages, delivery=delivery))


def test_the_gap_stands_before_the_next_message() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("probe")
    place.run(0.1)
    assert writer.send("a", b"0", flush=False) == 0
    skip(writer, 2)
    skip(writer, 3)
    assert writer.send("a", b"6") == 6
    ticket = writer.received()
    place.run(0.5)
    assert [(b.sequence, b.payloads) for b in reader.batches] == [
        (0, [b"0"]),
        (6, [b"6"]),
    ]
    assert [gap.lost for gap in reader.of(Gap)] == [5]
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}


def test_a_receipt_does_not_wait_for_what_was_skipped() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("probe")
    place.run(0.1)
    writer.send("a", b"0")
    skip(writer, 2)
    ticket = writer.received()
    place.run(0.5)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}
    assert reader.lost == 0
    writer.close()
    place.run(1.0)
    assert reader.lost == 2


def test_who_comes_late_has_not_lost_it() -> None:
    place = Place()
    writer = place.writer("probe")
    writer.send("a", b"0")
    skip(writer, 2)
    place.run(2.0)
    reader = place.reader("screen")
    place.run(0.5)
    assert writer.send("a", b"3") == 3
    place.run(0.5)
    assert [b.sequence for b in reader.batches] == [3]
    assert reader.lost == 0


def test_of_the_latest_nothing_is_lacking() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("probe")
    place.run(0.1)
    writer.send("a", b"0", delivery=Delivery.LATEST)
    skip(writer, 2, Delivery.LATEST)
    assert writer.send("a", b"1", delivery=Delivery.LATEST) == 1
    place.run(0.5)
    assert reader.lost == 0
