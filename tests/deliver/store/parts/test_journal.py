"""What a part knows of itself after a kill, a power cut, and damage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.deliver.store.member import LARGE, Member, file, run_apart

from groupwire.deliver.storage import Status
from groupwire.deliver.store.parts import journal as journals
from groupwire.deliver.store.parts.journal import Identity, Journal, held_ranges
from groupwire.deliver.store.parts.part import PartFile
from groupwire.deliver.store.parts.ranges import Ranges

ENTRY = file("f", LARGE)
SIZE = len(LARGE)
IDENTITY = Identity("f", SIZE, ENTRY.mtime_ns, ENTRY.sha256)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.fixture
def power_cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The machine starts again: another boot id."""

    def cut() -> None:
        boot = os.urandom(16)
        monkeypatch.setattr(journals, "_boot_id", lambda: boot)

    cut()
    return cut


def part_of(member: Member, entry: object = ENTRY) -> PartFile:
    part = member.store.open(entry)  # type: ignore[arg-type]
    assert isinstance(part, PartFile)
    return part


def write(part: PartFile, start: int, stop: int) -> None:
    part.write(start, [LARGE[start:stop]])


def load(
    folder: int, identity: Identity = IDENTITY, end: int = SIZE
) -> list[tuple[int, int]]:
    journal = Journal(folder, "j", identity)
    try:
        return list(journal.load(end))
    finally:
        journal.close()


def test_what_comes_in_order_is_one_range(folder: int, tmp_path: Path) -> None:
    journal = Journal(folder, "j", IDENTITY)
    journal.load(0)
    for start in range(0, 100_000, 1000):
        journal.add(start, start + 1000)
    journal.close()
    assert (tmp_path / "j").stat().st_size == 128 + 16
    assert load(folder) == [(0, 100_000)]


def test_other_files_and_digests_begin_anew(folder: int) -> None:
    unknown = replace(IDENTITY, sha256=None)
    others = [
        replace(IDENTITY, size_bytes=SIZE + 1),
        replace(IDENTITY, mtime_ns=1),
        replace(IDENTITY, path="g"),
        replace(IDENTITY, sha256=bytes(31) + b"1"),
    ]
    for other in others:
        _note(folder, IDENTITY)
        assert held_ranges(folder, "j", other, SIZE).size == 0
        assert load(folder, other) == []
        assert load(folder, other) == []
    os.unlink("j", dir_fd=folder)
    _note(folder, unknown)
    assert load(folder, unknown) == [(5, 9)]
    assert load(folder, IDENTITY) == [(5, 9)]  # it knows the digest from here on
    assert load(folder, unknown) == [(5, 9)]
    assert load(folder, others[3]) == []


def _note(folder: int, identity: Identity) -> None:
    journal = Journal(folder, "j", identity)
    journal.load(0)
    journal.add(5, 9)
    journal.close()


def test_names_differ_where_identities_do_and_families_where_paths_do() -> None:
    other = replace(IDENTITY, mtime_ns=1)
    assert other.name != IDENTITY.name
    assert other.family == IDENTITY.family
    assert replace(IDENTITY, path="g").family != IDENTITY.family
    assert replace(IDENTITY, sha256=None).name == IDENTITY.name


@pytest.mark.parametrize("seed", range(20))
def test_a_torn_or_spoilt_journal_never_claims_what_cannot_be(
    folder: int, tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)
    journal = Journal(folder, "j", IDENTITY)
    journal.load(0)
    for start in range(0, 100_000, 10_000):
        journal.add(start, start + 5000)
    journal.close()
    data = bytearray((tmp_path / "j").read_bytes())
    if seed % 2:
        del data[dice.randrange(len(data)) :]
    else:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    (tmp_path / "j").write_bytes(data)
    assert all(0 <= a < b <= 60_000 for a, b in load(folder, end=60_000))


def test_after_a_power_cut_only_checkpoints_count(
    member: Member, power_cut: Callable[[], None]
) -> None:
    part = part_of(member)
    write(part, 0, 1000)
    part.checkpoint()
    write(part, 1000, 2000)
    write(part, 5000, 6000)
    part.close()
    part = part_of(member)
    assert part.held == [(0, 2000), (5000, 1000)]
    part.close()
    power_cut()
    again = member.again()
    assert again.examine(ENTRY).held_bytes == 1000
    part = part_of(again)
    assert part.held == [(0, 1000)]
    write(part, 1000, 3000)
    part.close()
    power_cut()
    part = part_of(again)
    assert part.held == [(0, 1000)]
    write(part, 1000, SIZE)
    outcome = again.store.place(again.placing(part, ENTRY), "alice")
    assert outcome.status is Status.STORED


def test_without_a_boot_id_only_checkpoints_count(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_BOOT_ID", "/no/such/file")
    journals._boot_id.cache_clear()
    part = part_of(member)
    write(part, 0, 1000)
    part.checkpoint()
    write(part, 1000, 2000)
    part.close()
    part = part_of(member)
    journals._boot_id.cache_clear()
    assert part.held == [(0, 1000)]
    part.close()


def test_a_range_that_has_been_made_durable_is_not_made_longer(
    folder: int, power_cut: Callable[[], None]
) -> None:
    journal = Journal(folder, "j", IDENTITY)
    journal.load(0)
    journal.add(0, 10)
    mark = journal.seal()
    journal.add(10, 20)
    journal.add(20, 30)
    journal.trust(mark)
    journal.close()
    power_cut()
    assert load(folder) == [(0, 10)]


def test_a_journal_that_is_full_is_written_anew(
    member: Member, monkeypatch: pytest.MonkeyPatch, power_cut: Callable[[], None]
) -> None:
    monkeypatch.setattr(journals, "MAX_RANGES", 8)
    part = part_of(member)
    for start in [*range(0, 4000, 1000), *range(500, 4000, 1000)]:
        write(part, start, start + 500)
    write(part, 10_000, 11_000)
    part.checkpoint()
    part.close()
    power_cut()
    part = part_of(member)
    assert part.held == [(0, 4000), (10_000, 1000)]
    part.close()


def test_too_many_pieces_are_received_and_not_noted(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "MAX_RANGES", 8)
    part = part_of(member)
    for start in range(0, 20_000, 1000):
        write(part, start, start + 10)
    assert part.have_bytes == 200
    assert len(part.held) == 20
    part.close()
    part = part_of(member)
    assert len(part.held) == 8
    part.discard()


def test_a_checkpoint_beside_a_compaction_hurts_nobody(folder: int) -> None:
    journal = Journal(folder, "j", IDENTITY)
    journal.load(0)
    journal.add(0, 10)
    mark = journal.seal()
    journal.compact(Ranges([(0, 10)]))
    journal.trust(mark)
    journal.close()
    assert load(folder) == [(0, 10)]


def test_a_failed_compaction_is_told(
    folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(folder, "j", IDENTITY)
    journal.load(0)
    journal.add(0, 10)

    def fail(fd: int) -> None:
        raise OSError(28, str(fd))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="28"):
        journal.compact(Ranges([(0, 10)]))
    journal.close()
    assert load(folder) == [(0, 10)]


def test_data_that_was_cut_off_is_not_claimed(member: Member) -> None:
    part = part_of(member)
    write(part, 0, 1000)
    write(part, 5000, 6000)
    part.close()
    data = next(n for n in member.parts if n.endswith(".data"))
    os.truncate(member.directory / ".groupwire" / "parts" / data, 5500)
    part = part_of(member)
    assert part.held == [(0, 1000)]
    part.close()


@pytest.mark.parametrize("seed", range(2))
def test_what_a_killed_process_wrote_is_there_to_the_byte(
    tmp_path: Path, seed: int
) -> None:
    """It is killed at some write; the next one receives only the rest."""
    into = tmp_path / "into"
    run_apart(
        """
from random import Random
seed, into = int(sys.argv[2]), Path(sys.argv[1])
dice = Random(seed)
data = dice.randbytes(3_000_000)
entry = file("f", data)
offsets = list(range(0, len(data), 7000))
if seed:
    dice.shuffle(offsets)
ours, theirs = os.pipe()
victim = os.fork()
if not victim:
    part = Member(into).store.open(entry)
    for offset in offsets:
        part.write(offset, [data[offset : offset + 7000]])
        os.write(theirs, b".")
    signal.pause()
os.close(theirs)
written = 0
while written < 100 + 100 * seed:
    written += len(os.read(ours, 1))
os.kill(victim, signal.SIGKILL)
os.waitpid(victim, 0)
while more := len(os.read(ours, 4096)):
    written += more
member = Member(into)
held = member.examine(entry).held_bytes
part = member.store.open(entry)
assert held == part.have_bytes
assert written * 7000 <= held + 7000 <= (written + 2) * 7000, (written, held)
for offset, size in part.held:
    assert part.read(offset, size) == data[offset : offset + size]
there = bytearray(len(data))
for offset, size in part.held:
    there[offset : offset + size] = b"x" * size
for offset in offsets:
    if not there[offset]:
        part.write(offset, [data[offset : offset + 7000]])
outcome = member.store.place(member.placing(part, entry), "alice")
assert outcome.reason == "" and (into / "f").read_bytes() == data
assert member.parts == []
""",
        str(into),
        str(seed),
    )
