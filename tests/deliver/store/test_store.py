"""Whole files, from the first byte to the name."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from tests.deliver.store.member import LARGE, NOW_NS, Member, file

from groupwire.deliver.entries import Entry
from groupwire.deliver.storage import Status
from groupwire.deliver.store import store as store_module
from groupwire.deliver.store.parts.memory import Memory
from groupwire.deliver.store.store import Digester, Placing, Store, StorePolicy
from groupwire.deliver.store.tree import locks

MakeMember = Callable[..., Member]


@pytest.mark.parametrize("data", [b"", b"x" * 4096, LARGE])
def test_a_file_is_stored_with_mode_and_time_and_leaves_nothing_behind(
    member: Member, data: bytes
) -> None:
    outcome = member.receive(file("a/b/c", data, mode=0o6751), data)
    assert outcome.status is Status.STORED
    assert outcome.sha256 == sha256(data).digest()
    assert outcome.size_bytes == len(data)
    there = member.directory / "a/b/c"
    assert there.read_bytes() == data
    assert there.stat().st_mode & 0o7777 == 0o751
    assert there.stat().st_mtime_ns == NOW_NS
    assert member.parts == []


def test_a_directory_is_made_and_holds_nothing_at_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "x" / "y")
    assert not store.holds
    assert store.policy == StorePolicy()
    assert store.problem == ""
    (tmp_path / "x" / "y" / "z").touch()
    assert store.holds
    store.close()


@pytest.mark.parametrize("data", [b"x" * 4096, LARGE])
def test_what_does_not_agree_with_its_digest_is_thrown_away(
    member: Member, data: bytes
) -> None:
    outcome = member.receive(file("f", data), data[:-1] + b"?")
    assert outcome.status is Status.MISMATCH
    assert not (member.directory / "f").exists()
    assert member.parts == []
    part = member.store.open(file("f", data))
    assert part.held == []
    part.close()


@pytest.mark.parametrize("size", [4096, 200_000])
def test_what_has_a_gap_is_never_stored(member: Member, size: int) -> None:
    part = member.store.open(Entry("f", size_bytes=size))
    part.write(0, [bytes(100)])
    part.write(200, [bytes(size - 200)])
    assert not part.complete
    outcome = member.store.place(Placing(part, Entry("f"), b""), "alice")
    assert outcome.status is Status.MISMATCH


@pytest.mark.parametrize("seed", range(10))
def test_bytes_come_in_any_order_while_the_digest_follows(
    member: Member, seed: int
) -> None:
    dice = Random(seed)
    data = dice.randbytes(dice.choice([30_000, 300_000]))
    entry = file("f", data)
    part = member.store.open(entry)
    digester = Digester(part)
    offsets = list(range(0, len(data), 1400))
    dice.shuffle(offsets)
    for offset in offsets:
        row = data[offset : offset + 1400]
        part.write(offset, [row[:700], memoryview(row)[700:]])
        assert part.read(offset, len(row)) == row
        assert digester.advance() == part.prefix_bytes == digester.done_bytes
    assert part.have_bytes == len(data)
    assert part.complete
    placing = Placing(part, entry, digester.digest(), entry.sha256)
    assert member.store.place(placing, "alice").status is Status.STORED
    assert (member.directory / "f").read_bytes() == data


def test_a_digester_goes_as_far_as_it_is_told(member: Member) -> None:
    part = member.store.open(file("f", LARGE))
    digester = Digester(part)
    assert digester.advance() == 0
    part.write(0, [LARGE[:1000]])
    assert digester.advance(upto=300) == 300
    assert digester.advance(upto=5000) == 1000
    part.write(1000, [LARGE[1000:]])
    assert digester.digest() == sha256(LARGE).digest()
    part.discard()


@pytest.mark.parametrize("durable", [True, False])
def test_many_files_are_placed_at_once_and_told_in_order(
    make_member: MakeMember, durable: bool
) -> None:
    member = make_member(durable=durable)
    placings: list[Placing] = []
    for number in range(40):
        data = b"%d" % number * 100
        entry = file(f"d{number % 5}/{number}", data)
        part = member.store.open(entry)
        part.write(0, [data if number % 7 else b"?" * len(data)])
        placings.append(member.placing(part, entry))
    outcomes = member.store.place_many(placings, "alice")
    for number, outcome in enumerate(outcomes):
        wanted = Status.STORED if number % 7 else Status.MISMATCH
        assert outcome.status is wanted
        if number % 7:
            assert outcome.sha256 == placings[number].entry.sha256
    assert member.store.place_many([], "alice") == []
    assert len(list(member.directory.glob("d*/*"))) == 34
    assert member.parts == []


def test_more_small_files_than_memory_is_for_go_to_the_disk(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Memory(2 * (4 + 1024))
    monkeypatch.setattr(member.store, "_memory", small)
    parts = [member.store.open(file(f"f{n}", b"data")) for n in range(3)]
    assert [len(member.parts), type(parts[2]).__name__] == [1, "PartFile"]
    parts[0].close()
    again = member.store.open(file("f3", b"data"))
    assert type(again).__name__ == "SmallPart"
    for part in [*parts, again]:
        part.discard()
    assert member.parts == []


def test_a_file_of_unknown_length_comes_in_pieces(member: Member) -> None:
    entry = Entry("stream", size_bytes=None)
    part = member.store.open(entry)
    first = member.store.open_piece(part, 0, 4 << 20)
    last = member.store.open_piece(part, 1, 10)
    last.write(0, [b"0123456789"])
    assert last.held == [(0, 10)]
    assert (first.have_bytes, last.have_bytes) == (0, 10)
    assert not part.complete
    first.write(0, [bytes(4 << 20)])
    assert first.read((4 << 20) - 1, 2) == b"\x000"
    outcome = member.store.place(member.placing(part, entry), "alice")
    assert outcome.size_bytes == (4 << 20) + 10
    assert (member.directory / "stream").stat().st_size == outcome.size_bytes
    assert member.parts == []


def test_a_piece_keeps_within_its_bounds(member: Member) -> None:
    part = member.store.open(Entry("stream", size_bytes=None))
    piece = member.store.open_piece(part, 3, 10)
    with pytest.raises(OSError, match="larger") as caught:
        piece.write(5, [bytes(6)])
    assert caught.value.errno == errno.EFBIG
    with pytest.raises(OSError, match="larger"):
        member.store.open_piece(part, 0, (4 << 20) + 1)
    small = member.store.open(file("f", b"x"))
    with pytest.raises(OSError, match="is known"):
        member.store.open_piece(small, 0, 1)
    part.close()
    assert member.parts == []


def test_a_stream_stops_at_the_largest_size(make_member: MakeMember) -> None:
    part = make_member(max_bytes=1000).store.open(Entry("stream", size_bytes=None))
    part.write(0, [bytes(1000)])
    with pytest.raises(OSError, match="larger"):
        part.write(1000, [b"x"])
    part.discard()


@pytest.mark.parametrize("size", [10, 200_000])
def test_nothing_is_written_behind_the_end(member: Member, size: int) -> None:
    part = member.store.open(Entry("f", size_bytes=size))
    with pytest.raises(OSError, match="larger"):
        part.write(size - 1, [b"ab"])
    part.write(size, [b""])
    assert part.have_bytes == 0
    assert part.read(size + 5, 3) == bytes(3)
    part.discard()


@pytest.mark.parametrize("data", [b"small", LARGE])
def test_a_foreign_object_gets_its_name_at_the_end(member: Member, data: bytes) -> None:
    part = member.store.open_foreign(len(data))
    part.write(0, [data])
    digest = Digester(part).digest()
    outcome = member.store.place_foreign(part, "some/name", digest, "192.0.2.1")
    assert (outcome.status, outcome.sha256) == (Status.STORED, sha256(data).digest())
    assert (member.directory / "some/name").read_bytes() == data


def test_foreign_names_are_not_trusted_and_can_be_vetoed(
    make_member: MakeMember,
) -> None:
    member = make_member(accept=lambda entry: entry.path != "no", max_bytes=300_000)
    for name, reason in [("../up", "unsafe-name"), ("no", "vetoed")]:
        part = member.store.open_foreign(len(LARGE))
        part.write(0, [LARGE])
        outcome = member.store.place_foreign(part, name, b"", "192.0.2.1")
        assert (outcome.status, outcome.reason) == (Status.FAILED, reason)
    assert member.parts == []
    with pytest.raises(OSError, match="larger"):
        member.store.open_foreign(300_001)


def test_three_thousand_small_files_are_opened_without_the_disk(member: Member) -> None:
    parts = [member.store.open(file(f"f{n}", b"data")) for n in range(3000)]
    assert member.parts == []
    for part in parts:
        part.close()


def test_all_objects_of_a_foreign_sender_share_one_limit(
    make_member: MakeMember,
) -> None:
    store = make_member(max_bytes=1000).store
    store.open_foreign(400, before_bytes=600).close()
    with pytest.raises(OSError, match="larger"):
        store.open_foreign(401, before_bytes=600)


def test_what_foreign_objects_lack_is_counted_as_taken(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = "groupwire.deliver.store.parts.part.Guard.free_bytes"
    monkeypatch.setattr(free, lambda _: 1000)
    member.store.open_foreign(400, open_bytes=600).close()
    with pytest.raises(OSError, match="stay free"):
        member.store.open_foreign(401, open_bytes=600)


def test_an_equal_foreign_object_is_unchanged(member: Member) -> None:
    (member.directory / "f").write_bytes(b"data")
    part = member.store.open_foreign(4)
    part.write(0, [b"data"])
    digest = Digester(part).digest()
    outcome = member.store.place_foreign(part, "f", digest, "192.0.2.1")
    assert outcome.status is Status.UNCHANGED
    assert member.parts == []


def test_threads_finish_different_files_at_once(member: Member) -> None:
    """Four of them, in the same new directories."""
    statuses: list[Status] = []

    def work(thread: int) -> None:
        for number in range(30):
            data = b"%d-%d" % (thread, number)
            outcome = member.take(f"deep/{number}/{thread}", data)
            statuses.append(outcome.status)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [Status.STORED] * 120
    for thread in range(4):
        for number in range(30):
            data = b"%d-%d" % (thread, number)
            entry = file(f"deep/{number}/{thread}", data)
            assert member.reasons(entry) == ["unchanged"]
    again = member.again()
    assert again.reasons(file("deep/3/2", b"changed")) == [""]


def test_two_stores_receive_one_file_side_by_side(make_member: MakeMember) -> None:
    one, two = make_member(), make_member()
    entry = file("f", LARGE)
    first, second = one.store.open(entry), two.store.open(entry)
    first.write(0, [LARGE])
    second.write(0, [LARGE[:1000]])
    assert one.store.place(one.placing(first, entry), "a").status is Status.STORED
    second.write(1000, [LARGE[1000:]])
    assert two.store.place(two.placing(second, entry), "a").status is Status.STORED
    assert (one.directory / "f").read_bytes() == LARGE
    assert one.parts == []
    assert one.reasons(file("f", b"new"), sender="a") == [""]


def test_what_rivals_left_is_gone_on_with_and_goes_in_the_end(
    member: Member,
) -> None:
    entry = file("f", LARGE)
    parts = [member.store.open(entry) for _ in range(3)]
    for size, part in enumerate(parts, 1):
        part.write(0, [LARGE[: size * 1000]])
    parts[0].discard()
    for part in parts[1:]:
        part.close()
    one, two = member.store.open(entry), member.store.open(entry)
    assert (one.have_bytes, two.have_bytes) == (2000, 3000)
    two.close()
    one.write(2000, [LARGE[2000:]])
    outcome = member.store.place(member.placing(one, entry), "alice")
    assert outcome.status is Status.STORED
    assert member.parts == []


def test_more_rivals_than_there_are_names_for_are_refused(
    make_member: MakeMember,
) -> None:
    member, entry = make_member(), file("f", LARGE)
    parts = [member.store.open(entry) for _ in range(8)]
    with pytest.raises(OSError, match="other pulls") as caught:
        member.store.open(entry)
    assert caught.value.errno == errno.EBUSY
    for part in parts:
        part.discard()


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    member = Member(tmp_path / "into")
    member.take("a/f", LARGE)
    member.take("a/g", b"small")
    member.receive(file("a/h", LARGE), LARGE[::-1])
    member.examine(file("a/f", LARGE), file("a/x/y", b""))
    member.conclude(file("a/f", LARGE))
    member.store.open(file("left", LARGE)).close()
    member.store.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_where_there_are_no_locks_files_are_received_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, f"{fd} {how}")

    monkeypatch.setattr("fcntl.flock", flock)
    member = Member(tmp_path / "into")
    part = member.store.open(file("f", LARGE))
    part.write(0, [LARGE[:1000]])
    part.close()
    again = member.again()
    assert again.examine(file("f", LARGE)).held_bytes == 1000
    assert again.take("f", LARGE).status is Status.STORED
    member.close()


def test_a_part_that_cannot_be_opened_leaves_no_descriptor(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr("groupwire.deliver.store.store.Journal.load", fail)
    with pytest.raises(OSError, match="full"):
        member.store.open(file("f", LARGE))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_part_that_is_removed_while_it_is_opened_is_made_anew(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = file("f", LARGE)
    member.store.open(entry).close()

    def remove_and_lock(fd: int) -> bool | None:
        monkeypatch.undo()
        for name in member.parts:
            (member.directory / ".groupwire" / "parts" / name).unlink()
        return locks.lock(fd)

    monkeypatch.setattr(store_module, "lock", remove_and_lock)
    part = member.store.open(entry)
    assert len(member.parts) == 2
    part.discard()


def test_a_part_of_a_file_is_something_that_is_held(make_member: MakeMember) -> None:
    member = make_member()
    assert not member.store.holds
    part = member.store.open(file("f", LARGE))
    part.write(0, [LARGE[:1000]])
    part.write(2000, [LARGE[2000:3000]])
    part.close()
    assert member.store.holds
    examined = member.examine(file("e", b""), file("f", LARGE))
    assert examined.held_bytes == 2000
    assert examined.held == {1: 1000}
