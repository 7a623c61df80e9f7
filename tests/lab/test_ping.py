"""``groupwire ping`` between hosts: which way carries what."""

from __future__ import annotations

import json
import signal

import pytest
from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Told, receive, start, stop, told

QUICK = ("--count", "3", "--interval", "0.2", "--timeout", "1")


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
    words = ("--count", "60", "--interval", "0.02")
    found = told(start(a, "ping", b.v4, *words))
    (summary,) = found.all("summary")
    assert found.code == 1
    lost = summary["multicast"]["lost"] + summary["unicast"]["lost"]
    assert 10 < lost <= a.link.dropped()
    assert told(start(a, "ping", b.v4, *words, "--max-loss", "90")).code == 0
    assert told(start(a, "ping", b.v4, *words, "--max-loss", "5")).code == 1


def test_unicast_that_is_lost_fails_only_by_a_limit(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serve(b, "b")
    a.link.lose(0.9999, match="ip protocol udp ip daddr != 224.0.0.0/4")
    found = pinged(a, b.v4)
    (summary,) = found.all("summary")
    assert (found.code, found.end["problems"]) == (0, [])
    assert (summary["unicast"]["received"], summary["multicast"]["lost"]) == (0, 0)
    assert pinged(a, b.v4, "--max-loss", "10").code == 1


def test_what_the_network_doubles_is_counted_for_its_way(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    group = "239.255.42.99:10000"
    double(a, "udp dport 10000")  # the question to the group
    double(b, "udp sport 4321 ip daddr 224.0.0.0/4")  # the answer to the group
    serve(b, "b", "-g", group)
    hosts, members = pinged(a, b.v4), pinged(a, "-g", group)
    for found in (hosts, members):
        assert found.code == 0, str(found)
        (summary,) = found.all("summary")
        multicast = summary["multicast"]
        assert (multicast["received"], multicast["lost"]) == (3, 0)
        assert multicast["duplicates"] >= 3
        assert summary["unicast"]["duplicates"] == 0
        again = [each for each in found.all("reply") if each["duplicate"]]
        assert len(again) == multicast["duplicates"]
        assert {each["kind"] for each in again} == {"multicast"}


def double(host: Host, match: str) -> None:
    """Have a host send twice what matches, or more often: copies match as well."""
    host.run("nft", "add table netdev twice")
    chain = "{ type filter hook egress device eth0 priority 0; }"
    host.run("nft", f"add chain netdev twice out {chain}")
    host.run("nft", f"add rule netdev twice out {match} dup to eth0")


def test_a_responder_that_dies_is_noticed_and_one_that_returns_too(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    serving = serve(b, "b")
    asking = start(a, "ping", b.v4, "--interval", "0.05", "--timeout", "1")
    asking.line('"reply"')
    serving.signal(signal.SIGKILL)
    serving.finish()
    serve(b, "b")
    later = json.loads(asking.line('"reply"'))["seq"] + 3
    for way in ("unicast", "multicast"):
        while json.loads(asking.line(f'"{way}"'))["seq"] < later:
            pass
        asking.line(f'"{way}"')
    asking.signal(signal.SIGINT)
    ended = told(asking)
    (summary,) = ended.all("summary")
    assert ended.code == 130
    for way in ("unicast", "multicast"):
        leg = summary[way]
        assert leg["received"] + leg["lost"] + leg["open"] == leg["sent"]
        assert leg["received"] > 1


def test_a_link_that_is_made_anew_is_joined_again(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serve(b, "b")
    asking = start(a, "ping", b.v4, "--interval", "0.05")
    asking.line('"multicast"')
    a.link.delete()
    a.link.create()
    begun = json.loads(asking.line('"unicast"'))["seq"]
    while json.loads(asking.line('"kind": "multicast"'))["seq"] < begun + 20:
        pass
    asking.signal(signal.SIGINT)
    assert told(asking).code == 130


def test_link_local_responders_are_asked_by_their_zone(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serve(b, "b")
    found = pinged(a, f"{link_local(b)}%eth0")
    assert found.code == 0, str(found)
    (summary,) = found.all("summary")
    assert (summary["unicast"]["lost"], summary["multicast"]["lost"]) == (0, 0)


def link_local(host: Host) -> str:
    """Return the address of eth0 that the link gave it."""
    said = host.run("ip", "-6", "-brief", "address", "show", "dev", "eth0")
    found = (word for word in said.split() if word.startswith("fe80:"))
    return next(found).partition("/")[0]


def test_two_at_once_hear_each_its_own_answers(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serve(b, "b")
    words = ("--count", "20", "--interval", "0.02")
    for one in [start(a, "ping", b.v4, *words) for _ in range(3)]:
        found = told(one)
        assert found.code == 0, str(found)
        (summary,) = found.all("summary")
        assert (summary["unicast"]["received"], summary["unicast"]["duplicates"]) == (
            20,
            0,
        )


def test_no_network_is_told_with_what_to_do(lab: Laboratory) -> None:
    host = lab.lonely()
    for words in (("198.18.1.2",), ("198.18.1.2", "-i", "eth7")):
        found = told(start(host, "ping", *words))
        assert found.code == 3
        assert "no route" in found.errors or "eth7" in found.errors


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
    assert right.all("start")[0]["reached_by"] == "eth0"
    wrong = pinged(host, left.v4, "-i", "eth1")
    assert wrong.code == 1
    assert wrong.end["problems"] == [f"{left.v4} by multicast: nothing arrives"]


def test_who_runs_no_responder_is_named(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    serve(b, "b")
    found = pinged(a, b.v4, c.v4)
    assert found.code == 1
    assert found.end["problems"] == [f"{c.v4} by multicast: nothing arrives"], str(
        found
    )


GROUPS = {4: "239.255.42.99:10000", 6: "[ff15::99]:10000"}


@pytest.mark.parametrize("version", [4, 6])
def test_members_are_asked_both_ways_and_the_silent_are_missing(
    lab: Laboratory, version: int
) -> None:
    a, b, c = lab.segment(3)
    group = GROUPS[version]
    members = [
        receive(host, "-g", group, "--name", name)
        for host, name in ((b, "b"), (c, "c"))
    ]
    c.link.cut()
    found = pinged(a, "-g", group, "--expect", "b,c")
    assert found.code == 1
    here, missing = found.all("summary")
    assert (here["member"], missing["member"], missing["sender"]) == ("b", "c", None)
    for way in ("unicast", "multicast"):
        leg = here[way]
        assert (leg["sent"], leg["received"], leg["hops"]) == (3, 3, 0)
        assert leg["duplicates"] == 0
    assert missing["multicast"]["lost"] == 3
    assert found.end["problems"] == ["c: nothing arrives"]
    assert stop(members[0]).end["pings"] == 6


def test_members_beyond_a_router_tell_the_hops(lab: Laboratory) -> None:
    (near,), (far,) = lab.routed(2)
    group = GROUPS[4]
    receive(far, "-g", group, "--name", "far", "--answer-to", f"{near.v4}/32")
    found = pinged(near, "-g", group, "--ttl", "5")
    assert found.code == 0, str(found)
    (summary,) = found.all("summary")
    assert (summary["unicast"]["hops"], summary["multicast"]["hops"]) == (1, 1)
    assert pinged(near, "-g", group).code == 1  # with a TTL of 1


def test_only_multicast_is_lost_and_the_member_is_named(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    group = GROUPS[4]
    receive(b, "-g", group, "--name", "b")
    b.link.lose_every(2, match="ip daddr 239.255.42.99")
    found = pinged(a, "-g", group)
    (summary,) = found.all("summary")
    assert (summary["unicast"]["lost"], summary["multicast"]["lost"]) == (0, 1)
    assert found.end["problems"] == ["b by multicast: 33.3 % lost"]
    assert pinged(a, "-g", group, "--max-loss", "60").code == 0


def test_a_program_of_its_own_answers_what_it_hears(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    program = b.python("-c", ARTICLE)
    program.line("ready")
    found = pinged(a, "-g", GROUPS[4])
    assert found.code == 0, str(found)
    (summary,) = found.all("summary")
    assert (summary["member"], summary["pings"]) == (None, False)
    for way in ("unicast", "multicast"):
        assert (summary[way]["received"], summary[way]["hops"]) == (3, None)


ARTICLE = """
import socket
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.bind(("", 10000))
group = socket.inet_aton("239.255.42.99") + socket.inet_aton("0.0.0.0")
ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print("ready", flush=True)
while True:
    data, sender = ear.recvfrom(1024)
    ear.sendto(b"ack", sender)
"""
"""A receiver as tutorials write it."""
