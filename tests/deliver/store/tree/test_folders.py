"""Ways through a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupwire.deliver.store.tree.folders import Folders, look, names, open_folder


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_directories_on_the_way_are_made_where_wanted(
    root: int, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        open_folder(root, "a/b")
    made: list[str] = []
    os.close(open_folder(root, "a/b", made))
    os.close(open_folder(root, "a/c", made))
    assert made == ["a", "a/b", "a/c"]
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("path", ["..", "a/..", "a/.", "a//b", "/etc", "a/"])
def test_no_way_leads_out(root: int, tmp_path: Path, path: str) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="no name"):
        open_folder(root, path, [])
    with Folders(root, make=True) as folders, pytest.raises(OSError, match="no name"):
        folders.parent(f"{path}/f")


@pytest.mark.parametrize("name", ["", ".", "..", "a/.."])
def test_a_file_has_a_name(root: int, name: str) -> None:
    with Folders(root) as folders, pytest.raises(OSError, match="no name"):
        folders.parent(name)


@pytest.mark.parametrize("target", ["/tmp", "real", "..", "loop"])
def test_a_link_is_no_way(root: int, tmp_path: Path, target: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "loop").symlink_to(target)
    for path in ["loop", "loop/x"]:
        with pytest.raises(NotADirectoryError):
            open_folder(root, path, [])


def test_the_last_parent_stays_open(root: int, tmp_path: Path) -> None:
    with Folders(root, make=True) as folders:
        one, name = folders.parent("a/f")
        assert (folders.parent("a/g"), name) == ((one, "g"), "f")
        folders.parent("h")
        assert folders.made == ["a"]
        assert names(root) == ["a"]
    with Folders(root) as folders:
        assert folders.made == []
    assert look(root, "a") is not None
    assert look(root, "b") is None
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_another_thread_may_make_the_same_directory(
    root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def mkdir(name: str, mode: int, *, dir_fd: int) -> None:
        real(name, mode, dir_fd=dir_fd)
        real(name, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", mkdir)
    made: list[str] = []
    os.close(open_folder(root, "a", made))
    assert made == []
