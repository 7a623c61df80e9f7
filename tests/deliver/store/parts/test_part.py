"""A part beyond what whole files show of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest
from tests.deliver.store.member import LARGE, Member, file

from groupwire.deliver.entries import Entry
from groupwire.deliver.store.parts.part import PartFile, SmallPart

MakeMember = Callable[..., Member]


def test_a_write_that_the_system_cuts_short_goes_on(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = member.store.open(file("f", LARGE))
    real = os.pwrite

    def pwritev(fd: int, parts: list[bytes], offset: int) -> int:
        return real(fd, b"".join(parts)[:100], offset)

    monkeypatch.setattr(os, "pwritev", pwritev)
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:999], at))
    part.write(1000, [LARGE[1000:2000], LARGE[2000:5000]])
    monkeypatch.undo()
    assert part.read(1000, 4000) == LARGE[1000:5000]
    assert part.held == [(1000, 4000)]
    part.discard()


def test_more_parts_than_the_system_takes_at_once_are_written(member: Member) -> None:
    part = member.store.open(file("f", LARGE))
    part.write(0, [LARGE[n : n + 10] for n in range(0, 20_000, 10)])
    assert part.read(0, 20_000) == LARGE[:20_000]
    part.discard()
    part.discard()
    part.close()


def test_reads_that_come_short_are_filled_up(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = member.store.open(file("f", LARGE))
    part.write(0, [LARGE[:1000]])
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: real(fd, min(size, 300), at))
    assert part.read(0, 1500) == LARGE[:1000] + bytes(500)
    part.discard()


def test_space_that_must_stay_free_is_looked_after_while_it_grows(
    make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = make_member()
    part = member.store.open(Entry("f", size_bytes=100 << 20))
    small = member.store.open(file("s", b"x"))
    small.write(0, [b"x"])
    part.write(0, [bytes(1 << 20)])
    monkeypatch.setattr(
        "groupwire.deliver.store.parts.part.Guard.free_bytes", lambda _: -1
    )
    for number in range(1, 4):
        part.write(number << 20, [bytes(1 << 20)])
    with pytest.raises(OSError, match="stay free") as caught:
        part.write(4 << 20, [bytes(1 << 20)])
    assert caught.value.errno == errno.ENOSPC
    entry = file("s", b"x")
    outcome = member.store.place(member.placing(small, entry), "alice")
    assert outcome.reason == "disk-full"
    part.discard()


def test_what_has_no_journal_is_not_kept(member: Member) -> None:
    part = member.store.open_foreign(len(LARGE))
    assert isinstance(part, PartFile)
    part.checkpoint()
    part.close()
    assert member.parts == []


def test_a_small_part_is_memory_until_its_end(member: Member) -> None:
    part = member.store.open(file("f", b"0123456789"))
    assert isinstance(part, SmallPart)
    part.checkpoint()
    part.write(0, [])
    part.write(2, [b"23", b"45"])
    assert (part.held, part.have_bytes, part.prefix_bytes) == ([(2, 4)], 4, 0)
    assert part.read(4, 10) == b"45" + bytes(8)
    assert member.parts == []
    part.close()


def test_zeros_are_holes_in_a_new_file(member: Member) -> None:
    size = 64 << 20
    entry = Entry("f", size_bytes=size)
    part = member.store.open(entry)
    for offset in range(0, size, 1 << 20):
        part.write(offset, [bytes(1 << 14)] * 64)
    assert (part.have_bytes, part.complete) == (size, True)
    outcome = member.store.place(member.placing(part, entry), "alice")
    assert outcome.size_bytes == size
    found = (member.directory / "f").stat()
    assert (found.st_size, found.st_blocks * 512 < 1 << 20) == (size, True)


def test_holes_are_there_for_the_next_pull(member: Member) -> None:
    entry = Entry("f", size_bytes=1 << 20)
    part = member.store.open(entry)
    part.write(0, [bytes(1 << 16), b"x" * 10, bytes(1 << 16)])
    there = (1 << 17) + 10
    part.close()
    again = member.again().store.open(entry)
    assert again.held == [(0, there)]
    again.write(there, [bytes((1 << 20) - there)])
    assert again.read(0, 1 << 20).strip(b"\0") == b"x" * 10
    assert again.complete
    again.discard()


def test_zeros_that_come_over_something_else_are_written(member: Member) -> None:
    part = member.store.open(Entry("f", size_bytes=1 << 20))
    part.write(0, [b"x" * (1 << 17)])
    part.write(1 << 16, [bytes(1 << 16)])
    assert part.read(0, 1 << 17) == b"x" * (1 << 16) + bytes(1 << 16)
    part.discard()
