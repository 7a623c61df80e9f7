"""Errors of the system in words of receipts."""

from __future__ import annotations

import errno

import pytest

from groupwire.deliver.reasons import disk_full, is_for_now, reason_of, too_large


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "read-only"),
        (errno.EIO, "io-error"),
        (errno.EMFILE, "io-error"),
        (errno.ENAMETOOLONG, "name-too-long"),
        (errno.EXDEV, "other-filesystem"),
    ],
)
def test_each_error_has_a_word(number: int, reason: str) -> None:
    assert reason_of(OSError(number, "text")) == reason


def test_errors_of_our_own_have_words_too() -> None:
    assert reason_of(disk_full()) == "disk-full"
    assert reason_of(too_large()) == "too-large"
    assert reason_of(OSError("no number")) == "io-error"


def test_what_is_too_much_open_goes_later() -> None:
    assert is_for_now(OSError(errno.EMFILE, "text"))
    assert is_for_now(OSError(errno.ENFILE, "text"))
    assert is_for_now(BlockingIOError(errno.EAGAIN, "text"))
    assert not is_for_now(OSError(errno.EIO, "text"))
    assert not is_for_now(OSError("no number"))
