"""Objects that have no place yet: the application says so later."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from tests.norm.group import Group
from tests.norm.receive.facts import BACKOFF_S, DATA, HOLD_S, SILENCE_S, lost, numbered
from tests.norm.receive.facts import received as _received
from tests.norm.receive.places import CODING, ME, Ear, Object, Source, asked

from groupwire.norm import LATER
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import (
    InfoReceived,
    LossReason,
    ObjectReceived,
    ReceiverEvent,
)
from groupwire.norm.receive.incoming import Deferred
from groupwire.norm.receive.sink import Later, MemorySink, ObjectOffer, Sink
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.head import ObjectFlag

SIZE = len(DATA)
INFO = ObjectFlag.INFO


@dataclass
class Door:
    """Lets objects in that are named, puts off the others, and notes all offers."""

    open: set[int] = field(default_factory=set[int])
    closed: set[int] = field(default_factory=set[int])
    broken: set[int] = field(default_factory=set[int])
    wants_info: bool = False
    offers: list[ObjectOffer] = field(default_factory=list[ObjectOffer])

    def __call__(self, offer: ObjectOffer) -> Sink | Later | None:
        self.offers.append(offer)
        if offer.object in self.closed:
            return None
        if offer.object in self.broken:
            raise OSError(28, "No space left on device")
        if self.wants_info:
            return LATER if offer.info is None else MemorySink()
        return MemorySink() if offer.object in self.open else LATER


def _ear(door: Door, **config: int) -> Ear:
    return Ear(sink_for=door, config=ReceiverConfig(ME, **config))  # type: ignore[arg-type]


def _retry(ear: Ear) -> None:
    ear.core.retry(ear.key, now=ear.now)
    ear.do()


def received(events: list[ReceiverEvent]) -> list[int]:
    return _received([e for e in events if isinstance(e, ObjectReceived)])


def test_nothing_is_taken_or_asked_for_of_what_comes_later() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    ear.hear(source.whole(numbered(0)), source.flush(0, 2, 3))
    assert ear.core.dropped["norm-later"] == 12
    assert ear.core.lacks(ear.key)
    ear.wait(100 * SILENCE_S)
    assert asked(ear.said()) == []
    assert ear.events() == []
    assert ear.core.lacks(ear.key)


def test_what_was_sent_meanwhile_is_asked_for_when_there_is_a_place() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    for number in (0, 1):
        ear.hear(source.whole(numbered(number)))
    ear.hear(source.flush(1, 2, 3))
    ear.wait(10 * SILENCE_S)
    door.open |= {0, 1}
    _retry(ear)
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 0:0-2", "block 1:0-2"]
    for number in (0, 1):
        ear.hear(source.whole(numbered(number)))
    assert received(ear.events()) == [0, 1]
    assert not ear.core.lacks(ear.key)


def test_the_next_symbol_asks_for_a_place_again() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    ear.hear(source.symbol(numbered(), 0, 0))
    door.open.add(0)
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]
    assert len(door.offers) == 2


def test_a_retry_without_a_place_changes_nothing() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    _retry(ear)
    assert ear.core.dropped["norm-run-is-gone"] == 1
    ear.hear(source.whole(numbered()), source.flush(0, 2, 3))
    _retry(ear)
    ear.wait(SILENCE_S)
    assert asked(ear.said()) == []
    assert len(door.offers) == 13


def test_a_place_may_be_refused_in_the_end() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.symbol(numbered(1), 0, 0))
    door.closed.add(0)
    door.broken.add(1)
    _retry(ear)
    assert lost(ear.events()) == [(0, LossReason.REFUSED), (1, LossReason.STORE)]
    assert not ear.core.lacks(ear.key)


def test_a_retry_asks_though_the_receiver_holds_off_for_something_else() -> None:
    door = Door(open={0})
    ear, source = _ear(door), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.whole(numbered(1)))
    ear.hear(source.flush(1, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) != []
    door.open.add(1)
    _retry(ear)
    ear.wait(HOLD_S + BACKOFF_S)
    assert "block 1:0-2" in asked(ear.said())


def test_what_waits_for_its_place_does_not_hide_what_is_lacking() -> None:
    door = Door(open={1})
    ear, source = _ear(door), Source()
    ear.hear(source.whole(numbered(0)), source.block(numbered(1), 0, but=[1]))
    ear.hear(source.symbol(numbered(1), 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 1:0:4"]


def test_what_waits_is_lost_with_its_sender() -> None:
    ear, source = _ear(Door()), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.symbol(numbered(1), 0, 0))
    ear.hear(source.squelch(1))
    assert lost(ear.events()) == [(0, LossReason.GONE)]
    ear.hear(source.end())
    assert (1, LossReason.ENDED) in lost(ear.events())
    assert not ear.core.lacks(ear.key)


def test_what_waits_too_long_yields_to_newer_objects() -> None:
    ear, source = _ear(Door(), objects=2), Source()
    ear.hear(*(source.symbol(numbered(n), 0, 0) for n in range(4)))
    assert lost(ear.events()) == [(0, LossReason.WINDOW), (1, LossReason.WINDOW)]


def test_what_waits_begins_anew_where_its_sender_contradicts_itself() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    wrong = source.data(0, 0, 1, bytes(16), size=SIZE + 16)
    ear.hear(wrong, source.symbol(numbered(), 0, 0), source.symbol(numbered(), 0, 1))
    assert [offer.size_bytes for offer in door.offers] == [SIZE + 16, SIZE]
    door.open.add(0)
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]


def test_data_may_tell_of_what_waits_without_an_fti() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    ear.hear(source.symbol(numbered(), 0, 0))
    door.open.add(0)
    payload = numbered().symbol(0, 0)
    ear.hear(source.data(0, 0, 0, payload, size=SIZE, told=False))
    assert [offer.size_bytes for offer in door.offers] == [SIZE, SIZE]
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]


# The info.


def test_an_offer_has_the_info_that_brought_it() -> None:
    door = Door(open={0})
    ear, source = _ear(door), Source()
    ear.hear(source.info(0, b"name", size=SIZE), source.whole(numbered(0, INFO)))
    assert door.offers == [ObjectOffer(1, 7, 0, SIZE, INFO, b"name")]
    assert received(ear.events()) == [0]


def test_a_place_that_depends_on_the_info_is_given_when_it_comes() -> None:
    door = Door(wants_info=True)
    ear, source = _ear(door), Source()
    ear.hear(source.block(numbered(0, INFO), 0))
    assert {(o.info, o.flags) for o in door.offers} == {(None, INFO)}
    ear.hear(source.info(0, b"name", size=SIZE))
    assert door.offers[-1].info == b"name"
    ear.hear(source.whole(numbered(0, INFO)))
    events = ear.events()
    assert events[0] == InfoReceived(ear.key, 0, b"name")
    assert received(events) == [0]


def test_an_info_that_is_lacking_is_asked_for_but_no_symbol() -> None:
    door = Door(wants_info=True)
    ear, source = _ear(door), Source()
    ear.hear(source.whole(numbered(0, INFO)))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["info 0"]
    ear.hear(source.info(0, b"name", size=SIZE))
    ear.hear(source.flush(0, 2, 3))
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["block 0:0-2"]


def test_the_flag_alone_tells_that_an_info_comes() -> None:
    # The first symbols came from before the flag was seen.
    ear, source = _ear(Door()), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == []
    ear.hear(source.symbol(numbered(0, INFO), 0, 1), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["info 0"]


def test_an_info_is_told_once_and_kept_until_there_is_a_place() -> None:
    door = Door()
    ear, source = _ear(door), Source()
    for _ in range(2):
        ear.hear(source.info(0, b"name", size=SIZE))
    assert ear.events() == [InfoReceived(ear.key, 0, b"name")]
    ear.hear(source.flush(0, 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == []
    door.open.add(0)
    _retry(ear)
    assert door.offers[-1].info == b"name"
    ear.hear(source.whole(numbered(0, INFO)))
    (event,) = ear.events()
    assert isinstance(event, ObjectReceived)
    assert event.info == b"name"


@pytest.mark.parametrize("first", ["info", "data"])
def test_an_empty_object_is_complete_with_its_place_and_its_info(first: str) -> None:
    door = Door()
    ear, source = _ear(door), Source()
    info = source.info(0, b"name", size=0)
    data = source.symbol(Object(b"", 0, INFO), 0, 0)
    ear.hear(info, data) if first == "info" else ear.hear(data, info)
    door.open.add(0)
    _retry(ear)
    last = ear.events()[-1]
    assert isinstance(last, ObjectReceived)
    assert (last.size_bytes, last.info) == (0, b"name")


def test_an_info_is_the_beginning_of_an_object_that_waits() -> None:
    door = Door(wants_info=True)
    ear, source = _ear(door), Source()
    ear.hear(source.symbol(Object(b"", 0, INFO), 0, 0))
    ear.hear(source.info(0, b"name", size=0))
    assert isinstance(ear.events()[-1], ObjectReceived)


def test_of_what_waits_only_an_info_can_be_lacking() -> None:
    code = ReedSolomon(CODING.block, CODING.parity)
    deferred = Deferred(3, CODING.object_info(SIZE), CODING, code)
    assert list(deferred.needs(None, None)) == []
    deferred.flags |= INFO
    assert list(deferred.needs(None, None)) == [Need(3, 3, info=True)]
    deferred.info = b""
    assert not deferred.lacks_before(7)


# Together with a sender.


def test_small_objects_sent_meanwhile_all_come_after_the_retry() -> None:
    door = Door()
    group = Group(3, 1, sink_for=door)
    member = group.members[0]
    for number in range(50):
        group.send(bytes([number]) * 3000)
    assert not group.run(120.0, until=1)
    door.open |= set(range(50))
    key = member.core.senders[0]
    member.do(lambda core, now: core.retry(key, now=now))
    assert group.run(3.0, until=50)
    assert all(group.ears[0].objects[n] == bytes([n]) * 3000 for n in range(50))
