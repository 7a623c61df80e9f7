"""ssmping, asmping and ssmpingd of Debian, on both sides of ours."""

from __future__ import annotations

import re
import shutil
import signal
from statistics import median

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import Told, start, told

pytestmark = pytest.mark.skipif(
    shutil.which("ssmping") is None or shutil.which("ssmpingd") is None,
    reason="there is no ssmping; on Debian: apt-get install ssmping",
)
QUICK = ("--count", "3", "--interval", "0.2", "--timeout", "0.5")
RECEIVED = re.compile(r"(\d+) packets received, (\d+)% packet loss")


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("any_source", [False, True])
def test_our_client_against_ssmpingd(
    lab: Laboratory, version: int, any_source: bool
) -> None:
    a, b = lab.segment(2)
    daemon = b.popen("ssmpingd")
    group = {4: "239.1.2.3:5000", 6: "[ff15::42]:5000"}[version]
    words = ("-g", group) if any_source else ()
    # It says nothing when it listens: the first question may come too early.
    for _ in range(10):
        found = told(start(a, "ping", b.address(version), *QUICK, *words))
        if found.code == 0:
            break
    assert daemon.running
    assert found.code == 0, str(found)
    (summary,) = found.all("summary")
    for way in ("unicast", "multicast"):
        assert (summary[way]["lost"], summary[way]["hops"]) == (0, 0)


def test_an_answer_that_is_wanted_too_long_is_short(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serving = start(b, "ping", "--serve")
    serving.line('"serving"')
    asking = a.popen("ssmping", "-c", "2", "-s", "20000", b.v4)
    asking.finish()
    unicast, multicast = RECEIVED.findall("\n".join(asking.lines))
    assert unicast == multicast == ("2", "0")


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("any_source", [False, True])
def test_ssmping_and_asmping_against_our_responder(
    lab: Laboratory, version: int, any_source: bool
) -> None:
    a, b = lab.segment(2)
    serving = start(b, "ping", "--serve", "--name", "b")
    serving.line('"serving"')
    group = {4: "239.1.2.3", 6: "ff15::42"}[version]
    words = ("-c", "2", "-s", "400", "-v")
    program = ("asmping", *words, group) if any_source else ("ssmping", *words)
    asking = a.popen(*program, b.address(version))
    asking.finish()
    said = "\n".join(asking.lines)
    unicast, multicast = RECEIVED.findall(said)
    assert unicast == multicast == ("2", "0")
    assert "Server version: b" in said
    assert "Warning" not in said + asking.errors  # of another size than it wanted
    serving.signal(signal.SIGINT)
    assert told(serving).end["answered"] == 2


TIME = re.compile(r"(unicast|multicast) from .* time=([\d.]+) ms")
TRIES = 5
"""Of which one has to be quiet: what else runs here counts in both, and by chance."""


def test_round_trips_are_those_of_ssmping(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    b.popen("ssmpingd")
    apart = []
    for _ in range(TRIES):
        ours = start(a, "ping", b.v4, "--count", "4", "--interval", "1")
        theirs = a.popen("ssmping", "-c", "4", b.v4)
        theirs.finish()
        apart.append(_difference(told(ours), theirs.lines))
        if apart[-1] < 50e-6:
            return
    raise AssertionError(apart)


def _difference(ours: Told, theirs: list[str]) -> float:
    """Return by how much the medians differ, in seconds, on the way that does more."""
    times = TIME.findall("\n".join(theirs))
    (summary,) = ours.all("summary")
    return max(
        abs(
            summary[way]["rtt_s"]["p50"]
            - median(float(time) / 1e3 for found, time in times if found == way)
        )
        for way in ("unicast", "multicast")
    )
