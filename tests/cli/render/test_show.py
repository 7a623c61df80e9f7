"""The demo as it is told to people."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.running import told

from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.show import Show

Capture = pytest.CaptureFixture[str]

MEMBERS = ("camera-1", "camera-2", "camera-3")


def event(name: str, **fields: Any) -> dict[str, Any]:
    return {"event": name, "v": 1, "time": 1.5, **fields}


def tell(show: Show) -> None:
    show.opening("239.255.42.99:47123", "lo", 1)
    for name in MEMBERS:
        where = ("-g", "239.255.42.99:47123", "-i", "lo")
        show.command(("receive", *where, "--name", name))
        show.joined(name, event("joined", interfaces=["lo"]))
    everyone = ",".join((*MEMBERS, "camera-4"))
    show.command(("send", "very important data", *where, "--expect", everyone))
    show.sent(event("sent", bytes=19))
    for name in MEMBERS:
        sender = "127.0.0.1:40000"
        show.answer(
            event("answer", member=name, sender=sender, data="ack", rtt_s=0.0012)
        )
    show.missing(event("end", missing=["camera-4"], attempts=3, elapsed_s=1.75))
    for name in MEMBERS:
        heard = event("message", data="very important data", answered=True)
        show.heard(name, [heard])
    deliver(show)


def deliver(show: Show) -> None:
    show.second_opening("recording.bin", 50_000_000, 3)
    for name in MEMBERS:
        where = ("-g", "239.255.42.99:47123", "-i", "lo")
        show.command(("pull", *where, "--into", name, "--name", name))
        show.joined(name, event("joined", interfaces=["lo"]))
    show.command(("push", "recording.bin", *where, "--expect", ",".join(MEMBERS)))
    show.begun(event("begin", files=1, bytes=50_000_000, members=3))
    show.passed(event("progress", bytes=1))
    for name in MEMBERS:
        status = {"status": "verified", "elapsed_s": 1.5}
        receipt = event("receipt", member=name, bytes=50_000_000, lost=1071, **status)
        show.receipt(receipt, 1400)
    for name in MEMBERS:
        show.compared(name, "ab" * 32, same=True)


def test_the_story_is_told_in_order_and_fits_a_narrow_terminal(
    capsys: Capture,
) -> None:
    show = Show(Out(Tone()), (*MEMBERS, "camera-4"))
    tell(show)
    show.end(as_announced=True)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert 40 <= len(lines) <= 60
    places = [
        next(n for n, line in enumerate(lines) if part in line)
        for part in (
            "nothing leaves this machine",
            "$ groupwire receive",
            "joined on lo",
            '$ groupwire send "very important data"',
            "    --expect camera-1,camera-2,camera-3,camera-4",
            "sent 19 bytes once",
            "1.20 ms  'ack' from 127.0.0.1:40000",
            "camera-4     missing  asked 3 times in 1.75 s",
            "heard 'very important data' and answered",
            "One file, the same three, and a network that loses 3 %",
            "$ groupwire pull",
            "$ groupwire push recording.bin",
            "50 MB go out once",
            "camera-1  verified after 1.50 s, 3 % repaired",
            "camera-1  sha256 abababababababab…, as sent",
            "3 answers, camera-4 is missing; 3 verified receipts: as announced.",
        )
    ]
    assert places == sorted(places)


def test_the_quiet_are_told_the_end_alone(capsys: Capture) -> None:
    show = Show(Out(Tone(quiet=True)), (*MEMBERS, "camera-4"))
    tell(show)
    show.end(as_announced=True)
    shown = capsys.readouterr().out
    end = "3 answers, camera-4 is missing; 3 verified receipts: as announced.\n"
    assert shown == end


def test_a_show_that_went_wrong_is_called_so(capsys: Capture) -> None:
    show = Show(Out(Tone()), (*MEMBERS, "camera-4"))
    show.end(as_announced=False)
    assert "Not as announced: 0 answers" in capsys.readouterr().out


def test_a_show_broken_off_has_no_last_word_for_people(capsys: Capture) -> None:
    Show(Out(Tone()), MEMBERS).end(as_announced=None)
    assert capsys.readouterr() == ("", "")


def test_beyond_loopback_nothing_is_promised(capsys: Capture) -> None:
    Show(Out(Tone()), MEMBERS).opening("239.255.42.99:47123", "eth0", 2)
    assert "On eth0, with TTL 2." in capsys.readouterr().out


def test_a_member_that_has_something_else_is_called_so(capsys: Capture) -> None:
    show = Show(Out(Tone()), (*MEMBERS, "camera-4"))
    show.compared("camera-2", "", same=False)
    assert "NOT as sent" in capsys.readouterr().out


def test_programs_are_told_all_of_it(capsys: Capture) -> None:
    show = Show(Out(Tone(json=True)), (*MEMBERS, "camera-4"))
    deliver(show)
    show.end(as_announced=True)
    events = told(capsys.readouterr().out)
    assert [e["event"] for e in events if e["event"] != "joined"] == [
        *("delivering", "begin", "progress"),
        *("receipt",) * 3,
        *("compared",) * 3,
        "end",
    ]
    assert events[-1]["delivered"] == [*MEMBERS]
    assert events[-2]["same"] is True
