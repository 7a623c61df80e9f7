"""Members and senders that die, sleep, or lose their network during a delivery."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from tests.lab.harness import Laboratory, until
from tests.lab.harness.commands import told
from tests.lab.harness.deliveries import (
    PATIENCE,
    noise,
    pull,
    pulls,
    push,
    pushed,
    reach,
    statuses,
)

_SIZE = 8_000_000
_SLOW = ("--rate", "32M")
"""Two seconds for all of it, so that there is a middle."""


@pytest.mark.parametrize(
    "rate", ["8M", "32M"], ids=["back during the pass", "back after it"]
)
def test_a_member_that_was_killed_asks_only_for_what_it_missed(
    lab: Laboratory, tmp_path: Path, rate: str
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "image", _SIZE)
    healthy = pull(b, tmp_path / "healthy")
    killed = pull(c, tmp_path / "killed")
    # The restarted one has its own name when its twin was silent for half of that.
    patience = ("--patience", "4")
    expected = ("--expect", "healthy,killed")
    sender = push(a, source, "--rate", rate, *patience, *expected)
    had = reach(killed, _SIZE // 2)["bytes"]
    killed.signal(signal.SIGKILL)
    killed.finish()
    if rate == "32M":
        # It knows of the file by a flush alone.
        reach(sender, _SIZE)
    restarted = pull(c, tmp_path / "killed")
    answered = told(sender, within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert sorted(answered.end["delivered"]) == ["healthy", "killed"]
    assert answered.end["sent_bytes"] < (_SIZE + _SIZE - had) * 1.05
    for member in (healthy, restarted):
        assert told(member).code == 0
    assert _same(source, tmp_path / "healthy", tmp_path / "killed")


def test_the_next_delivery_goes_on_with_what_a_killed_member_had(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = noise(tmp_path / "image", _SIZE)
    killed = pull(b, tmp_path / "b")
    sender = push(a, source, *_SLOW, "--patience", "1")
    reach(killed, _SIZE // 2)
    killed.signal(signal.SIGKILL)
    answered = told(sender, within=PATIENCE)
    assert answered.code == 1
    assert answered.end["missing"] == ["b"], str(answered)

    restarted = pull(b, tmp_path / "b")
    answered = pushed(a, source)
    assert answered.code == 0, str(answered)
    assert answered.end["sent_bytes"] < _SIZE * 1.05
    assert told(restarted).code == 0
    assert _same(source, tmp_path / "b")


def test_members_leave_a_killed_sender_for_its_successor(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, *hosts = lab.segment(3)
    source = noise(tmp_path / "image", _SIZE)
    members = pulls(hosts, tmp_path)
    sender = push(a, source, *_SLOW)
    for member in members:
        reach(member, _SIZE // 2)
    sender.signal(signal.SIGKILL)
    sender.finish()
    answered = pushed(a, source, "--expect", "m1,m2")
    assert answered.code == 0, str(answered)
    assert answered.end["sent_bytes"] < _SIZE * 1.05
    for member in members:
        assert told(member).code == 0
    assert _same(source, tmp_path / "m1", tmp_path / "m2")


def test_members_come_back_from_whatever_befell_them(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, *hosts = lab.segment(7)
    _, _, cut, unplugged, down, lossy = hosts
    a.link.segment()
    lossy.link.lose(0.3)
    source = noise(tmp_path / "image", _SIZE)
    members = pulls(hosts, tmp_path)
    sender = push(a, source, *_SLOW, "--expect", "6")
    reach(members[0], _SIZE // 4)
    members[1].signal(signal.SIGSTOP)
    began = time.monotonic()
    cut.link.cut()
    unplugged.link.unplug()
    down.link.down()
    _passed(began, 2)
    cut.link.heal()
    unplugged.link.plug()
    down.link.up()
    _passed(began, 5)
    members[1].signal(signal.SIGCONT)
    answered = told(sender, within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert statuses(answered) == {f"m{n}": "verified" for n in range(1, 7)}
    assert answered.end["elapsed_s"] < 20
    for member in members:
        assert told(member).code == 0
    assert _same(source, *(tmp_path / f"m{n}" for n in range(1, 7)))


def test_one_bad_cable_is_mended_beside_good_ones(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, *hosts = lab.segment(4)
    a.link.segment()
    hosts[2].link.lose(0.3)
    source = noise(tmp_path / "image", _SIZE)
    members = pulls(hosts, tmp_path)
    answered = pushed(a, source, "--expect", "m1,m2,m3")
    assert answered.code == 0, str(answered)
    lost = {line["member"]: line["lost"] for line in answered.all("receipt")}
    assert lost["m3"] > 1000
    for member in members:
        assert told(member).code == 0
    assert _same(source, *(tmp_path / f"m{n}" for n in range(1, 4)))


def test_addresses_change_during_a_delivery(lab: Laboratory, tmp_path: Path) -> None:
    a, *hosts = lab.segment(3)
    switch = lab.switch_of(a)
    source = noise(tmp_path / "image", _SIZE)
    members = pulls(hosts, tmp_path)
    sender = push(a, source, *_SLOW, "--expect", "m1,m2")
    reach(members[0], _SIZE // 4)
    hosts[0].link.readdress(switch.plan(77, gateway=254))
    reach(members[1], _SIZE // 2)
    a.link.readdress(switch.plan(78, gateway=254))
    answered = told(sender, within=PATIENCE)
    assert answered.code == 0, str(answered)
    for member in members:
        assert told(member).code == 0
    assert _same(source, tmp_path / "m1", tmp_path / "m2")


def test_nobody_there_and_nobody_heard_are_told_and_do_not_hang(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = noise(tmp_path / "image", 1_000_000)
    alone = pushed(a, source, within=5)
    assert alone.code == 1, str(alone)
    assert alone.end["delivered"] == []

    b.link.lose(1.0, away=True, match="meta l4proto udp")
    deaf = push(a, source, "--expect", "b", "--wait", "1", "--patience", "1")
    # Whose manifest never came was no delivery: the member waits for the next one.
    member = pull(b, tmp_path / "b", "--patience", "1", "--timeout", "5")
    answered = told(deaf, within=PATIENCE)
    assert answered.code == 1, str(answered)
    assert answered.end["missing"] == ["b"]
    assert told(member, within=PATIENCE).code == 1


def test_a_member_whose_words_are_lost_from_the_middle_on_is_given_up(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = noise(tmp_path / "image", _SIZE)
    member = pull(b, tmp_path / "b", "--patience", "2")
    sender = push(a, source, *_SLOW, "--patience", "2")
    reach(member, _SIZE // 4)
    b.link.lose(1.0, away=True, match="meta l4proto udp")
    answered = told(sender, within=PATIENCE)
    assert answered.code == 1, str(answered)
    assert answered.end["missing"] == ["b"]
    unsigned = told(member, within=PATIENCE)
    assert unsigned.code == 1
    assert [line["signed"] for line in unsigned.all("delivered")] == [False]


def _same(source: Path, *directories: Path) -> bool:
    data = source.read_bytes()
    return all((into / source.name).read_bytes() == data for into in directories)


def _passed(since: float, seconds: float) -> None:
    """Let the fault last: its length is what is tested."""
    until(lambda: time.monotonic() > since + seconds, "the fault lasts")
