import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from groupwire.deliver.store.walk import walk
from groupwire.run.disk import FileShelf, shelf
from groupwire.run.disk.ahead import Ahead

MIB = 1 << 20


class Desk:
    """A shelf over a directory, and what it has told."""

    def __init__(self, folder: Path) -> None:
        tree = walk([f"{folder}/"])
        self.entry = {entry.path: n for n, entry in enumerate(tree.entries)}
        self.digests: dict[int, tuple[bytes | None, int, bool]] = {}
        self.changes: list[int] = []
        self.errors: list[OSError] = []
        self.readies: list[int] = []
        self._told = asyncio.Event()
        self.shelf = FileShelf(
            tree,
            loop=asyncio.get_running_loop(),
            on_digest=self._digest,
            on_ready=self._ready,
        )

    def _digest(
        self,
        entry: int,
        sha256: bytes | None,
        size_bytes: int,
        *,
        changed: bool,
        error: OSError | None,
    ) -> None:
        self.digests[entry] = sha256, size_bytes, changed
        self.changes += [entry] if changed else []
        self.errors += [error] if error is not None else []
        self._told.set()

    def _ready(self, entry: int) -> None:
        self.readies.append(entry)
        self._told.set()

    async def heard(self) -> None:
        self._told.clear()
        async with asyncio.timeout(10):
            await self._told.wait()

    async def digested(self, path: str) -> tuple[bytes | None, int, bool]:
        while self.entry[path] not in self.digests:
            await self.heard()
        return self.digests.pop(self.entry[path])

    async def sent(self, source: Ahead, step: int = 64_400) -> bytes:
        """Read all of it as a sender does: rows, as far as they are ready."""
        data = bytearray()
        while len(data) < source.size_bytes:
            ready = source.ready_bytes - len(data)
            if ready <= 0:
                await self.heard()
                continue
            data += source.read(len(data), min(step, ready))
        return bytes(data)


def open_below(folder: Path) -> list[str]:
    """Return the names of the files of a directory that this process has open."""
    found: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = link.readlink()
            found += [target.name] if target.parent == folder else []
    return sorted(found)


@asynccontextmanager
async def desk(folder: Path) -> AsyncGenerator[Desk, None]:
    found = Desk(folder)
    try:
        yield found
    finally:
        found.shelf.close_all()


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, MIB, 20 * MIB + 77])
async def test_a_file_is_sent_while_it_is_read_and_digested(
    tmp_path: Path, size: int
) -> None:
    data = Random(size).randbytes(size)
    (tmp_path / "a").write_bytes(data)
    async with desk(tmp_path) as at:
        source = at.shelf.open(at.entry["a"])
        assert await at.sent(source) == data
        assert await at.digested("a") == (sha256(data).digest(), size, False)
        # And again what was sent already.
        middle = size // 2
        assert bytes(source.read(middle, size - middle)) == data[middle:]
        assert not source.short
        at.shelf.close(at.entry["a"])
        at.shelf.close(at.entry["a"])


async def test_more_files_than_there_is_memory_go_one_after_the_other(
    tmp_path: Path,
) -> None:
    data = {f"{n:02}": Random(n).randbytes(3 * MIB + n) for n in range(9)}
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    async with desk(tmp_path) as at:
        sources = {name: at.shelf.open(at.entry[name]) for name in data}
        for name, source in sources.items():
            assert await at.sent(source) == data[name]
        for name, content in data.items():
            digest = sha256(content).digest()
            assert await at.digested(name) == (digest, len(content), False)


async def test_a_file_that_nobody_wants_any_more_is_in_nobodys_way(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").write_bytes(bytes(40 * MIB))
    (tmp_path / "b").write_bytes(b"b" * 30 * MIB)
    (tmp_path / "c").write_bytes(b"c")
    async with desk(tmp_path) as at:
        first = at.shelf.open(at.entry["a"])
        while first.ready_bytes < 16 * MIB:
            await at.heard() if not first.ready_bytes else await asyncio.sleep(0)
        at.shelf.open(at.entry["b"])
        at.shelf.open(at.entry["c"])
        at.shelf.close(at.entry["a"])
        at.shelf.close(at.entry["b"])
        at.shelf.digest(at.entry["c"])
        assert await at.digested("c") == (sha256(b"c").digest(), 1, False)
        assert at.entry["a"] not in at.digests


@pytest.mark.parametrize("size", [0, 5, 3 * MIB])
async def test_a_digest_can_be_had_without_sending(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)
    async with desk(tmp_path) as at:
        at.shelf.digest(at.entry["a"])
        assert (await at.digested("a"))[0] == sha256(b"x" * size).digest()
        assert not at.readies


@pytest.mark.parametrize("how", ["digest", "open"])
async def test_a_file_that_has_changed_since_it_was_found_says_so_once(
    tmp_path: Path, how: str
) -> None:
    (tmp_path / "a").write_bytes(b"before")
    async with desk(tmp_path) as at:
        (tmp_path / "a").write_bytes(b"afterwards")
        getattr(at.shelf, how)(at.entry["a"])
        assert await at.digested("a") == (None, 10, True)
        getattr(at.shelf, how)(at.entry["a"])
        assert await at.digested("a") == (sha256(b"afterwards").digest(), 10, False)


async def test_a_file_that_changes_while_it_is_sent_is_noticed(tmp_path: Path) -> None:
    size = 40 * MIB
    path = tmp_path / "a"
    path.write_bytes(bytes(size))
    async with desk(tmp_path) as at:
        source = at.shelf.open(at.entry["a"])
        await at.heard()
        os.truncate(path, size // 2)
        sending = asyncio.create_task(at.sent(source))
        assert await at.digested("a") == (None, size // 2, True)
        sending.cancel()
        assert source.size_bytes == size


async def test_what_cannot_be_read_again_is_zeros_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1" * 2 * MIB)
    async with desk(tmp_path) as at:
        source = at.shelf.open(at.entry["a"])
        await at.sent(source)
        await at.digested("a")
        assert bytes(source.read(5, 3)) == b"111"
        path.write_bytes(b"2" * MIB)
        assert bytes(source.read(5, 3)) == bytes(3) == bytes(source.read(5, 3))
        assert source.short
        assert await at.digested("a") == (None, 2 * MIB, True)


async def test_a_file_that_is_gone_is_an_error_of_opening(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    async with desk(tmp_path) as at:
        (tmp_path / "a").unlink()
        with pytest.raises(FileNotFoundError):
            at.shelf.open(at.entry["a"])
        at.shelf.digest(at.entry["a"])
        assert (await at.digested("a"))[:2] == (None, 0)
        assert isinstance(at.errors[0], FileNotFoundError)


async def test_a_file_that_goes_before_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    async with desk(tmp_path) as at:
        real = shelf.FoundFile.at

        def vanish(path: Path) -> object:
            found = real(path)
            path.unlink()
            return found

        monkeypatch.setattr(shelf.FoundFile, "at", vanish)
        at.shelf.open(at.entry["a"])
        assert (await at.digested("a"))[0] is None
        assert isinstance(at.errors[0], FileNotFoundError)


async def test_what_is_no_file_any_more_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    async with desk(tmp_path) as at:
        (tmp_path / "a").unlink()
        os.mkfifo(tmp_path / "a")
        with pytest.raises(OSError, match="regular"):
            at.shelf.open(at.entry["a"])


async def test_few_files_are_open_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_MOST_OPEN", 2)
    names = [str(n) for n in range(5)]
    for name in names:
        (tmp_path / name).write_bytes(name.encode() * 100_000)
    async with desk(tmp_path) as at:
        sources = [at.shelf.open(at.entry[name]) for name in names]
        for name, source in zip(names, sources, strict=True):
            await at.sent(source)
            await at.digested(name)
        await asyncio.sleep(0)  # what was sent last leaves memory
        assert not open_below(tmp_path)
        for name, source in zip(names, sources, strict=True):
            assert bytes(source.read(7, 1)) == name.encode()
            assert bytes(source.read(8, 1)) == name.encode()
        assert open_below(tmp_path) == names[-2:]


async def test_a_shelf_closes_in_the_middle_and_twice(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(40 * MIB))
    async with desk(tmp_path) as at:
        at.shelf.open(at.entry["a"])
        await at.heard()
        at.shelf.close_all()


@pytest.mark.parametrize("skip", [33 * MIB + 5, 40 * MIB - 1, 40 * MIB, 50 * MIB])
@pytest.mark.parametrize("known", [True, False])
async def test_what_nobody_lacks_takes_no_memory_and_is_read_for_its_digest_only(
    tmp_path: Path, skip: int, *, known: bool
) -> None:
    data = Random(1).randbytes(40 * MIB)
    (tmp_path / "a").write_bytes(data)
    async with desk(tmp_path) as at:
        start = min(skip, len(data))
        if known:
            at.shelf.digest(at.entry["a"])
            await at.digested("a")
        source = at.shelf.open(at.entry["a"], skip)
        if known:
            assert source.ready_bytes >= start
        got = bytearray()
        while start + len(got) < len(data):
            ready = source.ready_bytes - start - len(got)
            if ready <= 0:
                await at.heard()
                continue
            got += source.read(start + len(got), min(64_400, ready))
        assert got == data[start:]
        assert await at.digested("a") == (sha256(data).digest(), len(data), False)
        assert bytes(source.read(7, 100)) == data[7:107]


@pytest.mark.parametrize("size", [0, 1000, 3 * MIB])
async def test_a_change_that_was_told_is_not_told_again_of_what_is_opened_anew(
    tmp_path: Path, size: int
) -> None:
    """Each time it is told costs one of few attempts."""
    path = tmp_path / "a"
    path.write_bytes(b"1" * 2 * MIB)
    async with desk(tmp_path) as at:
        source = at.shelf.open(at.entry["a"])
        await at.sent(source)
        await at.digested("a")
        path.write_bytes(b"2" * size)
        assert bytes(source.read(5, 3)) == bytes(3)
        assert (await at.digested("a"))[2]
        source = at.shelf.open(at.entry["a"])
        assert await at.sent(source) == b"2" * size
        digest = sha256(b"2" * size).digest()
        assert await at.digested("a") == (digest, size, False)


async def test_what_is_told_of_a_file_that_is_closed_or_opened_anew_is_not_heard(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1" * 2 * MIB)
    (tmp_path / "b").write_bytes(b"b")
    async with desk(tmp_path) as at:
        source = at.shelf.open(at.entry["a"])
        await at.sent(source)
        await at.digested("a")
        path.write_bytes(b"2" * MIB)
        assert bytes(source.read(5, 3)) == bytes(3)
        # Told, and not yet heard.
        at.shelf.open(at.entry["a"])
        assert await at.digested("a") == (None, MIB, True)
        assert await at.sent(at.shelf.open(at.entry["a"])) == b"2" * MIB
        assert (await at.digested("a"))[0] == sha256(b"2" * MIB).digest()
        assert at.changes == [at.entry["a"]]
        source = at.shelf.open(at.entry["a"])
        await at.sent(source)
        await at.digested("a")
        path.write_bytes(b"3")
        source.read(5, 3)
        at.shelf.close(at.entry["a"])
        at.shelf.digest(at.entry["b"])
        await at.digested("b")
        assert at.changes == [at.entry["a"]]
