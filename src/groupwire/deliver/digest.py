"""The digest that a member signs (docs/delivery.md §5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

__all__ = ["receipt_digest"]


def receipt_digest(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the digest of files, given as path and digest: of one file, its own.

    Of none or several it is the digest of what ``sha256sum`` prints for them in the
    order of their bytes, a backslash in a path escaped as there.
    """
    # By code points, which is the order of the bytes of UTF-8.
    rows = sorted(files)
    if len(rows) == 1:
        return rows[0][1]
    return sha256(b"".join(_line(*row) for row in rows)).digest()


def _line(path: str, digest: bytes) -> bytes:
    mark = ""
    if "\\" in path:
        mark, path = "\\", path.replace("\\", "\\\\")
    return f"{mark}{digest.hex()}  {path}\n".encode()
