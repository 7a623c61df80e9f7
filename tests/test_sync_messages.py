"""Messages without ``async``: the same over loopback, from any thread."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice

import pytest
from tests.ports import free_port

from groupwire import sync
from groupwire.aio import PublishConfig, SubscribeConfig
from groupwire.errors import UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, Closed, MemberJoined, MemberLeft


@pytest.fixture
def group() -> str:
    return f"239.255.78.7%lo:{free_port()}"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def until(fact: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def met(publisher: sync.Publisher, subscriber: sync.Subscriber) -> None:
    until(lambda: publisher.members and subscriber.members)


def test_messages_reach_a_subscriber(group: str) -> None:
    with (
        sync.subscribe(group, "a/#", name="one") as one,
        sync.publish(group, name="probe") as probe,
    ):
        met(probe, one)
        assert (probe.name, one.name) == ("probe", "one")
        probe.send("a/1", b"first")
        probe.send("b", b"unwanted", delivery=Delivery.RELIABLE)
        sent = probe.send_many("a/2", [b"second", b"third"])
        assert sent.sequence == 3
        assert sent.received().received == {"one"}
        assert sent.received(["one", "ghost"]).missing == {"ghost"}
        messages = list(islice(one, 3))
        assert [m.data for m in messages] == [b"first", b"second", b"third"]
        assert [m.topic for m in messages] == ["a/1", "a/2", "a/2"]
        assert (probe.stats.messages, one.stats.messages) == (4, 3)
        assert one.stats.skipped == 1
        assert (dict(probe.dropped), one.dropped.get("queue-full")) == ({}, None)
        assert [m.name for m in probe.members] == ["one"]
        assert [m.name for m in one.members] == ["probe"]
        assert probe.close() == Closed()
        assert probe.close() == Closed()


def test_the_next_message_may_be_waited_for_again(group: str) -> None:
    with sync.subscribe(group, name="one") as one, sync.publish(group) as probe:
        with pytest.raises(TimeoutError):
            one.next_message(timeout=0.01)
        assert probe.wait_for("one", timeout=5)
        probe.send_many("a", [b"1", b"2", b"3"])
        assert [m.data for m in islice(one.listen(5), 1)] == [b"1"]
        for data in (b"2", b"3"):
            message = one.next_message(timeout=5)
            assert message is not None
            assert message.data == data
        probe.send_many("a", [b"4", b"5"])
        batch = one.next_batch(timeout=5)
        assert batch is not None
        assert list(batch.payloads) == [b"4", b"5"]
        one.close()
        assert one.next_message() is None


def test_who_is_waited_for_comes_or_does_not(group: str) -> None:
    with sync.publish(group, config=sync.PublishConfig(patience=0.2)) as probe:
        assert not probe.wait_for()
        assert not probe.wait_for("one", timeout=0.05)
        with sync.subscribe(group, name="one"):
            assert probe.wait_for("one", timeout=5)
            assert probe.wait_for(["one"], timeout=5)
            assert probe.wait_for(timeout=5)
            assert not probe.wait_for(2, timeout=0.05)


def test_threads_that_take_together_share_what_comes(
    group: str, pool: ThreadPoolExecutor
) -> None:
    with sync.subscribe(group, name="one") as one, sync.publish(group) as probe:
        assert probe.wait_for("one", timeout=5)

        def taken() -> list[bytes]:
            return [message.data for message in one]

        taking = [pool.submit(taken) for _ in range(3)]
        sent = [b"%d" % number for number in range(300)]
        for first in range(0, 300, 10):
            probe.send_many("a", sent[first : first + 10])
        until(lambda: one.stats.messages == 300)
        one.close()
        came = chain.from_iterable(each.result(10) for each in taking)
        assert sorted(came) == sorted(sent)


def test_what_is_left_of_a_batch_is_the_next_ones(group: str) -> None:
    with sync.subscribe(group) as one, sync.publish(group) as probe:
        met(probe, one)
        probe.send_many("a", [b"1", b"2", b"3"])
        assert next(iter(one)).data == b"1"
        assert [m.data for m in islice(one.listen(5), 2)] == [b"2", b"3"]
        assert list(one.listen(0.01)) == []


def test_who_waits_for_nothing_has_what_is_there(group: str) -> None:
    with sync.subscribe(group) as one, sync.publish(group) as probe:
        met(probe, one)
        for _ in range(2):
            probe.send_many("a", [b"1", b"2"])
            probe.send("b", b"3").received()
            assert [m.data for m in one.listen(0)] == [b"1", b"2", b"3"]


def test_batches_and_events_come_in_order(group: str) -> None:
    with sync.subscribe(group) as one, sync.publish(group, name="probe") as probe:
        met(probe, one)
        probe.send("a", b"1").received()
        kinds = [type(event) for event in islice(one.everything(5), 2)]
        assert kinds == [MemberJoined, Batch]
        probe.send("a", b"2")
        (batch,) = islice(one.batches(5), 1)
        assert batch.payloads == [b"2"]
        (joined,) = islice(probe.events(5), 1)
        assert isinstance(joined, MemberJoined)
        assert list(probe.events(0.01)) == []


def test_closing_ends_iterations_in_other_threads(
    group: str, pool: ThreadPoolExecutor
) -> None:
    with (
        sync.subscribe(group) as one,
        sync.members(group) as watching,
        sync.publish(group) as probe,
    ):
        met(probe, one)
        iterations = [
            pool.submit(lambda: [m.data for m in one]),
            pool.submit(lambda: list(watching)),
            pool.submit(lambda: list(probe.events())),
        ]
        probe.send("a", b"x").received()
        probe.close()
        one.close()
        one.close()
        watching.close()
        assert iterations[0].result(5) == [b"x"]
        assert len(iterations[1].result(5)) >= 2
        assert iterations[2].result(5)[-1] == Closed()


def test_members_are_seen_by_an_onlooker(group: str) -> None:
    with sync.members(group) as watching, sync.publish(group, name="probe"):
        (came,) = islice(watching, 1)
        assert isinstance(came, MemberJoined)
        assert [m.name for m in watching.members] == ["probe"]
    with sync.publish(group, name="other"), sync.members(group) as watching:
        (came,) = islice(watching.listen(5), 1)
        assert isinstance(came, MemberJoined)
        assert list(watching.listen(0.01)) == []
        assert dict(watching.dropped) == {}


def test_threads_may_publish_together(group: str, pool: ThreadPoolExecutor) -> None:
    with sync.subscribe(group) as one, sync.publish(group) as probe:
        met(probe, one)

        def work(name: str) -> None:
            for number in range(100):
                probe.send(name, str(number).encode())

        for done in [pool.submit(work, name) for name in "abcd"]:
            done.result(10)
        messages = list(islice(one.listen(5), 400))
        for name in "abcd":
            numbers = [int(m.data) for m in messages if m.topic == name]
            assert numbers == list(range(100))


def test_slips_and_configs_are_as_with_asyncio(group: str) -> None:
    with pytest.raises(UsageError):
        sync.publish(group, name="a b")
    with pytest.raises(UsageError):
        sync.subscribe(group, "a/#/b")
    probe = sync.publish(group, config=PublishConfig(name="p"))
    with pytest.raises(UsageError, match="not open"):
        probe.send("a", b"")
    assert probe.close() is None
    assert sync.subscribe(group, config=SubscribeConfig(name="s")).name == "s"


def test_an_exception_leaves_the_group(group: str) -> None:
    def spoil() -> None:
        with sync.publish(group, name="probe"):
            until(lambda: watching.members)
            raise RuntimeError("spoilt")

    with sync.members(group) as watching:
        with pytest.raises(RuntimeError, match="spoilt"):
            spoil()
        events = list(islice(watching.listen(5), 2))
        assert isinstance(events[1], MemberLeft)


@pytest.mark.parametrize(
    "program",
    [
        "with sync.subscribe({group!r}, name='child') as child:\n"
        "    print('ready', flush=True)\n"
        "    for message in child: pass\n",
        "with sync.publish({group!r}, name='child') as child:\n"
        "    print('ready', flush=True)\n"
        "    while True: child.send('a', b'x').received()\n",
    ],
)
def test_ctrl_c_leaves_and_goes_through(group: str, program: str) -> None:
    source = "from groupwire import sync\n" + program.format(group=group)
    with (
        sync.members(group) as watching,
        subprocess.Popen(
            [sys.executable, "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child,
    ):
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"ready\n"
        until(lambda: watching.members)
        child.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in child.stderr.read()
        child.stdout.close()
        assert child.wait(5) == -signal.SIGINT
        events = list(islice(watching.listen(5), 2))
        assert [type(event) for event in events] == [MemberJoined, MemberLeft]
