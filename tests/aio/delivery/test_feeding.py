"""A stream is read no faster than the push takes it."""

import asyncio

from tests.aio.places import run, until

from groupwire.aio.delivery.feeding import Feeding


class Basin:
    """Takes so much, and then waits to be emptied."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = b""
        self.taken = b""
        self.ended = False

    def room(self) -> int:
        return self.size - len(self.held)

    def feed(self, data: bytes) -> None:
        assert 0 < len(data) <= self.room()
        self.held += data

    def end(self) -> None:
        self.ended = True

    def empty(self) -> None:
        self.taken, self.held = self.taken + self.held, b""


class Counted:
    """A stream that knows how often it was read."""

    def __init__(self, *pieces: bytes) -> None:
        self.left = [*pieces, b""]

    async def next(self) -> bytes:
        return self.left.pop(0)


def test_pieces_are_cut_to_the_room_there_is() -> None:
    async def work() -> None:
        basin = Basin(3)
        feeding = Feeding(Counted(b"abcdefgh", b"ij"), basin)
        task = asyncio.create_task(feeding.run())
        while not task.done():
            await until(lambda: task.done() or not basin.room())
            basin.empty()
            feeding.note_room()
            await asyncio.sleep(0)
        basin.empty()
        assert basin.taken == b"abcdefghij"
        assert basin.ended

    run(work())


def test_nothing_is_read_while_there_is_no_room() -> None:
    async def work() -> None:
        basin, stream = Basin(2), Counted(b"ab", b"cd")
        feeding = Feeding(stream, basin)
        task = asyncio.create_task(feeding.run())
        await until(lambda: basin.held)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(stream.left) == 2
        task.cancel()

    run(work())
