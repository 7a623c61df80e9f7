"""Who has acknowledged what, and how little is looked at for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from groupwire.messages.events import CaughtUp, Lagging
from groupwire.messages.members import Member, Role
from groupwire.messages.publish.hearers.readers import Mark, Readers
from groupwire.values import Origin

PATIENCE_S = 5.0


def member(node: int, host: str = "10.0.0.1") -> Member:
    return Member(1000 + node, f"m{node}", Role.SUBSCRIBER, Origin(host, node), node)


@dataclass
class Known:
    acked: int
    since: float
    lagging: bool = False
    behind_since: float | None = None
    silent: bool = True


@dataclass
class Plain:
    """What readers do, by looking at all of them each time."""

    readers: dict[int, Known] = field(default_factory=dict[int, Known])
    mark: Mark | None = None
    events: list[tuple[type, int]] = field(default_factory=list[tuple[type, int]])

    def floor(self, place: int) -> int:
        waited = [r.acked for r in self.readers.values() if not r.lagging]
        return min([place, *waited])

    def lacking(self, place: int, *, lagging: bool) -> tuple[int, ...]:
        return tuple(
            node
            for node, r in self.readers.items()
            if r.acked < place and (lagging or not r.lagging)
        )

    def acknowledge(self, node: int, kept: int) -> bool:
        reader = self.readers.get(node)
        if reader is None or self.mark is None or reader.acked >= self.mark.place:
            return False
        reader.acked, reader.behind_since = self.mark.place, None
        reader.silent = False
        if reader.lagging and reader.acked >= kept:
            reader.lagging = False
            self.events.append((CaughtUp, node))
        return True

    def was_here(self, node: int, now: float) -> None:
        reader = self.readers.get(node)
        if reader is not None and reader.silent and reader.acked and not reader.lagging:
            del self.readers[node]
            self.readers[node] = Known(0, now)

    def ask(self, mark: Mark | None) -> None:
        since = self.since()
        self.mark = mark
        for node, reader in self.readers.items():
            if mark is None:
                reader.behind_since = None
            elif node in since:
                reader.behind_since = since[node]

    def since(self) -> dict[int, float]:
        found: dict[int, float] = {}
        if self.mark is not None:
            for node in self.lacking(self.mark.place, lagging=False):
                reader = self.readers[node]
                if reader.behind_since is not None:
                    found[node] = reader.behind_since
                elif self.mark.sent_at is not None:
                    found[node] = max(self.mark.sent_at, reader.since)
        return found

    def expire(self, now: float) -> None:
        for node, since in sorted(self.since().items(), key=lambda one: one[1]):
            if now - since >= PATIENCE_S:
                reader = self.readers[node]
                reader.lagging, reader.behind_since = True, None
                self.events.append((Lagging, node))

    def deadline(self) -> float | None:
        since = self.since().values()
        return min(since) + PATIENCE_S if since else None


@pytest.mark.parametrize("seed", range(30))
def test_nothing_differs_from_looking_at_everybody(seed: int) -> None:
    rng = Random(seed)
    readers, plain = Readers(PATIENCE_S, 1400), Plain()
    now, place = 0.0, 0
    readers.expire(place, now)  # its clock begins
    for _ in range(600):
        now += rng.choice((0.0, 0.25, 0.5, 1.0))
        place += rng.choice((0, 1, 7))
        node = rng.randrange(20)
        match rng.choice(("join", "was", "leave", "mark", "ack", "ack", "sent", "end")):
            case "join":
                at = rng.choice((0, place))
                readers.join(member(node), at, now)
                plain.readers.setdefault(node, Known(at, now))
            case "was":
                readers.was_here(member(node), now)
                plain.was_here(node, now)
            case "leave":
                while readers.get(node) is not None:
                    readers.leave(member(node))
                plain.readers.pop(node, None)
            case "ack":
                kept = rng.randrange(place + 1)
                news = readers.acknowledge(node, kept=kept)
                assert news == plain.acknowledge(node, kept)
            case "sent":
                readers.sent(now)  # the mark is the same one
            case what:
                readers.mark = Mark(place, now, 0) if what == "mark" else None
                plain.ask(readers.mark)
        readers.expire(place, now)
        plain.expire(now)
        at = rng.randrange(place + 1)
        assert readers.floor(place) == plain.floor(place)
        assert readers.lack(at) == bool(plain.lacking(at, lagging=False))
        for lagging in (False, True):
            expected = plain.lacking(at, lagging=lagging)
            assert readers.lacking(at, lagging=lagging) == expected
        assert readers.deadline == pytest.approx(plain.deadline(), abs=1e-3)
        assert readers.lagging == sum(r.lagging for r in plain.readers.values())
        told = [(type(event), event.member.node) for event in readers.events]
        assert Counter(told) == Counter(plain.events)


class Looked(int):
    """A place that counts how often it is looked at."""

    looks = 0

    def __lt__(self, other: int) -> bool:
        Looked.looks += 1
        return int(self) < other

    def __ge__(self, other: int) -> bool:
        Looked.looks += 1
        return int(self) >= other


def test_a_turn_looks_at_a_thousand_readers_as_at_one() -> None:
    readers = Readers(PATIENCE_S, 1400)
    for node in range(1000):
        readers.join(member(node), Looked(5), 0.0)
    readers.mark = Mark(9, 0.0, 0, 0.0)
    Looked.looks = 0
    for node in range(999):
        readers.expire(9, 0.1)
        assert readers.deadline is not None
        assert readers.floor(9) == 5
        assert readers.lack(9)
        assert not readers.lacking(5, lagging=True)
        assert readers.acknowledge(node)
    assert Looked.looks < 10 * 999


def test_places_of_who_has_gone_are_not_kept() -> None:
    readers = Readers(PATIENCE_S, 1400)
    for place in range(1000):
        readers.join(member(place), place, 0.0)
        readers.leave(member(place))
        assert readers.floor(5000) == 5000
    readers.join(member(1), 7, 0.0)
    assert readers.floor(5000) == 7


class Held(int):
    """A place that counts how many like it there are."""

    alive = 0

    def __init__(self, _: int) -> None:
        Held.alive += 1

    def __del__(self) -> None:
        Held.alive -= 1


def test_while_one_who_lags_stays_where_it_is_places_of_another_are_not_kept() -> None:
    readers = Readers(PATIENCE_S, 1400)
    readers.expire(0, 0.0)
    for node in (1, 2):
        readers.join(member(node), 0, 0.0)
    readers.mark = Mark(1, 0.0, 0, 0.0)
    for now in (2.0, 4.0, 6.0):
        readers.expire(1, now)
    assert readers.lagging == 2
    before = Held.alive
    for place in range(2, 2000):
        readers.mark = Mark(Held(place), 6.0, 0, 6.0)
        assert readers.acknowledge(2, kept=place + 1)  # too late again
        assert readers.lacking(place, lagging=True) == (1,)
    assert Held.alive - before < 100
    assert readers.lagging == 2


def test_who_speaks_from_elsewhere_too_keeps_its_place() -> None:
    readers = Readers(PATIENCE_S, 1400)
    readers.join(member(1), 3, 0.0)
    readers.join(member(1, "10.0.0.9"), 8, 0.0)
    readers.leave(member(1))
    assert readers.of(1).member.origin.host == "10.0.0.9"
    assert readers.floor(9) == 3
    assert [reader.acked for reader in readers] == [3]


def test_who_came_after_a_watermark_was_asked_for_is_asked_at_once() -> None:
    readers = Readers(PATIENCE_S, 1400)
    assert readers.gives_way(0, 0.0)
    readers.join(member(1), 0, 0.0)
    readers.mark = Mark(5, 0.0, 0, 0.0)
    assert not readers.gives_way(5, 9.0)
    assert not readers.gives_way(6, 0.05)
    assert readers.gives_way(6, 0.2)
    readers.join(member(2), 5, 0.0)
    assert not readers.gives_way(5, 9.0)
    readers.join(member(3), 0, 0.0)
    assert readers.gives_way(5, 0.0)
    readers.mark = Mark(5, 0.0, 0, 0.0)
    assert not readers.gives_way(5, 9.0)
    for node in (1, 3):
        readers.acknowledge(node)
    assert readers.gives_way(5, 0.0)


def test_who_is_asked_for_more_and_more_lags_as_soon_as_who_is_asked_once() -> None:
    readers = Readers(PATIENCE_S, 1400)
    readers.expire(0, 0.0)
    readers.join(member(1), 0, 0.0)
    for tenth in range(49):
        readers.mark = Mark(tenth + 1, tenth / 10, 0)
        readers.sent(tenth / 10)
        readers.expire(tenth, tenth / 10)
    assert readers.deadline == pytest.approx(PATIENCE_S, abs=1e-3)
    assert not readers.lagging
    readers.expire(50, 5.0)
    assert readers.lagging == 1


def test_who_was_here_before_is_waited_for_from_the_first_place_on() -> None:
    readers = Readers(PATIENCE_S, 1400)
    for node in (1, 2, 3):
        readers.join(member(node), 7, 0.0, first=4)
    one = readers.of(1)
    readers.mark = Mark(9, 0.0, 0, 0.0)
    assert readers.acknowledge(2)
    for node in (1, 2, 9):
        readers.was_here(member(node), 1.0)
    readers.was_here(member(3, "10.0.0.66"), 1.0)  # a stranger with its node
    assert readers.of(1) is one
    assert [(r.acked, r.first) for r in readers] == [(9, 4), (7, 4), (0, 0)]
    assert readers.floor(9) == 0
    for now in (2.5, 4.0, 5.5):
        readers.expire(9, now)
    assert [event.member.node for event in readers.events] == [3]
    readers.was_here(member(3), 5.6)  # it lags: what it has is not known
    assert readers.of(3).first == 4
    readers.expire(9, 6.5)
    assert [event.member.node for event in readers.events] == [3, 1]
