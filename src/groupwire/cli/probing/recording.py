"""``--record``: what is received goes to a capture file, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.run.disk.recorder import Recorder
    from groupwire.values import Datagram, Group

__all__ = ["Recording", "recording"]


@asynccontextmanager
async def recording(
    path: str | None, out: Out
) -> AsyncGenerator[Recording | None, None]:
    """Give what is to be called with all that is received; None: it is not recorded.

    At the end it says how much is in the file. A disk that fails is told at once, and
    raised at the end.
    """
    if path is None:
        yield None
        return
    from groupwire.run.disk.recorder import Recorder

    try:
        recorder = Recorder(path, asyncio.get_running_loop())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UsageError(
            f"--record: {path}: {(error.strerror or str(error)).lower()}",
            fix="name a file in a directory that is there",
        ) from error
    try:
        yield Recording(recorder, out, path)
    finally:
        await asyncio.to_thread(recorder.close)
        _tell(recorder, out, path)
    if recorder.failed is not None:
        recorder.failed.filename = path
        raise recorder.failed


class Recording:
    """Writes all that it is called with, and says once that the disk fails."""

    def __init__(self, recorder: Recorder, out: Out, path: str) -> None:
        self._recorder, self._out, self._path = recorder, out, path
        self._told = False

    @property
    def failed(self) -> bool:
        """Whether the file is not written any more."""
        return self._recorder.failed is not None

    def __call__(self, group: Group, datagrams: Sequence[Datagram]) -> None:
        """Keep these for the file."""
        take = self._recorder.take
        for datagram in datagrams:
            take(group, datagram)
        failed = self._recorder.failed
        if failed is not None and not self._told:
            self._told = True
            why = _why(failed)
            self._out.warn(f"{escape(self._path)} is not written any more: {why}")


def _tell(recorder: Recorder, out: Out, path: str) -> None:
    if out.json:
        fields = {
            "file": path,
            "packets": recorder.recorded,
            "lost": recorder.lost,
            "error": None if recorder.failed is None else _why(recorder.failed),
        }
        out.event("recorded", fields)
        return
    out.note(f"recorded {plural(recorder.recorded, 'packet')} in {escape(path)}")
    if recorder.lost:
        why = "too slow" if recorder.failed is None else "not writable any more"
        out.warn(f"{plural(recorder.lost, 'packet')} not recorded: the disk is {why}")


def _why(failed: OSError) -> str:
    return (failed.strerror or str(failed)).lower()
