"""One file leaves in order through a function, or the refusal says why not."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from tests.aio.places import run, until

from groupwire.aio.delivery import emitting
from groupwire.aio.delivery.output import Output, OutputStorage
from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.storage import Outcome, Status
from groupwire.deliver.store.policy import StorePolicy

ONE = Manifest(7, "film", (Entry("film", size_bytes=6),))
OPEN = Manifest(9, "-", (Entry("-", size_bytes=None),))
TWO = Manifest(8, "both", (Entry("a"), Entry("b"), Entry("c", Kind.DIRECTORY)))
DATA = b"abcdef"
DIGEST = hashlib.sha256(DATA).digest()


class Scene:
    """A storage, and what it has told."""

    def __init__(
        self,
        write: Callable[[bytes], Any] | None = None,
        policy: StorePolicy | None = None,
    ) -> None:
        self.out = bytearray()
        self.told: list[tuple[Any, ...]] = []
        self.pressed: list[bool] = []
        self.broken: list[Exception] = []
        self.storage = OutputStorage(
            Output(write or self.out.extend),
            loop=asyncio.get_running_loop(),
            policy=policy or StorePolicy(),
            on_examined=lambda key, examined, /: self._tell(key, examined.settled),
            on_finished=lambda key, entry, outcome, /: self._tell(key, entry, outcome),
            on_concluded=lambda key, failed, /: self._tell(key, "end", failed),
            on_pressure=self.pressed.append,
            on_broken=self.broken.append,
        )

    def _tell(self, *what: Any) -> None:
        self.told.append(what)

    async def heard(self) -> tuple[Any, ...]:
        await until(lambda: self.told)
        return self.told.pop(0)

    async def begin(self, key: int = 1) -> None:
        self.storage.examine(key, ONE)
        assert await self.heard() == (key, {})


def scene(work: Callable[[Scene], Any], **how: Any) -> None:
    async def whole() -> None:
        made = Scene(**how)
        assert not made.storage.holds
        try:
            await work(made)
        finally:
            made.storage.close()
            made.storage.close()

    run(whole())


def test_what_comes_in_any_order_leaves_in_its_own() -> None:
    async def work(made: Scene) -> None:
        await made.begin()
        spool = made.storage.open(1, 0)
        assert tuple(spool.held) == ()
        spool.write(3, [b"de", memoryview(b"f")])
        spool.write(0, [])
        assert spool.read(2, 3) == b"\0de"
        assert spool.read(5, 3) == b"f\0\0"
        spool.write(0, [b"abc"])
        made.storage.finish(1, 0, DIGEST)
        assert await made.heard() == (1, 0, Outcome(Status.STORED, DIGEST, 6))
        spool.write(0, [b"late"])
        assert spool.read(0, 2) == b"\0\0"
        made.storage.conclude(1)
        assert await made.heard() == (1, "end", {})
        assert made.out == DATA
        await made.begin(2)

    scene(work)


def test_what_is_not_what_was_promised_has_failed() -> None:
    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open(1, 0).write(0, [b"abcdeX"])
        made.storage.finish(1, 0, DIGEST)
        _, _, outcome = await made.heard()
        assert (outcome.status, outcome.reason) == (Status.FAILED, "changed")

    scene(work)


def test_one_file_is_taken_at_a_time_and_no_more() -> None:
    async def work(made: Scene) -> None:
        made.storage.examine(3, TWO)
        _, settled = await made.heard()
        assert {o.reason for o in settled.values()} == {"unsupported"}
        await made.begin()
        made.storage.examine(2, ONE)
        _, settled = await made.heard()
        assert settled[0].reason == "unsupported"
        with pytest.raises(OSError, match="another delivery"):
            made.storage.open(2, 0)
        with pytest.raises(OSError, match="takes one file"):
            made.storage.open_foreign(4, 0, 3)
        for verb in (made.storage.abandon, made.storage.conclude):
            verb(9)
        made.storage.discard(9, 0)
        made.storage.put_away(1, 0)
        made.storage.discard_foreign(1, 0)
        made.storage.open(1, 0).write(0, [b"abc"])

    scene(work)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (StorePolicy(max_bytes=5), "too-large"),
        (StorePolicy(accept=lambda _: False), "vetoed"),
    ],
)
def test_the_policy_is_asked(policy: StorePolicy, reason: str) -> None:
    async def work(made: Scene) -> None:
        made.storage.examine(1, ONE)
        _, settled = await made.heard()
        assert settled[0].reason == reason

    scene(work, policy=policy)


def test_who_decides_is_asked_in_a_thread_while_the_loop_goes_on() -> None:
    asked, go = Event(), Event()

    def accept(_: Entry) -> bool:
        asked.set()
        return go.wait(5)

    async def work(made: Scene) -> None:
        made.storage.examine(1, ONE)
        made.storage.examine(2, ONE)
        await until(asked.is_set)
        assert made.told == []
        go.set()
        assert await made.heard() == (1, {})
        # Both were asked about; the first one has the output.
        key, settled = await made.heard()
        assert (key, settled[0].reason) == (2, "unsupported")

    scene(work, policy=StorePolicy(accept=accept))


@pytest.mark.parametrize("verb", ["abandon", "conclude"])
def test_what_is_left_while_it_is_examined_gets_no_output(verb: str) -> None:
    go = Event()

    async def work(made: Scene) -> None:
        made.storage.examine(1, ONE)
        getattr(made.storage, verb)(1)
        go.set()
        if verb == "conclude":
            assert await made.heard() == (1, "end", {})
        made.storage.examine(2, ONE)
        assert await made.heard() == (2, {})

    scene(work, policy=StorePolicy(accept=lambda _: go.wait(5)))


def test_no_open_is_a_way_round_the_limit() -> None:
    async def work(made: Scene) -> None:
        with pytest.raises(OSError, match="larger than is taken"):
            made.storage.open_foreign(1, 42, 7)
        await made.begin()
        with pytest.raises(OSError, match="larger than is taken"):
            made.storage.open(1, 0, 7)
        made.storage.open(1, 0, 6)

    scene(work, policy=StorePolicy(max_bytes=6))


def test_parts_of_unknown_length_are_within_the_limit_together() -> None:
    async def work(made: Scene) -> None:
        made.storage.examine(1, OPEN)
        assert await made.heard() == (1, {})
        made.storage.open_part(1, 0, 0, 3).write(0, [b"abc"])
        await until(lambda: made.out)
        made.storage.open_part(1, 0, 1, 2)
        made.storage.open_part(1, 0, 1, 3)  # once more, larger: it counts once
        with pytest.raises(OSError, match="larger than is taken") as caught:
            made.storage.open_part(1, 0, 2, 1)
        assert caught.value.errno == errno.EFBIG

    scene(work, policy=StorePolicy(max_bytes=6))


def test_what_waits_leaves_room_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    room(monkeypatch, 5)

    async def work(made: Scene) -> None:
        made.storage.examine(1, ONE)
        _, settled = await made.heard()
        assert settled[0].reason == "disk-full"
        made.storage.examine(1, OPEN)
        assert await made.heard() == (1, {})
        made.storage.open_part(1, 0, 1, 3)
        with pytest.raises(OSError, match="must stay free") as caught:
            made.storage.open_part(1, 0, 2, 3)
        assert caught.value.errno == errno.ENOSPC
        room(monkeypatch, -1)
        with pytest.raises(OSError, match="must stay free"):
            made.storage.open_part(1, 0, 0, 0)

    scene(work, policy=StorePolicy(keep_free_bytes=100))


def room(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    """Let the disk have so much room beside a hundred bytes that stay free."""
    disk = os.statvfs_result((1, 1, 0, 0, 100 + free_bytes, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: disk)


def test_parts_far_from_their_turn_are_not_opened() -> None:
    async def work(made: Scene) -> None:
        made.storage.examine(1, OPEN)
        assert await made.heard() == (1, {})
        most = emitting._MOST_AHEAD
        made.storage.open_part(1, 0, most, 3)
        with pytest.raises(OSError, match="no turn soon"):
            made.storage.open_part(1, 0, most + 1, 3)
        made.storage.open_part(1, 0, 0, 3).write(0, [b"abc"])
        made.storage.open_part(1, 0, 1, 3).write(0, [b"d"])
        await until(lambda: len(made.out) == 4)
        made.storage.open_part(1, 0, most + 1, 3)
        with pytest.raises(OSError, match="no turn soon"):
            made.storage.open_part(1, 0, 0, 3)

    scene(work)


def test_an_empty_part_that_is_thrown_away_may_come_again() -> None:
    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open_part(1, 0, 0, 0)
        made.storage.open_part(1, 0, 1, 3)
        await until(lambda: made.storage._emitter._turn)
        made.storage.discard(1, 0)
        made.storage.open(1, 0).write(0, [DATA])
        made.storage.finish(1, 0, DIGEST)
        _, _, outcome = await made.heard()
        assert outcome.status is Status.STORED

    scene(work)


def test_an_object_of_a_foreign_sender_leaves_too() -> None:
    async def work(made: Scene) -> None:
        made.storage.open_foreign(1, 42, 6).write(0, [DATA])
        made.storage.finish_foreign(1, 42, "film")
        assert await made.heard() == (1, 42, Outcome(Status.STORED, DIGEST, 6))

    scene(work)


def test_what_has_not_left_can_be_thrown_away() -> None:
    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open(1, 0).write(3, [b"def"])
        made.storage.discard(1, 0)
        made.storage.open(1, 0).write(0, [DATA])
        made.storage.finish(1, 0, DIGEST)
        _, _, outcome = await made.heard()
        assert outcome.status is Status.STORED

    scene(work)


@pytest.mark.parametrize("verb", ["discard", "abandon"])
def test_after_half_a_file_nothing_follows(verb: str) -> None:
    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open(1, 0).write(0, [b"abc"])
        await until(lambda: made.out)
        if verb == "discard":
            made.storage.discard(1, 0)
            assert (await made.heard())[2].reason == "changed"
        else:
            made.storage.abandon(1)
        made.storage.examine(2, ONE)
        _, settled = await made.heard()
        assert settled[0].reason == "unsupported"

    scene(work)


def test_a_slow_reader_holds_the_network_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emitting, "_MOST_WAITING_BYTES", 4)
    go = Event()

    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open(1, 0).write(0, [DATA])
        await until(lambda: made.pressed)
        assert made.pressed == [True]
        go.set()
        await until(lambda: made.pressed[1:])
        assert made.pressed == [True, False]

    scene(work, write=lambda _: go.wait(5))


def test_what_waits_behind_a_gap_does_not_hold_the_network_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emitting, "_MOST_WAITING_BYTES", 2)

    async def work(made: Scene) -> None:
        await made.begin()
        first = made.storage.open_part(1, 0, 0, 3)
        made.storage.open_part(1, 0, 1, 3).write(0, [b"def"])
        first.write(1, [b"bc"])
        await asyncio.sleep(0)
        assert made.pressed == []
        first.write(0, [b"a"])  # the repair, which nobody would have read
        await until(lambda: made.out == DATA)

    scene(work)


def test_what_could_leave_counts_through_all_parts_that_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emitting, "_MOST_WAITING_BYTES", 4)
    go = Event()

    async def work(made: Scene) -> None:
        await made.begin()
        for number in range(2):
            made.storage.open_part(1, 0, number, 3).write(0, [b"abc"])
        await until(lambda: made.pressed)
        assert made.pressed == [True]
        go.set()
        await until(lambda: made.pressed[1:])
        assert made.pressed == [True, False]

    scene(work, write=lambda _: go.wait(5))


def test_what_is_thrown_away_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emitting, "_MOST_WAITING_BYTES", 4)
    go = Event()

    async def work(made: Scene) -> None:
        await made.begin()
        for number, data in enumerate((b"a", DATA)):
            made.storage.open_part(1, 0, number, len(data)).write(0, [data])
        await until(lambda: made.pressed)
        made.storage.abandon(1)
        await until(lambda: made.pressed[1:])
        assert made.pressed == [True, False]
        go.set()

    scene(work, write=lambda _: go.wait(5))


def test_what_breaks_is_told() -> None:
    def refuse(_: bytes) -> None:
        raise OSError("nobody reads")

    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open(1, 0).write(0, [DATA])
        await until(lambda: made.broken)
        assert str(made.broken[0]) == "nobody reads"

    scene(work, write=refuse)


def test_whatever_a_write_raises_is_told() -> None:
    async def work(made: Scene) -> None:
        await made.begin()
        made.storage.open(1, 0).write(0, [DATA])
        await until(lambda: made.broken)
        assert isinstance(made.broken[0], ZeroDivisionError)
        made.storage.conclude(1)
        made.storage.examine(2, ONE)
        assert (await made.heard())[1] == "end"
        _, settled = await made.heard()
        assert settled[0].reason == "unsupported"

    scene(work, write=lambda _: 1 // 0)
