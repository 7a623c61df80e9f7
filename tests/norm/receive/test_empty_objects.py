"""An object without a byte is there as soon as anything is heard of it."""

from __future__ import annotations

from tests.norm.receive.places import ME, Ear, Source

from groupwire.norm.receive.events import ObjectReceived
from groupwire.norm.wire.feedback import Ack
from groupwire.norm.wire.head import ObjectFlag


def _received(ear: Ear) -> list[tuple[int, bytes | None]]:
    events = [e for e in ear.events() if isinstance(e, ObjectReceived)]
    return [(e.size_bytes, e.info) for e in events]


def test_its_info_is_all_that_it_needs() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.info(0, b"nothing but this", size=0))
    assert _received(ear) == [(0, b"nothing but this")]
    ear.hear(source.flush(0, 0, 0, ME))
    ear.wait(1)
    assert [type(said) for said in ear.said()] == [Ack]


def test_its_empty_data_is_all_that_it_needs_where_it_has_no_info() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.data(0, 0, 0, b"", size=0))
    assert _received(ear) == [(0, None)]


def test_its_data_is_not_all_where_it_has_info() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.data(0, 0, 0, b"", size=0, flags=ObjectFlag.INFO))
    assert _received(ear) == []
    ear.hear(source.info(0, b"late", size=0))
    assert _received(ear) == [(0, b"late")]
