"""The same calls without ``async``; every wait here is ended by an event."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.aio.places import Foreign
from tests.ports import free_port

import groupwire
from groupwire import sync
from groupwire.aio import MembershipRenewed, PeerConfig
from groupwire.errors import ClosedError, InterfaceError, UsageError
from groupwire.gather import Form, Refusal, StoppedBy
from groupwire.sync.thread import loop_thread


@pytest.fixture
def group() -> str:
    return f"239.255.78.2%lo:{free_port()}"


@pytest.fixture
def foreign(group: str) -> Iterator[Foreign]:
    with Foreign(group) as member:
        yield member


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_one_message_and_every_answer(
    group: str, foreign: Foreign, pool: ThreadPoolExecutor
) -> None:
    asking = pool.submit(sync.ask, group, b"?", expect=1)
    _, asker = foreign.hear()
    foreign.say(b"ack", asker)
    result = asking.result(5)
    assert [a.data for a in result.answers] == [b"ack"]
    assert result.stopped_by is StoppedBy.EXPECTED


def test_a_peer_hears_and_answers(group: str, foreign: Foreign) -> None:
    with sync.open(group, name="arm1") as peer:
        assert peer.name == "arm1"
        assert [i.name for i in peer.joined.interfaces] == ["lo"]
        foreign.say(b"hello")
        for message in peer.listen(timeout=5):
            assert (message.data, message.member) == (b"hello", None)
            assert (message.interface, message.ttl) == ("lo", 1)
            assert (message.form, str(message.sender.ip)) == (Form.PLAIN, "127.0.0.1")
            assert message.time is not None
            assert "hello" in repr(message)
            assert message.answer(b"ack") is None
            assert message.answer(b"ack") is Refusal.ANSWERED
            break
        assert foreign.hear_answer()[0] == b"ack"
        assert (peer.stats.received, peer.stats.answered) == (1, 1)


def test_a_peer_sends_and_asks(
    group: str, foreign: Foreign, pool: ThreadPoolExecutor
) -> None:
    with sync.open(group) as peer:
        assert peer.send(b"hello").size_bytes == 5
        assert foreign.hear()[0] == b"hello"
        asking = pool.submit(peer.ask, b"?", first=1)
        _, asker = foreign.hear()
        foreign.say(b"ack", asker)
        assert asking.result(5).stopped_by is StoppedBy.FIRST


def test_sending_waits_for_nobody(group: str, foreign: Foreign) -> None:
    assert sync.send(group, b"hello").size_bytes == 5
    assert foreign.hear()[0] == b"hello"


def test_silence_ends_listening(group: str) -> None:
    with sync.open(group) as peer:
        assert list(peer.listen(timeout=0.01)) == []
        assert peer.receive(timeout=0.01) is None
        assert list(peer.events(timeout=0.01)) == []


def test_closing_from_another_thread_ends_listening(
    group: str, pool: ThreadPoolExecutor
) -> None:
    with sync.open(group) as peer:
        listening = pool.submit(lambda: list(peer.listen()))
        watching = pool.submit(lambda: list(peer.events()))
        peer.close()
        assert listening.result(5) == []
        assert watching.result(5) == []
        peer.close()
    with pytest.raises(ClosedError):
        peer.send(b"x")


def test_messages_heard_before_closing_can_be_read(
    group: str, foreign: Foreign
) -> None:
    with sync.open(group) as peer:
        foreign.say(b"one")
        foreign.say(b"two")
        first = peer.receive(timeout=5)
        assert first is not None
        while peer.stats.received < 2:
            pass
    assert [m.data for m in peer.listen()] == [b"two"]
    assert first.answer(b"too late") is Refusal.CLOSED


def test_events_tell_of_memberships(group: str) -> None:
    with sync.open(group) as peer:
        event = MembershipRenewed(peer.joined.group, "lo", "tested")
        loop_thread().call(lambda: peer._peer._tell([event]))
        assert next(peer.events(timeout=5)) == event


def test_it_works_where_a_loop_runs_already(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        with sync.open(group) as peer:
            foreign.say(b"hello")
            message = peer.receive(timeout=5)
            assert message is not None
        assert sync.send(group, b"bye").size_bytes == 3

    asyncio.run(work())


def test_many_threads_ask_at_once(group: str) -> None:
    with (
        sync.open(group, config=PeerConfig(answer_rate=10_000)) as peer,
        ThreadPoolExecutor(5) as threads,
    ):
        asking = [threads.submit(sync.ask, group, b"%d" % n, first=1) for n in range(4)]
        heard = [peer.receive(timeout=5) for _ in range(4)]
        for message in heard:
            assert message is not None
            message.answer(message.data)
        found = [a.data for f in asking for a in f.result(5).answers]
    assert found == [b"0", b"1", b"2", b"3"]


def test_errors_come_to_the_caller(group: str) -> None:
    with pytest.raises(UsageError):
        sync.ask(group, b"?", timeout=0)
    with pytest.raises(InterfaceError):
        sync.ask(group, b"?", interface="nowhere0")
    with pytest.raises(InterfaceError), sync.open(group, interface="nowhere0"):
        pass
    with pytest.raises(UsageError):
        sync.open(group).send(b"not open")


def test_an_error_in_the_block_closes_the_peer(group: str) -> None:
    with pytest.raises(LookupError), sync.open(group) as peer:
        raise LookupError
    assert list(peer.listen()) == []


def test_a_function_that_fails_in_the_loop_fails_for_its_caller() -> None:
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        loop_thread().call(fail)


def test_no_message_is_lost_between_two_short_waits(
    group: str, foreign: Foreign
) -> None:
    with sync.open(group) as peer:
        found: list[bytes] = []
        for n in range(200):
            foreign.say(b"%d" % n)
            message = peer.receive(timeout=1e-9)
            found += [message.data] if message is not None else []
        while len(found) < 200:
            message = peer.receive(timeout=5)
            assert message is not None
            found.append(message.data)
    assert found == [b"%d" % n for n in range(200)]


def test_a_forked_child_gets_a_thread_of_its_own(group: str, foreign: Foreign) -> None:
    sync.send(group, b"parent")
    program = (
        "import os, sys\n"
        "from groupwire import sync\n"
        "sync.send(sys.argv[1], b'before')\n"
        "child = os.fork()\n"
        "sync.send(sys.argv[1], b'child' if child == 0 else b'parent')\n"
        "if child == 0: os._exit(0)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, group], timeout=20)
    assert done.returncode == 0
    heard = [foreign.hear()[0] for _ in range(4)]
    assert heard[:2] == [b"parent", b"before"]
    assert sorted(heard[2:]) == [b"child", b"parent"]


ASK = """
import sys, groupwire
groupwire.ask(sys.argv[1], b"?", expect=1, timeout=60)
"""
LISTEN = """
import sys, groupwire
with groupwire.open(sys.argv[1]) as peer:
    peer.send(b"listening")
    for message in peer.listen():
        pass
"""


@pytest.mark.parametrize("program", [ASK, LISTEN])
def test_ctrl_c_ends_a_wait_at_once_and_quietly(
    group: str, foreign: Foreign, program: str
) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", program, group],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        foreign.hear()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert "Warning" not in stderr
    assert "never retrieved" not in stderr


def test_the_top_level_is_this_module() -> None:
    assert (groupwire.ask, groupwire.open, groupwire.send) == (
        sync.ask,
        sync.open,
        sync.send,
    )
