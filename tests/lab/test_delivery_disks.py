"""Disks that are full or may not be written, and sources that change meanwhile."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import told
from tests.lab.harness.deliveries import (
    PATIENCE,
    in_mounts,
    listing,
    noise,
    pull,
    pulls,
    push,
    pushed,
    reach,
    statuses,
)

_SIZE = 8_000_000


def test_full_and_read_only_disks_fail_alone_and_say_why(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c, d, e = lab.segment(5)
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    noise(source / "image", _SIZE)
    noise(source / "sub" / "small", 1000)
    good = pull(b, tmp_path / "good")
    full, barred, torn = (tmp_path / name for name in ("full", "barred", "torn"))
    full.mkdir()
    barred.mkdir()
    (torn / "sub").mkdir(parents=True)
    tmpfs = "mount -t tmpfs -o size=20m none"
    bind = f"mount --bind {barred} {barred} && mount -o remount,ro,bind {barred}"
    members = [
        in_mounts(c, f"{tmpfs} {full}", full),
        in_mounts(d, bind, barred),
        in_mounts(e, f"{tmpfs} {torn}/sub", torn),
    ]
    answered = pushed(a, f"{source}/", "--expect", "good,full,barred,torn")
    assert answered.code == 1, str(answered)
    assert answered.end["delivered"] == ["good"]
    assert sorted(answered.end["missing"]) == ["barred", "full", "torn"]
    receipts = {line["member"]: line for line in answered.all("receipt")}
    assert receipts["good"]["status"] == "verified"
    assert "disk-full" in str(receipts["full"]), receipts
    assert "read-only" in str(receipts["barred"]), receipts
    assert receipts["torn"]["failed"] == [
        {"path": "sub/small", "reason": "other-filesystem"}
    ]
    assert told(good).code == 0
    assert [told(member).code for member in members] == [1, 1, 1]


@pytest.mark.parametrize("change", ["rewritten", "truncated", "grown"])
def test_a_file_that_changes_while_it_is_sent_is_delivered_as_it_is_then(
    lab: Laboratory, tmp_path: Path, change: str
) -> None:
    a, *hosts = lab.segment(3)
    source = tmp_path / "source"
    source.mkdir()
    noise(source / "before it", _SIZE)
    changing = noise(source / "changing", 12_000_000)
    members = pulls(hosts, tmp_path)
    sender = push(a, f"{source}/", "--rate", "80M", "--expect", "m1,m2")
    # It is read at most 16 MiB ahead of what is sent, and that has not begun.
    sender.line('"begin"')
    with changing.open("r+b") as file:
        if change == "truncated":
            file.truncate(3_000_000)
        else:
            file.seek(0 if change == "rewritten" else 12_000_000)
            file.write(b"new")
    answered = told(sender, within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert [line["path"] for line in answered.all("changed")][:1] == ["changing"]
    assert statuses(answered) == {"m1": "verified", "m2": "verified"}
    assert [told(member).code for member in members] == [0, 0]
    assert listing(tmp_path / "m1") == listing(tmp_path / "m2")
    assert (tmp_path / "m1" / "changing").read_bytes() == changing.read_bytes()


def test_an_interrupted_push_and_pull_go_on_later(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = noise(tmp_path / "image", _SIZE)
    member = pull(b, tmp_path / "b")
    sender = push(a, source, "--rate", "32M")
    reach(member, _SIZE // 4)
    member.signal(signal.SIGINT)
    left = told(member)
    assert left.code == 130
    assert left.end["complete"] == 0
    sender.signal(signal.SIGINT)
    stopped = told(sender)
    assert stopped.code == 130
    assert stopped.end["delivered"] == []
    assert left.errors == stopped.errors == ""

    member = pull(b, tmp_path / "b")
    answered = pushed(a, source)
    assert answered.code == 0, str(answered)
    assert told(member).code == 0
    assert (tmp_path / "b" / "image").read_bytes() == source.read_bytes()
