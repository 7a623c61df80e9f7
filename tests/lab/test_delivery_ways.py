"""Deliveries by every way: IPv6, one source, routers, several links, pipes, many."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import told
from tests.lab.harness.deliveries import (
    PATIENCE,
    in_pipe,
    noise,
    pull,
    pulls,
    push,
    pushed,
)

_SIZE = 3_000_000
_GROUP6 = "[ff15::4242]:10001"


@pytest.mark.parametrize("group", [_GROUP6, "232.1.1.1:10001", "[ff35::4242]:10001"])
def test_groups_of_ipv6_and_of_one_source(
    lab: Laboratory, tmp_path: Path, group: str
) -> None:
    a, *hosts = lab.segment(3)
    a.link.segment()
    for host in hosts:
        host.link.lose(0.05)
    if "232." in group:
        group = f"{a.v4}@{group}"
    elif "ff35" in group:
        group = f"[{a.v6}]@{group}"
    source = noise(tmp_path / "image", _SIZE)
    members = pulls(hosts, tmp_path, "-g", group)
    answered = pushed(a, source, "-g", group, "--expect", "m1,m2")
    assert answered.code == 0, str(answered)
    for number, member in enumerate(members, 1):
        assert told(member).code == 0
        assert (tmp_path / f"m{number}" / "image").read_bytes() == source.read_bytes()


def test_across_a_router_a_member_answers_those_that_it_names(
    lab: Laboratory, tmp_path: Path
) -> None:
    (a,), (b,) = lab.routed(2)
    source = noise(tmp_path / "image", _SIZE)
    member = pull(b, tmp_path / "b", "--ttl", "2", "--answer-to", f"{a.v4}/32")
    answered = pushed(a, source, "--ttl", "2", "--expect", "b")
    assert answered.code == 0, str(answered)
    assert told(member).code == 0
    assert (tmp_path / "b" / "image").read_bytes() == source.read_bytes()


def test_all_interfaces_of_a_host_on_two_segments(
    lab: Laboratory, tmp_path: Path
) -> None:
    middle, left, right = lab.two_legged()
    source = noise(tmp_path / "image", _SIZE)
    members = pulls((left, right), tmp_path)
    answered = pushed(middle, source, "-i", "all", "--expect", "m1,m2")
    assert answered.code == 0, str(answered)
    for number, member in enumerate(members, 1):
        assert told(member).code == 0
        assert (tmp_path / f"m{number}" / "image").read_bytes() == source.read_bytes()

    both = pull(middle, tmp_path / "both", "-i", "all", "--count", "2")
    for host in (left, right):
        answered = pushed(host, source, "--expect", "both")
        assert answered.code == 0, str(answered)
    assert told(both).code == 0


def test_what_goes_into_one_pipe_comes_out_of_another(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    data = noise(tmp_path / "data", _SIZE).read_bytes()
    filed = pull(b, tmp_path / "b")
    piped = in_pipe(c, tmp_path / "out", name="c")
    answered = pushed(a, "-", "--title", "data.tar", "--expect", "b,c", stdin=data)
    assert answered.code == 0, str(answered)
    assert sorted(answered.end["delivered"]) == ["b", "c"]
    assert told(filed).code == 0
    assert piped.finish() == 0
    assert (tmp_path / "b" / "data.tar").read_bytes() == data
    assert (tmp_path / "out").read_bytes() == data


def test_sixteen_members_fifteen_on_one_host_and_some_that_come_late(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "image", _SIZE)
    # Who hears short packets only keeps the delivery open until the late ones are in.
    c.link.lose_every(1, match="meta length > 1000")
    members = pulls([c] + [b] * 12, tmp_path)
    sender = push(a, source, "--rate", "64M", "--expect", "16", "--start-with", "13")
    sender.line('"begin"')
    members += pulls([b] * 3, tmp_path / "late")
    for _ in range(3):
        sender.line('"late": true')
    c.link.heal()
    answered = told(sender, within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert [line["status"] for line in answered.all("receipt")] == ["verified"] * 16
    assert [told(member).code for member in members] == [0] * 16


@pytest.mark.alone
def test_sixty_four_members_that_lose_packets_have_it_and_sign(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "image", _SIZE)
    a.link.segment()
    for host in (b, c):
        host.link.lose(0.02)
    members = pulls([b, c] * 32, tmp_path)
    answered = pushed(a, source, "--expect", "64")
    assert answered.code == 0, str(answered)
    assert [line["status"] for line in answered.all("receipt")] == ["verified"] * 64
    assert [told(member).code for member in members] == [0] * 64
