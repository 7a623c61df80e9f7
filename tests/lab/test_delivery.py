"""Directories delivered over cables that lose: every member has all, and signs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import told
from tests.lab.harness.deliveries import (
    listing,
    mixed,
    noise,
    pulls,
    pushed,
    statuses,
)

_BIG = bool(os.environ.get("LAB_BIG"))
_SIZE = 1_000_000_000 if _BIG else 40_000_000
_WITHIN = 600.0 if _BIG else 90.0


def test_five_members_that_lose_packets_have_every_file_and_sign(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, *hosts = lab.segment(6)
    a.link.segment()
    for host in hosts:
        host.link.lose(0.05)
    source = mixed(tmp_path / "source", 500)
    noise(source / "big", _SIZE)
    members = pulls(hosts, tmp_path)
    answered = pushed(a, f"{source}/", "--expect", "m1,m2,m3,m4,m5", within=_WITHIN)
    assert answered.code == 0, str(answered)
    assert statuses(answered) == {f"m{n}": "verified" for n in range(1, 6)}
    assert len({line["sha256"] for line in answered.all("receipt")}) == 1
    assert answered.end["missing"] == []
    sent = listing(source)
    for number, member in enumerate(members, 1):
        assert told(member).code == 0
        assert listing(tmp_path / f"m{number}") == sent
    assert all(host.link.dropped() > _SIZE // 1400 // 40 for host in hosts)


@pytest.mark.alone
def test_what_members_have_is_not_sent_again_and_who_is_absent_is_named(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, *hosts = lab.segment(3)
    source = mixed(tmp_path / "source", 100)
    noise(source / "big", 3_000_000)
    members = pulls(hosts, tmp_path, "--count", "3")

    first = pushed(a, f"{source}/", "--expect", "m1,m2")
    assert first.code == 0, str(first)
    assert first.end["sent_bytes"] > 3_000_000

    again = pushed(a, f"{source}/", "--expect", "m1,m2")
    assert again.code == 0, str(again)
    assert [line["unchanged"] for line in again.all("receipt")] == [102, 102]
    assert again.end["sent_bytes"] < 50_000

    noise(source / "changed", 100_000)
    (source / "d1" / "new").write_text("new")
    third = pushed(a, f"{source}/", "--expect", "m1,m2,ghost", "--patience", "2")
    assert third.code == 1, str(third)
    assert third.end["missing"] == ["ghost"]
    verified = {"m1": "verified", "m2": "verified"}
    assert statuses(third) == {**verified, "ghost": "failed"}
    assert 100_000 < third.end["sent_bytes"] < 150_000

    sent = listing(source)
    for number, member in enumerate(members, 1):
        assert told(member).code == 0
        assert listing(tmp_path / f"m{number}") == sent
