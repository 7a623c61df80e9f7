"""Many peers in one group, each of which speaks and hears: how much they put on it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from tests.messages.places import Place, Reader, Writer

from groupwire.gather import is_tagged
from groupwire.messages.delivery import Delivery
from groupwire.norm.wire.head import MessageType
from groupwire.testing import Faults, Lab, Member
from groupwire.values import Transmit

LAN = Faults(delay_s=0.0002)
MOST_DATA = 1.1
"""Data packets for each batch."""
MOST_CONTROL = 50.0
"""Other packets, in a second and for each publisher."""


class Wire(Lab):
    """Counts what is put on it, by kind."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, coalesce=True)
        self.kinds: Counter[str] = Counter()

    def carry(self, member: Member[Any], transmit: Transmit) -> None:
        size = len(transmit.data)
        parts = -(-size // transmit.segment_bytes) if transmit.segment_bytes else 1
        self.kinds[kind(bytes(transmit.data))] += parts
        super().carry(member, transmit)


def kind(data: bytes) -> str:
    return "WORD" if is_tagged(data) else MessageType(data[0] & 0xF).name


def has_last(reader: Reader) -> bool:
    return reader.payloads("a")[-1:] == [b"last"]


class Peers(Place):
    """Each a publisher and a subscriber of all the others."""

    def __init__(self, count: int, faults: Faults = LAN, **rules: Any) -> None:
        super().__init__()
        self.lab: Wire = Wire(count)
        self.writers: list[Writer] = []
        self.readers: list[Reader] = []
        for number in range(count):
            self.readers.append(self.reader(f"r{number}", faults))
            self.writers.append(self.writer(f"w{number}", faults, **rules))
        self.run(3.0)

    def talk(self, for_s: float, per_s: float) -> Counter[str]:
        """Let each say so many lone messages; return what was on the wire."""
        self.lab.kinds.clear()
        apart = 1 / per_s / len(self.writers)
        for number in range(round(for_s * per_s)):
            for writer in self.writers:
                writer.send("a", b"%d" % number)
                self.run(apart)
        return self.lab.kinds.copy()

    def control(self, kinds: Counter[str], for_s: float) -> float:
        """Return how much else than data there was, a second and publisher."""
        return (kinds.total() - kinds["DATA"]) / for_s / len(self.writers)


@pytest.mark.parametrize("delivery", list(Delivery))
@pytest.mark.parametrize("peers", [4, 8, 16])
def test_a_storm_of_peers_says_little_beside_what_it_has_to_say(
    peers: int, delivery: Delivery
) -> None:
    group = Peers(peers, delivery=delivery)
    group.talk(0.5, 50)  # it finds its rate
    kinds = group.talk(1.0, 50)
    assert kinds["DATA"] <= MOST_DATA * 50 * peers, kinds
    assert group.control(kinds, 1.0) <= MOST_CONTROL, kinds
    for reader in group.readers:
        assert len(reader.messages) == 75 * peers


def test_what_is_said_beside_data_does_not_grow_with_the_peers() -> None:
    few, many = Peers(4), Peers(16)
    less = few.control(few.talk(1.0, 50), 1.0)
    more = many.control(many.talk(1.0, 50), 1.0)
    assert more <= 1.3 * less, (less, more)


@pytest.mark.parametrize("delivery", list(Delivery))
@pytest.mark.parametrize("readers", [1, 3, 16])
def test_five_hundred_lone_messages_a_second_bring_few_packets_beside_them(
    readers: int, delivery: Delivery
) -> None:
    group = Peers(1, delivery=delivery)
    for number in range(1, readers):
        group.readers.append(group.reader(f"r{number}", LAN))
    group.run(1.0)
    kinds = group.talk(2.0, 500)
    assert kinds["DATA"] <= MOST_DATA * 1000, kinds
    assert group.control(kinds, 2.0) <= MOST_CONTROL, kinds


def test_a_storm_that_loses_packets_asks_for_what_is_lost_and_little_more() -> None:
    loss = 0.02
    group = Peers(8, Faults(delay_s=0.0002, loss=loss / 2))
    kinds = group.talk(2.0, 100)
    batches = 200 * 8
    assert kinds["DATA"] <= 1.4 * batches, kinds
    assert group.control(kinds, 2.0) <= 2 * MOST_CONTROL, kinds
    group.run(2.0)
    for reader in group.readers:
        assert len(reader.messages) == batches


def test_the_last_message_is_repaired_soon_though_nothing_follows() -> None:
    waits: list[float] = []
    for seed in range(20):
        place = Place(seed)
        reader, writer = place.reader("screen", LAN), place.writer("cam", LAN)
        place.run(0.5)
        for number in range(10):
            writer.send("a", b"%d" % number)
            place.run(0.002)
        reader.seat.down.cut = True
        writer.send("a", b"last")
        place.run(0.0005)
        reader.seat.down.cut = False
        since = place.now
        assert place.run(1.0, done=partial(has_last, reader))
        waits.append(place.now - since)
    assert max(waits) <= 0.05, waits
