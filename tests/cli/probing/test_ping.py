"""``groupwire ping`` as people and programs see it."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from tests.cli.running import first_event, free_port, running, told

from groupwire.aio.probing.ping import MemberPinged, Pinged, asking
from groupwire.cli.app import main
from groupwire.cli.probing.ping import PingLimits
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.pinged import PingedHosts
from groupwire.probe.ssmping import Leg

Capture = pytest.CaptureFixture[str]
QUICK = ("--count", "2", "--interval", "0.05", "--timeout", "0.3")


@pytest.fixture
def group() -> str:
    return f"239.255.42.99:{free_port()}"


def test_members_of_a_group_are_told_by_name(group: str, capsys: Capture) -> None:
    where = ["-g", group, "-i", "lo"]
    with running("receive", *where, "--name", "cam1", "--json") as member:
        first_event(member)
        assert main(["ping", *where, *QUICK, "--json"]) == 0
        start, *replies, summary, end = told(capsys.readouterr().out)
        assert main(["ping", *where, *QUICK, "--expect", "cam1,cam2"]) == 1
    assert (start["event"], start["interfaces"]) == ("start", ["lo"])
    assert [reply["seq"] for reply in replies] == [1, 2]
    assert {reply["kind"] for reply in replies} == {"multicast"}
    assert (summary["member"], summary["received"], summary["lost"]) == ("cam1", 2, 0)
    assert (end["event"], end["answering"], end["problems"]) == ("end", 1, [])
    captured = capsys.readouterr()
    assert "cam1  #1  " in captured.out
    assert "cam1  2 of 2, 0 % lost, " in captured.out
    assert "cam2: nothing arrives" in captured.err


def test_a_silent_group_is_a_failure(group: str, capsys: Capture) -> None:
    assert main(["ping", "-g", group, "-i", "lo", *QUICK]) == 1
    assert "nobody has answered" in capsys.readouterr().err


def test_a_host_that_does_not_answer_is_named_with_what_to_do(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ssmpingd may run on this machine.
    monkeypatch.setitem(asking.ping.__kwdefaults__, "port", free_port())
    assert main(["ping", "127.0.0.1", "-i", "lo", *QUICK, "--json"]) == 1
    start, summary, end = told(capsys.readouterr().out)
    assert (start["address"], start["size_bytes"]) == ("127.0.0.1", 44)
    assert (summary["unicast"]["received"], summary["multicast"]["loss"]) == (0, 1.0)
    assert len(end["problems"]) == 2
    assert main(["ping", "127.0.0.1", "-i", "lo", *QUICK]) == 1
    captured = capsys.readouterr()
    assert "  multicast  nothing\n" in captured.out
    assert "run `groupwire ping --serve` there" in captured.err


def test_each_way_of_a_responder_has_its_row(capsys: Capture) -> None:
    shown, heard = PingedHosts(Out(Tone())), leg(3, 0.0125, tree=True)
    heard.setup_s, heard.duplicates = 1.5, 2
    shown.result(pinged(unicast=leg(4), multicast=heard, asked=4), [])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "                came    lost      min   median      p99  routers    first",
        "  unicast          4     0 %    10 ms    10 ms    10 ms        ?",
        "  multicast        3    25 %  12.5 ms  12.5 ms  12.5 ms        ?    1.5 s",
        "  2 came twice by multicast",
    ]


def test_what_the_kernel_cannot_do_is_no_riddle(capsys: Capture) -> None:
    shown = PingedHosts(Out(Tone()))
    shown.result(pinged(address="::1", unicast=leg(1), multicast=leg(0)), [])
    shown.end()
    assert "no IPv6 multicast on loopback" in capsys.readouterr().err


def test_an_interrupted_ping_leaves() -> None:
    with running("ping", "127.0.0.1", "-i", "lo", "--json") as process:
        assert first_event(process)["event"] == "start"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    assert process.returncode == 130
    assert [event["event"] for event in told(out)][-2:] == ["summary", "end"]


def test_interrupted_the_members_are_told_too(group: str) -> None:
    with running("ping", "-g", group, "-i", "lo", "--expect", "a", "--json") as process:
        assert first_event(process)["event"] == "start"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    summary, end = told(out)[-2:]
    assert process.returncode == 130
    assert (summary["member"], summary["sent"], summary["lost"]) == ("a", 1, 1)
    assert end["problems"] == ["a: nothing arrives"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "nobody is named to be asked"),
        (["127.0.0.1", "--serve"], "--serve asks nobody"),
        (["127.0.0.1", "--expect", "a"], "--expect is for members of a group"),
        (["127.0.0.1", "--interval", "0.001"], "too short"),
        (["no.such.invalid"], "no host of this name"),
        (["127.0.0.1", "--count", "0"], "0"),
    ],
)
def test_a_slip_is_told(words: list[str], text: str, capsys: Capture) -> None:
    assert main(["ping", *words]) == 2
    assert text in capsys.readouterr().err


def leg(received: int, rtt: float = 0.01, *, tree: bool = False) -> Leg:
    made = Leg(tree=tree, received=received, first_number=1 if received else None)
    for _ in range(received):
        made.rtts.take(rtt)
    return made


def pinged(**given: Any) -> Pinged:
    values = {
        "host": "h",
        "address": "10.0.0.1",
        "name": "",
        "asked": 10,
        "unicast": leg(10),
        "multicast": leg(9, tree=True),
        "refused": None,
        **given,
    }
    return Pinged(**values)


@pytest.mark.parametrize(
    ("limits", "result", "problems"),
    [
        (PingLimits(None, None), pinged(), []),
        (PingLimits(0.1, 0.011), pinged(), []),
        (PingLimits(0.05, None), pinged(), ["h by multicast: 10 % are lost"]),
        (
            PingLimits(None, 0.009),
            pinged(),
            [
                "h by unicast: the median is 10 ms",
                "h by multicast: the median is 10 ms",
            ],
        ),
        (
            PingLimits(None, None),
            pinged(multicast=leg(0, tree=True)),
            ["h by multicast: nothing arrives"],
        ),
    ],
)
def test_limits_are_held_against_both_ways(
    limits: PingLimits, result: Pinged, problems: list[str]
) -> None:
    assert limits.of_host(result) == problems


def test_limits_are_held_against_members() -> None:
    good = MemberPinged("a", received=2, first_number=1, asked=2)
    assert PingLimits(0.0, 1.0).of_member(good) == []
    assert PingLimits(None, None).of_member(MemberPinged("a", asked=2)) == [
        "a: nothing arrives"
    ]
