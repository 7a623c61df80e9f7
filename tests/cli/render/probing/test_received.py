"""What a receiver of a measurement shows of its runs."""

from __future__ import annotations

import json

import pytest

from groupwire.aio import Joined
from groupwire.aio.probing.load import (
    LoadBegan,
    LoadEnded,
    LoadEvent,
    LoadInterval,
)
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.received import Received
from groupwire.probe.load import LoadReport
from groupwire.values import Group, Interface, Origin

Capture = pytest.CaptureFixture[str]
SENDER = Origin("10.0.0.1", 40_000)
JOINED = Joined(
    Group.parse("239.1.2.3:5000"), (Interface("eth0", 2),), "eth0 was named", 65_536
)
CLEAN = LoadReport(run=10, packets=100, size_bytes=12_500, seconds=0.99)
POOR = LoadReport(
    run=10,
    packets=75,
    size_bytes=12_500,
    lost=25,
    duplicates=3,
    reordered=2,
    dropped_here=20,
    seconds=74 / 75,
    jitter_s=0.002,
)


def shown(*events: LoadEvent, json_: bool = False) -> Received:
    received = Received(Out(Tone(json=json_)))
    for event in events:
        received.take(event)
    received.end()
    return received


def test_programs_read_every_event_of_a_run(capsys: Capture) -> None:
    received = shown(
        JOINED,
        LoadBegan(SENDER, 10),
        LoadInterval([(SENDER, CLEAN)]),
        LoadEnded(SENDER, POOR),
        json_=True,
    )
    assert received.begun()
    joined, begin, progress, run, end = map(
        json.loads, capsys.readouterr().out.split("\n")[:-1]
    )
    assert joined["interfaces"] == ["eth0"]
    assert joined["receive_buffer"] == 65_536
    assert begin["run"] == "000000000000000a"
    assert (progress["event"], progress["loss"]) == ("progress", 0)
    assert (run["event"], run["lost"], run["loss"]) == ("run", 25, 0.25)
    assert (run["dropped_by_host"], run["rate_bps"]) == (20, 100_000)
    assert (end["event"], end["runs"]) == ("end", 1)


def test_people_read_what_was_heard_and_lost(capsys: Capture) -> None:
    shown(
        JOINED,
        LoadBegan(SENDER, 10),
        LoadInterval([(SENDER, CLEAN)]),
        LoadEnded(SENDER, POOR),
    )
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "listening to 239.1.2.3:5000 on eth0 (eth0 was named)",
        "10.0.0.1:40000 begins",
        "10.0.0.1:40000: 0.99 s, 100 datagrams, 100 kb/s, 0 lost (0 %), jitter 0 us",
    ]
    assert " ".join(out.split()) == (
        "10.0.0.1:40000: 0.99 s, 75 datagrams, 100 kb/s, 25 lost (25 %), 20 dropped by "
        "this host, 3 twice, 2 out of order, jitter 2 ms"
    )


def test_a_full_receive_buffer_is_warned_of(capsys: Capture) -> None:
    shown(LoadEnded(SENDER, POOR, {"receive-buffer": 20}))
    assert "the receive buffer was full 20 times" in capsys.readouterr().err


def test_a_run_of_which_nothing_came_has_no_rate(capsys: Capture) -> None:
    shown(LoadEnded(SENDER, LoadReport(run=1)))
    assert "0 datagrams, rate unknown, 0 lost (0 %)" in capsys.readouterr().out


def test_who_heard_no_run_says_so(capsys: Capture) -> None:
    assert not shown().begun()
    assert capsys.readouterr().err == "no run has ended here\n"
