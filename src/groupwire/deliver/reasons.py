"""What the system refused, in the words of receipts."""

from __future__ import annotations

import errno

__all__ = ["IN_THE_WAY", "disk_full", "is_for_now", "reason_of", "too_large"]

IN_THE_WAY = frozenset({errno.ENOTDIR, errno.ELOOP})
"""Something that is no directory, perhaps a link, stands where one has to be."""

_REASONS = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.EPERM: "read-only",
    errno.EFBIG: "too-large",
    errno.ENOTDIR: "not-a-directory",
    errno.ELOOP: "not-a-directory",
    errno.EISDIR: "is-a-directory",
    errno.ENAMETOOLONG: "name-too-long",
    errno.EXDEV: "other-filesystem",
    errno.EINVAL: "unsafe-name",
    errno.EILSEQ: "unsafe-name",
    errno.EEXIST: "exists",
    errno.ENOENT: "gone",
}


def reason_of(error: OSError) -> str:
    """Return the word for it; what has none of its own is ``io-error``."""
    return _REASONS.get(error.errno or 0, "io-error")


_FOR_NOW = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN})


def is_for_now(error: OSError) -> bool:
    """Return whether it will go a little later: too much is open, or being closed."""
    return error.errno in _FOR_NOW


def disk_full() -> OSError:
    """Return what the system says of a full disk, before it is one."""
    return OSError(errno.ENOSPC, "what must stay free would be written to")


def too_large() -> OSError:
    """Return what it says of more than was announced, or than is taken."""
    return OSError(errno.EFBIG, "larger than is taken")
