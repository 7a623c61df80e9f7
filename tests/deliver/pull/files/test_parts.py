from tests.deliver.fakes import MemoryFile

from groupwire.deliver.pull.files.gate import Gate
from groupwire.deliver.pull.files.parts import Parts
from groupwire.deliver.wire.seals import PART_BYTES


def came(parts: Parts, part: int, number: int, size: int) -> None:
    assert parts.wants(part, number, size)
    parts.open(part, number, Gate(MemoryFile()))
    parts.received(part, number, size)


def test_all_parts_make_a_file_when_all_but_the_last_are_full() -> None:
    parts = Parts()
    came(parts, 1, 11, 5)
    assert not parts.complete(PART_BYTES + 5)
    came(parts, 0, 10, PART_BYTES)
    assert parts.complete(PART_BYTES + 5)
    assert not parts.complete(PART_BYTES + 6)
    assert parts.have_bytes == PART_BYTES + 5


def test_a_short_part_in_the_middle_makes_none() -> None:
    parts = Parts()
    came(parts, 0, 10, 5)
    came(parts, 1, 11, PART_BYTES)
    assert not parts.complete(PART_BYTES + 5)


def test_nothing_is_an_empty_file() -> None:
    assert Parts().complete(0)


def test_a_part_comes_once_and_is_no_larger_than_it_may_be() -> None:
    parts = Parts()
    came(parts, 0, 10, 5)
    assert not parts.wants(0, 12, 5)
    assert not parts.wants(1, 12, PART_BYTES + 1)
    parts.finishing = True
    assert not parts.wants(1, 12, 5)


def test_a_newer_object_of_a_part_takes_the_place_of_the_older() -> None:
    parts = Parts()
    old = parts.open(0, 10, Gate(MemoryFile()))
    assert not parts.wants(0, 9, 5)
    assert parts.wants(0, 12, 5)
    new = parts.open(0, 12, Gate(MemoryFile()))
    new.write(0, [b"12345"])
    assert old.closed
    assert parts.have_bytes == 5
    parts.received(0, 10, 5)
    assert not parts.complete(5)
    parts.received(0, 12, 5)
    assert parts.complete(5)


def test_behind_a_closed_gate_nothing_is_taken() -> None:
    parts = Parts()
    gate = parts.open(0, 10, Gate(MemoryFile()))
    parts.close()
    assert gate.closed
