"""Measured traffic over real multicast on loopback, and its rules in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from random import Random
from typing import Any

import pytest
from tests.aio.places import run, until

from groupwire.aio import Joined, PeerConfig
from groupwire.aio.probing.load import (
    LoadBegan,
    LoadEnded,
    LoadEvent,
    LoadInterval,
    LoadResult,
    receive_load,
    send_load,
)
from groupwire.aio.probing.load import member as module
from groupwire.aio.probing.load.member import RunBegan, RunEnded, RunMember
from groupwire.aio.probing.load.members import Members
from groupwire.aio.probing.load.question import LoadQuestion
from groupwire.errors import DecodeError, NoRouteError, UsageError
from groupwire.gather import Answer, Answerer, Kind, Limits, Tagged
from groupwire.net import MulticastSender
from groupwire.probe.load import LoadHead, LoadReport
from groupwire.values import Datagram, Interface, Origin
from groupwire.values.datagram import KnownFacts

SENDER = Origin("10.0.0.7", 4000)


@asynccontextmanager
async def receiving(
    group: str, name: str, interval: float = 1.0
) -> AsyncGenerator[list[LoadEvent], None]:
    """Receive in the background; the events so far."""
    events: list[LoadEvent] = []
    joined = asyncio.Event()

    async def listen() -> None:
        config = PeerConfig(name=name)
        async with aclosing(
            receive_load(group, interval=interval, config=config)
        ) as told:
            async for event in told:
                events.append(event)
                joined.set()

    task = asyncio.create_task(listen())
    await joined.wait()
    try:
        yield events
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def sent(group: str, **options: Any) -> LoadResult:
    options = {"rate": 2e6, "size": 500, "duration": 0.2, **options}
    *progress, last = [each async for each in send_load(group, **options)]
    assert progress
    assert isinstance(last, LoadResult)
    return last


@pytest.mark.alone
@pytest.mark.usefixtures("no_leaks")
def test_every_receiver_reports_what_it_has(group: str) -> None:
    async def scene() -> LoadResult:
        async with receiving(group, "a"), receiving(group, "b"):
            return await sent(group, expect=["a", "b"], interval=0.05)

    result = run(scene())
    sent_packets = result.sent.packets
    # A machine that stands still for a moment leaves some out, and says so.
    assert sent_packets + result.late == pytest.approx(100, abs=2)
    assert sorted(member.name for member in result.members) == ["a", "b"]
    assert (result.missing, result.missing_count) == ((), 0)
    for member in result.members:
        assert (member.lost, member.loss, member.dropped_here) == (0, 0.0, 0)
        assert member.report.packets == sent_packets
        assert member.report.bits_per_s == pytest.approx(2e4 * sent_packets, rel=0.3)
        assert member.clock is not None
        middle = member.delay_s("p50")
        assert middle is not None
        assert abs(middle) < member.clock.error_s + 0.01
        assert len(member.round_trips)


def test_a_receiver_tells_what_happens(group: str) -> None:
    async def scene() -> list[LoadEvent]:
        async with receiving(group, "a", 0.05) as events:
            await sent(group, expect=1)
            await until(lambda: isinstance(events[-1], LoadEnded))
        return events

    joined, began, *between, ended = run(scene())
    assert isinstance(joined, Joined)
    assert str(joined.group) == group
    assert isinstance(began, LoadBegan)
    assert between
    assert all(isinstance(event, LoadInterval) for event in between)
    assert isinstance(ended, LoadEnded)
    assert (ended.sender, ended.report.run) == (began.sender, began.run)
    assert ended.report.lost == 0


def test_who_is_expected_and_silent_is_missing(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.aio.probing.load.sending._LAST_TIMEOUT_S", 0.3)

    async def scene() -> LoadResult:
        async with receiving(group, "a"):
            return await sent(group, expect=["a", "z"])

    result = run(scene())
    assert (result.missing, result.missing_count) == (("z",), 1)
    assert [member.name for member in result.members] == ["a"]


def test_without_receivers_there_is_no_result(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.aio.probing.load.sending._LAST_STALL_S", 0.05)
    assert run(sent(group)).members == ()


def test_who_wants_the_end_has_the_results_at_once(group: str) -> None:
    async def scene() -> tuple[Any, list[LoadEvent]]:
        stop, last = asyncio.Event(), None
        async with receiving(group, "a") as events:
            async for last in send_load(
                group, rate=2e6, duration=3600, interval=0.05, expect=1, stop=stop
            ):
                if not isinstance(last, LoadResult) and last.members:
                    stop.set()
        return last, events

    result, events = run(scene())
    assert isinstance(result, LoadResult)
    assert [member.lost for member in result.members] == [0]
    assert isinstance(events[-1], LoadEnded)


def test_a_receiver_that_is_to_end_ends_its_runs(group: str) -> None:
    async def scene() -> list[LoadEvent]:
        stop = asyncio.Event()
        receiving = receive_load(group, interval=0.05, stop=stop)
        events = [await anext(receiving)]
        sending = asyncio.create_task(sent(group, duration=0.5, expect=1))
        async for event in receiving:
            events.append(event)
            if isinstance(event, LoadInterval):
                stop.set()
        sending.cancel()
        await asyncio.wait([sending])
        return events

    assert isinstance(run(scene())[-1], LoadEnded)


@pytest.mark.parametrize("rate", [1e12, 1e15])
def test_more_than_this_machine_can_send_ends_in_time(group: str, rate: float) -> None:
    result = run(sent(group, rate=rate, size=32, duration=0.1))
    assert result.sent.seconds == pytest.approx(0.1, abs=0.05)
    assert result.late > 0


@pytest.mark.alone
def test_a_link_that_is_down_for_a_while_is_part_of_the_result(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = iter([False] * 20 + [True] * 20)
    send = MulticastSender.send

    def sending(*given: Any) -> int:
        if next(down, False):
            raise NoRouteError("the link is down")
        return send(*given)

    monkeypatch.setattr(MulticastSender, "send", sending)
    result = run(sent(group))
    assert isinstance(result.refused, NoRouteError)
    assert result.late >= 19


def test_datagrams_that_do_not_fit_the_link_leave_one_by_one(group: str) -> None:
    async def scene() -> LoadResult:
        async with receiving(group, "a"):
            return await sent(group, expect=1, size=65_507, rate=30e6)

    (member,) = run(scene()).members
    assert member.lost == 0
    assert member.report.size_bytes % 65_507 == 0


@pytest.mark.usefixtures("no_leaks")
def test_who_stops_listening_stops_it(group: str) -> None:
    async def scene() -> None:
        async with aclosing(send_load(group, duration=3600, interval=0.01)) as told:
            async for progress in told:
                if not isinstance(progress, LoadResult) and progress.packets:
                    return

    run(scene())


@pytest.mark.parametrize(
    ("options", "text"),
    [({"rate": 0}, "rate"), ({"size": 31}, "31"), ({"duration": 0}, "seconds")],
)
def test_what_cannot_be_measured_is_refused(
    group: str, options: dict[str, float], text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        run(sent(group, **options))


class TestQuestion:
    @pytest.mark.parametrize("last", [False, True])
    def test_a_question_reads_back(self, last: bool) -> None:
        question = LoadQuestion(0xFE, last)
        assert LoadQuestion.decode(question.encode()) == question

    @pytest.mark.parametrize("data", [b"", b"status?", b"gw-load 1 xyz", b"gw-load 1"])
    def test_another_message_is_none(self, data: bytes) -> None:
        with pytest.raises(DecodeError, match="load-no-question"):
            LoadQuestion.decode(data)


class TestMembers:
    def answer(self, data: bytes, member: str | None = "a") -> Answer:
        return Answer(member, SENDER, data, 0.25)

    def test_what_is_no_report_of_this_run_is_counted(self) -> None:
        members = Members(7)
        members.take(self.answer(b"ack"))
        members.take(self.answer(LoadReport(run=8).encode()))
        assert (members.foreign, members.names, members.results(5)) == (2, [], ())

    def test_the_worst_stands_first_and_the_clock_is_that_of_the_exchanges(
        self,
    ) -> None:
        members = Members(7)
        good = LoadReport(run=7, packets=10, heard=105.1, answered=105.1)
        members.take(self.answer(good.encode(), "good"), asked=100.0)
        bad = LoadReport(run=7, packets=4, dropped_here=9, delays_s={"p50": 1.0})
        members.take(self.answer(bad.encode(), None))
        first, second = members.results(10)
        assert (first.name, first.lost, first.loss) == (str(SENDER), 6, 0.6)
        assert (first.dropped_here, first.report.bits_per_s) == (6, None)
        assert (first.clock, first.delay_s("p50")) == (None, None)
        assert second.clock is not None
        assert second.clock.offset_s == pytest.approx(4.975)
        assert second.clock.error_s == pytest.approx(0.125)
        assert second.round_trips.at(1) == pytest.approx(0.25)
        assert second.delay_s("p50") is None
        assert members.results(0)[0].loss == 0.0

    def test_the_first_who_speaks_for_a_name_has_it(self) -> None:
        members = Members(7)
        report = LoadReport(run=7, packets=10).encode()
        members.take(self.answer(report))
        forged = LoadReport(run=7, packets=1, heard=1e14).encode()
        members.take(Answer("a", Origin("10.0.0.66", 1), forged, 0.1), asked=1.0)
        (member,) = members.results(10)
        assert (member.lost, member.clock, members.clashes) == (0, None, {"a"})

    def test_what_was_sent_before_it_joined_is_not_lost(self) -> None:
        members = Members(7)
        late = LoadReport(run=7, packets=4, before=5)
        members.take(self.answer(late.encode()))
        (member,) = members.results(10)
        assert (member.lost, member.loss) == (1, 0.2)

    def test_members_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bound = "groupwire.aio.probing.load.members._MAX_MEMBERS"
        monkeypatch.setattr(bound, 1)
        members = Members(7)
        for name in ("a", "b", "a"):
            members.take(self.answer(LoadReport(run=7).encode(), name))
        assert (members.names, members.foreign) == (["a"], 1)


class Play:
    """A member in virtual time."""

    def __init__(self) -> None:
        limits = Limits(None, (), 1000)
        link = Interface("lo", 1, loopback=True, up=True)
        answerer = Answerer("a", limits, [link], rng=Random(1))
        self.drops, self.now = 0, 1.0
        self.member = RunMember(answerer, lambda: self.drops, lambda: self.now)

    def hear(self, data: bytes, at: float = 1.0, origin: Origin = SENDER) -> None:
        self.now = at
        facts = KnownFacts(at=at)
        self.member.handle_datagram(Datagram(data, origin, 1, facts), now=at)

    def load(self, *numbers: int, run: int = 7, at: float = 1.0) -> None:
        for number in numbers:
            self.hear(LoadHead(run, number, 0).encode(), at)

    def ask(self, run: int, *, last: bool = False, origin: Origin = SENDER) -> None:
        question = LoadQuestion(run, last).encode()
        tagged = Tagged(Kind.QUESTION, 99 + run + last, question).encode()
        self.hear(tagged, origin=origin)

    def look(self, at: float) -> None:
        self.now = at
        self.member.look()


@pytest.fixture
def play() -> Play:
    return Play()


def kinds(play: Play) -> list[type]:
    return [type(event) for event in play.member.poll_events()]


def test_drops_count_from_the_beginning_of_the_run(play: Play) -> None:
    play.drops = 5
    play.load(0, 1, 5)
    play.drops = 7
    ((_, report),) = play.member.reports()
    assert (report.lost, report.dropped_here) == (3, 2)
    play.drops = 100
    ((_, report),) = play.member.reports()
    assert report.dropped_here == 3, "of the lost, not more"


def test_runs_share_the_drops_of_their_socket(play: Play) -> None:
    play.load(*range(30), 40)
    play.load(*range(10), 20, run=8)
    play.drops = 8
    reports = dict(play.member.reports())
    assert [report.dropped_here for report in reports.values()] == [6, 2]


def test_a_run_ends_once_by_word_or_by_silence(play: Play) -> None:
    play.load(0, 1)
    play.ask(7, last=True)
    play.look(100.0)
    assert kinds(play) == [RunBegan, RunEnded]
    assert play.member.reports() == []
    play.load(0, 1, run=8, at=100.0)
    play.look(104.0)
    play.look(106.0)
    assert kinds(play) == [RunBegan, RunEnded]


def test_a_run_that_goes_on_after_a_silence_ends_once_more(play: Play) -> None:
    play.load(0, 1, at=100.0)
    play.look(106.0)
    play.load(2, at=107.0)
    play.look(107.5)
    assert len(play.member.reports()) == 1
    play.look(115.0)
    assert len(play.member.reports()) == 1, "it has been silent for 7 s before"
    play.look(122.0)
    assert kinds(play) == [RunBegan, RunEnded, RunEnded]


def test_only_its_own_sender_ends_a_run(play: Play) -> None:
    play.load(0, 1)
    play.ask(7, last=True, origin=Origin("10.0.0.66", 4000))
    assert kinds(play) == [RunBegan]


def test_who_leaves_ends_what_goes_on(play: Play) -> None:
    play.load(0, 1)
    play.load(0, 1, run=8)
    play.ask(8, last=True)
    play.member.end_all()
    assert kinds(play) == [RunBegan, RunBegan, RunEnded, RunEnded]


def test_a_run_that_never_came_is_reported_as_such(play: Play) -> None:
    play.ask(12, last=True)
    assert kinds(play) == []


def test_other_messages_are_counted(play: Play) -> None:
    play.hear(b"hello")
    assert dict(play.member.dropped) == {"load-no-question": 1}


def test_what_has_ended_is_forgotten_in_time(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_FINISHED", 1)
    for run_number in (1, 2):
        play.load(0, 1, run=run_number)
        play.ask(run_number, last=True)
    assert len(play.member._ended) == 1
    play.member.update_interfaces([])
    play.member.handle_timeout(now=2.0)
    assert play.member.poll_timeout() is None
