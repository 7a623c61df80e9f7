"""Files on their last steps, where things go wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.deliver.store.member import LARGE, Member, file, run_apart

from groupwire.deliver.storage import Status
from groupwire.deliver.store.store import Placing
from groupwire.deliver.store.tree import folders

MakeMember = Callable[..., Member]
PLACE = "groupwire.deliver.store.duties.place."


def fail(number: int) -> Callable[..., Any]:
    def raise_it(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return raise_it


def ready(member: Member, path: str, data: bytes) -> Placing:
    entry = file(path, data)
    part = member.store.open(entry)
    part.write(0, [data])
    return member.placing(part, entry)


def test_a_file_that_appears_at_the_last_moment_is_not_replaced(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    placing = ready(member, "f", b"data")
    _appear_once(member.directory / "f", monkeypatch)
    assert member.store.place(placing, "alice").reason == "exists"
    assert (member.directory / "f").read_bytes() == b"mine"


def test_it_is_replaced_where_it_may_be(
    make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = make_member(overwrite=True)
    placing = ready(member, "f", b"data")
    _appear_once(member.directory / "f", monkeypatch)
    assert member.store.place(placing, "alice").status is Status.STORED
    assert (member.directory / "f").read_bytes() == b"data"


def _appear_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(folder: int, name: str) -> os.stat_result | None:
        if path.exists():
            return folders.look(folder, name)
        path.write_bytes(b"mine")
        return None

    monkeypatch.setattr(PLACE + "look", look)


@pytest.mark.parametrize("data", [b"small", LARGE])
@pytest.mark.parametrize("step", ["fchmod", "fsync", "fdatasync", "rename"])
def test_a_step_that_fails_leaves_no_file_under_its_name(
    member: Member, monkeypatch: pytest.MonkeyPatch, step: str, data: bytes
) -> None:
    placing = ready(member, "f", data)
    if step == "rename":
        monkeypatch.setattr(PLACE + "rename_new", fail(errno.ENOSPC))
    else:
        monkeypatch.setattr(os, step, fail(errno.ENOSPC))
    outcome = member.store.place(placing, "alice")
    monkeypatch.undo()
    assert (outcome.status, outcome.reason) == (Status.FAILED, "disk-full")
    assert not (member.directory / "f").exists()
    # What was large is gone on with, what was small comes again.
    assert len(member.parts) == (2 if data is LARGE else 0)
    assert member.take("f", data).status is Status.STORED
    assert member.parts == []


def test_names_that_do_not_become_durable_do_not_count(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PLACE + "sync_folders", fail(errno.EIO))
    assert member.take("f", b"data").reason == "io-error"


def test_a_record_that_cannot_be_written_stops_all(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    placings = [ready(member, f"f{n}", b"data") for n in range(5)]
    monkeypatch.setattr(PLACE + "sync_filesystem", fail(errno.EIO))
    outcomes = member.store.place_many(placings, "alice")
    assert [o.reason for o in outcomes] == ["io-error"] * 5
    assert os.listdir(member.directory) == [".groupwire"]


def test_without_syncfs_each_file_is_synced(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    placings = [ready(member, f"d{n}/f", b"data") for n in range(5)]
    monkeypatch.setattr(PLACE + "sync_filesystem", lambda _: False)
    monkeypatch.setattr(os, "fsync", synced.append)
    outcomes = member.store.place_many(placings, "alice")
    assert {o.status for o in outcomes} == {Status.STORED}
    assert len(synced) == 5 + 6  # the files; the directories and the one above


def test_without_durability_nothing_waits_for_the_disk(
    make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = make_member(durable=False)
    for name in ["fsync", "fdatasync"]:
        monkeypatch.setattr(os, name, fail(errno.EIO))
    assert member.take("a/f", LARGE).status is Status.STORED
    assert member.conclude(file("a/f", LARGE)) == {}


def test_a_name_that_is_too_long_for_the_disk_is_told(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    placing = ready(member, "f", b"data")
    monkeypatch.setattr(PLACE + "rename_new", fail(errno.ENAMETOOLONG))
    assert member.store.place(placing, "alice").reason == "name-too-long"


def test_a_disk_that_knows_no_modes_gets_the_file(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fchmod", fail(errno.EPERM))
    assert member.take("f", b"data").status is Status.STORED


def test_times_from_nowhere_do_no_harm(member: Member) -> None:
    for name, when in [("f", -(1 << 63)), ("g", 1 << 70)]:
        entry = file(name, b"x", mtime_ns=when)
        assert member.receive(entry, b"x").status is Status.STORED
        assert member.reasons(entry) == ["unchanged"]


def test_a_file_is_old_or_new_whenever_the_process_is_killed(tmp_path: Path) -> None:
    """Killed after each step; the next pull finds out which, and goes on."""
    run_apart(
        """
from groupwire.deliver.store.duties import place
from groupwire.deliver.store.parts.part import PartFile
from groupwire.deliver.store.record import Record

NEW = file("f", bytes(150_000))

def be_killed(into, owner, step):
    member = Member(into)
    member.take("f", LARGE[:100_000])
    real = getattr(owner, step)
    def die(*arguments, **options):
        real(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, step, die)
    member.receive(NEW, bytes(150_000))

for owner, step, renamed in [
    (PartFile, "finalize", False), (Record, "add", False), (Record, "sync", False),
    (place, "move", True), (PartFile, "settle", True),
]:
    into, victim = Path(sys.argv[1]) / step, os.fork()
    if not victim:
        be_killed(into, owner, step)
        os._exit(1)
    _, status = os.waitpid(victim, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert (into / "f").stat().st_size == (150_000 if renamed else 100_000)
    member = Member(into)
    assert member.reasons(NEW) == ["unchanged" if renamed else ""]
    assert member.examine(NEW).held_bytes == (0 if renamed else 150_000)
    if not renamed:
        part = member.store.open(NEW)
        outcome = member.store.place(member.placing(part, NEW), "alice")
        assert outcome.reason == ""
    assert member.reasons(file("f", b"changed")) == [""]
    assert member.parts == [], member.parts
""",
        str(tmp_path),
    )
