"""A pipe's ends as binary files."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from tests.ports import free_port

from groupwire import aio, sync
from groupwire.errors import NotDelivered


@pytest.fixture
def group() -> str:
    return f"239.255.78.11%lo:{free_port()}"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def read(group: str) -> bytes:
    with sync.stream_from(group, name="screen") as file:
        return file.read()


def test_a_file_is_copied_through_the_group(
    group: str, pool: ThreadPoolExecutor
) -> None:
    data = os.urandom(3_000_000)
    reading = pool.submit(read, group)
    with sync.stream_to(group, interface="lo", ttl=0) as file:
        shutil.copyfileobj(BytesIO(data), file)
        raw = file.raw
    assert reading.result(10) == data
    assert raw.pipe.report.received == ("screen",)  # type: ignore[attr-defined]


def test_an_archive_is_written_and_read_as_it_goes(
    group: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    (tmp_path / "words").write_text("every member has it\n" * 1000)

    def names() -> list[str]:
        with (
            sync.stream_from(group) as file,
            tarfile.open(fileobj=file, mode="r|") as archive,
        ):
            return archive.getnames()

    reading = pool.submit(names)
    with (
        sync.stream_to(group) as file,
        tarfile.open(fileobj=file, mode="w|") as archive,
    ):
        archive.add(tmp_path / "words", "words")
    assert reading.result(10) == ["words"]


def test_lines_are_read_as_they_come(group: str, pool: ThreadPoolExecutor) -> None:
    def lines() -> list[bytes]:
        with sync.stream_from(group) as file:
            return list(file)

    reading = pool.submit(lines)
    with sync.stream_to(group) as file:
        file.write(b"one\ntwo\n")
        file.flush()
        file.write(b"three")
    assert reading.result(10) == [b"one\n", b"two\n", b"three"]


def test_a_writer_that_fails_leaves_a_pipe_without_an_end(
    group: str, pool: ThreadPoolExecutor
) -> None:
    reading = pool.submit(read, group)

    def write() -> None:
        with sync.stream_to(group) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    with pytest.raises(aio.PipeBroken):
        reading.result(10)


def test_nobody_in_time_is_said(group: str) -> None:
    config = aio.PipeConfig(wait=0.2)
    with (
        pytest.raises(NotDelivered, match=r"no reader came within 0\.2 s"),
        sync.stream_to(group, config=config),
    ):
        pass
