"""``groupwire bench`` over real multicast on loopback."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

import pytest
from tests.cli.running import first_event, free_port, running, told

from groupwire.aio.probing.load import LoadProgress, LoadResult, MemberLoad
from groupwire.cli.app import main
from groupwire.cli.probing.bench.receive import Judge
from groupwire.cli.probing.bench.send import Limits
from groupwire.cli.render.probing.quantities import bits, in_time, percent
from groupwire.probe.load import ClockOffset, Delays, LoadReport
from groupwire.values import Origin

Capture = pytest.CaptureFixture[str]
QUICK = ("-d", "0.2", "--rate", "2M", "--size", "500")


@pytest.fixture
def where() -> list[str]:
    return ["-g", f"239.255.42.99:{free_port()}", "-i", "lo"]


@contextmanager
def receiver(where: list[str], *words: str, name: str = "a") -> Iterator[Popen[str]]:
    with running("bench", "receive", *where, "--name", name, *words) as process:
        yield process


def test_programs_read_every_receiver(where: list[str], capsys: Capture) -> None:
    with receiver(where, "--json", "--count", "1") as process:
        assert first_event(process)["event"] == "joined"
        assert main(["bench", "send", *where, *QUICK, "-e", "a", "--json"]) == 0
        start, *_, one, end = told(capsys.readouterr().out)
        assert process.stdout is not None
        began, *_, over, last = told(process.stdout.read())
        assert process.wait() == 0
    assert (start["event"], start["rate_bps"], start["size_bytes"]) == (
        "start",
        2_000_000,
        500,
    )
    assert (one["event"], one["member"], one["lost"]) == ("receiver", "a", 0)
    assert one["clock_error_s"] > 0
    assert set(one["delay_s"]) == {"min", "p50", "p90", "p99", "p999", "max"}
    assert (end["event"], end["receivers"], end["missing"]) == ("end", ["a"], [])
    assert end["packets"] == one["packets"] == over["packets"]
    assert (began["event"], over["event"], last["event"]) == ("begin", "run", "end")
    assert began["run"] == over["run"] == start["run"]


def test_people_read_a_table(where: list[str], capsys: Capture) -> None:
    with receiver(where) as process:
        assert process.stderr is not None
        assert "listening to" in process.stderr.readline()
        assert main(["bench", "send", *where, *QUICK, "-e", "a", "-v"]) == 0
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate()
    captured = capsys.readouterr()
    sent, headings, row = captured.out.splitlines()
    assert sent.startswith("sent ")
    assert headings.split()[:3] == ["receiver", "lost", "here"]
    assert row.split()[:4] == ["a", "0", "(0", "%)"]
    assert "2 Mb/s in datagrams of 500 bytes" in captured.err
    assert "0 lost (0 %)" in shown


def test_who_is_missing_is_named(
    where: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.aio.probing.load.sending._LAST_TIMEOUT_S", 0.2)
    assert main(["bench", "send", *where, *QUICK, "--expect", "x,y"]) == 1
    complaints = capsys.readouterr().err
    assert "nobody has answered: run `groupwire bench receive`" in complaints
    assert "missing: x" in complaints
    assert main(["bench", "send", *where, *QUICK, "--expect", "2"]) == 1
    assert "missing: 2 receivers" in capsys.readouterr().err


def test_an_interrupted_run_has_its_results(where: list[str]) -> None:
    with receiver(where, "--json") as member:
        first_event(member)
        with running("bench", "send", *where, "-d", "60") as process:
            assert process.stderr is not None
            while "1 receiver" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate()
    assert process.returncode == 130
    assert "a   " in shown.splitlines()[-1]


def test_an_interrupted_receiver_tells_what_it_has(where: list[str]) -> None:
    with receiver(where, "--json") as process:
        first_event(process)
        with running("bench", "send", *where, "-d", "60"):
            assert process.stdout is not None
            while '"progress"' not in process.stdout.readline():
                pass
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate()
    assert process.returncode == 130
    events = [event["event"] for event in told(shown)]
    assert events[-2:] == ["run", "end"]


def test_a_duration_ends_a_receiver(where: list[str], capsys: Capture) -> None:
    words = ["bench", "receive", *where, "-d", "0.1"]
    assert main(words) == 0
    assert "no run has ended here" in capsys.readouterr().err
    assert main([*words, "--max-loss", "1"]) == 1, "nothing was measured"


def test_bench_alone_shows_what_there_is(capsys: Capture) -> None:
    assert main(["bench"]) == 0
    assert "receive" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["--rate", "fast"], ["--size", "31"], ["-d", "0"], ["--max-loss", "101"]],
)
def test_a_slip_is_told(words: list[str], where: list[str], capsys: Capture) -> None:
    assert main(["bench", "send", *where, *words]) == 2
    assert "fix: " in capsys.readouterr().err


def measured(**given: Any) -> MemberLoad:
    report = LoadReport(
        run=1, packets=100, size_bytes=12_500, seconds=0.99, delays_s={"p99": 1.010}
    )
    trips = Delays()
    trips.take(0.02)
    values = {
        "name": "a",
        "sender": Origin("10.0.0.1", 1),
        "report": report,
        "lost": 1,
        "loss": 0.01,
        "round_trips": trips,
        "clock": ClockOffset(1.0, 0.002),
        **given,
    }
    return MemberLoad(**values)


def result(member: MemberLoad) -> LoadResult:
    sent = LoadProgress(1, 100, 12_500, 1.0, ("a",))
    return LoadResult(sent, 1e5, 0, None, (), (member,), (), 0)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(0.009, None, None, None), "a: 1 % are lost"),
        (Limits(None, 200_000, None, None), "a: 100 kb/s arrive"),
        (Limits(None, None, 0.007, None), "a: 1 % take 8 ms and more"),
        (Limits(None, None, None, 0.019), "a: 1 % of answers take 20 ms"),
    ],
)
def test_a_limit_that_was_not_kept_is_told(limits: Limits, text: str) -> None:
    assert list(limits.broken(result(measured()))) == [text]


def test_limits_that_were_kept_are_not_told() -> None:
    limits = Limits(0.01, 100_000, 0.0081, 0.021)
    assert list(limits.broken(result(measured()))) == []


def test_what_was_not_measured_is_no_success() -> None:
    silent = measured(clock=None, round_trips=Delays(), report=LoadReport(run=1))
    broken = Limits(None, 1.0, 1.0, 1.0).broken(result(silent))
    assert [text.count("nobody knows") for text in broken] == [1, 1, 1]


def test_a_receiver_judges_every_run() -> None:
    report = LoadReport(run=1, packets=99, lost=1, size_bytes=12_500, seconds=98 / 99)
    for limits, code in (
        ((0.01, None), 0),
        ((0.009, None), 1),
        ((None, 100_000), 0),
        ((None, 100_001), 1),
        ((None, None), 0),
    ):
        judge = Judge(*limits)
        judge.take(report)
        assert judge.code == code
    judge = Judge(0.0, 1.0)
    judge.take(LoadReport(run=1))
    assert judge.code == 1, "nothing is less than any rate"


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (bits(999), "999 b/s"),
        (bits(12_345), "12.3 kb/s"),
        (bits(999_950), "1 Mb/s"),
        (bits(2.5e9), "2.5 Gb/s"),
        (percent(0), "0 %"),
        (percent(1e-9), "<0.01 %"),
        (percent(0.0254), "2.54 %"),
        (in_time(None), "-"),
        (in_time(0.000_042), "42 us"),
        (in_time(-0.001_8), "-1.8 ms"),
        (in_time(2.5), "2.5 s"),
    ],
)
def test_quantities_read_as_people_write_them(shown: str, text: str) -> None:
    assert shown == text
