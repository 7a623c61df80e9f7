"""Whatever ends a delivery early: it is said, kept, and gone on with."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from tests.aio.delivery.places import Seen, content, members, tree
from tests.aio.places import run

from groupwire import aio
from groupwire.aio.delivery import Output, PushConfig
from groupwire.deliver.report import PullProgress, PushProgress
from groupwire.net import MembershipLost, MembershipRenewed
from groupwire.net.links import LinkGone

pytestmark = pytest.mark.usefixtures("no_leaks")

SIZE = 4_000_000
SLOW = PushConfig(rate=160e6, expect=1, progress_s=0.02, patience=1.5)
"""20 MB a second: time enough to interrupt it."""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(content(SIZE))
    return path


class Halfway:
    """Becomes true when a third has come."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    def __call__(self, event: Seen) -> None:
        if isinstance(event, PullProgress) and event.bytes_have > SIZE // 3:
            self.reached.set()


def test_an_interrupted_pull_goes_on_where_it_was(
    group: str, film: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with members(group) as begin:
            halfway = Halfway()
            member = await begin(tmp_path / "in", "one", watch=halfway)
            async with aio.push(group, film, config=SLOW) as pushing:
                await halfway.reached.wait()
                await member.cancel()
                assert not (tmp_path / "in" / "film").exists()
                again = await begin(tmp_path / "in", "one")
                assert (await pushing.finished()).complete
            assert (await again.report()).complete

    run(work())
    assert (tmp_path / "in" / "film").read_bytes() == content(SIZE)


def test_what_an_interrupted_push_left_the_next_one_completes(
    group: str, film: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with members(group) as begin:
            halfway = Halfway()
            member = await begin(tmp_path / "in", "one", watch=halfway)
            pushing = aio.push(group, film, config=SLOW)
            async with pushing:
                await halfway.reached.wait()
            report = pushing.report
            assert (report.complete, report.reason) == (False, "interrupted")
            assert report.missing == ("one",)
            told = await member.report()
            assert not told.complete
            await begin(tmp_path / "in", "one")
            again = await aio.push(group, film, config=SLOW)
            assert again.complete

    run(work())
    assert (tmp_path / "in" / "film").read_bytes() == content(SIZE)


def test_a_cancelled_push_tells_what_it_knows(
    group: str, film: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with members(group) as begin:
            halfway = Halfway()
            await begin(tmp_path / "in", "one", watch=halfway)
            pushing = aio.push(group, film, config=SLOW)

            async def waiting() -> None:
                await pushing

            task = asyncio.create_task(waiting())
            await halfway.reached.wait()
            assert isinstance(pushing.progress, PushProgress)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert pushing.report.missing == ("one",)

    run(work())


def test_stopping_a_push_ends_it_for_its_members(
    group: str, film: Path, tmp_path: Path
) -> None:
    async def work() -> None:
        async with members(group) as begin:
            halfway = Halfway()
            member = await begin(tmp_path / "in", "one", watch=halfway)
            async with aio.push(group, film, config=SLOW) as pushing:
                await halfway.reached.wait()
                pushing.stop()
                assert (await pushing.finished()).reason == "stopped"
            assert (await member.report()).reason == "stopped"

    run(work())


def test_a_stream_that_cannot_be_read_is_raised(group: str, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise OSError(errno.EIO, "the line is dead")

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(tmp_path / "in", "one")
            pushing = aio.push(group, broken(), expect=1)
            with pytest.raises(OSError, match="the line is dead"):
                await pushing
            assert "the line is dead" in pushing.report.reason
            # It ended before its manifest came: that was no delivery.
            assert member.task is not None
            assert not member.task.done()
            await member.cancel()

    run(work())
    assert tree(tmp_path / "in") == {}


@pytest.mark.parametrize(
    "error", [BrokenPipeError(errno.EPIPE, "nobody reads"), ValueError("closed file")]
)
def test_an_output_that_breaks_is_raised(group: str, error: Exception) -> None:
    def refuse(_: bytes) -> None:
        raise error

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(Output(refuse), "one")
            pushing = aio.push(group, BytesIO(b"words"), expect=1)
            async with pushing:
                with pytest.raises(type(error)):
                    await member.reports()

    run(work())


def test_links_that_come_back_are_told(group: str, film: Path, tmp_path: Path) -> None:
    async def work() -> None:
        async with members(group) as begin:
            halfway = Halfway()
            member = await begin(tmp_path / "in", "one", watch=halfway)
            async with aio.push(group, film, config=SLOW) as pushing:
                await halfway.reached.wait()
                flap(member.pulling)
                flap(pushing)
                assert (await pushing.finished()).complete
            kinds = {type(event) for event in member.seen}
            assert {MembershipLost, MembershipRenewed} <= kinds

    run(work())


def flap(handle: aio.Pulling | aio.Pushing) -> None:
    """Let the loopback interface go and come back."""
    running = handle._running
    assert running is not None
    keeper = running._keeper
    real, keeper._watch = keeper._watch, Told()  # type: ignore[assignment]
    running._look_at_links()
    keeper._watch = real


class Told:
    """A watch that says that the loopback interface is gone."""

    def poll(self) -> list[LinkGone]:
        return [LinkGone(1, "lo")]
