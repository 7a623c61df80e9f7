"""Captures: what we record tshark reads, and what its kin wrote we play."""

from __future__ import annotations

import signal
import subprocess
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median

import pytest
from tests.interop.norm import NEEDS_TSHARK
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.commands import start, told
from tests.probe.capture.making import capture

from groupwire.probe.capture import CaptureReader, Packet

GROUP, GROUP6 = "239.255.42.99:5004", "[ff15::4299]:5004"
LATE_S = 0.001
"""What a replay's distances may be off, in the middle."""

pytestmark = NEEDS_TSHARK


def fields(file: Path, *names: str) -> list[list[str]]:
    """Return what tshark reads in every packet."""
    wanted = [word for name in names for word in ("-e", name)]
    how = ("-o", "udp.check_checksum:TRUE", "-T", "fields", *wanted)
    done = subprocess.run(
        ["tshark", "-r", str(file), *how],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def packets(file: Path) -> list[Packet]:
    with file.open("rb") as octets:
        return list(CaptureReader(octets.read))


def record(host: Host, sender: Host, source: Path, into: Path, group: str) -> None:
    """Record on one host what another one plays."""
    watching = start(host, "watch", group, "--record", str(into))
    watching.line('"joined"')
    done = told(start(sender, "replay", str(source), "-g", group))
    assert done.code == 0, str(done)
    watching.line('"source"')
    watching.signal(signal.SIGINT)
    assert told(watching).code == 130


def rhythm(seed: int) -> list[tuple[float, bytes]]:
    rng, at = Random(seed), 1000.0
    said: list[tuple[float, bytes]] = []
    for number in range(300):
        at += rng.choice([0.0005, 0.002, 0.003, 0.011])
        said.append((at, b"%06d" % number))
    return said


def distances(times: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(times)]


def test_tshark_reads_what_was_recorded(lab: Laboratory, tmp_path: Path) -> None:
    a, b = lab.segment(2)
    source = capture(tmp_path / "source", *rhythm(1))
    for group, ip in ((GROUP, "ip"), (GROUP6, "ipv6")):
        file = tmp_path / f"{ip}.pcapng"
        record(b, a, source, file, group)
        hops = "ip.ttl" if ip == "ip" else "ipv6.hlim"
        names = (f"{ip}.src", f"{ip}.dst", hops, "udp.dstport", "udp.payload")
        address = a.v4 if ip == "ip" else a.v6
        read = fields(file, *names, "_ws.expert.message", "frame.interface_name")
        assert [line[4] for line in read] == [data.hex() for _, data in rhythm(1)]
        assert {line[2] for line in read} == {"1"}
        assert {line[3] for line in read} == {"5004"}
        assert {line[5] for line in read} == {""}, "no complaint, of checksums least"
        assert {line[6] for line in read} == {"eth0"}
        if ip == "ip":
            assert {(line[0], line[1]) for line in read} == {(address, "239.255.42.99")}


@pytest.mark.alone
def test_a_replay_has_the_distances_of_the_original(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = capture(tmp_path / "source", *rhythm(2))
    record(b, a, source, tmp_path / "again", GROUP)
    again = packets(tmp_path / "again")
    assert [packet.data for packet in again] == [data for _, data in rhythm(2)]
    wanted = distances([at for at, _ in rhythm(2)])
    heard = distances([packet.time for packet in again])
    off = [abs(one - other) for one, other in zip(wanted, heard, strict=True)]
    assert median(off) < LATE_S


def test_what_wireshark_s_programs_write_is_played(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    source = capture(tmp_path / "source.pcapng", *rhythm(3)[:50])
    for kind in ("pcap", "nsecpcap", "pcapng"):
        file = tmp_path / f"as.{kind}"
        subprocess.run(["editcap", "-F", kind, str(source), str(file)], check=True)
        record(b, a, file, tmp_path / f"again.{kind}", GROUP)
        again = packets(tmp_path / f"again.{kind}")
        assert [packet.data for packet in again] == [data for _, data in rhythm(3)[:50]]
