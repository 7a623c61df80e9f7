"""Bytes that are in the file, or are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from groupwire.cli.plumbing.sink import Sink, write_stdout, write_stdout_many


def test_messages_are_appended_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(b"before ")
    with Sink(str(path)) as sink:
        sink.write(b"one ")
        sink.write(b"two")
    assert path.read_bytes() == b"before one two"


def test_a_full_disk_is_named() -> None:
    with Sink("/dev/full") as sink, pytest.raises(OSError, match="/dev/full"):
        sink.write(b"data")


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Sink(str(tmp_path / "nowhere" / "file"))


def test_half_a_message_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recording"
    write, calls = os.write, []

    def fills_up(number: int, data: memoryview) -> int:
        calls.append(number)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(number, data[:3])

    with Sink(str(path)) as sink:
        sink.write(b"whole ")
        monkeypatch.setattr(os, "write", fills_up)
        with pytest.raises(OSError, match="No space"):
            sink.write(b"half of it")
        monkeypatch.undo()
    assert path.read_bytes() == b"whole "


def test_all_of_it_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = bytearray()

    def some(number: int, data: memoryview) -> int:
        assert number == 1
        written.extend(data[:3])
        return min(3, len(data))

    monkeypatch.setattr(os, "write", some)
    write_stdout(b"all of it")
    assert written == b"all of it"


def test_a_standard_output_that_ends_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(os, "write", gone)
    with pytest.raises(BrokenPipeError, match="standard output"):
        write_stdout(b"data")


def test_many_buffers_leave_one_behind_the_other_however_little_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = bytearray()

    def writev(number: int, buffers: list[memoryview]) -> int:
        assert number == 1
        assert len(buffers) <= 1024
        taken = b"".join(buffers)[:7]
        written.extend(taken)
        return len(taken)

    monkeypatch.setattr(os, "writev", writev)
    buffers = [b"", b"abc", memoryview(b"defghij"), b"k", b"", b"lmnopqrstuvw"] * 200
    write_stdout_many(buffers)
    assert written == b"abcdefghijklmnopqrstuvw" * 200


def test_what_ends_standard_output_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def writev(_number: int, _buffers: list[memoryview]) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "writev", writev)
    with pytest.raises(OSError, match="standard output"):
        write_stdout_many([b"x"])
