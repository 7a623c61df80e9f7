"""``groupwire ping`` as people and programs see it."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any

import pytest
from tests.cli.running import first_event, free_port, running, told

from groupwire.aio.opening import Joined
from groupwire.aio.probing.ping import (
    MemberPinged,
    MemberReply,
    Pinged,
    PingServed,
    PingStarted,
    asking,
    places,
)
from groupwire.cli.app import main
from groupwire.cli.probing.ping import PingLimits
from groupwire.cli.render.out import Out, Tone
from groupwire.cli.render.probing.pinged import PingedHosts, PingedMembers, Serving
from groupwire.probe.ping import Answered, Leg
from groupwire.values import Group, Interface

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
        captured = capsys.readouterr()
        assert main(["ping", *where, *QUICK, "--expect", "2"]) == 1
        assert "1 of 2 have answered" in capsys.readouterr().err
        member.send_signal(signal.SIGINT)
        (*_, left), _ = told(member.communicate()[0]), None
    assert (start["event"], start["interfaces"]) == ("start", ["lo"])
    assert (start["size_bytes"], start["limit_bytes"]) == (23, 65_507)
    ways = ["multicast", "unicast"]
    assert [(r["kind"], r["seq"]) for r in replies] == [
        (way, seq) for seq in (1, 2) for way in ways
    ]
    assert {(r["member"], r["hops"], r["duplicate"]) for r in replies} == {
        ("cam1", 0, False)
    }
    assert (summary["member"], summary["pings"]) == ("cam1", True)
    for way in ways:
        leg = summary[way]
        assert (leg["sent"], leg["received"], leg["lost"], leg["hops"]) == (2, 2, 0, 0)
    assert (end["event"], end["answering"], end["problems"]) == ("end", 1, [])
    assert "multicast  cam1  #1  " in captured.out
    assert "  unicast        2     0 %      0" in captured.out
    assert "cam2: no answer to 2 questions" in captured.out
    assert "cam2: nothing arrives" in captured.err
    assert (left["messages"], left["pings"]) == (0, 12)


def test_who_answers_nobody_answers_no_pings(group: str, capsys: Capture) -> None:
    where = ["-g", group, "-i", "lo"]
    with running("receive", *where, "--no-answer", "--json") as member:
        first_event(member)
        assert main(["ping", *where, *QUICK]) == 1
    assert "nobody has answered" in capsys.readouterr().err


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
    assert end["problems"] == ["127.0.0.1 by multicast: nothing arrives"]
    assert main(["ping", "127.0.0.1", "-i", "lo", *QUICK]) == 1
    captured = capsys.readouterr()
    assert "  multicast      0   100 %      0        -" in captured.out
    said = " ".join(captured.err.split())
    assert "says that nothing listens at UDP port 4321: run `groupwire ping" in said


def test_each_way_of_a_responder_has_its_row(capsys: Capture) -> None:
    shown, heard = PingedHosts(Out(Tone())), leg(3, 0.0125, tree=True, asked=4)
    heard.setup_s, heard.duplicates = 1.5, 2
    for _ in range(2):
        shown.result(pinged(unicast=leg(4, asked=4), multicast=heard, asked=4), [])
    heading, who, *rows = capsys.readouterr().out.splitlines()
    assert [heading, *rows[:2]] == [
        f"{'':14}came    lost  twice      min   median      p99  routers    first",
        f"  unicast  {4:>7}     0 %      0{3 * '    10 ms'}        -        -",
        f"  multicast{3:>7}    25 %      2{3 * '  12.5 ms'}        -    1.5 s",
    ]
    assert rows[2] == who == "h (10.0.0.1): 4 questions"


TIMES = (
    "    12.5 ms / 12.5 ms / 12.5 ms (min, median, p99), routers 2, first after 1.5 s"
)


@pytest.mark.parametrize("columns", [20, 40, 76])
def test_in_a_narrow_terminal_a_way_is_a_sentence(
    columns: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Out, "room", columns)
    shown, heard = PingedMembers(Out(Tone())), leg(3, 0.0125, tree=True, asked=4)
    heard.setup_s, heard.hops = 1.5, 2
    shown.result(member(unicast=leg(0, asked=4), multicast=heard, pings=False), [])
    shown.result(member(unicast=leg(0, asked=4), multicast=heard), [])
    assert capsys.readouterr().out.splitlines() == [
        "a (10.0.0.1:5): 4 questions",
        "  unicast: cannot be known",
        "  multicast: 3 came, 25 % lost, 0 came twice",
        TIMES,
        "a (10.0.0.1:5): 4 questions",
        "  unicast: 0 came, 100 % lost, 0 came twice",
        "  multicast: 3 came, 25 % lost, 0 came twice",
        TIMES,
    ]


def test_what_comes_again_and_again_is_told_once_for_each_question(
    capsys: Capture,
) -> None:
    shown = PingedMembers(Out(Tone()))
    for number in (1, 2):
        for again in (False, True, True, True):
            answer = Answered(number, True, 0.01, None, again)
            shown.take(MemberReply("a\x1b", "10.0.0.1:5", answer, 0.0))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"multicast  a\\x1b  #{number}  10 ms{more}"
        for number in (1, 2)
        for more in ("", "  once more")
    ]


def test_of_many_problems_so_many_are_told_as_are_read(capsys: Capture) -> None:
    shown = PingedMembers(Out(Tone()))
    for number in range(1030):
        shown.result(member(name=f"m{number}"), [f"m{number}: lost"])
    shown.end()
    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], lines[19], lines[20:]) == (
        "m0: lost",
        "m19: lost",
        ["and 1,010 more"],
    )


def test_a_responder_tells_what_it_has_answered_and_what_not(
    capsys: Capture,
) -> None:
    shown = Serving(Out(Tone()))
    shown.end()
    joined = Joined(Group.parse("239.1.1.1:9"), (LO,), "it was named", 0)
    state = PingServed("srv", 4321, (4, 6), joined=joined)
    shown.take(state)
    done = replace(state, answered=1, latest="10.0.0.1:5", pings=2, refused={"rate": 7})
    shown.take(done)
    shown.end()
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "answering as srv at port 4321, IPv4 and IPv6",
        "and as a member of 239.1.1.1:9 on lo",
        "1 question answered, last 10.0.0.1:5; 2 pings as a member",
        "not answered: 7, rate",
    ]
    shown = Serving(Out(Tone(json=True)))
    shown.take(replace(done, joined=None))
    shown.end()
    serving, end = told(capsys.readouterr().out)
    assert (serving["event"], end["event"]) == ("serving", "end")
    assert (end["group"], end["pings"], end["not_answered"]) == (None, 2, {"rate": 7})


LO = Interface("lo", 1, (), up=True, multicast=True)


def test_who_knows_no_pings_has_a_dash(capsys: Capture) -> None:
    shown = PingedMembers(Out(Tone()))
    plain = member(name="", unicast=leg(0, asked=4), multicast=leg(4), pings=False)
    shown.result(plain, PingLimits(0.0, None).of_member(plain))
    shown.end()
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1:3] == [
        "10.0.0.1:5: 10 questions",
        "  unicast        -       -      -" + 5 * "        -",
    ]
    assert "does not know pings" in captured.err


def test_what_could_not_be_sent_is_told_in_words(capsys: Capture) -> None:
    hosts, members = PingedHosts(Out(Tone())), PingedMembers(Out(Tone()))
    hosts.result(pinged(refused="enetunreach"), [])
    hosts.result(pinged(unicast=leg(0), multicast=leg(0)), [])
    members.result(member(refused="eperm"), [])
    members.result(member(refused="something else"), [])
    for shown in (hosts, members):
        shown.end()
    said = capsys.readouterr().err
    assert "could not send to 10.0.0.1: there is no route\n" in said
    assert "10.0.0.1 does not answer: run `groupwire ping --serve` there" in said
    assert "at times: this system or its firewall forbids it\n" in said
    assert "at times: something else\n" in said


def test_a_group_that_is_joined_elsewhere_is_told(capsys: Capture) -> None:
    shown = PingedHosts(Out(Tone()))
    where = Group.parse("10.0.0.1@232.43.211.234:5000")
    shown.take(PingStarted("h", "10.0.0.1", where, ("eth1",), "eth0", 44, 1472))
    shown.result(pinged(multicast=leg(0)), [])
    shown.end()
    said = " ".join(capsys.readouterr().err.split())
    assert "joined on eth1, and 10.0.0.1 is reached by eth0: leave -i out" in said


def test_only_unicast_that_is_lost_has_a_hint_too(capsys: Capture) -> None:
    shown = PingedHosts(Out(Tone()))
    shown.result(pinged(unicast=leg(0)), [])
    shown.end()
    assert "multicast arrives and unicast does not" in capsys.readouterr().err


def test_questions_in_pieces_are_told_and_why_nobody_answers(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(asking.ping.__kwdefaults__, "port", free_port())
    monkeypatch.setattr(places, "_limit", lambda *_: 1472)
    assert main(["ping", "127.0.0.1", "--size", "60000", *QUICK]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "60,000 bytes travel in 41 pieces" in said
    assert "127.0.0.1 says that nothing listens" in said
    shown = PingedHosts(Out(Tone()))
    where = Group.parse("127.0.0.1@232.43.211.234:5000")
    shown.take(PingStarted("h", "10.0.0.1", where, ("lo",), "lo", 60_000, 1472))
    shown.result(pinged(unicast=leg(0), multicast=leg(0)), [])
    shown.end()
    said = " ".join(capsys.readouterr().err.split())
    assert "ask 10.0.0.1 with --size 1472 at most" in said


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


def test_an_interruption_is_said_before_what_it_has_come_to() -> None:
    with running("ping", "127.0.0.1", "-i", "lo") as process:
        assert process.stderr is not None
        assert "asking 127.0.0.1" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[0] == "interrupted"
    assert "127.0.0.1 (127.0.0.1): 1 question\n" in out


def test_where_nothing_could_be_asked_nobody_is_missing(capsys: Capture) -> None:
    words = ["-g", "239.1.1.1:9", "-i", "nowhere9", "--expect", "a"]
    assert main(["ping", *words]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("groupwire: there is no interface nowhere9")


def test_interrupted_the_members_are_told_too(group: str) -> None:
    with running("ping", "-g", group, "-i", "lo", "--expect", "a", "--json") as process:
        assert first_event(process)["event"] == "start"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    summary, end = told(out)[-2:]
    assert process.returncode == 130
    leg = summary["multicast"]
    assert (summary["member"], summary["unicast"], leg["sent"]) == ("a", None, 1)
    assert (leg["open"], leg["lost"], end["problems"]) == (1, 0, [])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["127.0.0.1", "--serve"], "--serve asks nobody"),
        (["--serve", "--count", "3"], "--serve asks nobody"),
        (["--serve", "-i", "lo"], "an interface is for a group"),
        (["127.0.0.1", "--name", "cam1"], "are for who answers"),
        (["127.0.0.1", "--ttl", "3"], "--ttl is for questions to a group"),
        (["127.0.0.1", "-i", ""], "-i names no interface"),
        (["127.0.0.1", "--expect", "a"], "--expect is for members of a group"),
        (["127.0.0.1", "--interval", "0.001"], "too short"),
        (["no.such.invalid"], "no host of this name"),
        (["127.0.0.1", "--count", "0"], "0"),
    ],
)
def test_a_slip_is_told(words: list[str], text: str, capsys: Capture) -> None:
    assert main(["ping", *words]) == 2
    assert text in capsys.readouterr().err


def leg(
    received: int, rtt: float = 0.01, *, tree: bool = False, asked: int = 10
) -> Leg:
    made = Leg(tree=tree, asked=asked, received=received)
    made.first_number = 1 if received else None
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


def member(**given: Any) -> MemberPinged:
    values = {"name": "a", "sender": "10.0.0.1:5", "unicast": leg(10), **given}
    return MemberPinged(**{"multicast": leg(10), **values})


LOST = "h by multicast: 10 % lost"


@pytest.mark.parametrize(
    ("limits", "result", "problems"),
    [
        (PingLimits(None, None), pinged(), [LOST]),
        (PingLimits(None, None), pinged(multicast=leg(10)), []),
        (PingLimits(None, None), pinged(unicast=leg(0), multicast=leg(10)), []),
        (PingLimits(0.1, 0.011), pinged(), []),
        (PingLimits(0.05, None), pinged(), [LOST]),
        (
            PingLimits(0.1, None),
            pinged(unicast=leg(0)),
            ["h by unicast: nothing arrives"],
        ),
        (
            PingLimits(0.1, 0.009),
            pinged(),
            [
                "h by unicast: the median is 10 ms",
                "h by multicast: the median is 10 ms",
            ],
        ),
        (
            PingLimits(0.5, None),
            pinged(multicast=leg(0, tree=True)),
            ["h by multicast: nothing arrives"],
        ),
    ],
)
def test_limits_are_held_against_both_ways(
    limits: PingLimits, result: Pinged, problems: list[str]
) -> None:
    assert limits.of_host(result) == problems


@pytest.mark.parametrize(
    ("limits", "result", "problems"),
    [
        (PingLimits(0.0, 1.0), member(), []),
        (PingLimits(None, None), member(unicast=leg(0)), []),
        (PingLimits(0.1, None), member(unicast=leg(8)), ["a by unicast: 20 % lost"]),
        (PingLimits(0.1, None), member(unicast=leg(0), pings=False), []),
        (
            PingLimits(None, None),
            member(name="", multicast=leg(9)),
            ["10.0.0.1:5 by multicast: 10 % lost"],
        ),
        (
            PingLimits(None, None),
            member(sender="", unicast=leg(0, asked=0), multicast=leg(0)),
            ["a: nothing arrives"],
        ),
    ],
)
def test_limits_are_held_against_members(
    limits: PingLimits, result: MemberPinged, problems: list[str]
) -> None:
    assert limits.of_member(result) == problems
