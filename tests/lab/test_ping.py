"""``groupwire ping`` between hosts: which way carries what."""

from __future__ import annotations

import signal

from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Told, receive, start, told

QUICK = ("--count", "3", "--interval", "0.2", "--timeout", "0.5")


def serve(host: Host, name: str, *words: str) -> Process:
    process = start(host, "ping", "--serve", "--name", name, *words)
    process.line('"serving"')
    return process


def pinged(host: Host, *words: str) -> Told:
    return told(start(host, "ping", *words, *QUICK))


def test_two_responders_are_heard_both_ways(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    serving = serve(b, "b")
    serve(c, "c")
    for addresses in ((b.v4, c.v4), (b.v6, c.v6)):
        found = pinged(a, *addresses)
        assert found.code == 0, str(found)
        assert [each["name"] for each in found.all("summary")] == ["b", "c"]
        for each in found.all("summary"):
            for way in ("unicast", "multicast"):
                assert (each[way]["received"], each[way]["hops"]) == (3, 0)
    serving.signal(signal.SIGTERM)
    ended = told(serving)
    assert (ended.code, ended.end["answered"]) == (143, 6)


def test_multicast_that_is_dropped_is_told_apart(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serve(b, "b")
    rule = "add rule ip t c ip daddr 224.0.0.0/4 drop"
    a.run("nft", "add table ip t")
    a.run("nft", "add chain ip t c { type filter hook input priority 0; }")
    a.run("nft", rule)
    found = pinged(a, b.v4)
    (summary,) = found.all("summary")
    assert found.code == 1
    assert (summary["unicast"]["lost"], summary["multicast"]["received"]) == (0, 0)
    assert found.end["problems"] == [f"{b.v4} by multicast: nothing arrives"]


def test_some_loss_is_measured_and_held_against_a_limit(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serve(b, "b")
    a.link.lose(0.3, match="ip protocol udp")  # and no ARP
    words = ("--count", "60", "--interval", "0.02", "--max-loss", "5")
    found = told(start(a, "ping", b.v4, *words))
    (summary,) = found.all("summary")
    assert found.code == 1
    lost = summary["multicast"]["lost"] + summary["unicast"]["lost"]
    assert 10 < lost <= a.link.dropped()


def test_across_a_router_the_hops_are_counted(lab: Laboratory) -> None:
    (near,), (far,) = lab.routed(2)
    serve(far, "far", "--answer-to", f"{near.v4}/32")
    found = pinged(near, far.v4)
    assert found.code == 0, str(found)
    (summary,) = found.all("summary")
    assert (summary["unicast"]["hops"], summary["multicast"]["hops"]) == (1, 1)


def test_strangers_from_beyond_the_link_are_not_answered(lab: Laboratory) -> None:
    (near,), (far,) = lab.routed(2)
    serving = serve(far, "far")
    assert pinged(near, far.v4).code == 1
    serving.signal(signal.SIGINT)
    assert told(serving).end["not_answered"] == {"off-link": 3}


def test_the_wrong_interface_hears_nothing_by_multicast(lab: Laboratory) -> None:
    host, left, _ = lab.two_legged()
    serve(left, "left")
    right = pinged(host, left.v4)
    assert right.code == 0, str(right)
    assert right.all("start")[0]["interfaces"] == ["eth0"]
    wrong = pinged(host, left.v4, "-i", "eth1")
    assert wrong.code == 1
    assert wrong.end["problems"] == [f"{left.v4} by multicast: nothing arrives"]


def test_who_runs_no_responder_is_named(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    serve(b, "b")
    found = pinged(a, b.v4, c.v4)
    assert found.code == 1
    ways = ("unicast", "multicast")
    silent = [f"{c.v4} by {way}: nothing arrives" for way in ways]
    assert found.end["problems"] == silent


def test_members_of_a_group_answer_by_name_and_the_silent_are_missing(
    lab: Laboratory,
) -> None:
    a, b, c = lab.segment(3)
    group = "239.255.42.99:10000"
    for host, name in ((b, "b"), (c, "c")):
        receive(host, "-g", group, "--name", name)
    c.link.lose(0.999_999, match="ip daddr 239.255.42.99")
    found = pinged(a, "-g", group, "--expect", "b,c")
    assert found.code == 1
    told_of = [(each["member"], each["received"]) for each in found.all("summary")]
    assert sorted(told_of) == [("b", 3), ("c", 0)]
    assert found.end["problems"] == ["c: nothing arrives"]
