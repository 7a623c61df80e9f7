"""Messages over cables that lose, stop, part and change their addresses."""

from __future__ import annotations

import json
import signal
import time
from ipaddress import ip_interface
from itertools import pairwise

import pytest
from tests.lab.harness import Laboratory, Plan, Process
from tests.lab.harness.messages import (
    numbers,
    publish,
    reach,
    seen,
    subscribe,
    terminate,
)

END = '"event": "end"'


def ended(publisher: Process, *, within: float = 20.0) -> dict[str, object]:
    """Return what a publisher says when all is said."""
    line: dict[str, object] = json.loads(publisher.line(END, within=within))
    assert publisher.finish() == 0, publisher.errors
    return line


def silent(process: Process) -> list[dict[str, object]]:
    """Return whom it has declared silent."""
    return [e for e in seen(process, "MemberLeft") if e["reason"] == "silent"]


def longest_silence(subscriber: Process) -> float:
    """Return the longest time in which a subscriber had nothing new."""
    times = [line["at"] for line in seen(subscriber, "messages")]
    return max(b - a for a, b in pairwise(times))


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.3])
def test_three_subscribers_have_all_in_order(lab: Laboratory, loss: float) -> None:
    a, *hosts = lab.segment(4)
    if loss:
        a.link.segment()
        for host in hosts:
            host.link.lose(loss)
    readers = [subscribe(host, f"m{n}") for n, host in enumerate(hosts)]
    count = 500 if loss > 0.1 else 3000
    publisher = publish(a, "probe", "--count", str(count), "--expect", "3")
    assert ended(publisher)["missing"] == []
    for reader in readers:
        reach(reader, count - 1)
        assert numbers(reader) == list(range(count))
        assert seen(reader, "Gap") == []
        if loss < 0.1:  # else all three farewells may be lost, once in a while
            left = json.loads(reader.line("MemberLeft"))
            assert (left["member"], left["reason"]) == ("probe", "said")
    if loss:
        assert all(host.link.dropped() > count // 500 for host in hosts)


def test_who_is_stopped_or_busy_has_all_and_calls_nobody_silent(
    lab: Laboratory,
) -> None:
    a, b, c, d = lab.segment(4)
    quick, stopped = subscribe(b, "quick"), subscribe(c, "stopped")
    busy = subscribe(d, "busy", "--block", "6")
    steady = ("--count", "550", "--interval", "0.01", "--patience", "9")
    publisher = publish(a, "probe", *steady, "--expect", "3")
    reach(stopped, 10)
    stopped.signal(signal.SIGSTOP)
    reach(quick, 450)
    stopped.signal(signal.SIGCONT)
    assert ended(publisher)["missing"] == []
    for reader in (quick, stopped, busy):
        reach(reader, 549)
        assert numbers(reader) == list(range(550))
        assert seen(reader, "Gap") == []
        assert silent(reader) == []
    assert longest_silence(quick) < 1.0
    assert seen(publisher, "MemberLeft") == []


def test_a_publisher_that_is_killed_and_comes_back_is_another_one(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    reader = subscribe(b, "m")
    first = publish(a, "probe", "--count", "100000", "--interval", "0.001")
    reach(reader, 200)
    first.signal(signal.SIGKILL)
    first.close()
    second = publish(a, "probe", "--count", "300", "--interval", "0.001")
    assert ended(second)["missing"] == []
    lives: list[str] = []
    deadline = time.monotonic() + 10
    while len(lives) < 2 or numbers(reader, lives[-1])[-1:] != [299]:
        assert time.monotonic() < deadline
        reader.line('"event": "messages"')
        lives = list(dict.fromkeys(m["life"] for m in seen(reader, "messages")))
    assert len(lives) == 2
    before, after = (numbers(reader, life) for life in lives)
    assert before == list(range(len(before)))
    assert after == list(range(300))
    order = [m["life"] for m in seen(reader, "messages")]
    assert order == sorted(order, key=lives.index)


def test_after_a_partition_all_is_there(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    near, far = subscribe(b, "near"), subscribe(c, "far")
    steady = ("--count", "350", "--interval", "0.01", "--patience", "2")
    publisher = publish(a, "probe", *steady, "--expect", "2")
    reach(far, 50)
    c.link.cut()
    reach(near, 250)
    c.link.heal()
    assert ended(publisher)["missing"] == []
    for reader in (near, far):
        reach(reader, 349)
        assert numbers(reader) == list(range(350))
        assert seen(reader, "Gap") == []
    assert longest_silence(near) < 1.0


@pytest.mark.parametrize("whose", ["publisher", "subscriber"])
def test_an_address_that_changes_breaks_nothing(lab: Laboratory, whose: str) -> None:
    a, b = lab.segment(2)
    reader = subscribe(b, "m")
    steady = ("--count", "200", "--interval", "0.01", "--patience", "3")
    publisher = publish(a, "probe", *steady)
    reach(reader, 50)
    moved = a if whose == "publisher" else b
    moved.link.readdress(Plan([ip_interface("198.18.1.77/24")]))
    assert ended(publisher)["missing"] == []
    reach(reader, 199)
    assert numbers(reader) == list(range(200))
    assert seen(reader, "Gap") == []


@pytest.mark.parametrize("whose", ["publisher", "subscriber"])
def test_an_interface_that_comes_back_is_joined_again(
    lab: Laboratory, whose: str
) -> None:
    a, b = lab.segment(2)
    reader = subscribe(b, "m")
    steady = ("--count", "200", "--interval", "0.01", "--patience", "4")
    publisher = publish(a, "probe", *steady)
    reach(reader, 50)
    moved, other = (a, b) if whose == "publisher" else (b, a)
    moved.link.delete()
    moved.link.create()
    # Its hardware address is another one: the other would ask for it in a minute.
    other.run("ip", "neigh", "flush", "dev", other.link.name)
    assert ended(publisher)["missing"] == []
    reach(reader, 199)
    assert numbers(reader) == list(range(200))
    assert seen(reader, "Gap") == []


def test_two_publishers_with_one_name_are_two(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    group = ("--group", "[ff15::4242]:10002")
    reader = subscribe(c, "m", *group)
    steady = ("--count", "200", "--interval", "0.002", "--expect", "2", *group)
    both = [publish(host, "probe", *steady, ready=False) for host in (a, b)]
    for publisher in both:
        assert ended(publisher)["missing"] == []
    for _ in both:
        reader.line("MemberLeft")
    told = seen(reader, "messages")
    lives = {line["life"]: line["publisher"] for line in told}
    assert len(set(lives.values())) == 2
    assert "probe" in lives.values()
    assert [numbers(reader, life) for life in lives] == [list(range(200))] * 2


def test_who_never_reads_is_named_and_the_others_have_all(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    reader = subscribe(b, "reads")
    deaf = ("--deaf", "--queue", "100000", "--buffer", "100000")
    subscribe(c, "deaf", *deaf)
    flood = ("--count", "30000", "--size", "1000", "--patience", "0.5")
    publisher = publish(a, "probe", *flood, "--expect", "2")
    assert ended(publisher)["missing"] == ["deaf"]
    reach(reader, 29_999)
    assert numbers(reader) == list(range(30_000))
    (lagging,) = seen(publisher, "Lagging")
    assert lagging["member"] == "deaf"
    assert lagging["bytes_behind"] > 0
    (sent,) = seen(publisher, "sent")
    assert (sent["received"], sent["missing"]) == (["reads"], ["deaf"])


def test_a_publisher_waits_for_a_slow_consumer(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    slow = subscribe(b, "slow", "--pause", "0.0005", "--queue", "100000")
    flood = ("--count", "4000", "--size", "4000")
    publisher = publish(a, "probe", *flood)
    assert ended(publisher)["missing"] == []
    reach(slow, 3999)
    assert numbers(slow) == list(range(4000))
    assert seen(slow, "Gap") == []
    assert seen(slow, "QueueFilled")
    assert seen(publisher, "Lagging", "LostTold") == []


def test_a_slow_consumer_may_have_the_newest_instead(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    oldest = ("--full", "drop-oldest", "--queue", "100000", "--pause", "0.002")
    slow = subscribe(b, "slow", *oldest)
    publisher = publish(a, "probe", "--count", "2000", "--size", "1000")
    assert ended(publisher)["missing"] == []
    reach(slow, 1999)
    lost = sum(line["messages"] for line in seen(slow, "NotTaken"))
    assert lost > 100
    assert len(numbers(slow)) + lost == 2000
    told = [line for line in seen(publisher, "LostTold") if line["member"] == "slow"]
    assert all(line["why"] == "queue-full" for line in told)
    assert 0 < sum(line["messages"] for line in told) <= lost


def test_who_comes_late_begins_where_it_wants(lab: Laboratory) -> None:
    a, b, c, d = lab.segment(4)
    early = subscribe(b, "early")
    publisher = publish(a, "probe", "--count", "100", "--stay")
    publisher.line('"event": "sent"')
    reach(early, 99)
    wanted = {"now": [], "last-value": [99], "window": list(range(100))}
    late = {
        start_at: subscribe(host, start_at, "--start-at", start_at)
        for host, start_at in zip((b, c, d), wanted, strict=True)
    }
    for start_at in ("last-value", "window"):
        reach(late[start_at], 99)
    late["now"].line("MemberJoined")
    for start_at, numbers_wanted in wanted.items():
        terminate(late[start_at])
        assert numbers(late[start_at]) == numbers_wanted
        assert seen(late[start_at], "Gap") == []
    terminate(publisher)


def test_without_a_network_it_is_said_what_is_lacking(lab: Laboratory) -> None:
    host = lab.lonely()
    host.ip("link set lo down")
    for side in ("publish", "subscribe"):
        program = host.python("-m", "tests.lab.harness.talkers", side, "--name", "m")
        assert program.finish() == 1
        last = program.errors.strip().splitlines()[-1]
        assert last.startswith("groupwire.errors."), program.errors
        assert "interface" in last
