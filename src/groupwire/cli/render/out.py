"""Where a command's lines go: what was asked for to stdout, all else to stderr.

With ``--json`` events are the output, one object a line, and the text for people stays
away. Where data itself goes to stdout, the events go to stderr.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from groupwire.cli.render.backlog import backlogs, pipe_of
from groupwire.cli.render.text import Paint, plural, size_of, wrapped

__all__ = ["JSON_VERSION", "Fields", "Out", "Tone", "json_line", "settle_stdout"]

JSON_VERSION = 1
"""Grows when a key changes its meaning, not when one is added."""

_LIVE_S, _PROGRESS_S = 0.2, 1.0
_LAST = "end"
"""The event that is told whatever was left out before."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tone:
    """How a command was told to speak."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False


def json_line(event: str, fields: Fields, *, at: float | None = None) -> str:
    """Return an event as it is written; ``at`` is the kernel's time if there is one."""
    at = time.time() if at is None else at
    head = {"event": event, "v": JSON_VERSION, "time": round(at, 6)}
    return json.dumps({**head, **fields})


class Out:
    """The two streams of a command; it flushes every line.

    What a pipe does not take at once waits for its reader, and holds nothing else up.
    ``raw``: stdout belongs to the bytes that arrive, lines for people go to stderr.
    """

    def __init__(self, tone: Tone, *, raw: bool = False) -> None:
        self.json = tone.json
        self.quiet = tone.quiet
        self.verbose = tone.verbose
        self.raw = raw
        self._writing: IO[Any] | None = None
        self._main = sys.stderr if raw else sys.stdout
        self._notes = None if tone.json and raw else sys.stderr
        self._lost = False
        self.paint = Paint(self._main)
        self.note_paint = Paint(self._notes)
        for stream in (sys.stdout, sys.stderr):
            _never_refuse(stream)
        streams = (sys.stdout, self._main, self._notes)
        self._backlogs = backlogs(streams, self._left_out)

    @property
    def wide(self) -> bool:
        """True where a person looks on, and long lines are better cut."""
        return self._main is not None and self._main.isatty()

    def event(self, event: str, fields: Fields, *, at: float | None = None) -> None:
        """Write one JSON line; ``at`` is the kernel's time where there is one."""
        text = json_line(event, fields, at=at)
        self._write(self._main, text, keep=event == _LAST)

    def line(self, text: str) -> None:
        """Write what was asked for; beside raw bytes only good to know."""
        if not (self.json or (self.raw and self.quiet)):
            self._say(self._main, text)

    def typed(self, text: str) -> None:
        """Write what is asked for and is to be typed as it stands: never broken."""
        if not self.json:
            self._write(self._main, text)

    def note(self, text: str) -> None:
        """Write what is good to know; ``-q`` leaves it out."""
        if not (self.json or self.quiet):
            self._say(self._notes, text)

    def last_note(self, text: str) -> None:
        """Write the first line after an interruption: over the ``^C`` of a terminal."""
        here = self._notes is not None and self._notes.isatty()
        self.note(f"\r{text}" if here else text)

    def detail(self, text: str) -> None:
        """Write what only ``-v`` wants to know."""
        if self.verbose:
            self.note(self.note_paint(text, "dim"))

    def warn(self, text: str) -> None:
        """Write what may surprise; beside ``--json`` too."""
        if not self.quiet:
            self._say(self._notes, f"{self.note_paint('warning:', 'yellow')} {text}")

    def remark(self, text: str) -> None:
        """Write what was decided for the user; beside ``--json`` too."""
        if not self.quiet:
            self._say(self._notes, self.note_paint(text, "dim"))

    def complain(self, text: str) -> None:
        """Write why the exit code is not 0; ``-q`` does not leave it out."""
        if not self.json:
            self._say(self._notes, text)

    @property
    def live(self) -> bool:
        """True where lines for a person may be drawn anew."""
        if self._notes is None or self.json or self.quiet:
            return False
        if os.environ.get("TERM", "dumb") == "dumb" or not self._notes.isatty():
            return False
        return not (self.raw and sys.stdout is not None and sys.stdout.isatty())

    @property
    def room(self) -> int | None:
        """How wide lines may be; None where nobody sees them."""
        return size_of(self._main).columns if self.wide else None

    @property
    def notes_size(self) -> os.terminal_size:
        """Of the terminal that the notes go to."""
        return size_of(self._notes)

    @property
    def rhythm_s(self) -> float:
        """How often progress is worth telling."""
        return _LIVE_S if self.live else _PROGRESS_S

    @property
    def notes_utf8(self) -> bool:
        """Whether the notes may hold more than ASCII."""
        return "utf" in (getattr(self._notes, "encoding", None) or "").lower()

    def screen(self, text: str) -> None:
        """Write to the terminal of the notes as it is, control sequences too."""
        if self._notes is not None:
            self._guarded(self._notes, text)

    def payload(self, data: bytes) -> None:
        """Write received bytes to stdout as they are."""
        if sys.stdout is not None:
            self._guarded(sys.stdout.buffer, data)

    def bulk(self, data: bytes) -> None:
        """Write to stdout as it is, and all of it: wait for ``drained`` then."""
        backlog = self._backlogs.get(id(sys.stdout))
        if backlog is None:
            self.payload(data)
        elif not self._lost:
            with self._breaking_off():
                backlog.put(data, keep=True)

    async def drained(self) -> None:
        """Wait until who reads stdout has taken nearly all of it."""
        backlog = self._backlogs.get(id(sys.stdout))
        if backlog is not None:
            await backlog.drained()

    def encoded(self, text: str) -> bytes:
        """Return text as stdout has it."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        return text.encode(encoding, "backslashreplace")

    def stuck(self) -> bool:
        """Tell whether a write waits for a reader who does not read."""
        if any(backlog.ending for backlog in self._backlogs.values()):
            return True
        if self._writing is None:
            return False
        try:
            ready = select.poll()
            ready.register(self._writing.fileno(), select.POLLOUT)
            return not ready.poll(0)
        except (OSError, ValueError):
            return False

    def settle(self, patience_s: float | None = None) -> None:
        """Wait until all is read; with ``patience_s`` only while somebody reads."""
        if not self._lost:
            with self._breaking_off():
                for backlog in self._backlogs.values():
                    backlog.flush(patience_s)

    def _left_out(self, count: int) -> bytes:
        """Return the line in place of lines that nobody has read in time."""
        if not self.json:
            return f"({plural(count, 'line')} left out: nobody read them)\n".encode()
        return f"{json_line('skipped', {'lines': count})}\n".encode()

    def _say(self, stream: IO[str] | None, line: str) -> None:
        """Write a line for people, broken between words where a terminal is narrow."""
        if stream is not None and stream.isatty():
            line = wrapped(line, size_of(stream).columns)
        self._write(stream, line)

    def _write(self, stream: IO[str] | None, line: str, *, keep: bool = False) -> None:
        backlog = self._backlogs.get(id(stream))
        if backlog is not None and stream is not None:
            if not self._lost:
                encoding = getattr(stream, "encoding", None) or "utf-8"
                data = f"{line}\n".encode(encoding, "backslashreplace")
                with self._breaking_off():
                    backlog.put(data, keep=keep)
        elif stream is not None:
            self._guarded(stream, f"{line}\n")

    def _guarded(self, stream: IO[Any], what: str | bytes) -> None:
        if self._lost:
            return
        self._writing = stream
        try:
            with self._breaking_off():
                stream.write(what)
                stream.flush()
        finally:
            self._writing = None

    @contextmanager
    def _breaking_off(self) -> Generator[None, None, None]:
        # Once a write was broken off, by an error or a signal, nothing is written any
        # more: the next one would only wait again, or tear a line.
        try:
            yield
        except BaseException as error:
            self._lost = True
            if isinstance(error, OSError) and error.filename is None:
                error.filename = "standard output"
            raise

    def pipe(self) -> int | None:
        """Return the descriptor that tells when the reader has gone, if one can."""
        return pipe_of(sys.stdout)


def settle_stdout() -> bool:
    """Flush what is left; return False if nobody reads it any more.

    A closed pipe would otherwise be told by the interpreter when it ends.
    """
    stdout: IO[str] | None = sys.stdout
    if stdout is None:
        return True
    try:
        stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        return False
    return True


def _never_refuse(stream: IO[str] | None) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
