from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from groupwire.deliver.pull import places as module
from groupwire.deliver.pull.doorman import Doorman
from groupwire.deliver.pull.places import Claim, Places, Verdict
from groupwire.deliver.pull.rules import PullRules
from groupwire.deliver.words import Call, CallPhase
from groupwire.norm.receive.events import SenderKey
from groupwire.values import Origin


@dataclass
class Run:
    sender: SenderKey


@dataclass
class Course:
    """What is looked at of a delivery."""

    delivery: int
    name: str
    run: Run
    heard: float
    provisional: bool = False


def course(
    delivery: int, name: str, host: str, *, port: int = 5000, heard: float = 0.0
) -> Any:
    key = SenderKey(Origin(host, port), delivery, 1)
    return Course(delivery, name, Run(key), heard)


def claim(
    delivery: int, name: str, host: str, now: float, *, port: int = 6000
) -> Claim:
    call = Call(delivery, delivery, 2, CallPhase.GATHER, 1, 1)
    return Claim(SenderKey(Origin(host, port), delivery, 2), call, name, now)


def door(count: int | None = 1) -> Doorman:
    return Doorman(PullRules("m", 1, count=count))


def test_the_first_one_gets_a_place() -> None:
    verdict = Places().judge(claim(1, "a", "10.0.0.1", 0.0), [], door())
    assert verdict == (Verdict.COME, [])


def test_another_one_is_refused_until_the_first_is_silent() -> None:
    places, first = Places(), course(1, "a", "10.0.0.1")
    for now in (0.1, 4.9):
        verdict = places.judge(claim(2, "b", "10.0.0.2", now), [first], door())
        assert verdict == (Verdict.BUSY, [])
    verdict = places.judge(claim(2, "b", "10.0.0.2", 5.1), [first], door())
    assert verdict == (Verdict.COME, [first])


def announced(number: int, *, heard: float = 0.0) -> Any:
    return Course(
        number, "a", Run(SenderKey(Origin("10.0.0.1", number), number, 1)), heard, True
    )


def test_who_is_announced_only_holds_no_place() -> None:
    first = announced(1)
    for who in (claim(2, "b", "10.0.0.2", 0.1), claim(2, "a", "10.0.0.1", 0.1)):
        verdict = Places().judge(who, [first], door())
        assert verdict == (Verdict.COME, [])
    at_its_socket = claim(2, "a", "10.0.0.1", 0.1, port=1)
    assert Places().judge(at_its_socket, [first], door()) == (Verdict.COME, [])


def test_who_has_only_echoed_a_call_is_no_other_one_s_forger() -> None:
    echo = announced(7)
    real = claim(7, "b", "10.0.0.2", 0.1)
    assert Places().judge(real, [echo], door()) == (Verdict.COME, [])
    with_a_manifest = course(7, "a", "10.0.0.1")
    verdict = Places().judge(real, [with_a_manifest], door())
    assert verdict == (Verdict.FORGED, [])


def test_of_those_in_the_line_the_one_not_heard_for_longest_goes() -> None:
    line = [announced(n, heard=(3.0, 1.0, 2.0)[n % 3]) for n in range(module.MAX_LINE)]
    verdict = Places().judge(claim(99, "b", "10.0.0.2", 3.1), line, door())
    assert verdict == (Verdict.COME, [line[1]])
    # But for one that goes anyhow.
    moved = claim(4, "b", "10.0.0.2", 4.1)
    assert Places().judge(moved, line, door()) == (Verdict.COME, [line[4]])


def test_a_sender_started_anew_waits_for_the_silence_of_the_old_one() -> None:
    places, first = Places(), course(1, "a", "10.0.0.1")
    for now in (0.1, 2.9):
        verdict = places.judge(claim(2, "a", "10.0.0.1", now), [first], door())
        assert verdict == (Verdict.WAIT, [])
    verdict = places.judge(claim(2, "a", "10.0.0.1", 3.1), [first], door())
    assert verdict == (Verdict.COME, [first])


def test_where_the_old_one_goes_on_its_namesake_is_refused() -> None:
    places, first = Places(), course(1, "a", "10.0.0.1")
    places.judge(claim(2, "a", "10.0.0.1", 0.1), [first], door())
    first.heard = 0.2
    verdict = places.judge(claim(2, "a", "10.0.0.1", 1.0), [first], door())
    assert verdict == (Verdict.BUSY, [])


def test_a_namesake_at_another_host_is_another() -> None:
    verdict = Places().judge(
        claim(2, "a", "10.0.0.2", 0.1), [course(1, "a", "10.0.0.1")], door()
    )
    assert verdict == (Verdict.BUSY, [])


def test_a_new_run_at_the_same_socket_waits_for_the_silence_of_the_old_one() -> None:
    places, first = Places(), course(1, "a", "10.0.0.1")
    for now in (0.1, 5.0):
        claimed = claim(2, "x", "10.0.0.1", now, port=5000)
        assert places.judge(claimed, [first], door(None)) == (Verdict.WAIT, [])
    claimed = claim(2, "x", "10.0.0.1", 5.1, port=5000)
    assert places.judge(claimed, [first], door()) == (Verdict.COME, [first])


def test_a_forged_run_at_the_socket_of_one_that_goes_on_gets_no_place() -> None:
    places, first = Places(), course(1, "a", "10.0.0.1")
    places.judge(claim(2, "a", "10.0.0.1", 0.1, port=5000), [first], door(None))
    first.heard = 6.0
    claimed = claim(2, "a", "10.0.0.1", 6.1, port=5000)
    assert places.judge(claimed, [first], door(None)) == (Verdict.BUSY, [])


def test_who_calls_a_delivery_of_another_address_is_a_forger() -> None:
    first = course(1, "a", "10.0.0.1")
    verdict = Places().judge(claim(1, "a", "10.0.0.2", 2.9), [first], door(None))
    assert verdict == (Verdict.FORGED, [])


def test_unless_the_other_address_is_silent() -> None:
    first = course(1, "a", "10.0.0.1")
    verdict = Places().judge(claim(1, "a", "10.0.0.2", 3.1), [first], door())
    assert verdict == (Verdict.COME, [first])


def test_claims_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CLAIMS", 2)
    places, first = Places(), course(1, "a", "10.0.0.1")
    for number in range(5):
        port = 6000 + number
        places.judge(claim(2, "a", "10.0.0.1", 0.1, port=port), [first], door())
    assert len(places._since) == 2
