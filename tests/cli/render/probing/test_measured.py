"""What the sender of a measurement shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groupwire.aio.probing.load import LoadProgress, LoadResult, MemberLoad
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.measured import Measured
from groupwire.errors import NoRouteError
from groupwire.probe.load import ClockOffset, Delays, LoadReport
from groupwire.values import Group, Origin

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
    result = LoadResult(SENT, 1e5, 7, None, (), (), missing, count)
    shown.result(result, ["a: 1 % are lost"])
    shown.end()
    out, err = capsys.readouterr()
    assert out.startswith("sent 100 datagrams in 1 s, 100 kb/s")
    assert "7 datagrams not sent" in " ".join(err.split())
    assert "nobody has answered" in err
    assert text in err
    assert err.endswith("limit not kept: a: 1 % are lost\n")


def result(**given: Any) -> LoadResult:
    report = LoadReport(
        run=1, packets=90, before=5, size_bytes=11_250, delays_s={"p50": 1.001}
    )
    clock = ClockOffset(1.0, 0.0005)
    member = MemberLoad("a", Origin("10.0.0.1", 1), report, 5, 5 / 95, Delays(), clock)
    values: dict[str, Any] = {
        "sent": SENT,
        "wanted_bits_per_s": 1e5,
        "late": 0,
        "refused": None,
        "clashes": (),
        "members": (member,),
        "missing": (),
        "missing_count": 0,
        **given,
    }
    return LoadResult(**values)


def told(given: LoadResult, capsys: Capture) -> tuple[str, str]:
    measured().result(given, ())
    out, err = capsys.readouterr()
    return out, " ".join(err.split())


def test_people_read_a_line_for_every_receiver(capsys: Capture) -> None:
    out, err = told(result(), capsys)
    row = " ".join(out.splitlines()[-1].split())
    assert row == "a 5 (5.26 %) 0 - 1 ms - ±500 us - 0 us"
    assert "a heard the first after 5 datagrams; those are not counted as lost" in err


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"late": 1}, "1 datagram not sent: this machine was held up meanwhile"),
        ({"late": 7}, "this machine cannot send 100 kb/s in datagrams of 125 bytes"),
        ({"refused": NoRouteError("no way")}, "nothing could be sent: no way"),
        ({"clashes": ("a",)}, "more than one host answers as a"),
    ],
)
def test_what_was_not_as_it_was_to_be_is_told(
    given: dict[str, Any], text: str, capsys: Capture
) -> None:
    assert text in told(result(**given), capsys)[1]
