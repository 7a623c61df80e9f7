"""What the C library can do with files and Python's ``os`` cannot."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from groupwire.deliver.store.tree.folders import look

__all__ = ["rename_new", "sync_filesystem"]

_RENAME_NOREPLACE = 1
_NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def rename_new(source: int, name: str, folder: int, new: str) -> None:
    """Move a file to a name that nobody has; FileExistsError if somebody does.

    Where the filesystem cannot do it in one step (some network mounts), a second name
    is made and the first one removed, which refuses just as surely. Where it knows no
    second names (exFAT), only a look before the rename is left.
    """
    error = _renameat2(source, name, folder, new)
    if error in _NOT_HERE:
        _link_and_unlink(source, name, folder, new)
    elif error:
        raise OSError(error, os.strerror(error), new)


def _renameat2(source: int, name: str, folder: int, new: str) -> int:
    function = _function("renameat2")
    if function is None:
        return errno.ENOSYS
    old, to = os.fsencode(name), os.fsencode(new)
    if not function(source, old, folder, to, _RENAME_NOREPLACE):
        return 0
    return ctypes.get_errno()


def _link_and_unlink(source: int, name: str, folder: int, new: str) -> None:
    try:
        os.link(name, new, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _look_and_rename(source, name, folder, new)
    else:
        os.unlink(name, dir_fd=source)


def _look_and_rename(source: int, name: str, folder: int, new: str) -> None:
    if look(folder, new) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(name, new, src_dir_fd=source, dst_dir_fd=folder)


def sync_filesystem(fd: int) -> bool:
    """Write back all of the filesystem that ``fd`` is on; False where it cannot."""
    function = _function("syncfs")
    if function is None:
        return False
    if function(fd):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return True


@cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        function: Any = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_int
    return cast(Callable[..., int], function)
