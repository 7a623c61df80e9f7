import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.diagnose.checks.trials.scenes import ETH0, LO
from tests.diagnose.trials.wire.test_membership import igmp, ip4, ip6, mld

from groupwire.diagnose.check import Question
from groupwire.diagnose.trials import queries
from groupwire.diagnose.trials.queries import KEPT, Queries, QueryEar, segments
from groupwire.diagnose.trials.seen import QueriesSeen
from groupwire.diagnose.trials.tap import Tapped
from groupwire.values import Group

QUERY = Tapped(ip4(igmp(0x11, 100, 2, 125, 0, 0)), outgoing=False, interface="eth0")
REPORT = Tapped(ip4(igmp(0x22, 0)), outgoing=True, interface="eth0")
QUESTION = Question(
    group=Group.parse("239.255.42.99:10000"), receive_on=(LO, ETH0), send_by=ETH0
)


class FakeTap:
    """Packets that wait on a socket which can be watched."""

    def __init__(self, *_: object) -> None:
        self.waiting: list[Tapped] = []
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        taps.append(self)

    def fileno(self) -> int:
        return self.far.fileno()

    def brings(self, *packets: Tapped) -> None:
        self.waiting += packets
        self.near.send(b"!")

    def read(self) -> list[Tapped]:
        self.far.recv(1)
        found, self.waiting = self.waiting, []
        return found

    def close(self) -> None:
        self.near.close()
        self.far.close()


taps: list[FakeTap] = []


@pytest.fixture
def _tapped(monkeypatch: pytest.MonkeyPatch) -> None:
    taps.clear()
    monkeypatch.setattr(queries, "Tap", FakeTap)
    monkeypatch.setattr(queries, "WATCH_S", 0.05)


def listened(question: Question, *packets: Tapped) -> Sequence[QueriesSeen]:
    async def run() -> Sequence[QueriesSeen]:
        task = asyncio.create_task(Queries().run(question, asyncio.Event()))
        await asyncio.sleep(0)
        for tap in taps:
            tap.brings(*packets)
        return await task

    return asyncio.run(run())


@pytest.mark.usefixtures("_tapped")
def test_queries_and_own_reports_are_heard() -> None:
    foreign = replace(REPORT, outgoing=False)
    junk = replace(REPORT, packet=b"x")
    (seen,) = listened(QUESTION, QUERY, REPORT, foreign, junk)
    assert (seen.interface, seen.able, seen.asked, seen.reports) == ("eth0", True, 1, 1)
    (query,) = seen.queries
    assert (query.source, query.version, query.igmp) == ("198.18.1.9", 3, 3)
    assert (query.interval_s, query.response_s, query.robustness) == (125, 10, 2)
    assert 0 <= query.at_s <= seen.listened_s


@pytest.mark.usefixtures("_tapped")
def test_of_many_queries_the_first_and_the_last_are_kept() -> None:
    other = replace(QUERY, packet=ip4(igmp(0x11, 10)))
    (seen,) = listened(QUESTION, QUERY, *[other] * 20)
    assert (len(seen.queries), seen.asked) == (KEPT, 21)
    assert [query.version for query in seen.queries] == [3, *[2] * (KEPT - 1)]


@pytest.mark.usefixtures("_tapped")
def test_it_listens_for_as_long_as_it_is_told() -> None:
    (seen,) = listened(replace(QUESTION, listen_s=0.1))
    assert seen.listened_s >= 0.1


@pytest.mark.usefixtures("_tapped")
def test_what_was_heard_before_it_is_broken_off_is_told() -> None:
    async def run() -> Sequence[QueriesSeen]:
        stop = asyncio.Event()
        stop.set()
        return await Queries().run(replace(QUESTION, listen_s=600), stop)

    (seen,) = asyncio.run(run())
    assert seen.listened_s < 60


@pytest.mark.usefixtures("_tapped")
def test_mld_is_heard_for_ipv6() -> None:
    question = replace(QUESTION, group=Group.parse("[ff15::1]:5000"))
    (seen,) = listened(question, replace(QUERY, packet=ip6(mld(130, 1000))))
    assert (seen.version, seen.queries[0].version, seen.queries[0].igmp) == (6, 1, 2)


def test_without_the_right_nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(queries, "Tap", refuse)

    async def run() -> None:
        ear = QueryEar([ETH0], 4)
        assert (ear.able, ear.asked, ear.watches) == (False, 0, [])
        assert ear.seen()[0].listened_s == 0
        ear.close()

    asyncio.run(run())


def test_who_may_not_listen_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(queries, "Tap", refuse)
    trial = Queries().run(replace(QUESTION, listen_s=600), asyncio.Event())
    (seen,) = asyncio.run(asyncio.wait_for(trial, 5))
    assert not seen.able


def test_only_interfaces_with_neighbours_are_listened_to() -> None:
    tunnel = replace(ETH0, name="tun0", index=9, point_to_point=True)
    question = replace(QUESTION, receive_on=(LO, tunnel), send_by=None)
    assert segments(question) == []
    assert asyncio.run(Queries().run(question, asyncio.Event())) == []
    assert segments(replace(question, send_by=ETH0)) == [ETH0]
