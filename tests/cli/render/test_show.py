"""The demo as it is told to people."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_the_story_is_told_in_order_and_fits_a_narrow_terminal(
    capsys: Capture,
) -> None:
    show = Show(Out(Tone()), (*MEMBERS, "camera-4"))
    tell(show)
    show.end(as_announced=True)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert 20 <= len(lines) <= 30
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
            "3 answers, camera-4 is missing: as announced.",
        )
    ]
    assert places == sorted(places)


def test_the_quiet_are_told_the_end_alone(capsys: Capture) -> None:
    show = Show(Out(Tone(quiet=True)), (*MEMBERS, "camera-4"))
    tell(show)
    show.end(as_announced=True)
    shown = capsys.readouterr().out
    assert shown == "3 answers, camera-4 is missing: as announced.\n"


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
