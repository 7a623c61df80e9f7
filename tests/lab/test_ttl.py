"""How far a message goes, and whether the answers come back."""

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import message, receive, receive_on, send, stop


@pytest.mark.alone
@pytest.mark.parametrize("group", ["239.255.42.99:10000", "[ff15::4242]:10000"])
def test_each_step_of_the_ttl_reaches_one_segment_more(
    lab: Laboratory, group: str
) -> None:
    (a,), (b,), (c,) = lab.routed(3)
    anybody = ("--answer-to", "198.18.0.0/16", "--answer-to", "fd00:18::/32")
    receivers = receive_on([b, c], "-g", group, *anybody)
    version = 6 if "[" in group else 4
    near, far = sorted(_written(host.address(version)) for host in (b, c))
    for ttl, answering in ((1, []), (2, [near]), (3, [near, far])):
        told = send(a, f"ttl {ttl}", "-g", group, "--ttl", str(ttl))
        assert told.sent["ttl"] == ttl
        assert told.senders == answering
        assert told.code == 0
    heard = [message(receivers[0]), message(receivers[0]), message(receivers[1])]
    assert [line["data"] for line in heard] == ["ttl 2", "ttl 3", "ttl 3"]
    assert [line["ttl"] for line in heard] == [1, 2, 1]


def test_a_stranger_across_a_router_is_not_answered_unasked(lab: Laboratory) -> None:
    (a,), (b,) = lab.routed(2)
    receiver = receive(b)
    assert send(a, "hello", "--ttl", "2").end["answers"] == 0
    heard = message(receiver)
    assert (heard["data"], heard["answered"]) == ("hello", False)
    assert stop(receiver).end["not_answered"] == {"off-link": 1}


def test_members_expected_by_name_answer_across_a_router(lab: Laboratory) -> None:
    (a,), (b,) = lab.routed(2)
    receive(b, "--name", "b", "--answer-to", f"{a.v4}/32")
    told = send(a, "hello", "--ttl", "2", "--expect", "b")
    assert told.code == 0
    assert told.sent["mode"] == "tagged"
    assert told.end["stopped_by"] == "expected"


def _written(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
