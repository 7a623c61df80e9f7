"""Whatever can be read is a stream; everything else is paths."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from tests.aio.places import run

from groupwire.aio.delivery.streams import Stream, paths_of, pieces_of, stream_of
from groupwire.errors import UsageError

WORDS = b"every member has it " * 40_000


async def all_of(stream: Stream) -> bytes:
    pieces, found = pieces_of(stream), b""
    while piece := await pieces.next():
        found += piece
    return found


def pipe() -> tuple[BinaryIO, FileIO]:
    reading, writing = os.pipe()
    return open(reading, "rb"), open(writing, "wb", buffering=0)


async def said(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("what", ["a", Path("a"), ["a", "b"], (Path("a"),)])
def test_paths_are_no_stream(what: Any) -> None:
    assert stream_of(what) is None
    assert paths_of(what)[0] == "a"


def test_nothing_is_no_delivery() -> None:
    with pytest.raises(UsageError, match="nothing is to be delivered"):
        paths_of([])


def test_an_iterator_is_a_stream_and_an_empty_piece_not_its_end() -> None:
    async def work() -> None:
        stream = said(b"one", b"", b"two")
        assert stream_of(stream) is stream
        assert await all_of(stream) == b"onetwo"

    run(work())


def test_a_reader_is_a_stream() -> None:
    async def work() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(WORDS)
        reader.feed_eof()
        assert stream_of(reader) is reader
        assert await all_of(reader) == WORDS

    run(work())


def test_a_file_is_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_bytes(WORDS)
    with path.open("rb") as buffered, path.open("rb", buffering=0) as raw:
        assert stream_of(buffered) is buffered
        assert buffered.read(6) == WORDS[:6]
        assert run(all_of(buffered)) == WORDS[6:]
        assert run(all_of(raw)) == WORDS


def test_what_has_no_descriptor_of_its_bytes_is_read_by_its_own_means(
    tmp_path: Path,
) -> None:
    path = tmp_path / "words.gz"
    path.write_bytes(gzip.compress(WORDS))
    with gzip.open(path, "rb") as file:
        assert run(all_of(file)) == WORDS  # type: ignore[arg-type]
    assert run(all_of(BytesIO(WORDS))) == WORDS


def test_what_reads_slowly_by_its_own_means_need_not_fill_a_piece() -> None:
    class Slow(BytesIO):
        """Has the rest only later, as a connection."""

        def read(self, *_: object) -> bytes:
            raise AssertionError("this waits for all of it")

        def read1(self, size: int | None = -1, /) -> bytes:
            return super().read1(min(1 << 16, size or 0))

    assert run(all_of(Slow(WORDS))) == WORDS


def test_a_pipe_is_read_as_it_comes() -> None:
    async def work() -> None:
        file, end = pipe()
        with file, end:
            pieces = pieces_of(file)
            first = asyncio.create_task(pieces.next())
            await asyncio.sleep(0)
            assert not first.done()
            end.write(b"one")
            assert await first == b"one"
            end.write(b"two")
            end.close()
            assert await pieces.next() == b"two"
            assert await pieces.next() == b""

    run(work())


@pytest.mark.parametrize("blocking", [True, False])
def test_what_was_read_ahead_of_a_pipe_is_not_lost(blocking: bool) -> None:
    async def work() -> None:
        file, end = pipe()
        os.set_blocking(file.fileno(), blocking)
        with file, end:
            end.write(b"head\none")
            assert file.readline() == b"head\n"
            pieces = pieces_of(file)
            assert await pieces.next() == b"one"
            assert os.get_blocking(file.fileno()) is blocking
            end.write(b"two")
            assert await pieces.next() == b"two"
            end.close()
            assert await pieces.next() == b""

    run(work())


def test_a_raw_pipe_holds_nothing() -> None:
    async def work() -> None:
        reading, writing = os.pipe()
        with FileIO(reading) as file:
            os.write(writing, b"one")
            os.close(writing)
            assert await all_of(file) == b"one"  # type: ignore[arg-type]

    run(work())


def test_waiting_for_a_pipe_can_be_ended() -> None:
    async def work() -> None:
        file, end = pipe()
        with file, end:
            waiting = asyncio.create_task(pieces_of(file).next())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            end.write(b"still there")
            assert await pieces_of(file).next() == b"still there"

    run(work())


def test_a_pipe_that_somebody_else_has_emptied_is_waited_for_again() -> None:
    async def work() -> None:
        file, end = pipe()
        os.set_blocking(file.fileno(), False)
        with file, end:
            waiting = asyncio.create_task(pieces_of(file).next())
            await asyncio.sleep(0)
            end.write(b"x")
            asyncio.get_running_loop().call_soon(os.read, file.fileno(), 1)
            for _ in range(3):
                await asyncio.sleep(0)
            end.write(b"y")
            assert await waiting in {b"x", b"y"}

    run(work())
