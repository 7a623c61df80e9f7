"""``groupwire bench`` between hosts: what is lost is counted exactly, and placed."""

from __future__ import annotations

import signal

from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Line, Told, start, told


def receiver(host: Host, name: str, *words: str) -> Process:
    process = start(host, "bench", "receive", "--count", "1", "--name", name, *words)
    process.line('"joined"')
    return process


def sent(host: Host, *words: str) -> Told:
    return told(start(host, "bench", "send", *words))


def member(measured: Told, name: str) -> Line:
    return next(each for each in measured.all("receiver") if each["member"] == name)


def test_what_a_link_drops_is_what_is_told(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    a.link.segment()
    receiver(b, "b")
    receiver(c, "c")
    b.link.lose(0.05)
    words = ("--rate", "20M", "-d", "1", "--expect", "b,c", "--max-loss", "1")
    measured = sent(a, *words)
    assert measured.code == 1, str(measured)
    lossy, healthy = member(measured, "b"), member(measured, "c")
    # Of what the rule has dropped, a question or two was no datagram of ours.
    assert 0 <= b.link.dropped() - lossy["lost"] <= 5
    assert lossy["lost"] > 20
    assert (lossy["dropped_by_host"], healthy["lost"]) == (0, 0)
    assert [limit[:3] for limit in measured.end["limits"]] == ["b: "]


def test_what_the_receiver_reads_too_slowly_is_its_host_s_fault(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    a.link.segment()
    process = receiver(b, "b")
    sender = start(a, "bench", "send", "--rate", "100M", "-d", "3", "-e", "b")
    for number in (signal.SIGSTOP, signal.SIGCONT):
        sender.line('"progress"')
        process.signal(number)
    measured = told(sender)
    assert measured.code == 0, str(measured)
    found = member(measured, "b")
    assert found["lost"] == found["dropped_by_host"] > 0


def test_across_a_router_with_enough_hops(lab: Laboratory) -> None:
    (near,), (far,) = lab.routed(2)
    receiver(far, "far", "--answer-to", f"{near.v4}/32")
    words = ("--rate", "2M", "-d", "0.5", "--expect", "far")
    lost = sent(near, *words)
    assert (lost.code, lost.end["missing"]) == (1, ["far"])
    measured = sent(near, *words, "--ttl", "2")
    assert measured.code == 0, str(measured)
    assert member(measured, "far")["lost"] == 0


def test_two_senders_are_measured_side_by_side(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    process = start(c, "bench", "receive", "--count", "2", "--name", "c")
    process.line('"joined"')
    words = ("bench", "send", "--rate", "5M", "-d", "1", "-e", "c")
    results = [told(each) for each in [start(a, *words), start(b, *words)]]
    assert [result.code for result in results] == [0, 0]
    heard = told(process)
    assert (heard.code, heard.end["runs"]) == (0, 2)
    assert len({run["sender"] for run in heard.all("run")}) == 2
    assert [run["lost"] for run in heard.all("run")] == [0, 0]
