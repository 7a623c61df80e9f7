"""Several senders, members of one name, noise, forgers, and a clock that jumps."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from tests.lab.harness import Host, Laboratory
from tests.lab.harness.commands import told
from tests.lab.harness.deliveries import (
    PATIENCE,
    listing,
    noise,
    pull,
    pulls,
    push,
    pushed,
    reach,
)
from tests.lab.harness.process import Process

_SIZE = 4_000_000
_GROUP, _PORT = "239.255.42.99", 10_001
_SLOW = ("--rate", "32M")


def test_two_senders_that_push_one_name_leave_one_of_the_two_files(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, *hosts = lab.segment(4)
    sources = [tmp_path / "a" / "image", tmp_path / "b" / "image"]
    for seed, source in enumerate(sources):
        source.parent.mkdir()
        noise(source, _SIZE, seed=seed)
    members = pulls(hosts, tmp_path, "--count", "2", "--overwrite")
    senders = [
        push(host, source, *_SLOW, "--wait", "1", "--expect", "m1,m2")
        for host, source in zip((a, b), sources, strict=True)
    ]
    answered = [told(sender, within=PATIENCE) for sender in senders]
    assert [one.code for one in answered] == [0, 0], "\n".join(map(str, answered))
    for number, member in enumerate(members, 1):
        assert told(member, within=PATIENCE).code == 0
        there = (tmp_path / f"m{number}" / "image").read_bytes()
        assert there in [source.read_bytes() for source in sources]


def test_several_senders_and_members_on_one_host_share_a_group(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    sources = [noise(tmp_path / f"image{n}", _SIZE, seed=n) for n in range(2)]
    members = pulls((c, c, a), tmp_path, "--count", "2")
    senders = [
        push(host, source, *_SLOW, "--expect", "m1,m2,m3", "--name", f"s{number}")
        for number, (host, source) in enumerate(zip((a, b), sources, strict=True))
    ]
    answered = [told(sender, within=PATIENCE) for sender in senders]
    assert [one.code for one in answered] == [0, 0], "\n".join(map(str, answered))
    for number, member in enumerate(members, 1):
        assert told(member).code == 0
        for source in sources:
            there = tmp_path / f"m{number}" / source.name
            assert there.read_bytes() == source.read_bytes()


def test_two_members_of_one_name_are_told_apart(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "image", 1_000_000)
    twins = [
        pull(host, tmp_path / f"twin{number}", name="twin")
        for number, host in enumerate((b, c))
    ]
    answered = pushed(a, source, "--expect", "2")
    assert answered.code == 0, str(answered)
    first, second = sorted(answered.end["delivered"])
    assert first == "twin"
    assert second.startswith("twin (198.18.1.")
    assert [told(twin).code for twin in twins] == [0, 0]
    assert listing(tmp_path / "twin0") == listing(tmp_path / "twin1")


def test_noise_and_forged_packets_do_no_harm(lab: Laboratory, tmp_path: Path) -> None:
    a, b, forger = lab.segment(3)
    source = noise(tmp_path / "image", _SIZE)
    member = pull(b, tmp_path / "b")
    sender = push(a, source, *_SLOW, "--expect", "b")
    noisy = _forge(forger, a.v4, b.v4)
    answered = told(sender, within=PATIENCE)
    assert noisy.running
    assert answered.code == 0, str(answered)
    assert answered.end["delivered"] == ["b"]
    assert told(member).code == 0
    assert (tmp_path / "b" / "image").read_bytes() == source.read_bytes()
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"image", ".groupwire"}
    assert noisy.errors == ""


def test_a_clock_that_is_set_back_a_day_is_not_noticed(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = noise(tmp_path / "image", _SIZE)
    into = tmp_path / "b"
    member = _with_clock(b, "pull", "--into", str(into), "--name", "b")
    member.line('"joined"')
    sender = _with_clock(a, "push", str(source), *_SLOW, "--expect", "b")
    before = reach(member, 100_000)["time"]
    for process in (member, sender):
        process.signal(signal.SIGUSR1)
    answered = told(sender, within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert 0 < answered.end["elapsed_s"] < PATIENCE
    received = told(member)
    assert received.code == 0
    assert received.end["time"] < before - 80_000
    assert (into / "image").read_bytes() == source.read_bytes()


def _forge(host: Host, *victims: str) -> Process:
    targets = json.dumps([_GROUP, *victims])
    forger = host.python("-m", "tests.lab.harness.forger", targets, str(_PORT))
    forger.line("ready")
    return forger


def _with_clock(host: Host, *arguments: str) -> Process:
    return host.python("-m", "tests.lab.harness.wrongclock", *arguments, "--json")
