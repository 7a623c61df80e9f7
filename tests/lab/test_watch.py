"""``groupwire watch`` counts what the kernel lets through, and what it does not."""

import json
import signal
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Told, start, stop
from tests.lab.harness.deliveries import pulls, pushed
from tests.lab.harness.sockets import sender
from tests.lab.harness.streams import measured, stream
from tests.lab.harness.waiting import PATIENCE

_GROUP, _PORT = "239.255.42.99", 5000
_TO = (_GROUP, _PORT)
_ONLY_THESE = f"udp dport {_PORT}"


def watch(host: Host, *arguments: str) -> Process:
    """Start a watch, and return it when it has joined."""
    process = start(host, "watch", *(arguments or (f"{_GROUP}:{_PORT}",)))
    process.line('"joined"')
    return process


def groups(process: Process) -> Iterator[dict[str, Any]]:
    """Yield the lines about groups as they come, for as long as there is patience."""
    line: dict[str, Any] = {}
    end = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < end:
        line = json.loads(process.line('"group"', within=2 * PATIENCE))
        if line["event"] == "group":
            yield line
    raise AssertionError(f"what is waited for does not come: {line}")


def watched(process: Process, packets: int) -> Told:
    """Wait until so many packets have been counted, and end it."""
    now = time.time()  # what it has said before is of no use
    for line in groups(process):
        if line["time"] > now and line["total"]["packets"] >= packets:
            break
    return stop(process)


def drained(process: Process, *, above: int = 0) -> None:
    """Wait until more packets than these are read, and all that have arrived."""
    now = time.time()
    for line in groups(process):
        many = line["total"]["packets"] > above
        if line["time"] > now and many and line["packets"] == 0:
            break


def source(told: Told) -> dict[str, Any]:
    """Return the last line about the only source."""
    line = told.all("source")[-1]
    total: dict[str, Any] = line["total"]
    return {**line, **total}


def test_every_packet_of_a_flood_is_counted(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    process = watch(b, f"{_GROUP}:{_PORT}", "--interval", "0.2")
    with sender(a) as s:
        stream(s, _TO, range(200_000), per_s=200_000)
    told = watched(process, 200_000)
    end, found = told.end, source(told)
    assert (end["packets"], end["bytes"]) == (200_000, 20_000_000), told
    assert (end["lost"], end["dropped_here"]) == (0, 0)
    assert (found["form"], found["numbered"]) == ("RTP", 200_000)
    assert (found["duplicates"], found["reordered"], found["restarts"]) == (0, 0, 0)
    assert (found["size_min_bytes"], found["size_max_bytes"]) == (100, 100)


@pytest.mark.parametrize(
    ("share", "away", "group"),
    [
        (0.001, True, _GROUP),
        (0.05, False, _GROUP),
        (0.5, False, _GROUP),
        (0.05, False, "ff15::4242"),
    ],
)
def test_what_is_lost_on_the_way_is_lost_exactly(
    lab: Laboratory, share: float, away: bool, group: str
) -> None:
    a, b = lab.segment(2)
    a.link.segment()
    lossy = a.link if away else b.link
    version, to = ip_address(group).version, (group, _PORT)
    where = f"[{group}]:{_PORT}" if version == 6 else f"{group}:{_PORT}"
    process = watch(b, where, "--interval", "0.2")
    with sender(a, version=version) as s:
        stream(s, to, range(10))
        lossy.lose(share, away=away, match=_ONLY_THESE)
        stream(s, to, range(10, 70_000), per_s=40_000)
        dropped = lossy.dropped(away=away)
        lossy.heal()
        stream(s, to, range(70_000, 70_010))
    told = watched(process, 70_010 - dropped)
    found = source(told)
    assert dropped > 0
    assert told.end["lost"] == told.end["lost_on_the_way"] == dropped, told
    assert found["numbered"] == told.end["packets"] == 70_010 - dropped
    assert (found["duplicates"], found["reordered"], found["strays"]) == (0, 0, 0)


def test_what_this_host_drops_is_told_apart(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    a.link.segment()
    process = watch(b, f"{_GROUP}:{_PORT}", "--interval", "0.2")
    with sender(a) as s:
        stream(s, _TO, range(10))
        drained(process)
        b.link.lose_every(100, match=_ONLY_THESE)
        process.signal(signal.SIGSTOP)
        stream(s, _TO, range(10, 40_010), size=1000)
        dropped = b.link.dropped()
        b.link.heal()
        process.signal(signal.SIGCONT)
        drained(process, above=10)
        stream(s, _TO, range(40_010, 40_020))
    told = watched(process, 20)
    assert dropped == 400
    assert told.end["dropped_here"] > 0
    assert told.end["lost"] == told.end["dropped_here"] + dropped, told
    assert told.end["lost_on_the_way"] == dropped


def test_what_this_host_drops_by_the_row_is_told_in_packets(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    process = watch(b, f"{_GROUP}:{_PORT}", "--interval", "0.2")
    with sender(a) as s:
        stream(s, _TO, range(50), packet=measured)
        drained(process)
        process.signal(signal.SIGSTOP)
        stream(s, _TO, range(50, 150_050), size=1000, per_s=3e5, packet=measured)
        process.signal(signal.SIGCONT)
        drained(process, above=50)
        stream(s, _TO, range(150_050, 150_100), packet=measured)
    told = watched(process, 100)
    assert source(told)["form"] == "groupwire"
    assert told.end["dropped_here"] > 10_000
    assert told.end["dropped_here"] == told.end["lost"], told  # all rows were alike
    assert not told.all("group")[-1]["total"]["dropped_exactly"]


def test_sources_groups_and_ttl_are_told(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    process = watch(c, f"{_GROUP}:{_PORT}+40", "--interval", "0.2")
    for host, ttl in ((a, 3), (b, 9)):
        with sender(host, ttl=ttl) as s:
            for last in (99, 101):
                stream(s, (f"239.255.42.{last}", _PORT), range(20))
    told = watched(process, 40)
    heard = {
        (line["group"], line["source"].split(":")[0]): line["ttl"]
        for line in told.all("source")
    }
    named = (f"{_GROUP}:{_PORT}", f"239.255.42.101:{_PORT}")
    assert heard == {
        (group, host.v4): ttl for group in named for host, ttl in ((a, 3), (b, 9))
    }
    assert (told.end["groups"], told.end["silent_groups"]) == (40, 38)


def test_limits_decide_the_exit_code(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    a.link.segment()
    limits = ("--max-loss", "2", "--min-rate", "1k", "--duration", "2")
    process = watch(b, f"{_GROUP}:{_PORT}", *limits)
    with sender(a) as s:
        b.link.lose_every(20, match=_ONLY_THESE)
        stream(s, _TO, range(5000))
    assert process.finish(within=20.0) == 1
    end = json.loads(process.lines[-1])
    assert [p["code"] for p in end["problems"]] == ["loss"]
    assert end["verdict"] == "failed"


def test_a_delivery_is_watched_by_its_numbers(lab: Laboratory, tmp_path: Path) -> None:
    a, b, c = lab.segment(3)
    a.link.segment()
    source_file = tmp_path / "file"
    source_file.write_bytes(bytes(5_000_000))
    process = watch(c, f"{_GROUP}:10001", "--interval", "0.2")
    pulls([b], tmp_path)
    every_tenth = "udp dport 10001 @th,64,8 0x12 numgen inc mod 10 == 9"  # NORM's data
    c.link.lose_first(30, match=every_tenth)
    assert pushed(a, source_file, "--expect", "m1").code == 0
    assert c.link.dropped() == 30
    drained(process)
    told = stop(process)
    (found,) = {
        (line["form"], line["total"]["lost"])
        for line in told.all("source")[-2:]
        if line["source"].startswith(f"{a.v4}:")
    }
    assert found == ("NORM", 30), told
