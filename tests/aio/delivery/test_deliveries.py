"""One push and two pulls in one process: real sockets on loopback, real disks."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from tests.aio.delivery.places import QUICK, content, members, tree
from tests.aio.places import run, until

from groupwire import aio
from groupwire.aio.delivery import Output, PushConfig
from groupwire.deliver.entries import Entry
from groupwire.deliver.pull import DeliveryEnded, Joined, SenderGone
from groupwire.deliver.push import Began, PushEnded
from groupwire.deliver.push.group import gathering
from groupwire.deliver.report import PullReport, PushProgress, ReceiptStatus
from groupwire.deliver.storage import Status
from groupwire.deliver.store.duties.ground import Ground
from groupwire.errors import (
    InterfaceError,
    MachineError,
    NoRouteError,
    NotDelivered,
    UsageError,
)
from groupwire.values import Origin

pytestmark = pytest.mark.usefixtures("no_leaks")


async def said(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


def test_a_directory_reaches_every_member(
    group: str, album: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with members(group) as begin:
            one = await begin(tmp_path / "one", "one")
            two = await begin(tmp_path / "two", "two")
            async with aio.push(group, album, expect={"one", "two"}) as pushing:
                events = [event async for event in pushing]
                report = await pushing.finished()
            assert report.complete
            assert sorted(report.delivered) == ["one", "two"]
            assert isinstance(events[0], PushProgress)
            assert Began(3, 200_006, 2) in events
            assert isinstance(events[-1], PushEnded)
            assert pushing.report is report
            assert pushing.tree.title == "album"
            for member in (one, two):
                pulled = await member.report()
                assert (pulled.complete, pulled.signed, pulled.stored) == (
                    True,
                    True,
                    3,
                )

    run(work())
    assert tree(tmp_path / "one" / "album") == tree(album)
    assert tree(tmp_path / "two" / "album") == tree(album)
    there = tmp_path / "one" / "album" / "sub" / "nothing"
    assert there.stat().st_mode & 0o777 == 0o600


def test_what_members_have_is_not_sent_again_and_what_changed_is(
    group: str, album: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with members(group) as begin:
            member = await begin(tmp_path / "one", "one", count=3)
            first = await aio.push(group, f"{album}/", expect=1)
            again = await aio.push(group, f"{album}/", expect=1)
            (album / "b").write_bytes(b"changed\n")
            third = await aio.push(group, f"{album}/", expect=1)
            assert first.complete
            assert again.complete
            assert third.complete
            assert [r.receipts[0].unchanged for r in (first, again, third)] == [0, 3, 2]
            most = first.bytes_sent / 10
            assert again.bytes_sent < most > third.bytes_sent
            assert [r.stored for r in await member.reports()] == [3, 0, 1]

    run(work())
    assert tree(tmp_path / "one") == tree(album)


def test_a_stream_is_delivered_while_it_is_read(group: str, tmp_path: Path) -> None:
    pieces = [content(700_000, seed) for seed in range(7)]

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(tmp_path / "one", "one")
            config = PushConfig(title="talk.wav")
            pushing = aio.push(group, said(*pieces), expect=1, config=config)
            assert (await pushing).complete
            assert (await member.report()).title == "talk.wav"

    run(work())
    assert tree(tmp_path / "one") == {"talk.wav": b"".join(pieces)}


def test_an_empty_stream_is_an_empty_file(group: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with members(group) as begin:
            await begin(tmp_path / "one", "one")
            assert (await aio.push(group, BytesIO(), expect=1)).complete

    run(work())
    assert tree(tmp_path / "one") == {"stdin": b""}


@pytest.mark.parametrize("size", [0, 10, 4_300_000])
def test_a_stream_can_leave_as_it_came(group: str, size: int) -> None:
    data, out = content(size), BytesIO()

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(out)
            assert (await aio.push(group, BytesIO(data), expect=1)).complete
            assert (await member.report()).complete

    run(work())
    assert out.getvalue() == data


def test_one_file_can_leave_through_a_function(group: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content(300_000))
    taken: list[bytes] = []

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(Output(taken.append))
            assert (await aio.push(group, tmp_path / "file", expect=1)).complete
            (pulled,) = (await member.report()).files
            assert (pulled.path, pulled.status) == ("file", Status.STORED)

    run(work())
    assert b"".join(taken) == content(300_000)


def test_a_directory_does_not_leave_through_a_function(group: str, album: Path) -> None:
    async def work() -> None:
        async with members(group) as begin:
            await begin(Output(lambda _: None), "one")
            report = await aio.push(group, album, expect=1)
            (receipt,) = report.receipts
            assert receipt.status is ReceiptStatus.FAILED
            assert {f.reason for f in receipt.failed} == {"unsupported"}

    run(work())


def test_what_is_vetoed_is_missing(group: str, album: Path, tmp_path: Path) -> None:
    def accept(entry: Entry) -> bool:
        return entry.path != "album/b"

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(tmp_path / "one", "one", accept=accept)
            report = await aio.push(group, album, expect="one")
            assert report.missing == ("one",)
            with pytest.raises(NotDelivered, match="one"):
                report.raise_for_missing()
            failed = report.receipts[0].failed
            assert [(f.path, f.reason) for f in failed] == [("album/b", "vetoed")]
            assert not (await member.report()).complete

    run(work())
    assert not (tmp_path / "one" / "album" / "b").exists()


def test_without_members_nothing_is_delivered(
    group: str, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "EXPECTED_S", 0.1)

    async def work() -> None:
        report = await aio.push(group, album)
        assert not report.complete
        assert report.missing_count == 0
        with pytest.raises(NotDelivered, match="nobody has it"):
            report.raise_for_missing()
        absent = await aio.push(group, album, expect={"one"})
        assert absent.missing == ("one",)

    run(work())


def test_a_source_specific_group_answers_by_unicast(
    album: Path, tmp_path: Path
) -> None:
    group = "127.0.0.1@232.1.1.1%lo:23190"

    async def work() -> None:
        async with members(group) as begin:
            await begin(tmp_path / "one", "one")
            await begin(tmp_path / "two", "two")
            assert (await aio.push(group, album, expect=2)).complete

    run(work())
    assert tree(tmp_path / "one" / "album") == tree(album)


def test_what_cannot_be_sent_at_all_is_no_delivery(album: Path) -> None:
    async def work() -> None:
        with pytest.raises(NoRouteError, match="no IPv6 multicast on loopback"):
            await aio.push("[ff15::4242%lo]:23191", album)

    run(work())


def test_a_pull_ends_when_nothing_begins(group: str, tmp_path: Path) -> None:
    async def work() -> None:
        config = replace(QUICK, timeout=0.05)
        assert await aio.pull(group, tmp_path / "one", config=config) == []

    run(work())


def test_a_pull_waits_for_a_sender_that_waits_for_others(
    group: str, album: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        config = replace(QUICK, timeout=60.0)
        async with members(group) as begin:
            member = await begin(tmp_path / "one", "one", config)
            async with aio.push(group, album, expect={"one", "other"}) as pushing:
                await until(lambda: member.pulling.progress.senders)
                member.pulling._give_up()  # its time is over
                assert not member.pulling._running.core.finished  # type: ignore[union-attr]
                pushing.stop()
            # It ended before its manifest came, and nobody else is there.
            await until(lambda: not member.pulling.progress.senders)
            member.pulling._give_up()
            assert await member.reports() == []

    run(work())


def test_who_only_announces_does_not_keep_a_pull_for_ever(
    group: str, album: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        config = replace(QUICK, timeout=60.0)
        async with members(group) as begin:
            member = await begin(tmp_path / "one", "one", config)
            async with aio.push(group, album, expect={"one", "other"}):
                await until(lambda: member.pulling.progress.announced)
                for _ in range(10):
                    member.pulling._give_up()
                assert not member.pulling._running.core.finished  # type: ignore[union-attr]
                member.pulling._give_up()
                assert member.pulling._running.core.finished  # type: ignore[union-attr]

    run(work())


def test_the_time_of_a_pull_goes_on_where_a_sender_was_replaced(
    group: str, tmp_path: Path
) -> None:
    async def work() -> None:
        config = replace(QUICK, timeout=60.0)
        async with aio.pull(group, tmp_path, count=None, config=config) as pulling:
            joined = Joined("src", Origin("192.0.2.1", 5000), "album", 1, 1)
            report = PullReport("src", "album", (), 1, 0, 0, 1, 0, 1.0, signed=True)
            for event in (joined, SenderGone("src", "replaced"), joined):
                pulling._note(event)
            pulling._note(DeliveryEnded(report))
            assert pulling._alarm is not None
            pulling._give_up()
            assert pulling._running.core.finished  # type: ignore[union-attr]
            assert pulling.reports == (report,)

    run(work())


def test_what_cannot_be_is_refused_before_anything_is_open(
    group: str, tmp_path: Path
) -> None:
    async def work() -> None:
        with pytest.raises(UsageError, match="not there"):
            await aio.push(group, tmp_path / "not there")
        with pytest.raises(UsageError):
            aio.pull(group, tmp_path, count=0)
        for work in (
            aio.push("239.1.1.1%wrong0:23193", tmp_path),
            aio.pull("239.1.1.1%wrong0:23193", tmp_path / "in"),
        ):
            with pytest.raises(InterfaceError, match="no interface wrong0"):
                await work
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(MachineError, match="file cannot be used"):
            await aio.pull(group, tmp_path / "file")

    run(work())


def test_a_pull_says_at_once_that_nothing_can_be_stored(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with aio.pull(group, tmp_path) as pulling:
            assert pulling.problem == "read-only"
            pulling.stop()

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Ground, "_with_state", refuse)
    run(work())
