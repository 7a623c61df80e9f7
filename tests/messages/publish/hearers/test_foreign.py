"""Who receives and has not said that it is here."""

from __future__ import annotations

from groupwire.messages.members import Member, Role
from groupwire.messages.publish.hearers.foreign import Foreign
from groupwire.values import Origin

HERE = Origin("192.0.2.1", 40_000)


def test_who_gives_feedback_is_known_for_a_minute() -> None:
    foreign = Foreign()
    foreign.hear(HERE, 7, 0.0)
    foreign.expire(59.9)
    assert len(foreign) == 1
    foreign.expire(60.0)
    assert not foreign


def test_feedback_starts_the_minute_anew() -> None:
    foreign = Foreign()
    foreign.hear(HERE, 7, 0.0)
    foreign.hear(HERE, 8, 10.0)
    foreign.hear(HERE, 7, 50.0)
    foreign.expire(75.0)
    assert len(foreign) == 1
    foreign.expire(110.0)
    assert not foreign


def test_who_has_said_who_it_is_is_foreign_no_more() -> None:
    foreign = Foreign()
    foreign.hear(HERE, 7, 0.0)
    member = Member(1, "screen", Role.SUBSCRIBER, HERE, 7, 0, "screen")
    foreign.discard(member)
    foreign.discard(member)
    assert not foreign


def test_many_strangers_fill_nothing() -> None:
    foreign = Foreign()
    for node in range(1, 1000):
        foreign.hear(HERE, node, 0.0)
    assert len(foreign) == 64
