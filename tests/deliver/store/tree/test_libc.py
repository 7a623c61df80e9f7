"""Renames that replace nothing, on every kind of filesystem."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupwire.deliver.store.tree import libc


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "old").write_bytes(b"data")
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.fixture(params=["renameat2", "link", "look"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "renameat2":
        monkeypatch.setattr(libc, "_function", lambda _: None)
    if request.param == "look":

        def link(*names: str, **folders: object) -> None:
            raise OSError(errno.EPERM, names[0], folders)

        monkeypatch.setattr(os, "link", link)
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_a_free_name_is_taken(folder: int, tmp_path: Path) -> None:
    libc.rename_new(folder, "old", folder, "new")
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_name_that_somebody_has_is_left_to_them(
    folder: int, tmp_path: Path, kind: str
) -> None:
    if kind == "file":
        (tmp_path / "new").write_bytes(b"mine")
    else:
        (tmp_path / "new").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        libc.rename_new(folder, "old", folder, "new")
    assert sorted(os.listdir(tmp_path)) == ["new", "old"]


@pytest.mark.usefixtures("way")
def test_a_source_that_is_gone_is_told(folder: int) -> None:
    with pytest.raises(FileNotFoundError):
        libc.rename_new(folder, "other", folder, "new")


def test_a_filesystem_is_synced_where_the_system_can(
    folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert libc.sync_filesystem(folder)
    with pytest.raises(OSError, match="descriptor"):
        libc.sync_filesystem(-1)
    monkeypatch.setattr(libc, "_function", lambda _: None)
    assert not libc.sync_filesystem(folder)


def test_a_function_that_libc_has_not_is_none() -> None:
    assert libc._function("no_such_function") is None
