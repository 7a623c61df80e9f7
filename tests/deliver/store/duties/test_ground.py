"""The state of a store: ours alone, shared by stores, or none at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.deliver.store.member import LARGE, Member, can_mount, file, run_apart

from groupwire.deliver.store.store import Store

MakeMember = Callable[..., Member]


def test_the_state_is_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / ".groupwire").mkdir(mode=0o777)
    (tmp_path / ".groupwire").chmod(0o777)
    Store(tmp_path).close()
    for name in [".groupwire", ".groupwire/parts"]:
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o700
    for name in ["lock", "record"]:
        assert (tmp_path / ".groupwire" / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [".groupwire", ".groupwire/parts"])
def test_a_link_in_place_of_the_state_is_refused(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    into = tmp_path / "into"
    outside.mkdir()
    (into / name).parent.mkdir(parents=True)
    (into / name).symlink_to(outside)
    with pytest.raises(NotADirectoryError):
        Store(into)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["lock", "record", "record~"])
def test_links_in_the_state_are_not_followed(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"safe")
    state = tmp_path / "into" / ".groupwire"
    state.mkdir(parents=True, mode=0o700)
    (state / name).symlink_to(victim)
    with suppress(OSError):
        Store(tmp_path / "into").close()
    assert victim.read_bytes() == b"safe"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_state_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".groupwire").mkdir()
    os.chown(tmp_path / ".groupwire", 12345, 12345)
    with pytest.raises(PermissionError, match="somebody else"):
        Store(tmp_path)


def test_a_file_is_no_directory_to_receive_into(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Store(tmp_path / "file")


def test_the_directory_itself_may_be_named_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    member = Member(tmp_path / "link")
    member.take("f", b"x")
    member.store.close()
    assert (tmp_path / "real" / "f").read_bytes() == b"x"


def test_a_store_beside_another_tidies_nothing_and_learns_what_it_stores(
    make_member: MakeMember,
) -> None:
    one = make_member()
    part = one.store.open_foreign(len(LARGE))
    two = make_member()
    assert len(two.parts) == 1
    one.take("f", b"one")
    assert two.reasons(file("f", b"two")) == [""]
    part.close()


def test_a_full_disk_at_the_start_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def mkdir(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        if path == "parts":
            raise OSError(errno.ENOSPC, "full")
        real(path, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", mkdir)
    member = Member(tmp_path / "into")
    assert member.store.problem == "disk-full"
    assert member.reasons(file("f", b"x")) == ["disk-full"]
    with pytest.raises(OSError, match="space") as caught:
        member.store.open(file("f", b"x"))
    assert caught.value.errno == errno.ENOSPC
    member.store.close()


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_read_only_disk_without_a_state_is_told(tmp_path: Path) -> None:
    said = run_apart(
        """
into = Path(sys.argv[1])
into.mkdir()
mount = ["mount", "-t", "tmpfs", "-o", "ro", "none", into]
subprocess.run(mount, check=True)
member = Member(into)
print(member.store.problem, member.store.holds, member.reasons(file("new", b"x")))
member.store.close()
""",
        str(tmp_path / "into"),
        unshare=True,
    )
    assert said == "read-only False ['read-only']\n"
