"""What is unchanged, what is refused and why, what is held."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.deliver.store.member import LARGE, NOW_NS, Member, can_mount, file, run_apart

from groupwire.deliver.entries import Entry, Kind
from groupwire.deliver.storage import Status
from groupwire.deliver.store.record import Stored

MakeMember = Callable[..., Member]


def test_what_is_not_there_is_wanted(member: Member) -> None:
    assert member.reasons(file("f", b"x"), file("a/b", b"x")) == ["", ""]
    assert member.examine().settled == {}


def test_what_a_pull_stored_is_unchanged_until_its_sender_changes_it(
    member: Member,
) -> None:
    member.take("f", b"one")
    settled = member.examine(file("f", b"one")).settled
    assert settled[0].status is Status.UNCHANGED
    assert (settled[0].sha256, settled[0].size_bytes) == (file("f", b"one").sha256, 3)
    assert member.reasons(file("f", b"two")) == [""]
    assert member.take("f", b"two").status is Status.STORED
    again = member.again()
    assert again.reasons(file("f", b"two")) == ["unchanged"]
    assert again.reasons(file("f", b"six")) == [""]


def test_the_digest_of_what_was_stored_is_not_read_again(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    member.take("f", LARGE)
    monkeypatch.delattr(os, "readv")
    assert member.reasons(file("f", LARGE)) == ["unchanged"]


def test_an_equal_file_that_nobody_recorded_is_unchanged(member: Member) -> None:
    (member.directory / "f").write_bytes(LARGE)
    assert member.reasons(file("f", LARGE)) == ["unchanged"]


def test_files_of_others_are_refused_unless_they_may_be_overwritten(
    make_member: MakeMember,
) -> None:
    member = make_member()
    (member.directory / "mine").write_bytes(b"mine")
    member.take("theirs", b"data", sender="bob")
    member.take("edited", b"data")
    (member.directory / "edited").write_bytes(b"DATA")
    (member.directory / "longer").write_bytes(b"longer")
    names = ["mine", "theirs", "edited", "longer"]
    entries = [file(name, b"diff") for name in names]
    assert member.reasons(*entries) == ["exists"] * 4
    for entry in entries:
        assert member.receive(entry, b"diff").reason == "exists"
    assert (member.directory / "mine").read_bytes() == b"mine"
    assert member.parts == []
    other = member.again(overwrite=True)
    assert other.reasons(*entries) == [""] * 4
    for entry in entries:
        assert other.receive(entry, b"diff").status is Status.STORED


def test_a_copy_of_the_directory_is_known_by_its_content(member: Member) -> None:
    member.take("f", b"one")
    member.take("g", b"one")
    copy = member.directory.with_name("copy")
    shutil.copytree(member.directory, copy)
    (copy / "g").write_bytes(b"ONE")
    other = Member(copy)
    assert other.reasons(file("f", b"two"), file("g", b"two")) == ["", "exists"]
    other.store.close()


def test_without_a_digest_nothing_counts_as_unchanged(member: Member) -> None:
    entry = replace(file("f", b"one"), sha256=None)
    member.receive(entry, b"one")
    assert member.reasons(entry) == [""]
    assert member.reasons(entry, sender="bob") == ["exists"]


@pytest.mark.parametrize(
    "path", ["/etc/x", "../x", "a/../x", "a\nb", "", ".groupwire/x", ".GroupWire/x"]
)
def test_unsafe_names_are_refused(member: Member, path: str) -> None:
    assert member.reasons(file(path, b"x")) == ["unsafe-name"]
    assert member.take(path, b"x").reason == "unsafe-name"
    assert member.parts == []


def test_names_that_clash_are_refused_the_later_one(member: Member) -> None:
    reasons = member.reasons(file("readme", b"x"), file("README", b"y"))
    assert reasons == ["", "clash"]


def test_a_file_where_a_directory_is_needed_is_in_the_way(member: Member) -> None:
    (member.directory / "a").write_bytes(b"")
    (member.directory / "d").mkdir()
    assert member.reasons(file("a/f", b"x"), file("d", b"x")) == [
        "not-a-directory",
        "is-a-directory",
    ]
    assert member.take("a/f", b"x").reason == "not-a-directory"
    assert member.take("d", b"x").reason == "is-a-directory"


def test_what_is_vetoed_or_too_large_is_refused(make_member: MakeMember) -> None:
    def accept(entry: Entry) -> bool:
        return entry.path != "no"

    member = make_member(accept=accept, max_bytes=1000)
    entries = [file("no", b"x"), file("big", bytes(1001)), file("yes", b"x")]
    assert member.reasons(*entries) == ["vetoed", "too-large", ""]
    with pytest.raises(OSError, match="larger"):
        member.store.open(entries[1])


def test_a_delivery_above_the_limit_is_refused_whole(make_member: MakeMember) -> None:
    member = make_member(max_bytes=1000)
    member.take("old", bytes(900))
    entries = [file("old", bytes(900)), file("a", bytes(600)), file("b", bytes(600))]
    assert member.reasons(*entries) == ["unchanged", "too-large", "too-large"]
    assert member.reasons(*entries[:2]) == ["unchanged", ""]


def test_a_delivery_that_does_not_fit_is_refused_whole(member: Member) -> None:
    huge = Entry("huge", size_bytes=1 << 47)
    assert member.reasons(huge, file("f", b"x")) == ["disk-full", "disk-full"]
    with pytest.raises(OSError, match="stay free"):
        member.store.open_foreign(1 << 47)


def test_what_an_interrupted_pull_has_is_held(member: Member) -> None:
    entry = file("f", LARGE)
    part = member.store.open(entry)
    part.write(1000, [LARGE[1000:3000]])
    part.write(100_000, [LARGE[100_000:150_000]])
    part.close()
    again = member.again()
    examined = again.examine(entry, file("g", LARGE), Entry("s", size_bytes=None))
    assert (examined.settled, examined.held_bytes) == ({}, 52_000)
    part = again.store.open(entry)
    assert part.held == [(1000, 2000), (100_000, 50_000)]
    assert part.have_bytes == 52_000
    assert part.read(1000, 2000) == LARGE[1000:3000]
    part.close()


def test_parts_of_another_version_of_a_file_are_removed(member: Member) -> None:
    member.store.open(file("f", LARGE)).close()
    kept = member.parts
    receiving = member.store.open(file("f", LARGE, mtime_ns=NOW_NS + 1))
    member.examine(file("f", LARGE))
    assert set(kept) < set(member.parts)
    assert len(member.parts) == 4
    receiving.close()
    member.examine(file("f", LARGE))
    assert member.parts == kept


@pytest.mark.parametrize("large", [False, True])
def test_planted_links_are_never_followed(
    make_member: MakeMember, tmp_path: Path, large: bool
) -> None:
    member = make_member()
    data = LARGE if large else b"evil"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"safe")
    (member.directory / "dir").symlink_to(outside)
    (member.directory / "file").symlink_to(outside / "f")
    (member.directory / "dangling").symlink_to(outside / "new")
    entries = [file(p, data) for p in ["dir/f", "dir/sub/f", "file", "dangling"]]
    wanted = ["not-a-directory"] * 2 + ["exists"] * 2
    assert member.reasons(file("dir", data)) == ["exists"]
    assert member.reasons(*entries) == wanted
    assert [member.receive(e, data).reason for e in entries] == wanted
    # Equal content behind a link is not the file either.
    assert member.reasons(file("file", b"safe")) == ["exists"]
    other = member.again(overwrite=True)
    assert [other.receive(e, data).reason for e in entries[:3]] == [*wanted[:2], ""]
    assert not (other.directory / "file").is_symlink()
    assert [p.name for p in outside.iterdir()] == ["f"]
    assert (outside / "f").read_bytes() == b"safe"


def test_what_may_not_be_read_is_not_what_is_wanted(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    (member.directory / "f").write_bytes(b"data")
    member.store._ground.record.add([_line_of(member.directory / "f", 4)])

    def refuse(folder: int, name: str) -> bytes:
        raise PermissionError(errno.EACCES, str(folder), name)

    monkeypatch.setattr("groupwire.deliver.store.duties.judge.digest_there", refuse)
    assert member.reasons(file("f", b"data")) == ["exists"]


def _line_of(path: Path, size: int) -> Stored:
    return Stored(path.name, size, 0, bytes(32), 0, "alice")


def test_a_disk_that_fails_is_told(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    (member.directory / "f").write_bytes(b"data")

    def fail(folder: int, name: str) -> bytes:
        raise OSError(errno.EIO, str(folder), name)

    monkeypatch.setattr("groupwire.deliver.store.duties.judge.digest_there", fail)
    assert member.reasons(file("f", b"data")) == ["io-error"]


def test_a_pipe_does_not_make_it_wait(make_member: MakeMember) -> None:
    member = make_member()
    os.mkfifo(member.directory / "pipe")
    assert member.reasons(file("pipe", b"")) == ["exists"]
    other = member.again(overwrite=True)
    assert other.take("pipe", b"x").status is Status.STORED


def test_directories_and_links_are_no_concern_of_it(member: Member) -> None:
    entries = Entry("d", Kind.DIRECTORY), Entry("l", Kind.LINK, target="d")
    assert member.examine(*entries).settled == {}


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_read_only_directory_still_tells_what_is_there(tmp_path: Path) -> None:
    said = run_apart(
        """
into = Path(sys.argv[1])
member = Member(into)
member.take("old", b"data")
member.store.close()
mount = ["mount", "-o", "bind", into, into], ["mount", "-o", "remount,ro,bind", into]
for command in mount:
    subprocess.run(command, check=True)
member = Member(into)
print(member.store.problem, member.reasons(file("old", b"data"), file("new", b"x")))
try:
    member.store.open(file("new", b"x"))
except OSError as error:
    print(error.errno)
print(member.conclude(Entry("d", Kind.DIRECTORY), Entry("l", Kind.LINK, target="d")))
""",
        str(tmp_path / "into"),
        unshare=True,
    )
    assert said.splitlines() == [
        "read-only ['unchanged', 'read-only']",
        "30",
        "{1: 'unsupported', 0: 'read-only'}",
    ]


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_disk_that_is_full_refuses_and_recovers(tmp_path: Path) -> None:
    """A tmpfs of 4 MiB: full at the start, while receiving, and no more."""
    said = run_apart(
        """
into = Path(sys.argv[1])
into.mkdir()
mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", into]
subprocess.run(mount, check=True)
member = Member(into, keep_free_bytes=0)
big, data = Entry("big", size_bytes=3 << 20), b"x" * (3 << 20)
part = member.store.open(big)
part.write(0, [data[: 1 << 20]])
(into / "filler").write_bytes(bytes((5 << 19)))
try:
    for offset in range(1 << 20, 3 << 20, 1 << 16):
        part.write(offset, [data[offset : offset + (1 << 16)]])
except OSError as error:
    print(error.errno)
have = part.have_bytes
part.close()
print(member.reasons(big, file("small", b"x")))
small = member.take("small", bytes(60_000))
print(small.reason, member.parts == [] or len(member.parts))
(into / "filler").unlink()
part = member.store.open(big)
print(part.have_bytes == have > 1 << 20, member.reasons(big))
part.write(have, [data[have:]])
print(member.store.place(member.placing(part, big), "alice").status)
tight = member.again(keep_free_bytes=1 << 20)
print(tight.reasons(file("f", b"x")), tight.take("f", b"x").reason)
""",
        str(tmp_path / "into"),
        unshare=True,
    )
    assert said.splitlines() == [
        "28",
        "['disk-full', 'disk-full']",
        "disk-full 2",
        "True ['']",
        "stored",
        "['disk-full'] disk-full",
    ]


def test_of_several_files_of_unknown_length_one_is_taken(member: Member) -> None:
    streams = [Entry(name, size_bytes=None) for name in ("a", "b", "c")]
    settled = member.examine(*streams).settled
    assert {n: o.reason for n, o in settled.items()} == {
        1: "unsupported",
        2: "unsupported",
    }
