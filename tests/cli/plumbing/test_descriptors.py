"""As many open files as the system allows, and pipes that hold more."""

import fcntl
import os
import resource
from pathlib import Path

import pytest

from groupwire.cli.plumbing.descriptors import open_many, widen


def test_as_many_as_allowed_may_be_open() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        open_many()
        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert now == most == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="Linux and Python know")
def test_a_pipe_is_made_to_hold_more_and_all_else_is_left_alone(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        widen(writing)
        assert fcntl.fcntl(reading, fcntl.F_GETPIPE_SZ) >= 1 << 20
        widen(writing)
    finally:
        os.close(reading)
        os.close(writing)
    with (tmp_path / "file").open("wb") as file:
        widen(file.fileno())
