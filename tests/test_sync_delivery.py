"""Deliveries without ``async``: events in the calling thread, Ctrl-C says goodbye."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, current_thread

import pytest
from tests.ports import free_port

import groupwire
from groupwire.aio import PullConfig, PushConfig
from groupwire.deliver.pull import Joined
from groupwire.deliver.push import MemberFound, PushEnded
from groupwire.deliver.report import PullProgress
from groupwire.errors import UsageError

QUICK = PullConfig(durable=False, progress_s=0.02)


@pytest.fixture
def group() -> str:
    return f"239.255.78.6%lo:{free_port()}"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words"
    path.write_bytes(b"every member has it\n" * 1000)
    return path


def test_files_are_pushed_and_pulled(
    group: str, pool: ThreadPoolExecutor, words: Path, tmp_path: Path
) -> None:
    pulling = pool.submit(
        groupwire.pull, group, tmp_path / "in", name="one", config=QUICK
    )
    report = groupwire.push(group, words, expect={"one"})
    report.raise_for_missing()
    (receipt,) = report.receipts
    assert isinstance(receipt, groupwire.MemberReceipt)
    assert (receipt.member, receipt.files) == ("one", 1)
    (pulled,) = pulling.result(5)
    assert pulled.complete
    assert (tmp_path / "in" / "words").read_bytes() == words.read_bytes()


def test_events_come_in_the_calling_thread(
    group: str, pool: ThreadPoolExecutor, words: Path, tmp_path: Path
) -> None:
    taken: list[object] = []
    pulling = pool.submit(
        groupwire.pull,
        group,
        tmp_path / "in",
        name="one",
        config=QUICK,
        on_event=taken.append,
    )
    threads, seen = set(), []

    def hear(event: object) -> None:
        threads.add(current_thread())
        seen.append(type(event))

    groupwire.push(group, words, expect=1, on_event=hear)
    assert threads == {current_thread()}
    assert {MemberFound, PushEnded} <= set(seen)
    pulling.result(5)
    assert {Joined, PullProgress} <= {type(event) for event in taken}


def test_what_a_callback_raises_ends_it(
    group: str, words: Path, tmp_path: Path
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("I have seen enough")

    with pytest.raises(RuntimeError, match="seen enough"):
        groupwire.push(group, words, on_event=refuse)
    with pytest.raises(RuntimeError, match="seen enough"):
        groupwire.pull(group, tmp_path / "in", on_event=refuse)


def test_what_cannot_be_is_refused(group: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        groupwire.push(group, tmp_path / "not there")
    with pytest.raises(UsageError):
        groupwire.push(group, tmp_path, config=PushConfig(rate=-1))


def test_ctrl_c_leaves_and_keeps_what_has_come(group: str, tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(bytes(range(256)) * 20_000)
    program = (
        "import groupwire, sys\n"
        "from groupwire.aio import PullConfig\n"
        "def hear(event):\n"
        "    if getattr(event, 'bytes_have', 0) > 1_000_000:\n"
        "        print('half', flush=True)\n"
        "print('ready', flush=True)\n"
        f"groupwire.pull({group!r}, {str(tmp_path / 'in')!r}, name='one',\n"
        "    config=PullConfig(progress_s=0.02), on_event=hear)\n"
    )
    command = [sys.executable, "-c", program]
    slow = PushConfig(rate=80e6, progress_s=0.02, patience=1.0)
    found = Event()

    def hear(event: object) -> None:
        if isinstance(event, MemberFound):
            found.set()

    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as pulling,
    ):
        assert pulling.stdout is not None
        assert pulling.stderr is not None
        assert pulling.stdout.readline() == b"ready\n"
        pushing = pool.submit(
            groupwire.push, group, film, expect=1, on_event=hear, config=slow
        )
        assert pulling.stdout.readline() == b"half\n"
        pulling.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in pulling.stderr.read()
        pulling.stdout.close()
        assert pulling.wait(5) == -signal.SIGINT
        kept = list((tmp_path / "in" / ".groupwire" / "parts").glob("*.journal"))
        assert kept
        assert not (tmp_path / "in" / "film").exists()
        again = groupwire.pull(group, tmp_path / "in", name="one", config=QUICK)
        assert again[0].complete
        assert pushing.result(10).complete
    assert found.is_set()
    assert (tmp_path / "in" / "film").read_bytes() == film.read_bytes()
