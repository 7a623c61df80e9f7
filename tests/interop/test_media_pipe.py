"""Transport streams of ffmpeg through ``pipe``, and of ``pipe`` in other programs."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from itertools import pairwise
from pathlib import Path

import pytest
from tests.interop.norm import NEEDS_TSHARK
from tests.lab.harness import Host, Laboratory, Process, until

from groupwire.media.transport import CLOCK_HZ, PCR_MODULUS, ticks_in
from groupwire.probe.capture import CaptureReader, Packet
from groupwire.probe.sequence import ContinuityMeter

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None,
    reason="there is no ffmpeg; on Debian: apt-get install ffmpeg",
)

_GROUP, _PORT = "239.255.42.99", 5004
_PLACE = ("-g", f"{_GROUP}:{_PORT}")
_QUIET = ("-hide_banner", "-loglevel", "error", "-nostdin", "-y")
_SECONDS = 4
_FORMS = pytest.mark.parametrize("form", ["ts", "rtp"])
_GAPS = re.compile(r"continuity|discontinu|missed|lost", re.IGNORECASE)
_COMPLAINTS = re.compile(r"continuity|corrupt|discontinu|missed|lost", re.IGNORECASE)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transport stream with pictures and sound, as ffmpeg makes it."""
    path = tmp_path_factory.mktemp("film") / "film.ts"
    make = (
        *("ffmpeg", *_QUIET),
        *("-f", "lavfi", "-i", f"testsrc=size=320x240:rate=25:duration={_SECONDS}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:duration={_SECONDS}"),
        *("-c:v", "mpeg2video", "-b:v", "2M", "-c:a", "mp2"),
        *("-muxrate", "3M", "-f", "mpegts", str(path)),
    )
    subprocess.run(make, check=True)
    return path


def route(*hosts: Host) -> None:
    for host in hosts:
        host.run("ip", "route", "replace", "239.0.0.0/8", "dev", host.link.name)


def shell(host: Host, command: str) -> Process:
    """Run a line of a shell there; ``groupwire`` in it is ours."""
    ours = f"{sys.executable} -m groupwire"
    return host.popen("bash", "-c", command.replace("groupwire", ours))


def piped(host: Host, film: Path, *words: str) -> Process:
    """Send the film."""
    words = ("--send", *_PLACE, *words, "--json")
    return shell(host, f"groupwire pipe {' '.join(words)} < {film}")


def received(host: Host, path: Path, *words: str) -> Process:
    """Receive into a file; it is returned when it has joined."""
    words = ("--receive", *_PLACE, "--stall", "1.5", *(words or ("-f", "ts")), "--json")
    process = shell(host, f"groupwire pipe {' '.join(words)} > {path} </dev/null")
    host.wait_for(_GROUP)
    return process


def gaps(path: Path) -> int:
    meter = ContinuityMeter()
    meter.take(path.read_bytes())
    return meter.counts.gaps


def probed(path: Path, complaints: re.Pattern[str] = _COMPLAINTS) -> list[str]:
    """Return the codecs that ffprobe finds; it must not complain of anything."""
    show = ("-show_entries", "stream=codec_name", "-of", "default=nw=1:nk=1")
    said = subprocess.run(
        ["ffprobe", "-v", "warning", "-count_frames", *show, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not complaints.search(said.stderr), said.stderr
    return sorted(set(said.stdout.split()))


@_FORMS
def test_what_ffmpeg_makes_goes_through_the_pipe_unharmed(
    lab: Laboratory, film: Path, tmp_path: Path, form: str
) -> None:
    a, b = lab.segment(2)
    route(a)
    out = tmp_path / "out.ts"
    receiving = received(b, out, "-f", form)
    live = (
        "ffmpeg -hide_banner -loglevel error -nostdin -re"
        f" -i {film} -c copy -f mpegts - | groupwire pipe -f {form}"
        f" {' '.join(_PLACE)} --json"
    )
    assert shell(a, live).finish(within=30.0) == 0
    assert receiving.finish(within=30.0) == 0, receiving.errors
    end = json.loads(receiving.errors.splitlines()[-1])
    assert (end["lost"], end["discontinuities"], end["format"]) == (0, 0, form)
    assert gaps(out) == 0
    assert probed(out) == ["mp2", "mpeg2video"]


@_FORMS
def test_a_film_arrives_byte_for_byte(
    lab: Laboratory, film: Path, tmp_path: Path, form: str
) -> None:
    a, b = lab.segment(2)
    route(a)
    out = tmp_path / "out.ts"
    receiving = received(b, out)
    sending = piped(a, film, "-f", form)
    assert sending.finish(within=30.0) == 0, sending.errors
    assert receiving.finish(within=30.0) == 0, receiving.errors
    assert out.read_bytes() == film.read_bytes()


@pytest.mark.parametrize("how", ["udp", "rtp", "sdp"])
def test_ffmpeg_receives_what_the_pipe_sends(
    lab: Laboratory, film: Path, tmp_path: Path, how: str
) -> None:
    a, b = lab.segment(2)
    route(a, b)
    out, sdp = tmp_path / "out.ts", tmp_path / "film.sdp"
    form = "ts" if how == "udp" else "rtp"
    if how == "sdp":
        first = piped(a, film, "-f", form, "--sdp", str(sdp), "--duration", "1")
        assert first.finish() == 0
    source = {
        "udp": ("-i", f"udp://{_GROUP}:{_PORT}?timeout=2000000"),
        "rtp": ("-i", f"rtp://{_GROUP}:{_PORT}"),
        "sdp": ("-protocol_whitelist", "file,udp,rtp", "-i", str(sdp)),
    }[how]
    copy = ("-t", "2", "-c", "copy", "-f", "mpegts", str(out))
    receiving = b.popen("ffmpeg", *_QUIET, *source, *copy)
    b.wait_for(_GROUP)
    for _ in range(3):
        piped(a, film, "-f", form).finish(within=30.0)
        if not receiving.running:
            break
    receiving.signal(signal.SIGINT)
    receiving.finish(within=30.0)
    assert not _COMPLAINTS.search(receiving.errors), receiving.errors
    assert probed(out) == ["mp2", "mpeg2video"]


@pytest.mark.parametrize(
    ("form", "to"),
    [
        ("mpegts", f"udp://{_GROUP}:{_PORT}?pkt_size=1316"),
        ("rtp_mpegts", f"rtp://{_GROUP}:{_PORT}"),
    ],
)
def test_the_pipe_receives_what_ffmpeg_sends(
    lab: Laboratory, film: Path, tmp_path: Path, form: str, to: str
) -> None:
    a, b = lab.segment(2)
    route(a)
    out = tmp_path / "out.ts"
    receiving = received(b, out)
    sending = a.popen(
        "ffmpeg", *_QUIET, "-re", "-i", str(film), "-c", "copy", "-f", form, to
    )
    assert sending.finish(within=30.0) == 0
    assert receiving.finish(within=30.0) == 0, receiving.errors
    end = json.loads(receiving.errors.splitlines()[-1])
    assert (end["lost"], end["discontinuities"]) == (0, 0)
    assert end["format"] == ("rtp" if "rtp" in form else "ts")
    assert set(end["dropped"]) <= {"rtcp"}
    assert gaps(out) == 0
    # ffmpeg's RTP does not end with the last packets of its sound.
    assert probed(out, _GAPS) == ["mp2", "mpeg2video"]


@contextmanager
def captured(host: Host, path: Path, *filters: str) -> Iterator[None]:
    """Have tshark write what comes to a host."""
    process = host.popen(
        "tshark", "-q", "-i", host.link.name, "-w", str(path), *filters
    )
    until(lambda: path.exists() and path.stat().st_size > 0, "tshark captures")
    yield
    process.signal(signal.SIGINT)
    process.finish()


@pytest.mark.alone
@NEEDS_TSHARK
def test_packets_leave_when_their_clock_says_so(
    lab: Laboratory, film: Path, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    route(a)
    file = tmp_path / "film.pcapng"
    with captured(b, file, "-f", f"udp port {_PORT}"):
        assert piped(a, film, "-f", "ts").finish(within=30.0) == 0
    with file.open("rb") as capture:
        packets = list(CaptureReader(capture.read))
    off = sorted(abs(x) for x in _deviations(packets))
    middle, most = off[len(off) // 2], off[len(off) * 99 // 100]
    sys.stdout.write(f"off by {middle * 1e3:.2f} ms, 99 %: {most * 1e3:.2f} ms\n")
    assert middle < 0.002
    assert most < 0.02


def _deviations(packets: list[Packet]) -> list[float]:
    """Return how far arrivals of clocks are from their time, about their mean."""
    each = 3e6 / 8 / 188
    times = []
    for packet in packets:
        for tick in ticks_in(packet.data)[:1]:
            # A datagram leaves when its first packet is due.
            first = tick.pcr / CLOCK_HZ - tick.number / each
            times.append((packet.time, first))
    assert len(times) > 50
    assert all(b[1] - a[1] < PCR_MODULUS for a, b in pairwise(times))
    distances = [at - pcr for at, pcr in times]
    mean = sum(distances) / len(distances)
    return [d - mean for d in distances]


@NEEDS_TSHARK
def test_tshark_reads_the_announcement_and_streams_lists_it(
    lab: Laboratory, film: Path, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    route(a)
    file = tmp_path / "sap.pcapng"
    listing = shell(b, "groupwire streams --duration 8 --json </dev/null")
    b.wait_for("239.255.255.255")
    with captured(b, file, "-f", "udp port 9875"):
        sending = piped(a, film, "-f", "rtp", "--announce", "Gate")
        assert sending.finish(within=30.0) == 0, sending.errors
        listing.line('"deleted"', within=10.0)
        # T is set in the first byte; then follow the hash and the source.
        word = re.compile(
            rb"\x24\x00.." + re.escape(IPv4Address(a.v4).packed), re.DOTALL
        )
        until(lambda: word.search(file.read_bytes()), "tshark has the last word")
    fields = ("sap.flags.t", "sdp.session_name", "sdp.media", "sdp.connection_info")
    wanted = [word for name in fields for word in ("-e", name)]
    said = subprocess.run(
        ["tshark", "-r", str(file), "-T", "fields", *wanted],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    rows = [line.split("\t") for line in said]
    assert rows[0][1:] == ["Gate", f"video {_PORT} RTP/AVP 33", f"IN IP4 {_GROUP}/1"]
    assert rows[0][0] in {"0", "False"}
    assert rows[-1][0] in {"1", "True"}
    listing.finish(within=20.0)
    lines = [json.loads(line) for line in listing.lines]
    states = [line["state"] for line in lines if line["event"] == "stream"]
    assert states == ["announced", "deleted"]


def test_ffmpeg_s_announcements_are_listed(lab: Laboratory, film: Path) -> None:
    a, b = lab.segment(2)
    route(a)
    a.run("ip", "route", "replace", "224.0.0.0/4", "dev", a.link.name)
    listing = shell(b, "groupwire streams --duration 8 --json </dev/null")
    b.wait_for("224.2.127.254")
    sending = a.popen(
        *("ffmpeg", *_QUIET, "-re", "-i", str(film), "-map", "0:v", "-c", "copy"),
        *("-f", "sap", f"sap://{_GROUP}:5010?ttl=1"),
    )
    line = json.loads(listing.line('"stream"', within=10.0))
    assert line["media"][0]["group"] == f"{_GROUP}:5010"
    sending.signal(signal.SIGINT)
    sending.finish()
    listing.signal(signal.SIGINT)
    listing.finish()
