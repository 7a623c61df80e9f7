"""Streams as ffmpeg sends them, watched: what is lost is what nftables has dropped."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.interop.norm import NEEDS_TSHARK
from tests.lab.harness import Host, Laboratory, Process, until
from tests.lab.harness.commands import Told, start, told

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None,
    reason="there is no ffmpeg; on Debian: apt-get install ffmpeg",
)

_GROUP, _PORT = "239.255.42.99", 5004
_EVERY_TENTH = f"udp dport {_PORT} numgen inc mod 10 == 9"
_LOST = 25

_PICTURES = ("-re", "-f", "lavfi", "-i", "testsrc=size=640x480:rate=25")
_SOUND = ("-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")
_MPEG = ("-c:v", "mpeg2video", "-b:v", "3M", "-g", "12")
_KINDS = {
    "video in RTP": (
        *_PICTURES,
        *("-c:v", "mpeg4", "-b:v", "3M", "-f", "rtp"),
        f"rtp://{_GROUP}:{_PORT}?pkt_size=1300",
    ),
    "sound in RTP": (
        *_SOUND,
        *("-c:a", "pcm_s16be", "-f", "rtp"),
        f"rtp://{_GROUP}:{_PORT}",
    ),
    "MPEG-TS in RTP": (
        *(*_PICTURES, *_MPEG, "-f", "rtp_mpegts"),
        f"rtp://{_GROUP}:{_PORT}",
    ),
    "MPEG-TS in UDP": (
        *(*_PICTURES, *_SOUND, *_MPEG, "-c:a", "mp2", "-f", "mpegts"),
        f"udp://{_GROUP}:{_PORT}?pkt_size=1316",
    ),
}
_RTP = pytest.mark.parametrize(
    "kind", ["video in RTP", "sound in RTP", "MPEG-TS in RTP"]
)


def ffmpeg(host: Host, kind: str) -> Process:
    """Start ffmpeg, which sends to the group until it is told to end."""
    host.run("ip", "route", "replace", "239.0.0.0/8", "dev", host.link.name)
    quiet = ("-hide_banner", "-loglevel", "error", "-nostdin")
    return host.popen("ffmpeg", *quiet, *_KINDS[kind])


def watch(host: Host, *arguments: str) -> Process:
    """Start a watch, and return it when it has joined."""
    where = (f"{_GROUP}:{_PORT}", "--interval", "0.2")
    process = start(host, "watch", *where, *arguments)
    process.line('"joined"')
    return process


def line_where(
    process: Process, event: str, true: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the next line about which something is true."""
    while True:
        line: dict[str, Any] = json.loads(process.line(f'"{event}"', within=30.0))
        if line["event"] == event and true(line):
            return line


def more(process: Process, packets: int) -> None:
    """Wait until so many more have been counted."""
    now = time.time()  # what it has said before is of no use
    fresh = line_where(process, "group", lambda line: line["time"] > now)
    first = fresh["total"]["packets"]
    line_where(
        process, "group", lambda line: line["total"]["packets"] >= first + packets
    )


def ended(sender: Process, *watches: Process) -> list[Told]:
    """End the sender, then the watches, once all is counted."""
    sender.signal(signal.SIGINT)
    sender.finish()
    end = time.time()  # of their clock too
    for process in watches:
        line_where(
            process, "group", lambda line: line["time"] > end and not line["packets"]
        )
        process.signal(signal.SIGINT)
    return [told(process) for process in watches]


def last(watched: Told) -> dict[str, Any]:
    """Return the last line about the only source."""
    assert watched.end["sources"] == 1, watched
    return watched.all("source")[-1]


@_RTP
def test_rtp_is_known_and_nothing_is_lost(lab: Laboratory, kind: str) -> None:
    a, b = lab.segment(2)
    process, sender = watch(b), ffmpeg(a, kind)
    more(process, 300)
    (watched,) = ended(sender, process)
    source = last(watched)
    total = source["total"]
    assert (source["form"], total["lost"]) == ("RTP", 0), watched
    assert total["numbered"] == total["packets"] == watched.end["packets"]
    assert (total["duplicates"], total["reordered"], total["restarts"]) == (0, 0, 0)
    assert source["detail"].startswith("MPEG-TS" if "TS" in kind else "payload type ")
    assert source["ttl"] == 16  # what ffmpeg gives RTP


@_RTP
def test_what_is_lost_of_rtp_is_what_was_dropped(lab: Laboratory, kind: str) -> None:
    a, b = lab.segment(2)
    process, sender = watch(b), ffmpeg(a, kind)
    more(process, 50)
    b.link.lose_first(_LOST, match=_EVERY_TENTH)
    until(lambda: b.link.dropped() == _LOST, "all are dropped", within=30.0)
    more(process, 50)
    (watched,) = ended(sender, process)
    total = last(watched)["total"]
    assert total["lost"] == total["gaps"] == _LOST, watched
    assert watched.end["lost_on_the_way"] == _LOST
    assert total["numbered"] == watched.end["packets"]


@NEEDS_TSHARK
def test_wireshark_counts_the_same_in_what_was_recorded(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    file = tmp_path / "stream.pcapng"
    process, sender = watch(b, "--record", str(file)), ffmpeg(a, "MPEG-TS in RTP")
    more(process, 50)
    b.link.lose_first(_LOST, match=_EVERY_TENTH)
    until(lambda: b.link.dropped() == _LOST, "all are dropped", within=30.0)
    more(process, 50)
    (watched,) = ended(sender, process)
    total = last(watched)["total"]
    packets, lost = rtp_streams(file)
    assert (packets, lost) == (total["packets"], total["lost"]), watched


def rtp_streams(file: Path) -> tuple[int, int]:
    """Return how many packets tshark finds in the only RTP stream, and misses."""
    as_rtp = ("-d", f"udp.port=={_PORT},rtp")
    command = ["tshark", "-r", str(file), *as_rtp, "-q", "-z", "rtp,streams"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"0x[0-9A-Fa-f]+ .*?(\d+)\s+(-?\d+) \(", said.stdout)
    ((packets, lost),) = found
    return int(packets), int(lost)


def test_a_clock_that_nobody_told_is_learned(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    process, sender = watch(b), ffmpeg(a, "video in RTP")
    line = line_where(process, "source", lambda line: line["jitter_by"] == "sender")
    assert 0 <= line["jitter_s"] < 0.1
    ended(sender, process)


def test_a_transport_stream_in_udp_is_known(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    process, sender = watch(b), ffmpeg(a, "MPEG-TS in UDP")
    more(process, 300)
    (watched,) = ended(sender, process)
    source = last(watched)
    assert (source["form"], source["counts"]) == ("MPEG-TS", "TS packets"), watched
    assert (source["total"]["lost"], source["total"]["duplicates"]) == (0, 0)
    assert source["size_max_bytes"] == 1316


def test_what_is_lost_of_a_transport_stream_is_what_was_dropped(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    # The sender's own host hears all of it.
    whole, process = watch(a), watch(b)
    sender = ffmpeg(a, "MPEG-TS in UDP")
    more(process, 50)
    b.link.lose_first(_LOST, match=_EVERY_TENTH)
    until(lambda: b.link.dropped() == _LOST, "all are dropped", within=30.0)
    more(process, 400)
    complete, watched = ended(sender, whole, process)
    assert complete.end["packets"] - watched.end["packets"] == _LOST
    assert complete.end["lost"] == 0
    there, here = last(complete)["total"], last(watched)["total"]
    assert here["lost"] == there["numbered"] - here["numbered"], watched
    assert 4 * _LOST < here["lost"] <= 7 * _LOST
