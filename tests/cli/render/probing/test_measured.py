"""What the sender of a measurement shows."""

from __future__ import annotations

import json

import pytest

from groupwire.aio.probing.load import LoadProgress, LoadResult
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.measured import Measured
from groupwire.values import Group

Capture = pytest.CaptureFixture[str]
BEGUN = LoadProgress(1, 0, 0, 0.0, ())
SENT = LoadProgress(1, 100, 12_500, 1.0, ("a",))


def measured(*, json_: bool = False) -> Measured:
    group = Group.parse("239.1.2.3:5000")
    return Measured(Out(Tone(json=json_)), group, 1e5, 125, 2.0)


def test_nothing_is_said_of_what_never_began(capsys: Capture) -> None:
    shown = measured()
    assert not shown.begun
    shown.end()
    assert capsys.readouterr() == ("", "")


def test_people_read_what_is_to_leave_and_what_has_left(capsys: Capture) -> None:
    shown = measured()
    shown.progress(BEGUN)
    shown.progress(SENT)
    assert shown.begun
    shown.end()
    assert capsys.readouterr().err.splitlines() == [
        "100 kb/s in datagrams of 125 bytes to 239.1.2.3:5000 for 2 s",
        "1 s: 100 datagrams, 100 kb/s, 1 receiver",
        "ended before the receivers were asked",
    ]


def test_programs_read_what_has_left_of_an_interrupted_run(capsys: Capture) -> None:
    shown = measured(json_=True)
    shown.progress(BEGUN)
    shown.progress(SENT)
    shown.end()
    start, progress, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert (start["event"], start["size_bytes"]) == ("start", 125)
    assert (progress["event"], progress["packets"]) == ("progress", 100)
    assert (end["event"], end["packets"], end["receivers"]) == ("end", 100, [])


@pytest.mark.parametrize(
    ("missing", "count", "text"),
    [(("b", "c"), 2, "missing: b\nmissing: c\n"), ((), 3, "missing: 3 receivers\n")],
)
def test_who_is_missing_is_told(
    missing: tuple[str, ...], count: int, text: str, capsys: Capture
) -> None:
    shown = measured()
    shown.result(LoadResult(SENT, 1e5, 7, (), missing, count), ["a: 1 % are lost"])
    shown.end()
    out, err = capsys.readouterr()
    assert out.startswith("sent 100 datagrams in 1 s, 100 kb/s")
    assert "7 datagrams not sent" in " ".join(err.split())
    assert "nobody has answered" in err
    assert text in err
    assert err.endswith("limit not kept: a: 1 % are lost\n")
