"""Who looks at a group sees all who are in it, and is nobody there."""

from random import Random

from tests.messages.places import Place

from groupwire.messages.events import MemberJoined, MemberLeft, PresenceEvent
from groupwire.messages.members import LeaveReason
from groupwire.messages.subscribe.onlooker import Onlooker
from groupwire.testing import Faults, Member
from groupwire.values import Datagram, KnownFacts, Origin

PERFECT = Faults(delay_s=0.0005)


class Watch:
    """An onlooker in a lab."""

    def __init__(self, place: Place, faults: Faults = PERFECT) -> None:
        self.place = place
        self.events: list[PresenceEvent] = []
        self.core = Onlooker("watch", Random(place.rng.random()))
        self.seat: Member[Onlooker] = place.lab.add(
            "watch", self.core, up=faults, down=faults, on_event=self.events.append
        )
        self.seat.do(lambda core, now: core.start(now=now))

    @property
    def names(self) -> set[str]:
        return {member.name for member in self.core.members}


def test_it_sees_who_comes_and_who_goes() -> None:
    place = Place()
    writer, reader = place.writer("probe"), place.reader("screen")
    watch = Watch(place)
    place.run(0.1)
    assert watch.names == {"probe", "screen"}
    assert not reader.of(MemberLeft)
    assert {m.name for m in writer.core.members} == {"screen"}
    reader.close()
    place.run(0.1)
    assert watch.names == {"probe"}
    (left,) = [event for event in watch.events if isinstance(event, MemberLeft)]
    assert (left.member.name, left.reason) == ("screen", LeaveReason.SAID)


def test_a_lost_question_is_asked_again() -> None:
    for seed in range(20):
        place = Place(seed)
        place.writer("probe")
        place.run(2.0)
        watch = Watch(place, Faults(loss=0.3, delay_s=0.0005))
        place.run(3.0)
        assert watch.names == {"probe"}, seed


def test_what_a_publisher_sends_is_a_sign_of_its_life() -> None:
    place = Place()
    writer, watch = place.writer("probe"), Watch(place)
    place.run(0.1)
    writer.send("a", *[b"x" * 1000] * 50)
    place.run(0.5)
    assert "norm-unknown" not in watch.core.dropped


def test_junk_is_counted_by_its_kind() -> None:
    onlooker = Onlooker("watch", Random(1))
    onlooker.start(now=0.0)
    origin, facts = Origin("10.0.0.1", 5000), KnownFacts(None, 1)
    norm = b"\x12\x08\x00\x00\x00\x00\x00\x05" + bytes(8)
    for junk in (b"cut", b"no norm at all", norm, b"\x9d"):
        onlooker.handle_datagram(Datagram(junk, origin, 1, facts), now=0.0)
    assert onlooker.dropped == {"cut": 2, "no-norm": 1, "norm-unknown": 1}
    assert onlooker.poll_events() == []


def test_it_goes_without_a_word() -> None:
    onlooker = Onlooker("watch", Random(1))
    onlooker.start(now=0.0)
    assert len(onlooker.poll_transmits()) == 1
    assert onlooker.poll_timeout() == 0.3
    onlooker.handle_timeout(now=0.3)
    onlooker.handle_timeout(now=0.5)
    assert len(onlooker.poll_transmits()) == 1
    onlooker.handle_timeout(now=0.8)
    assert len(onlooker.poll_transmits()) == 1
    assert onlooker.poll_timeout() is None
    onlooker.update_interfaces(())
    assert not onlooker.finished
    onlooker.close(now=1.0)
    assert onlooker.finished
    assert onlooker.poll_timeout() is None
    assert onlooker.poll_transmits() == []


def test_who_came_is_told_once() -> None:
    place = Place()
    place.writer("probe")
    watch = Watch(place)
    place.run(5.0)
    assert [type(event) for event in watch.events] == [MemberJoined]
