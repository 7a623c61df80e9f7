"""Locks between stores."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from groupwire.deliver.store.tree.locks import lock, share


def test_one_has_it_alone_or_all_share_it(tmp_path: Path) -> None:
    one, two = (os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR) for _ in range(2))
    assert lock(one)
    assert lock(two) is False
    share(one)
    share(two)
    assert lock(one) is False
    os.close(two)
    assert lock(one)
    os.close(one)


def test_where_there_are_none_nobody_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = errno.ENOLCK

    def flock(fd: int, how: int) -> None:
        raise OSError(number, f"{fd} {how}")

    monkeypatch.setattr(fcntl, "flock", flock)
    fd = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    assert lock(fd) is None
    share(fd)
    number = errno.EIO
    with pytest.raises(OSError, match=str(fd)):
        lock(fd)
    os.close(fd)
