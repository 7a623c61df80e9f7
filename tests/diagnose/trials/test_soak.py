import asyncio
import os
import socket
from dataclasses import replace

import pytest
from tests.diagnose.trials.peer.test_visit import with_server

from groupwire.diagnose import ask
from groupwire.diagnose.trials.seen import SoakSeen, Stretch
from groupwire.diagnose.trials.soak import MAX_STRETCHES, Diary, Soak

GROUP = f"239.255.{os.getpid() % 250}.8:{30_000 + os.getpid() % 10_000}"


def test_datagrams_without_a_pause_are_one_stretch() -> None:
    diary = Diary(pause_s=10)
    for at in (1.0, 2.0, 5.0, 14.0):
        diary.note(at)
    assert diary.stretches == [Stretch(1.0, 14.0, 4)]
    assert diary.longest_gap_s == 9.0


def test_a_pause_begins_another_stretch() -> None:
    diary = Diary(pause_s=10)
    for at in (1.0, 12.0, 13.0):
        diary.note(at)
    assert diary.stretches == [Stretch(1.0, 1.0, 1), Stretch(12.0, 13.0, 2)]
    assert diary.longest_gap_s == 1.0


def test_of_many_stretches_the_first_and_the_last_are_kept() -> None:
    diary = Diary(pause_s=1)
    for number in range(2 * MAX_STRETCHES):
        diary.note(number * 10.0)
    assert len(diary.stretches) == MAX_STRETCHES
    assert diary.stretches[0].first_s == 0.0
    assert diary.stretches[-1].last_s == (2 * MAX_STRETCHES - 1) * 10.0


def soaked(**more: object) -> SoakSeen:
    question = replace(ask(GROUP, "lo"), **{"soak_s": 0.1, **more})
    (seen,) = asyncio.run(Soak(beat_s=0.02).run(question, asyncio.Event()))
    return seen


def test_who_asks_for_no_long_watch_gets_none() -> None:
    assert asyncio.run(Soak().run(ask(GROUP, "lo"), asyncio.Event())) == []


def test_a_long_watch_that_is_broken_off_tells_what_it_saw() -> None:
    async def run() -> SoakSeen:
        stop = asyncio.Event()
        stop.set()
        (seen,) = await Soak().run(replace(ask(GROUP, "lo"), soak_s=600), stop)
        return seen

    assert asyncio.run(run()).lasted_s < 60


def test_a_watch_without_traffic_is_empty() -> None:
    seen = soaked()
    assert (seen.stretches, seen.asked_peer) == ((), False)
    assert seen.lasted_s >= 0.1
    assert seen.interfaces == ("lo",)


def test_what_cannot_be_joined_is_told() -> None:
    assert "source" in soaked(group=ask("232.1.1.1:5000", "lo").group).trouble
    gone = replace(ask(GROUP, "lo").receive_on[0], index=99_999)
    assert "cannot join" in soaked(receive_on=(gone,)).trouble


@pytest.fixture
def _free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    for module in ("serve", "peer.visit", "peer.conversation"):
        monkeypatch.setattr(f"groupwire.diagnose.trials.{module}.PORT", port)


@pytest.mark.usefixtures("_free_port")
def test_a_peer_is_asked_to_send_all_the_time() -> None:
    question = replace(ask(GROUP, "lo", peer="127.0.0.1"), soak_s=0.3)
    # What this host sends itself does not count; here the peer is this host.
    elsewhere = replace(question.receive_on[0], addresses=())
    watching = replace(question, receive_on=(elsewhere,), about=(elsewhere,))

    async def work() -> SoakSeen:
        (seen,) = await Soak(beat_s=0.02).run(watching, asyncio.Event())
        return seen

    seen, _ = asyncio.run(with_server(question, work))
    assert seen.asked_peer
    assert seen.peer_answered_s is not None
    assert seen.stretches[0].datagrams >= 1


@pytest.mark.usefixtures("_free_port")
def test_a_peer_that_is_not_there_is_asked_again_and_again() -> None:
    question = replace(ask(GROUP, "lo", peer="127.0.0.1"), soak_s=0.2)
    (seen,) = asyncio.run(Soak(beat_s=0.02).run(question, asyncio.Event()))
    assert (seen.asked_peer, seen.peer_answered_s) == (True, None)
