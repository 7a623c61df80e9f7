"""Who has what a ticket stands for, and how little is looked at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from groupwire.messages.events import ReceiptEnded, ReceivedBy
from groupwire.messages.members import Member, Role
from groupwire.messages.publish.hearers.readers import Mark, Readers
from groupwire.messages.publish.hearers.tickets import Tickets
from groupwire.values import Origin

STREAM, LATEST = 0, 1


def member(node: int, name: str, *, host: str = "10.0.0.1") -> Member:
    return Member(1000 + node, name, Role.SUBSCRIBER, Origin(host, node), node)


class Desk:
    """Tickets and the readers of two deliveries."""

    def __init__(self, *names: str) -> None:
        self.readers = Readers(5.0, 1400), Readers(5.0, 1400)
        self.tickets = Tickets(self.readers)
        self.members = {n: member(1 + at, n) for at, n in enumerate(names)}
        for each in self.members.values():
            self.join(each)

    def join(self, each: Member, place: int = 0) -> None:
        for readers in self.readers:
            readers.join(each, place, 0.0)

    def leave(self, each: Member) -> None:
        for readers in self.readers:
            readers.leave(each)

    def open(
        self,
        sequence: int,
        by: Collection[str | Member] | None = None,
        *,
        latest: int = 0,
        message: tuple[int, int] | None = None,
        dropped: bool = False,
        later: Collection[int] = (),
    ) -> int:
        return self.tickets.open(
            (sequence, latest), by, message=message, dropped=dropped, later=later
        )

    def settle(self, sequence: int, place: int, *, delivery: int = STREAM) -> None:
        self.tickets.settle(delivery, sequence, place)

    def ack(
        self, name: str, place: int, *, delivery: int = STREAM, kept: int = 0
    ) -> None:
        readers = self.readers[delivery]
        readers.mark = Mark(place, 0.0, 0, 0.0)
        readers.acknowledge(self.members[name].node, kept=kept)

    def lag(self, place: int, *, delivery: int = STREAM) -> None:
        readers = self.readers[delivery]
        readers.mark = Mark(place, 0.0, 0, 0.0)
        for at in range(10):
            readers.expire(place, float(at))

    def told(self) -> list[ReceivedBy | ReceiptEnded]:
        self.tickets.turn()
        events = list(self.tickets.events)
        self.tickets.events.clear()
        return events


def ended(number: int, received: str = "", missing: str = "") -> ReceiptEnded:
    return ReceiptEnded(number, frozenset(received.split()), frozenset(missing.split()))


def received(number: int, names: str) -> ReceivedBy:
    return ReceivedBy(number, frozenset(names.split()))


def test_a_ticket_ends_when_all_have_acknowledged() -> None:
    desk = Desk("a", "b")
    number = desk.open(10)
    desk.settle(10, 7)
    desk.settle(0, 0, delivery=LATEST)
    assert desk.told() == []
    desk.ack("a", 7)
    assert desk.told() == [received(number, "a")]
    desk.ack("b", 8)
    assert desk.told() == [received(number, "b"), ended(number, "a b")]
    assert not desk.tickets


def test_both_deliveries_have_to_be_acknowledged() -> None:
    desk = Desk("a")
    number = desk.open(10, latest=3)
    desk.settle(10, 7)
    desk.settle(3, 2, delivery=LATEST)
    desk.ack("a", 7)
    assert desk.told() == []
    desk.ack("a", 2, delivery=LATEST)
    assert desk.told() == [received(number, "a"), ended(number, "a")]


def test_nothing_is_received_before_it_is_written() -> None:
    desk = Desk("a")
    number = desk.open(10)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 99)
    assert desk.told() == []
    assert not desk.tickets.due(STREAM, 9)
    assert desk.tickets.due(STREAM, 10)
    desk.settle(10, 50)
    assert desk.told() == [received(number, "a"), ended(number, "a")]


def test_who_is_not_here_is_missing_and_others_are_not_asked() -> None:
    desk = Desk("a", "b")
    number = desk.open(1, {"a", "z"})
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 1)
    assert desk.told() == [received(number, "a"), ended(number, "a", "z")]


def test_where_nobody_is_here_a_ticket_ends_before_anything_is_written() -> None:
    desk = Desk()
    assert desk.told() == []
    assert desk.open(5) == 1
    assert desk.told() == [ended(1)]


def test_who_leaves_is_missing_for_all_that_it_has_not_acknowledged() -> None:
    desk = Desk("a")
    first, second = desk.open(1), desk.open(2)
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 1)
    desk.leave(desk.members["a"])
    assert desk.told() == [ended(first, "", "a"), ended(second, "", "a")]


def test_who_comes_back_between_two_looks_has_left_all_the_same() -> None:
    desk = Desk("a")
    number = desk.open(1)
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.leave(desk.members["a"])
    desk.join(desk.members["a"], 9)
    assert desk.told() == [ended(number, "", "a")]
    assert desk.open(1) == 2
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    assert desk.told() == [received(2, "a"), ended(2, "a")]


def test_a_ticket_that_is_opened_before_that_is_seen_is_for_the_new_life() -> None:
    desk = Desk("a")
    number = desk.open(1)
    desk.leave(desk.members["a"])
    desk.join(desk.members["a"], 9)
    again = desk.open(1)
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    assert desk.told() == [
        ended(number, "", "a"),
        received(again, "a"),
        ended(again, "a"),
    ]


def test_who_lags_is_missing_for_what_it_lacks_and_not_for_what_it_has() -> None:
    desk = Desk("a")
    numbers = [desk.open(sequence) for sequence in (1, 2, 3)]
    desk.settle(0, 0, delivery=LATEST)
    for sequence in (1, 2):
        desk.settle(sequence, sequence)
    desk.ack("a", 1)
    desk.lag(2)
    assert desk.told() == [
        received(numbers[0], "a"),
        ended(numbers[0], "a"),
        ended(numbers[1], "", "a"),
        ended(numbers[2], "", "a"),
    ]


def test_who_lags_in_one_delivery_may_still_receive_the_other() -> None:
    desk = Desk("a")
    desk.lag(1)
    number = desk.open(0, latest=1)
    desk.settle(0, 0)
    desk.settle(1, 1, delivery=LATEST)
    assert desk.told() == []
    desk.ack("a", 1, delivery=LATEST)
    assert desk.told() == [received(number, "a"), ended(number, "a")]


def test_who_has_caught_up_may_receive_again() -> None:
    desk = Desk("a")
    desk.lag(5)
    desk.ack("a", 5, kept=6)  # something behind that is kept no more
    lost = desk.open(6)
    desk.settle(6, 8)
    desk.settle(0, 0, delivery=LATEST)
    assert desk.told() == [ended(lost, "", "a")]
    desk.ack("a", 8, kept=6)
    assert [type(e).__name__ for e in desk.readers[STREAM].events] == [
        "Lagging",
        "CaughtUp",
    ]
    number = desk.open(9)
    desk.settle(9, 9)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 9)
    assert desk.told() == [received(number, "a"), ended(number, "a")]


def test_what_makes_room_for_newer_messages_nobody_has() -> None:
    desk = Desk("a", "b")
    early, late = desk.open(3), desk.open(8)
    desk.settle(0, 0, delivery=LATEST)
    desk.tickets.lose(STREAM, 4)
    assert desk.told() == [ended(late, "", "a b")]
    behind = desk.open(9)
    desk.settle(9, 2)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 2)
    desk.ack("b", 2)
    assert desk.told() == [
        received(early, "a b"),
        ended(early, "a b"),
        received(behind, "a b"),
        ended(behind, "a b"),
    ]


def test_a_ticket_for_what_was_dropped_ends_at_once() -> None:
    desk = Desk("a", "b")
    assert desk.open(3, dropped=True) == 1
    assert desk.told() == [ended(1, "", "a b")]
    assert desk.open(3, {"a", "z"}, dropped=True) == 2
    assert desk.told() == [ended(2, "", "a z")]


def test_who_says_that_it_lacks_something_has_no_receipt_for_what_is_before() -> None:
    desk = Desk("a", "b")
    numbers = [desk.open(10, message=(STREAM, at)) for at in (4, 5, 9)]
    desk.settle(10, 7)
    desk.settle(0, 0, delivery=LATEST)
    assert desk.told() == []
    desk.readers[STREAM].lacks_before(desk.members["a"], 5)
    desk.ack("a", 7)
    desk.ack("b", 7)
    assert [e for e in desk.told() if isinstance(e, ReceiptEnded)] == [
        ended(numbers[0], "b", "a"),
        ended(numbers[1], "a b"),
        ended(numbers[2], "a b"),
    ]


def test_what_was_said_to_lack_before_counts_for_tickets_that_come_later() -> None:
    desk = Desk("a")
    desk.readers[STREAM].lacks_before(desk.members["a"], 5)
    desk.readers[STREAM].lacks_before(desk.members["a"], 3)
    number = desk.open(4, message=(STREAM, 4))
    assert desk.told() == [ended(number, "", "a")]


def test_a_stranger_that_says_so_takes_no_receipt_from_anybody() -> None:
    desk = Desk("a")
    desk.readers[STREAM].lacks_before(member(1, "a", host="10.0.0.9"), 5)
    desk.readers[STREAM].lacks_before(member(7, "x"), 5)
    number = desk.open(10, message=(STREAM, 4))
    desk.settle(10, 7)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 7)
    assert desk.told() == [received(number, "a"), ended(number, "a")]


def test_of_two_with_one_name_the_one_who_lacks_it_counts() -> None:
    desk = Desk("a")
    desk.join(member(9, "a"))
    number = desk.open(1)
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 1)
    assert desk.told() == [received(number, "a")]
    desk.leave(member(9, "a"))
    assert desk.told() == [ended(number, "", "a")]


def test_a_subscriber_that_moves_to_another_address_is_the_same_one() -> None:
    desk = Desk("a")
    number = desk.open(1)
    desk.settle(1, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.join(member(1, "a", host="10.0.0.99"))
    desk.leave(desk.members["a"])
    assert desk.told() == []
    assert desk.readers[STREAM].of(1).member.origin.host == "10.0.0.99"
    desk.ack("a", 1)
    assert desk.told() == [received(number, "a"), ended(number, "a")]


def test_a_stranger_with_the_same_node_makes_nobody_leave() -> None:
    desk = Desk("a")
    stranger = member(1, "x", host="10.0.0.66")
    desk.join(stranger)
    desk.leave(stranger)
    desk.leave(stranger)
    assert desk.readers[STREAM].of(1).member.name == "a"
    desk.leave(desk.members["a"])
    assert len(desk.readers[STREAM]) == 0
    desk.leave(desk.members["a"])


class Looked(int):
    """A place that counts how often it is looked at."""

    looks = 0

    def __le__(self, other: int) -> bool:
        Looked.looks += 1
        return int(self) <= other

    def __gt__(self, other: int) -> bool:
        Looked.looks += 1
        return int(self) > other


def test_a_turn_looks_only_at_tickets_that_end() -> None:
    desk = Desk("a", "b")
    for sequence in range(1, 10_001):
        desk.open(sequence)
        desk.settle(sequence, Looked(sequence))
    desk.settle(0, 0, delivery=LATEST)
    desk.told()
    Looked.looks = 0
    for place in (1, 2, 3):
        desk.ack("a", place)
        assert len(desk.told()) == 1
    for _ in range(100):
        desk.told()
    assert Looked.looks <= 10


def test_of_two_with_one_name_each_is_told() -> None:
    desk = Desk("a", "b")
    twin = replace(member(9, "a", host="10.0.0.9"), label="a (10.0.0.9:9)")
    desk.join(twin)
    desk.members["twin"] = twin
    number = desk.open(5, ["a"])
    desk.settle(5, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 1)
    assert desk.told() == [received(number, "a")]
    desk.lag(1)
    assert desk.told() == [
        ReceiptEnded(number, frozenset({"a"}), frozenset({"a (10.0.0.9:9)"}))
    ]
    number = desk.open(5, ["a"], dropped=True)
    assert desk.told() == [
        ReceiptEnded(number, frozenset(), frozenset({"a", "a (10.0.0.9:9)"}))
    ]


def test_a_namesake_that_came_later_is_not_asked() -> None:
    desk = Desk("a")
    twin = replace(member(9, "a", host="10.0.0.9"), label="a (10.0.0.9:9)")
    desk.join(twin)
    number = desk.open(5, ["a"], later={9})
    desk.settle(5, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 1)
    assert desk.told() == [received(number, "a"), ended(number, "a")]
    number = desk.open(5, ["a"], later={1, 9})
    assert desk.told() == [ended(number, "", "a")]
    number = desk.open(5, later={1, 9}, dropped=True)
    assert desk.told() == [ended(number)]


def test_one_of_two_with_one_name_may_be_asked_alone() -> None:
    desk = Desk("a")
    twin = replace(member(9, "a", host="10.0.0.9"), label="a (10.0.0.9:9)")
    desk.join(twin)
    desk.members["twin"] = twin
    number = desk.open(5, [twin])
    desk.settle(5, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("twin", 1)
    who = frozenset({"a (10.0.0.9:9)"})
    assert desk.told() == [
        ReceivedBy(number, who),
        ReceiptEnded(number, who, frozenset()),
    ]
    desk.leave(twin)
    number = desk.open(5, [twin, desk.members["a"]])
    desk.settle(5, 1)
    desk.settle(0, 0, delivery=LATEST)
    desk.ack("a", 1)
    assert desk.told() == [
        ReceivedBy(number, frozenset({"a"})),
        ReceiptEnded(number, frozenset({"a"}), who),
    ]
