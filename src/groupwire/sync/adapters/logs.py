"""A handler of ``logging`` that publishes; the program never waits for it."""

from __future__ import annotations

import json as standard_json
import logging
import os
import threading
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from groupwire import aio
from groupwire.errors import ClosedError, GroupwireError, MessageTooLarge
from groupwire.sync.thread import loop_thread
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.messages import PublishConfig

__all__ = ["JsonFormatter", "LogHandler"]

_MOST_AT_ONCE = 256
"""Records that are handed over before others have a turn."""
_PATIENCE_S = 1.0
_CLOSING_S = 3.0
"""So long leaving may take: a second for subscribers, and the last words."""
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime",
    "message",
    "taskName",
}


class JsonFormatter(logging.Formatter):
    """Makes a record one JSON object.

    ``time`` (seconds since the epoch), ``level``, ``logger``, ``message``, ``file``,
    ``line``, ``process``, ``thread``; ``exception`` and ``stack`` as text where there
    are any, and ``extra`` with what the call added.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the object on one line."""
        fields: dict[str, object] = {
            "time": record.created,
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "file": record.pathname,
            "line": record.lineno,
            "process": record.process,
            "thread": record.threadName,
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        if extra := {k: v for k, v in vars(record).items() if k not in _USUAL}:
            fields["extra"] = extra
        return standard_json.dumps(fields, ensure_ascii=False, default=repr)


class LogHandler(logging.Handler):
    """Publishes each record under ``log/NAME/logger/name``.

    ``name`` is the member's (None: the short host name), ``prefix`` what stands before
    it. A record is the text of the handler's formatter; with ``json`` an object, see
    :class:`JsonFormatter`. Logging never waits: ``queue`` records may wait for the
    thread that sends them, then what is new is dropped; ``dropped`` counts it by
    reason. ``config`` None: a subscriber that lags is waited for 1 s.

    It joins here, and raises AddressError, UsageError and MachineErrors. Works from any
    thread, also where an event loop runs. ``logging.shutdown``, which the interpreter
    calls at its end, closes it: subscribers then have a second for what they lack. A
    forked process needs a handler of its own.
    """

    def __init__(  # noqa: PLR0913 - keyword-only, as logging.config gives them
        self,
        group: Group | str | None = None,
        *,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
        prefix: str = "log",
        json: bool = False,
        level: int | str = logging.NOTSET,
        queue: int = 10_000,
        config: PublishConfig | None = None,
    ) -> None:
        from groupwire.messages.topics import checked_topic

        super().__init__(level)
        if json:
            self.setFormatter(JsonFormatter())
        checked_topic(prefix)
        config = aio.PublishConfig(patience=_PATIENCE_S) if config is None else config
        self._publishing = aio.publish(
            group, name=name, interface=interface, ttl=ttl, config=config
        )
        self._prefix = f"{prefix}/{self._publishing.name}"
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._most = queue
        self._woken = False
        """Whether the thread that sends knows that there is something."""
        self._over = False
        self._dropped: Counter[str] = Counter()
        # Counted from two threads, and perhaps by a signal's handler in between.
        self._counting = threading.RLock()
        self._process = os.getpid()
        self._loop = loop_thread()
        self._loop.run(self._publishing.open())

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many records were not published, by reason."""
        with self._counting:
            return dict(self._dropped)

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and publish; unlike others, without holding the handler's lock.

        It is held while the handler closes, and what closes it may log as well.
        """
        wanted = cast("bool | logging.LogRecord", self.filter(record))
        if isinstance(wanted, logging.LogRecord):
            record = wanted  # Python 3.12: a filter may put another one in its place
        if wanted:
            self.emit(record)
        return bool(wanted)

    def emit(self, record: logging.LogRecord) -> None:
        """Publish a record soon; never waits, and raises nothing."""
        if (refused := self._refused()) is not None:
            self._drop(refused)
            return
        try:
            # In this thread: what the record speaks of may be different soon.
            data = self.format(record).encode("utf-8", "replace")
        except Exception:
            self.handleError(record)
            return
        self._waiting.append((topic_of(self._prefix, record.name), data))
        if not self._woken:
            self._woken = True
            self._loop.soon(self._hand_over)

    def close(self) -> None:
        """Publish what waits, and leave; takes 3 s at most. Any number of times."""
        super().close()
        if self._over or self._process != os.getpid():
            return
        self._over = True
        leaving = self._loop.begin(self._leave())
        if not self._loop.is_mine:
            with suppress(TimeoutError, GroupwireError):
                leaving.result(_CLOSING_S)

    def _refused(self) -> str | None:
        """Return why nothing is taken now."""
        if self._process != os.getpid():
            return "forked"
        if self._over:
            return "closed"
        return "queue-full" if len(self._waiting) >= self._most else None

    def _drop(self, reason: str) -> None:
        with self._counting:
            self._dropped[reason] += 1

    # In the loop's thread.

    def _hand_over(self) -> None:
        self._woken = False
        for _ in range(min(len(self._waiting), _MOST_AT_ONCE)):
            self._publish(*self._waiting.popleft())
        if self._waiting and not self._woken:
            self._woken = True
            self._loop.soon(self._hand_over)

    def _publish(self, topic: str, data: bytes) -> None:
        try:
            self._publishing.send_now(topic, data)
        except MessageTooLarge:
            self._drop("too-large")
        except ClosedError:
            self._drop("closed")
        except GroupwireError:
            self._drop("publisher-full")

    async def _leave(self) -> None:
        while self._waiting:
            self._publish(*self._waiting.popleft())
        # As after an exception: nobody is waited for longer than a second.
        await self._publishing.__aexit__(TimeoutError, None, None)


@lru_cache(maxsize=1024)
def topic_of(prefix: str, logger: str) -> str:
    """Return the topic of a logger's records: its levels are those of its name."""
    from groupwire.messages.topics import MAX_TOPIC_BYTES, NOT_IN_TOPICS

    name = logger.replace(".", "/")
    fit = "".join("_" if one in NOT_IN_TOPICS else one for one in name)
    data = f"{prefix}/{fit}".encode("utf-8", "replace")
    return data[:MAX_TOPIC_BYTES].decode("utf-8", "ignore")
