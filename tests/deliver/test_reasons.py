"""Errors of the system in words of receipts."""

from __future__ import annotations

import errno

import pytest

from groupwire.deliver.reasons import disk_full, reason_of, too_large


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
