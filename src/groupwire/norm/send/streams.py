"""The streams of a sender that are open: what is written to them, and for how much."""

from __future__ import annotations

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.send.outgoing import Outgoing
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.send.window import Window

__all__ = ["Streams"]


class Streams:
    """Finds them in the window; ``span_s`` is how long what was sent is held."""

    def __init__(self, window: Window, coding: Coding) -> None:
        self._window = window
        self._coding = coding

    def content(
        self, buffer_bytes: int, kept_bytes: int | None = None
    ) -> StreamContent:
        """Return a new one, of which so much is kept."""
        coding = self._coding
        kept = -(-buffer_bytes // (coding.block * coding.segment_bytes))
        return StreamContent(coding.segment_bytes, coding.block, kept, kept_bytes)

    def get(self, number: int) -> StreamContent:
        """Return an open stream; UsageError where there is none."""
        return self._need(number)[0]

    def find(self, number: int) -> tuple[StreamContent, Outgoing] | None:
        """Return an open stream, and how it is sent; None where there is none."""
        return self._open(number)

    def room_bytes(self, number: int, now: float, span_s: float) -> int:
        """Return how much can be written without giving up what may be needed."""
        content, outgoing = self._need(number)
        kept = self._window.kept_from(outgoing, now, span_s)
        needed = min(outgoing.unsent_block, kept)
        content.forget_before(needed)
        return content.room_bytes(needed)

    def kept_from(self, number: int) -> int:
        """Return the first block that is kept of an open stream."""
        return self.get(number).first_block

    def release(self, number: int, block: int) -> None:
        """Give up what lies before a block as soon as its room is wanted."""
        found = self._open(number)
        if found is not None:
            self._window.release(found[1], block)

    def to_try(self, number: int, size: int, now: float, span_s: float) -> bool:
        """Return whether to write so much again: it fits, or nothing ever will."""
        if self._open(number) is None:
            return True
        return size <= self.room_bytes(number, now, span_s)

    def flush_newest(self) -> bool:
        """Let all leave that is written to the newest object, if that is a stream."""
        newest = self._window.get(self._window.next_number - 1)
        if newest is None or not isinstance(newest.content, StreamContent):
            return False
        newest.content.flush()
        return True

    def _need(self, number: int) -> tuple[StreamContent, Outgoing]:
        found = self._open(number)
        if found is None:
            raise UsageError(f"{number} is no open stream", fix="open one first")
        return found

    def _open(self, number: int) -> tuple[StreamContent, Outgoing] | None:
        outgoing = self._window.get(number)
        content = None if outgoing is None else outgoing.content
        if outgoing is None or not isinstance(content, StreamContent) or content.ended:
            return None
        return content, outgoing
