"""Directories and links, modes and times."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.deliver.store.duties.test_place import fail
from tests.deliver.store.member import NOW_NS, Member, file

from groupwire.deliver.entries import Entry, Kind
from groupwire.deliver.storage import Status

MakeMember = Callable[..., Member]
CONCLUDE = "groupwire.deliver.store.duties.conclude."


def folder(path: str, mode: int = 0o755, mtime_ns: int = NOW_NS) -> Entry:
    return Entry(path, Kind.DIRECTORY, 0, mode, mtime_ns)


def link(path: str, target: str) -> Entry:
    return Entry(path, Kind.LINK, target=target)


def test_directories_get_modes_and_times_after_their_contents(member: Member) -> None:
    member.take("a/b/f", b"x")
    entries = [
        folder("a", 0o7750, NOW_NS - 1),
        folder("a/b", 0o500, NOW_NS - 2),
        file("a/b/f", b"x"),
        folder("empty/deep", 0o755, NOW_NS - 3),
    ]
    assert member.conclude(*entries) == {}
    for path, mode, mtime_ns in [
        ("a", 0o750, NOW_NS - 1),
        ("a/b", 0o700, NOW_NS - 2),
        ("empty/deep", 0o755, NOW_NS - 3),
    ]:
        found = (member.directory / path).stat()
        assert (found.st_mode & 0o7777, found.st_mtime_ns) == (mode, mtime_ns)


def test_directories_of_others_stay_as_they_are(member: Member) -> None:
    private = member.directory / "private"
    private.mkdir(mode=0o700)
    member.take("theirs/f", b"x", sender="bob")
    before = (member.directory / "theirs").stat()
    assert member.conclude(folder("private"), folder("theirs", 0o777)) == {}
    assert private.stat().st_mode & 0o777 == 0o700
    after = (member.directory / "theirs").stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


def test_what_cannot_be_made_is_told(make_member: MakeMember, tmp_path: Path) -> None:
    member = make_member()
    outside = tmp_path / "outside"
    outside.mkdir()
    (member.directory / "link").symlink_to(outside)
    (member.directory / "file").touch()
    failed = member.conclude(
        folder("../up"), folder("link"), folder("link/d"), folder("file"),
        folder("x"), folder("X"), link("l", "x"),
    )  # fmt: skip
    assert failed == {
        0: "unsafe-name", 1: "not-a-directory", 2: "not-a-directory",
        3: "not-a-directory", 5: "clash", 6: "unsupported",
    }  # fmt: skip
    assert list(outside.iterdir()) == []


def test_links_are_made_where_they_are_wanted(make_member: MakeMember) -> None:
    member = make_member(links=True)
    member.take("lib/so.1", b"x")
    entries = [
        link("lib/so", "so.1"), link("current", "lib"), link("new/x", "../lib/so"),
        link("out", "../x"), link("lib/out", "../../x"), link("root", "/etc/passwd"),
        link("trick", "lib/../../x"), link("none", ""), link("../up", "x"),
    ]  # fmt: skip
    failed = member.conclude(*entries)
    assert failed == dict.fromkeys(range(3, 9), "unsafe-name")
    for entry in entries[:3]:
        assert os.readlink(member.directory / entry.path) == entry.target
    assert (member.directory / "new/x").read_bytes() == b"x"
    assert member.conclude(*entries[:3]) == {}
    assert member.parts == []


def test_a_link_is_replaced_only_for_its_sender(make_member: MakeMember) -> None:
    member = make_member(links=True)
    (member.directory / "mine").symlink_to("somewhere")
    (member.directory / "file").write_bytes(b"")
    member.conclude(link("l", "one"))
    entries = link("l", "two"), link("mine", "two"), link("file", "two")
    assert member.conclude(*entries, sender="bob") == dict.fromkeys(range(3), "exists")
    assert member.conclude(*entries) == {1: "exists", 2: "exists"}
    assert os.readlink(member.directory / "l") == "two"
    other = member.again(links=True, overwrite=True)
    assert other.conclude(*entries) == {2: "exists"}
    assert (other.directory / "file").read_bytes() == b""


def test_nothing_is_received_through_a_link_that_was_received(
    make_member: MakeMember,
) -> None:
    member = make_member(links=True, overwrite=True)
    member.take("d/f", b"x")
    assert member.conclude(link("l", "d")) == {}
    assert member.take("l/f", b"y").reason == "not-a-directory"


def test_a_link_that_cannot_get_its_name_leaves_nothing(
    make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = make_member(links=True)
    monkeypatch.setattr(CONCLUDE + "move", fail(errno.ENOSPC))
    assert member.conclude(link("l", "x")) == {0: "disk-full"}
    assert member.parts == []


def test_what_does_not_become_durable_is_told(
    make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = make_member(links=True)
    monkeypatch.setattr(CONCLUDE + "sync_folders", fail(errno.EIO))
    entries = file("f", b"x"), folder("d"), link("l", "d")
    assert member.conclude(*entries) == {1: "io-error", 2: "io-error"}


def test_an_unchanged_file_follows_the_mode_and_time_of_its_sender(
    member: Member,
) -> None:
    member.take("f", b"x")
    member.take("theirs", b"x", sender="bob")
    (member.directory / "mine").write_bytes(b"x")
    later = {"mode": 0o755, "mtime_ns": NOW_NS + 5}
    entries = [file(name, b"x", **later) for name in ["f", "theirs", "mine", "gone/f"]]
    entries.append(file("f2", b"x"))
    assert member.conclude(*entries) == {}
    found = (member.directory / "f").stat()
    assert (found.st_mode & 0o777, found.st_mtime_ns) == (0o755, NOW_NS + 5)
    for name in ["theirs", "mine"]:
        assert (member.directory / name).stat().st_mode & 0o777 == 0o644
    assert member.reasons(file("f", b"y")) == [""]
    assert member.take("f", b"y").status is Status.STORED
    assert member.conclude(*entries) == {}
    assert (member.directory / "f").stat().st_mode & 0o777 == 0o644
