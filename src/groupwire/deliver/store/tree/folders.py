"""Ways through a directory in which no link is followed."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

__all__ = ["OPEN_FOLDER", "Folders", "closing", "look", "names", "open_folder"]

OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_folder(root: int, path: str, made: list[str] | None = None) -> int:
    """Open a directory below ``root``, step by step; ``made`` lets it be made.

    ``made`` then gets the paths of all that were not there before. A link on the way is
    ENOTDIR, as a file is.
    """
    fd, here = os.open(".", OPEN_FOLDER, dir_fd=root), ""
    for name in path.split("/") if path else ():
        here = f"{here}/{name}" if here else name
        try:
            deeper = _step(fd, name, here, made)
        finally:
            os.close(fd)
        fd = deeper
    return fd


def _step(fd: int, name: str, here: str, made: list[str] | None) -> int:
    if name in {"", ".", ".."}:
        raise OSError(errno.EINVAL, "no name of a directory", here)
    try:
        return os.open(name, OPEN_FOLDER, dir_fd=fd)
    except FileNotFoundError:
        if made is None:
            raise
    # Another thread may be faster; what it made is as good.
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=fd)
        made.append(here)
    return os.open(name, OPEN_FOLDER, dir_fd=fd)


def look(folder: int, name: str) -> os.stat_result | None:
    """Return what has this name, a link as itself; None where nothing has."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def names(folder: int) -> list[str]:
    """Return what is in a directory.

    It is opened once more: threads that read by one descriptor share its position.
    """
    with closing(os.open(".", OPEN_FOLDER, dir_fd=folder)) as fd:
        return os.listdir(fd)


class Folders:
    """Parents of one path after another; the last one is kept open.

    Files of one directory mostly follow each other.
    """

    def __init__(self, root: int, *, make: bool = False) -> None:
        self._root = root
        self._made: list[str] | None = [] if make else None
        self._path = ""
        self._fd: int | None = None

    @property
    def made(self) -> list[str]:
        """Directories that had to be made."""
        return self._made or []

    def parent(self, path: str) -> tuple[int, str]:
        """Return the open parent, which lasts until the next call, and the name."""
        folder, _, name = path.rpartition("/")
        if name in {"", ".", ".."}:
            raise OSError(errno.EINVAL, "no name of a file", path)
        if self._fd is None or folder != self._path:
            self.close()
            self._fd = open_folder(self._root, folder, self._made)
            self._path = folder
        return self._fd, name

    def close(self) -> None:
        """Let go of the last one."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def closing(fd: int) -> Generator[int]:
    """Close a descriptor at the end, whatever happens."""
    try:
        yield fd
    finally:
        os.close(fd)
