"""One push under way: its members as they answer and sign, its report at the end."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from random import Random, SystemRandom
from typing import BinaryIO

from groupwire.aio.config import default_name
from groupwire.aio.delivery.config import PushConfig
from groupwire.aio.delivery.feeding import Feeding
from groupwire.aio.delivery.handle import Handle, not_begun, random_node, surely
from groupwire.aio.delivery.streams import (
    Paths,
    Stream,
    paths_of,
    pieces_of,
    stream_of,
)
from groupwire.aio.ends.opening import Ends, open_sending, segment_bytes
from groupwire.deliver.entries import Manifest
from groupwire.deliver.push import FeedRoom, Push, PushEnded, PushEvent, PushRules
from groupwire.deliver.report import PushProgress, PushReport
from groupwire.deliver.store.walk import STDIN, Tree, walk
from groupwire.errors import UsageError
from groupwire.gather import Expectation
from groupwire.run.disk import FileShelf
from groupwire.values import Group

__all__ = ["Pushing"]

# Unguessable, so that who has not heard a delivery cannot forge an answer to it.
_DICE = SystemRandom()
_STREAM_NAME = "stdin"
_BITS = 8


class Pushing(Handle[PushEvent, PushProgress, PushReport]):
    """A push that begins when it is awaited or entered.

    ``report = await pushing`` waits for the end; ``async with pushing as delivery``
    gives events and progress as they come.
    """

    def __init__(self, group: Group, what: Paths | Stream, config: PushConfig) -> None:
        super().__init__(group, config.progress_s)
        self.config = config
        self.name = config.name or default_name()
        self._stream = stream_of(what)
        self._paths = (STDIN,) if self._stream is not None else paths_of(what)
        if STDIN in self._paths and self._stream is None:
            self._stream = _stdin()
        self._tree: Tree | None = None
        self._push: Push | None = None
        self._shelf: FileShelf | None = None
        self._feeding: Feeding | None = None
        self._feeder: asyncio.Task[None] | None = None
        self._report: PushReport | None = None

    @property
    def tree(self) -> Tree:
        """What is pushed and what is not. UsageError before it has begun."""
        if self._tree is None:
            raise not_begun()
        return self._tree

    @property
    def progress(self) -> PushProgress:
        """How far it is. UsageError before it has begun."""
        return self._under_way.progress(now=self._now())

    @property
    def report(self) -> PushReport:
        """The report so far, the final one at the end. UsageError before it began."""
        if self._report is not None:
            return self._report
        return self._under_way.report(now=self._now())

    @property
    def result(self) -> PushReport:
        """The report."""
        return self.report

    def room(self) -> int:
        """Return how much of a stream can be taken now; its feeding asks."""
        return self._under_way.feed_room

    def feed(self, data: bytes) -> None:
        """Take more of a stream; its feeding calls it."""
        self._under_way.feed(data, now=self._now())
        self._pump_soon()

    def end(self) -> None:
        """Take the end of a stream; its feeding calls it."""
        self._under_way.end_feed(now=self._now())
        self._pump_soon()

    async def _begin(self) -> None:
        ends = open_sending(self.group, self.config)
        try:
            tree = self._tree = await self._walk()
            push = self._push = self._pushing(tree, ends)
            running = self._carry(ends, push, everywhere=False)
        except BaseException:
            ends.close()
            raise
        push.start(now=running.driver.time())
        running.start()
        if self._stream is not None:
            self._feeding = Feeding(pieces_of(self._stream), self)
            self._feeder = asyncio.create_task(self._feeding.run())
            self._feeder.add_done_callback(self._fed)

    async def _walk(self) -> Tree:
        config = self.config
        walking = partial(
            walk,
            self._paths,
            exclude=config.exclude,
            links=config.links,
            stdin_name=config.title or _STREAM_NAME,
        )
        return await asyncio.to_thread(walking)

    def _pushing(self, tree: Tree, ends: Ends) -> Push:
        limit = ends.sender.payload_limit
        rules = _rules(ends.group, tree, self.config, self.name, segment_bytes(limit))
        shelf = self._shelf = FileShelf(
            tree,
            loop=asyncio.get_running_loop(),
            on_digest=self._digested,
            on_ready=self._ready,
        )
        manifest = Manifest(rules.delivery, rules.title, tree.entries)
        return Push(
            rules,
            manifest,
            shelf,
            rng=Random(_DICE.getrandbits(64)),
            interfaces=ends.interfaces,
            payload_limit=limit,
        )

    def _digested(
        self,
        entry: int,
        sha256: bytes | None,
        size_bytes: int,
        *,
        changed: bool,
        error: OSError | None,
    ) -> None:
        self._under_way.handle_digest(
            entry, sha256, size_bytes, changed=changed, error=error, now=self._now()
        )
        self._pump_soon()

    def _ready(self, entry: int) -> None:
        self._under_way.handle_ready(entry, now=self._now())
        self._pump_soon()

    def _fed(self, feeder: asyncio.Task[None]) -> None:
        """Give up where the stream cannot be read to its end."""
        if feeder.cancelled() or (error := feeder.exception()) is None:
            return
        self._error = error
        self._leave(f"the stream cannot be read: {error}")
        self._pump_soon()

    def _note(self, event: PushEvent) -> None:
        if isinstance(event, PushEnded):
            self._report = event.report
        elif isinstance(event, FeedRoom) and self._feeding is not None:
            self._feeding.note_room()

    def _leave(self, reason: str) -> None:
        self._under_way.stop(reason, now=self._now())

    async def _let_go(self) -> None:
        if self._feeder is not None:
            self._feeder.cancel()
        if self._push is not None and self._report is None:
            self._report = self._push.report(now=self._now())
        if self._shelf is not None:
            await surely(self._shelf.close_all)

    @property
    def _under_way(self) -> Push:
        if self._push is None:
            raise not_begun()
        return self._push


def _rules(
    group: Group, tree: Tree, config: PushConfig, name: str, segment: int
) -> PushRules:
    """Return the rules of a push, under ids that nobody can guess."""
    return PushRules(
        delivery=_DICE.getrandbits(64),
        node=random_node(),
        instance=_DICE.getrandbits(16),
        name=name,
        title=config.title or tree.title,
        expect=Expectation.of(config.expect),
        wait_s=config.wait,
        start_with=config.start_with,
        stall_s=config.stall,
        patience_s=config.patience,
        ceiling_bytes_per_s=_in_bytes(config.rate),
        drop_below_bytes_per_s=_in_bytes(config.drop_below),
        parity=config.parity,
        segment_bytes=segment,
        source=group.source,
        answer_to=config.answer_to,
    )


def _in_bytes(bits: float | None) -> float | None:
    return None if bits is None else bits / _BITS


def _stdin() -> BinaryIO:
    try:
        return sys.stdin.buffer
    except AttributeError:
        raise UsageError(
            "there is no standard input to read", fix="name a file"
        ) from None
