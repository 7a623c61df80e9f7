"""What is remembered of files that were stored."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupwire.deliver.store.record import Record, Stored


@pytest.fixture
def state(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def stored(path: str, number: int = 0) -> Stored:
    return Stored(path, number, number, bytes([number]) * 32, number, "alice")


def test_it_is_read_back(state: int) -> None:
    record = Record(state)
    names = ["f", 'quote"', "tab\t", "öäü", "snow\u2603"]
    record.add(stored(name, n) for n, name in enumerate(names))
    record.sync()
    record.close()
    again = Record(state)
    for number, name in enumerate(names):
        assert again.find(name) == (stored(name, number),)
    assert again.find("other") == ()
    again.close()
    again.close()


def test_the_last_two_lines_of_a_path_count(state: int) -> None:
    record = Record(state)
    record.add([stored("f", 1), stored("f", 2), stored("f", 3), stored("f", 3)])
    assert record.find("f") == (stored("f", 2), stored("f", 3))
    record.close()


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_a_torn_end_costs_only_what_was_torn(
    state: int, tmp_path: Path, cut: int
) -> None:
    record = Record(state)
    record.add([stored("one")])
    record.add([stored("two")])
    record.close()
    os.truncate(tmp_path / "record", (tmp_path / "record").stat().st_size - cut)
    record = Record(state)
    record.add([stored("three")])
    record.close()
    again = Record(state, alone=True)
    assert (again.find("one"), again.find("two")) == ((stored("one"),), ())
    assert again.find("three") == (stored("three"),)
    again.close()


def test_junk_is_skipped(state: int, tmp_path: Path) -> None:
    junk = [
        b"\0" * 100, b"[", b"{}", b"[1,2,3,4,5,6]", b'["f",1,1,"zz",1,"s"]',
        b'["f",1,1,"00",1,7]', b'["f",null,1,"00",1,"s"]', b"\xff\xfe", b"9" * 5000,
        b"[" * 100_000, b'["f",1e999,1,"00",1,"s"]',
    ]  # fmt: skip
    good = b'["f",1,1,"00",1,"s"]'
    (tmp_path / "record").write_bytes(b"\n".join([*junk, good, b""]))
    record = Record(state)
    assert record.find("f") == (Stored("f", 1, 1, b"\0", 1, "s"),)
    record.close()


def test_what_another_process_adds_is_seen(state: int) -> None:
    one, two = Record(state), Record(state)
    one.add([stored("f")])
    assert two.find("f") == ()
    two.add([stored("g")])
    two.refresh()
    two.refresh()
    assert two.find("f") == (stored("f"),)
    assert two.find("g") == (stored("g"),)
    one.close()
    two.close()


def test_it_is_compacted_at_the_start_by_one_that_is_alone(
    state: int, tmp_path: Path
) -> None:
    record = Record(state)
    for number in range(200):
        record.add([stored("f", number), stored("g")])
    record.close()
    size = (tmp_path / "record").stat().st_size
    Record(state).close()
    assert (tmp_path / "record").stat().st_size == size
    again = Record(state, alone=True)
    assert (tmp_path / "record").stat().st_size < size / 50
    assert again.find("f") == (stored("f", 198), stored("f", 199))
    again.add([stored("h")])
    again.close()
    last = Record(state)
    assert [last.find(p)[-1] for p in "fgh"] == [
        stored("f", 199), stored("g"), stored("h"),
    ]  # fmt: skip
    last.close()


def test_it_goes_over_to_the_one_that_was_compacted_meanwhile(state: int) -> None:
    slow = Record(state)
    for number in range(200):
        slow.add([stored("f", number)])
    Record(state, alone=True).close()
    slow.reopen()
    slow.add([stored("g")])
    slow.reopen()
    slow.close()
    slow.reopen()
    last = Record(state)
    assert last.find("g") == (stored("g"),)
    last.close()


def test_a_full_disk_is_told_and_hurts_no_line(
    state: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record(state)
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:20]))
    with pytest.raises(OSError, match="free") as caught:
        record.add([stored("f")])
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert record.find("f") == ()
    record.add([stored("g")])
    record.close()
    last = Record(state)
    assert (last.find("f"), last.find("g")) == ((), (stored("g"),))
    last.close()


def test_a_failed_compaction_changes_nothing(
    state: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record(state)
    for number in range(200):
        record.add([stored("f", number)])
    record.close()

    def fail(fd: int) -> None:
        raise OSError(errno.ENOSPC, str(fd))

    monkeypatch.setattr(os, "fsync", fail)
    again = Record(state, alone=True)
    assert again.find("f") == (stored("f", 198), stored("f", 199))
    again.close()


def test_without_a_directory_it_only_remembers() -> None:
    record = Record(None)
    record.add([stored("f")])
    record.refresh()
    record.sync()
    record.reopen()
    assert record.find("f") == (stored("f"),)
    record.close()


def test_where_it_cannot_be_written_it_is_read(
    state: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record(state)
    record.add([stored("f")])
    record.close()
    real = os.open

    def open_(path: str, flags: int, mode: int = 0o777, *, dir_fd: int) -> int:
        if flags & os.O_RDWR:
            raise OSError(errno.EROFS, path)
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_)
    again = Record(state, alone=True)
    assert again.find("f") == (stored("f"),)
    again.add([stored("g")])
    again.sync()
    again.close()
