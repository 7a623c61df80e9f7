"""What a subscriber has to tell a publisher of what it lacks."""

from __future__ import annotations

import pytest

from groupwire.messages.delivery import Delivery
from groupwire.messages.members import Member, Role
from groupwire.messages.subscribe.losses import Losses
from groupwire.messages.subscribe.source import Source
from groupwire.values import Origin


@pytest.fixture
def source() -> Source:
    member = Member(1, "cam", Role.PUBLISHER, Origin("192.0.2.1", 40_000), 7, 0, "cam")
    nothing = (0, 0, 0)
    return Source(member, nothing, nothing, lambda _: True, lambda _: None)


def told(losses: Losses, source: Source, now: float) -> bool:
    return bool(list(losses.due(iter([source]), now)))


def test_who_begins_with_the_very_first_message_has_nothing_to_tell(
    source: Source,
) -> None:
    source.lacks_before(Delivery.RELIABLE, 0)
    assert not source.news  # else each datagram would have it look again
    assert not told(Losses(), source, 0.0)


def test_where_it_begins_is_told_thrice(source: Source) -> None:
    losses = Losses()
    source.lacks_before(Delivery.RELIABLE, 5)
    assert source.news
    told_at = [at for at in (0.0, 0.1, 0.3, 0.6, 0.8, 2.0) if told(losses, source, at)]
    assert told_at == [0.0, 0.3, 0.8]
    assert losses.deadline is None


def test_what_is_told_already_is_no_news(source: Source) -> None:
    source.lacks_before(Delivery.RELIABLE, 5)
    source.news = False
    source.lacks_before(Delivery.RELIABLE, 5)
    assert not source.news
    source.lacks_before(Delivery.BESTEFFORT, 9)
    assert not source.news  # nobody acknowledges that
    source.lacks_before(Delivery.RELIABLE, 6)
    assert source.news


def test_quick_gaps_are_told_together(source: Source) -> None:
    losses = Losses()
    source.lacks_before(Delivery.RELIABLE, 5)
    assert told(losses, source, 0.0)
    source.news = False
    source.lacks_before(Delivery.RELIABLE, 6)
    assert not told(losses, source, 0.01)
    assert losses.deadline == 0.05
    assert told(losses, source, 0.05)
