import asyncio
import errno
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.reasons import is_for_now, reason_of
from groupwire.deliver.storage import Examined, Outcome, PartSink, Status
from groupwire.deliver.store.parts import contest, slots
from groupwire.deliver.store.parts.part import PartFile
from groupwire.deliver.store.policy import StorePolicy
from groupwire.deliver.store.store import Store
from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.run.disk import DiskStorage, writer

MIB = 1 << 20
KEY = 3
_USUAL = StorePolicy()


def open_parts(folder: Path) -> list[str]:
    """Return the names of the parts that this process has open."""
    found: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = link.readlink()
            if target.parent == folder / ".groupwire" / "parts":
                found.append(target.name)
    return sorted(found)


class Member:
    """A storage over a directory, and what it has told."""

    def __init__(self, folder: Path, policy: StorePolicy) -> None:
        self.examined: dict[int, Examined] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.concluded: dict[int, Mapping[int, str]] = {}
        self.pressure: list[bool] = []
        self._told = asyncio.Event()
        self.storage = DiskStorage(
            Store(folder, policy),
            loop=asyncio.get_running_loop(),
            on_examined=lambda key, said: self._tell(self.examined, key, said),
            on_finished=lambda _, n, said: self._tell(self.outcomes, n, said),
            on_concluded=lambda key, said: self._tell(self.concluded, key, said),
            on_pressure=self._press,
        )

    def _tell(self, where: dict[int, Any], key: int, said: Any) -> None:
        where[key] = said
        self._told.set()

    def _press(self, pressed: bool) -> None:
        self.pressure.append(pressed)
        self._told.set()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not true():
                self._told.clear()
                await self._told.wait()

    async def opened(self, number: int, key: int = KEY) -> PartSink:
        """Open a file as soon as it is not being closed."""
        async with asyncio.timeout(10):
            while True:
                with suppress(BlockingIOError):
                    return self.storage.open(key, number)
                await asyncio.sleep(0)

    async def examine(self, *entries: Entry, key: int = KEY) -> Examined:
        self.storage.examine(key, Manifest(7, "title", entries))
        await self.until(lambda: key in self.examined)
        return self.examined[key]

    async def outcome(self, number: int) -> Outcome:
        await self.until(lambda: number in self.outcomes)
        return self.outcomes.pop(number)


@asynccontextmanager
async def member(
    folder: Path, policy: StorePolicy = _USUAL
) -> AsyncGenerator[Member, None]:
    found = Member(folder, policy)
    try:
        yield found
    finally:
        await asyncio.to_thread(found.storage.close)
        found.storage.close()


def fill(sink: PartSink, data: bytes, *, seed: int = 0, row: int = 63_000) -> None:
    """Write all of it as it arrives: rows of segments, some of them late."""
    starts = list(range(0, len(data), row))
    late = Random(seed).sample(starts, len(starts) // 5)
    for start in [s for s in starts if s not in late] + late:
        whole = memoryview(data)[start : start + row]
        sink.write(start, [whole[at : at + 1400] for at in range(0, len(whole), 1400)])


async def write_on(sink: PartSink, data: bytes) -> None:
    while True:
        sink.write(0, [data])
        await asyncio.sleep(0)


def entry(data: bytes, path: str = "a") -> Entry:
    return Entry(path, size_bytes=len(data), mtime_ns=1_700_000_000_000_000_000)


def content(size: int) -> bytes:
    return Random(size).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 5 * MIB, 30 * MIB + 1])
async def test_a_file_that_arrives_is_verified_and_stored(
    tmp_path: Path, size: int
) -> None:
    data = content(size)
    async with member(tmp_path) as at:
        assert not (await at.examine(entry(data))).settled
        sink = at.storage.open(KEY, 0)
        fill(sink, data)
        assert sink.have_bytes == size
        at.storage.finish(KEY, 0, sha256(data).digest())
        digest = sha256(data).digest()
        assert await at.outcome(0) == Outcome(Status.STORED, digest, size)
        assert (tmp_path / "a").read_bytes() == data
        assert at.storage.holds
        assert not any(at.pressure[-1:])


@pytest.mark.parametrize("size", [0, 1000, 70_000, 3 * MIB])
async def test_a_file_may_have_another_size_than_the_manifest_says(
    tmp_path: Path, size: int
) -> None:
    data = content(size)
    async with member(tmp_path, StorePolicy(max_bytes=3 * MIB + 100_000)) as at:
        await at.examine(entry(content(100_000)))
        fill(at.storage.open(KEY, 0, 100_000), content(100_000))
        at.storage.discard(KEY, 0)
        fill(at.storage.open(KEY, 0, size), data)
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
        assert (tmp_path / "a").read_bytes() == data


async def test_files_that_grow_are_no_way_round_the_limit(tmp_path: Path) -> None:
    async with member(tmp_path, StorePolicy(max_bytes=1000)) as at:
        await at.examine(entry(content(100), "a"), entry(content(100), "b"))
        fill(at.storage.open(KEY, 0, 600), content(600))
        with pytest.raises(OSError, match="larger than is taken") as problem:
            at.storage.open(KEY, 1, 600)
        assert reason_of(problem.value) == "too-large"


async def test_many_files_are_placed_while_others_arrive(tmp_path: Path) -> None:
    files = [content(n * 1000) for n in range(150)]
    async with member(tmp_path) as at:
        await at.examine(*(entry(data, f"{n}") for n, data in enumerate(files)))
        for number, data in enumerate(files):
            fill(at.storage.open(KEY, number), data)
            at.storage.finish(KEY, number, sha256(data).digest())
        at.storage.conclude(KEY)
        await at.until(lambda: KEY in at.concluded)
        assert [o.status for o in at.outcomes.values()] == [Status.STORED] * 150
        assert not at.concluded[KEY]


async def test_a_file_may_come_once_more_when_all_was_concluded(tmp_path: Path) -> None:
    data = content(100)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        at.storage.conclude(KEY)
        await at.until(lambda: KEY in at.concluded)
        fill(at.storage.open(KEY, 0), data)
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
        at.concluded.clear()
        at.storage.conclude(KEY)
        await at.until(lambda: KEY in at.concluded)
        at.storage.abandon(KEY)


async def test_what_was_just_taken_can_be_read(tmp_path: Path) -> None:
    data, dice = content(3 * MIB), Random(5)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        sink = at.storage.open(KEY, 0)
        for at_row in range(0, len(data), 63_000):
            row = data[at_row : at_row + 63_000]
            sink.write(at_row, [row])
            start = dice.randrange(at_row + 1)
            size = min(dice.randrange(200_000), at_row + len(row) - start)
            assert sink.read(start, size) == data[start : start + size]
        assert sink.read(len(data), 5) == bytes(5)


async def test_another_content_than_was_promised_is_thrown_away(tmp_path: Path) -> None:
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        fill(at.storage.open(KEY, 0), bytes(len(data)))
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.MISMATCH
        sink = at.storage.open(KEY, 0)
        assert not sink.held
        fill(sink, data)
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED


async def test_a_full_disk_is_told_by_the_next_write_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    data = content(2 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        sink = at.storage.open(KEY, 0)
        monkeypatch.setattr(PartFile, "write", full)
        with pytest.raises(OSError, match="full"):
            await write_on(sink, data)
        at.storage.finish(KEY, 0, bytes(32))
        outcome = await at.outcome(0)
        assert outcome == Outcome(Status.FAILED, reason="disk-full")


async def test_a_disk_that_cannot_be_read_fails_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(PartFile, "read_into", broken)
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        sink = at.storage.open(KEY, 0)
        with suppress(OSError):  # told at once where it is known already
            fill(sink, data)
        at.storage.finish(KEY, 0, bytes(32))
        assert (await at.outcome(0)).reason == "io-error"


async def test_a_slow_disk_stops_the_reading_until_it_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, go = PartFile.write, Event()

    def slow(part: PartFile, offset: int, parts: Any) -> None:
        go.wait(10)
        real(part, offset, parts)

    monkeypatch.setattr(PartFile, "write", slow)
    data = content(50 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        sink = at.storage.open(KEY, 0)
        start = 0
        while not at.pressure:
            sink.write(start, [data[start : start + MIB]])
            start += MIB
        assert start in {writer.HIGH_BYTES, writer.HIGH_BYTES + MIB}
        go.set()
        await at.until(lambda: at.pressure == [True, False])
        sink.write(start, [data[start:]])
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED


async def test_a_file_of_unknown_length_comes_in_parts(tmp_path: Path) -> None:
    data = content(2 * PART_BYTES + 12345)
    async with member(tmp_path) as at:
        await at.examine(Entry("a", size_bytes=None))
        for number in (2, 0, 1):
            piece = data[number * PART_BYTES :][:PART_BYTES]
            sink = at.storage.open_part(KEY, 0, number, len(piece))
            fill(sink, piece, seed=number)
            assert sink.have_bytes == len(piece)
            assert sink.read(100, 50) == piece[100:150]
            with pytest.raises(ValueError, match="ends before"):
                sink.write(len(piece), [b"more"])
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
        assert (tmp_path / "a").read_bytes() == data


@pytest.mark.parametrize("size", [1000, 2 * MIB])
async def test_a_foreign_object_gets_its_name_at_the_end(
    tmp_path: Path, size: int
) -> None:
    data = content(size)
    async with member(tmp_path) as at:
        fill(at.storage.open_foreign(KEY, 9, size), data)
        at.storage.finish_foreign(KEY, 9, "object-9")
        digest = sha256(data).digest()
        assert await at.outcome(9) == Outcome(Status.STORED, digest, size)
        assert (tmp_path / "object-9").read_bytes() == data
        fill(at.storage.open_foreign(KEY, 10, size), data)
        at.storage.finish_foreign(KEY, 10, "../out")
        assert (await at.outcome(10)).status is Status.FAILED


@pytest.mark.parametrize("how", ["abandon", "close"])
async def test_what_is_incomplete_is_kept_for_the_next(
    tmp_path: Path, how: str
) -> None:
    data = content(6 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        at.storage.open(KEY, 0).write(0, [data[: 4 * MIB]])
        if how == "abandon":
            at.storage.abandon(KEY)
    async with member(tmp_path) as at:
        assert (await at.examine(entry(data))).held_bytes == 4 * MIB
        sink = at.storage.open(KEY, 0)
        assert sink.held == ((0, 4 * MIB),)
        assert sink.have_bytes == 4 * MIB
        sink.write(4 * MIB, [data[4 * MIB :]])
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED


@pytest.mark.parametrize("size", [1000, 6 * MIB])
async def test_what_changed_at_the_sender_is_thrown_away(
    tmp_path: Path, size: int
) -> None:
    data = content(size)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        at.storage.open(KEY, 0).write(0, [data[: size // 2]])
        at.storage.discard(KEY, 0)
        at.storage.discard(KEY, 0)
        at.storage.conclude(KEY)
        await at.until(lambda: KEY in at.concluded)
        at.storage.conclude(KEY)
    async with member(tmp_path) as at:
        assert not (await at.examine(entry(data))).held_bytes


async def test_what_was_never_opened_is_gone(tmp_path: Path) -> None:
    async with member(tmp_path) as at:
        await at.examine(entry(b"x"))
        at.storage.finish(KEY, 0, bytes(32))
        assert await at.outcome(0) == Outcome(Status.FAILED, reason="gone")


async def test_what_has_come_is_made_durable_from_time_to_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_CHECKPOINT_BYTES", MIB)
    done = Event()

    def checkpoint(_: PartFile) -> None:
        done.set()

    monkeypatch.setattr(PartFile, "checkpoint", checkpoint)
    data = content(6 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        sink = at.storage.open(KEY, 0)
        for start in range(0, len(data), MIB):
            sink.write(start, [data[start : start + MIB]])
            await asyncio.sleep(0.005)
        assert await asyncio.to_thread(done.wait, 10)


async def test_a_little_of_a_large_datagram_does_not_keep_it(tmp_path: Path) -> None:
    datagram = bytearray(60_000)
    async with member(tmp_path) as at:
        await at.examine(entry(bytes(100_000)))
        sink = at.storage.open(KEY, 0)
        sink.write(0, [memoryview(datagram)[:1400]])
        datagram.clear()  # not exported any more
        assert sink.read(0, 1400) == bytes(1400)


async def test_a_directory_that_cannot_be_examined_fails_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Store, "examine", broken)
    monkeypatch.setattr(Store, "holds", property(broken))
    async with member(tmp_path) as at:
        examined = await at.examine(entry(b"x"), Entry("d", Kind.DIRECTORY))
        assert examined.settled == {0: Outcome(Status.FAILED, reason="read-only")}
        assert not at.storage.holds


async def test_what_fails_in_a_thread_is_told_to_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError

    loop = asyncio.get_running_loop()
    told = loop.create_future()
    loop.set_exception_handler(lambda _, said: told.set_result(said["exception"]))
    monkeypatch.setattr(Store, "conclude", broken)
    async with member(tmp_path) as at:
        await at.examine(entry(b"x"))
        at.storage.conclude(KEY)
        assert isinstance(await asyncio.wait_for(told, 10), KeyError)


@pytest.mark.parametrize("broken", ["examine", "place_many"])
async def test_whatever_fails_somebody_waits_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    loop = asyncio.get_running_loop()
    told = loop.create_future()
    loop.set_exception_handler(lambda _, said: told.set_result(said["exception"]))
    monkeypatch.setattr(Store, broken, fail)
    failed = Outcome(Status.FAILED, reason="io-error")
    async with member(tmp_path) as at:
        examined = await at.examine(entry(b"x"))
        if broken == "examine":
            assert examined.settled == {0: failed}
        else:
            fill(at.storage.open(KEY, 0), b"x")
            at.storage.finish(KEY, 0, sha256(b"x").digest())
            assert await at.outcome(0) == failed
        assert isinstance(await asyncio.wait_for(told, 10), ValueError)


async def test_a_batch_that_the_disk_refuses_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Store, "place_many", fail)
    async with member(tmp_path) as at:
        await at.examine(entry(b"x"))
        fill(at.storage.open(KEY, 0), b"x")
        at.storage.finish(KEY, 0, sha256(b"x").digest())
        outcome = await at.outcome(0)
        assert outcome == Outcome(Status.FAILED, reason="read-only")


@pytest.mark.parametrize("put_away", [True, False])
async def test_what_comes_as_another_object_goes_on_with_what_is_there(
    tmp_path: Path, *, put_away: bool
) -> None:
    data = content(6 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        at.storage.open(KEY, 0).write(0, [data[: 4 * MIB]])
        if put_away:
            at.storage.put_away(KEY, 0)
        with pytest.raises(BlockingIOError):
            at.storage.open(KEY, 0)
        sink = await at.opened(0)
        assert sink.held == ((0, 4 * MIB),)
        assert len(open_parts(tmp_path)) == 2
        sink.write(4 * MIB, [data[4 * MIB :]])
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
        assert not open_parts(tmp_path)


async def test_a_small_file_that_is_put_away_comes_anew(tmp_path: Path) -> None:
    data = content(1000)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        at.storage.open(KEY, 0).write(0, [data[:500]])
        at.storage.put_away(KEY, 0)
        at.storage.put_away(KEY, 0)
        sink = at.storage.open(KEY, 0)
        assert not sink.held
        fill(sink, data)
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED


async def test_a_foreign_object_that_is_lost_or_comes_anew_is_not_kept_open(
    tmp_path: Path,
) -> None:
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        for _ in range(5):
            at.storage.open_foreign(KEY, 9, len(data)).write(0, [data[:MIB]])
        at.storage.discard_foreign(KEY, 9)
        fill(at.storage.open_foreign(KEY, 10, len(data)), data)
        at.storage.finish_foreign(KEY, 10, "object-10")
        assert (await at.outcome(10)).status is Status.STORED
        assert not open_parts(tmp_path)


async def test_no_more_than_so_many_files_are_open_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "MAX_OPEN", 2)
    data = content(100_000)
    async with member(tmp_path) as at:
        await at.examine(*(entry(data, name) for name in "abc"))
        fill(at.storage.open(KEY, 0), data)
        at.storage.open(KEY, 1)
        with pytest.raises(OSError, match="open files"):
            at.storage.open(KEY, 2)
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
        at.storage.open(KEY, 2)


async def test_a_file_whose_sender_is_gone_is_gone_on_with_by_the_next_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest, "_IDLE_S", 0.05)
    data = content(6 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        old = at.storage.open(KEY, 0)
        old.write(0, [data[: 4 * MIB]])
        while (await at.examine(entry(data), key=KEY)).held_bytes < 4 * MIB:
            at.examined.clear()
        await at.examine(entry(data), key=KEY + 1)
        sink = await at.opened(0, KEY + 1)
        assert sink.held == ((0, 4 * MIB),)
        with pytest.raises(OSError, match="another delivery") as problem:
            old.write(4 * MIB, [b"late"])
        assert is_for_now(problem.value)
        at.storage.abandon(KEY)
        sink.write(4 * MIB, [data[4 * MIB :]])
        at.storage.finish(KEY + 1, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
        assert not open_parts(tmp_path)


async def test_two_senders_of_one_file_do_not_harm_each_other(tmp_path: Path) -> None:
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        await at.examine(entry(data), key=KEY + 1)
        first = at.storage.open(KEY, 0)
        with pytest.raises(BlockingIOError):
            at.storage.open(KEY + 1, 0)
        first.write(0, [data[:MIB]])
        sink = await at.opened(0, KEY + 1)
        assert not sink.held
        for key, to, start in ((KEY, first, MIB), (KEY + 1, sink, 0)):
            to.write(start, [data[start:]])
            at.storage.finish(key, 0, sha256(data).digest())
            assert (await at.outcome(0)).status in {Status.STORED, Status.UNCHANGED}
        assert not open_parts(tmp_path)


async def test_who_asked_while_a_file_was_open_does_not_count_when_it_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        for key in (KEY, KEY + 1, KEY + 2):
            await at.examine(entry(data), key=key)
        at.storage.open(KEY, 0)
        with pytest.raises(BlockingIOError):
            at.storage.open(KEY + 1, 0)
        at.storage.discard(KEY, 0)
        first = at.storage.open(KEY, 0)
        monkeypatch.setattr(contest, "_IDLE_S", 1e-9)
        with pytest.raises(BlockingIOError, match="has it open"):
            at.storage.open(KEY + 2, 0)
        first.write(0, [data])


async def test_who_leaves_does_not_change_how_long_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        for key in (KEY, KEY + 1):
            await at.examine(entry(data), key=key)
        at.storage.open(KEY, 0)
        with pytest.raises(BlockingIOError, match="has it open"):
            at.storage.open(KEY + 1, 0)
        at.storage.abandon(99)
        monkeypatch.setattr(contest, "_IDLE_S", 1e-9)
        with pytest.raises(BlockingIOError, match="being closed"):
            at.storage.open(KEY + 1, 0)


async def test_an_empty_file_of_unknown_length_needs_no_place_among_the_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "MAX_OPEN", 1)
    data = content(100_000)
    async with member(tmp_path) as at:
        await at.examine(entry(data), Entry("-", size_bytes=None))
        at.storage.open(KEY, 0)
        at.storage.finish(KEY, 1, sha256(b"").digest())
        assert (await at.outcome(1)).status is Status.STORED
        assert (tmp_path / "-").read_bytes() == b""


async def test_a_foreign_sender_leaves_places_for_a_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "MAX_OPEN", 16)
    data = content(100_000)
    async with member(tmp_path) as at:
        await at.examine(entry(data))
        at.storage.open_foreign(99, 0, 65_537)
        with pytest.raises(OSError, match="open files"):
            at.storage.open_foreign(99, 1, 65_537)
        fill(at.storage.open(KEY, 0), data)
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED


async def test_what_is_whole_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest, "_IDLE_S", 0.0)
    data = content(2 * MIB)
    async with member(tmp_path) as at:
        for key in (KEY, KEY + 1):
            await at.examine(entry(data), key=key)
        at.storage.open(KEY, 0).write(0, [data])
        assert not at.storage.open(KEY + 1, 0).held
        at.storage.finish(KEY, 0, sha256(data).digest())
        assert (await at.outcome(0)).status is Status.STORED
