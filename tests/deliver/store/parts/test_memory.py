"""The room that small files have in memory."""

from __future__ import annotations

from groupwire.deliver.store.parts.memory import MEMORY_BYTES, Memory


def test_files_take_room_and_give_it_back() -> None:
    memory = Memory(3000)
    assert memory.take("a", 1000)
    assert not memory.take("b", 1000)
    memory.give("b")
    memory.give("a")
    memory.give("a")
    assert memory.take("b", 1000)


def test_empty_files_are_not_free() -> None:
    memory = Memory()
    assert sum(memory.take(str(n), 0) for n in range(50_000)) == MEMORY_BYTES >> 10
