import asyncio
import errno
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from signal import SIG_IGN, SIGXFSZ, signal
from threading import Thread
from typing import BinaryIO

import pytest

from groupwire.errors import UsageError
from groupwire.probe.capture import CaptureReader
from groupwire.run.disk import recorder as module
from groupwire.run.disk.recorder import Recorder
from groupwire.values import Datagram, Group, Origin

GROUP, SENDER = Group.parse("239.1.2.3:5000"), Origin("10.0.0.7", 4000)


@asynccontextmanager
async def recording(path: Path) -> AsyncGenerator[Recorder, None]:
    recorder = Recorder(path, asyncio.get_running_loop())
    try:
        yield recorder
    finally:
        recorder.close()


async def record(path: Path, *payloads: bytes, segment_bytes: int = 0) -> Recorder:
    async with recording(path) as recorder:
        for data in payloads:
            datagram = Datagram(data, SENDER, 1, segment_bytes=segment_bytes)
            recorder.take(GROUP, datagram)
    return recorder


def payloads(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [packet.data for packet in CaptureReader(file.read)]


def test_what_is_received_is_in_the_file(tmp_path: Path) -> None:
    recorder = asyncio.run(record(tmp_path / "a", b"one", b"two"))
    assert payloads(tmp_path / "a") == [b"one", b"two"]
    assert (recorder.recorded, recorder.lost, recorder.failed) == (2, 0, None)


def test_a_second_recording_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        asyncio.run(record(tmp_path / "a", data))
    assert payloads(tmp_path / "a") == [b"one", b"two"]


@pytest.mark.parametrize("torn", [1, 4, 7, 24, 40])
def test_a_torn_last_block_is_cut_off_and_gone_on_behind(
    tmp_path: Path, torn: int
) -> None:
    asyncio.run(record(tmp_path / "a", b"one", b"two"))
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole[:-torn])
    asyncio.run(record(tmp_path / "a", b"three"))
    assert payloads(tmp_path / "a") == [b"one", b"three"]


def test_what_is_no_block_at_all_is_cut_off(tmp_path: Path) -> None:
    asyncio.run(record(tmp_path / "a", b"one"))
    with (tmp_path / "a").open("ab") as file:
        file.write(b"\xff" * 40)
    asyncio.run(record(tmp_path / "a", b"two"))
    assert payloads(tmp_path / "a") == [b"one", b"two"]


@pytest.mark.parametrize(
    "foreign",
    [
        bytes.fromhex("0a0d0d0a 0000001c 1a2b3c4d 00010000") + bytes(12),
        bytes(100_000),
    ],
)
def test_what_others_have_added_is_never_cut_off(
    tmp_path: Path, foreign: bytes
) -> None:
    asyncio.run(record(tmp_path / "a", b"one"))
    with (tmp_path / "a").open("ab") as file:
        file.write(foreign)
    before = (tmp_path / "a").read_bytes()
    with pytest.raises(UsageError, match="no pcapng file of ours"):
        asyncio.run(record(tmp_path / "a", b"two"))
    assert (tmp_path / "a").read_bytes() == before


def test_two_do_not_write_into_one_file(tmp_path: Path) -> None:
    async def scene() -> None:
        async with recording(tmp_path / "a"):
            Recorder(tmp_path / "a", asyncio.get_running_loop())

    with pytest.raises(UsageError, match="another program"):
        asyncio.run(scene())


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    heard: list[bytes] = []

    def listen() -> None:
        heard.append((tmp_path / "pipe").read_bytes())

    thread = Thread(target=listen)
    thread.start()
    asyncio.run(record(tmp_path / "pipe", b"one"))
    thread.join()
    assert [p.data for p in CaptureReader(BytesIO(heard[0]).read)] == [b"one"]


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("precious")
    with pytest.raises(UsageError, match="no pcapng file"):
        asyncio.run(record(tmp_path / "a", b"one"))
    assert (tmp_path / "a").read_text() == "precious"


def test_what_the_disk_is_too_slow_for_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING_BYTES", 100)
    recorder = asyncio.run(record(tmp_path / "a", b"x" * 25, segment_bytes=10))
    assert (recorder.recorded, recorder.lost) == (0, 3)


def test_a_disk_that_fails_ends_the_recording_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> BinaryIO:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr(module, "_opened", full)

    async def scene() -> Recorder:
        async with recording(tmp_path / "a") as recorder:
            while recorder.failed is None:  # noqa: ASYNC110 - it is the thread's turn
                await asyncio.sleep(0)
            recorder.take(GROUP, Datagram(b"late", SENDER))
        assert recorder.recorded == 0
        return recorder

    recorder = asyncio.run(scene())
    assert recorder.failed is not None
    assert recorder.failed.errno == errno.ENOSPC
    assert recorder.lost == 1


@pytest.mark.parametrize("room_bytes", [1, 250, 1000])
def test_a_disk_that_fills_up_leaves_whole_packets_as_many_as_are_told(
    tmp_path: Path, room_bytes: int
) -> None:
    path = tmp_path / "a"

    async def scene() -> Recorder:
        async with recording(path) as recorder:
            while path.stat().st_size == 0:  # noqa: ASYNC110 - it is the thread's turn
                await asyncio.sleep(0)
            _, most = getrlimit(RLIMIT_FSIZE)
            setrlimit(RLIMIT_FSIZE, (path.stat().st_size + room_bytes, most))
            while recorder.failed is None:
                recorder.take(GROUP, Datagram(b"x" * 100, SENDER))
                await asyncio.sleep(0)
            recorder.take(GROUP, Datagram(b"late", SENDER))
        return recorder

    before, ignored = getrlimit(RLIMIT_FSIZE), signal(SIGXFSZ, SIG_IGN)
    try:
        recorder = asyncio.run(scene())
    finally:
        setrlimit(RLIMIT_FSIZE, before)
        signal(SIGXFSZ, ignored)
    assert len(payloads(path)) == recorder.recorded
    assert recorder.lost >= 2
    with path.open("rb") as file:
        reader = CaptureReader(file.read)
        list(reader)
        assert not reader.dropped


def test_closing_twice_is_closing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with recording(tmp_path / "a") as recorder:
            recorder.close()

    asyncio.run(scene())


def test_an_interface_that_is_gone_has_a_number_for_a_name(tmp_path: Path) -> None:
    async def scene() -> None:
        async with recording(tmp_path / "a") as recorder:
            recorder.take(GROUP, Datagram(b"x", SENDER, 1 << 20))

    asyncio.run(scene())
    assert b"if1048576" in (tmp_path / "a").read_bytes()
