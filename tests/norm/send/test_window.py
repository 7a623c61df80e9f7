import weakref

import pytest
from tests.norm.send.places import outgoing

from groupwire.errors import UsageError
from groupwire.norm.send.holds import Holds
from groupwire.norm.send.outgoing import Outgoing
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.send.window import Window


def filled(*sizes: int, most: int = 10, most_bytes: int = 1000) -> Window:
    window = Window(most, most_bytes)
    for size in sizes:
        window.add(outgoing(bytes(size), window.next_number))
    return window


def send(window: Window) -> None:
    """Send all new symbols of the object that is next."""
    sending = window.sending()
    assert sending is not None
    while sending.next_new(100):
        pass
    window.sent()


def kept(window: Window) -> list[int]:
    return [n for n in range(window.next_number) if n in window]


def test_objects_are_sent_in_the_order_in_which_they_came() -> None:
    window = filled(5, 5)
    first = window.sending()
    assert first is window.get(0)
    send(window)
    assert window.sending() is window.get(1)
    send(window)
    assert window.sending() is None


def test_an_empty_window_begins_at_the_object_to_come() -> None:
    window = Window(10, 1000)
    assert (window.first, window.next_number, window.sending()) == (0, 0, None)
    window.add(outgoing(b"x", 0))
    window.remove(0)
    assert (window.first, window.next_number) == (1, 1)


def test_the_oldest_object_makes_room_for_a_new_one() -> None:
    window = filled(5, 5, most=2)
    send(window)
    assert window.add(outgoing(b"x", 2)) == [0]
    assert kept(window) == [1, 2]
    assert window.first == 1


def test_the_newest_object_is_the_last_that_has_something_to_send() -> None:
    window = filled(5, 5, 5)
    window.remove(2)
    assert window.newest() is window.get(1)
    window.add(outgoing(number=3, content=StreamContent(10, 4, 4)))
    assert window.newest() is window.get(1)
    assert Window(10, 1000).newest() is None


def test_as_many_bytes_are_kept_as_was_said() -> None:
    window = filled(400, 400, 200, most_bytes=1000)
    send(window)
    send(window)
    send(window)
    assert window.add(outgoing(bytes(401), 3)) == [0, 1]
    assert window.add(outgoing(bytes(399), 4)) == []


def test_the_newest_object_is_kept_though_it_is_larger_than_all_that_is_kept() -> None:
    window = filled(5, most_bytes=100)
    send(window)
    assert window.add(outgoing(bytes(500), 1)) == [0]
    assert kept(window) == [1]


def test_what_has_not_been_sent_is_not_given_up() -> None:
    window = filled(5, 5, most=2)
    with pytest.raises(UsageError, match="2 objects wait to be sent"):
        window.add(outgoing(b"x", 2))
    assert kept(window) == [0, 1]
    assert window.next_number == 2


def test_nothing_is_given_up_for_an_object_that_finds_no_room_after_all() -> None:
    window = filled(500, 500, most_bytes=1000)
    send(window)
    with pytest.raises(UsageError, match="wait to be sent"):
        window.add(outgoing(bytes(600), 2))
    assert kept(window) == [0, 1]


def test_an_object_that_is_removed_is_neither_sent_nor_kept() -> None:
    window = filled(5, 5, 5)
    assert window.remove(1)
    assert kept(window) == [0, 2]
    send(window)
    assert window.sending() is window.get(2)


def test_removing_makes_room() -> None:
    window = filled(600, 400, most_bytes=1000)
    window.remove(0)
    assert window.add(outgoing(bytes(600), 2)) == []


def test_an_object_is_removed_once_only() -> None:
    window = filled(5)
    assert window.remove(0)
    assert not window.remove(0)


def ask(window: Window, number: int) -> Outgoing:
    asked = window.get(number)
    assert asked is not None
    asked.ask_blocks(0, 0)
    window.repair(number)
    return asked


def test_the_oldest_object_is_repaired_first() -> None:
    window = filled(5, 5, 5)
    for _ in range(3):
        send(window)
    later, earlier = ask(window, 2), ask(window, 1)
    assert window.repairing() is earlier
    while earlier.next_repair(10):
        pass
    assert window.repairing() is later
    while later.next_repair(10):
        pass
    assert window.repairing() is None


def test_an_object_that_is_removed_is_not_repaired() -> None:
    window = filled(5)
    send(window)
    ask(window, 0)
    window.remove(0)
    assert window.repairing() is None


def test_an_object_may_be_removed_before_it_is_noted_for_repair() -> None:
    window = filled(5)
    window.remove(0)
    window.repair(0)
    assert window.repairing() is None


def test_object_ids_wrap_within_a_window_of_256_objects() -> None:
    window = Window(256, 10_000)
    for number in range(65_400, 65_700):
        window.add(outgoing(b"x", number))
        send(window)
    assert window.first == 65_700 - 256
    for number in range(window.first, 65_700):
        assert window.number(number & 0xFFFF) == number
    assert window.number(65_535) == 65_535
    assert window.number(0) == 65_536


def test_a_stream_that_is_given_up_holds_nothing_any_more() -> None:
    holds = Holds(3)
    window = Window(10, 1000, holds=holds)
    stream = outgoing(number=0, content=StreamContent(10, 4, 4))
    window.add(stream)
    stream.content.write(bytes(40), message_ends=True)
    while stream.next_new(10) is not None:
        window.touch(stream, stream.block, 1.0)
    assert holds.held((0, 0), 1.5, 1.0)
    window.remove(0)
    assert not holds.held((0, 0), 1.5, 1.0)


def test_what_is_removed_while_it_waits_is_not_kept_in_secret() -> None:
    window = filled(5)
    source = weakref.WeakSet[Outgoing]()
    for number in range(1, 100):
        last = outgoing(b"x", number)
        source.add(last)
        window.add(last)
        window.remove(number)
    del last
    assert len(source) <= 3
    assert window.sending() is window.get(0)
    window.remove(0)
    assert window.sending() is None


def test_those_removed_are_skipped_wherever_they_wait() -> None:
    window = filled(5, 5, 5, 5, 5)
    for number in (0, 1, 3):
        window.remove(number)
    assert window.sending() is window.get(2)
    send(window)
    assert window.sending() is window.get(4)
