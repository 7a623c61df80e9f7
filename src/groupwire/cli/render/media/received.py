"""What is shown beside a transport stream that is received."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural

if TYPE_CHECKING:
    from groupwire.aio import Joined
    from groupwire.media.rtp import ReaderStats

__all__ = ["Received"]


class Received:
    """Where it has joined, who sends, what is lost, and the end."""

    def __init__(self, out: Out, group: str) -> None:
        self._out, self._group = out, group
        self._sender = ""
        self._missing = 0
        self.begun = False

    def joined(self, joined: Joined) -> None:
        """Show where it listens."""
        self.begun = True
        ways = [one.name for one in joined.interfaces]
        if self._out.json:
            fields = {
                "group": self._group,
                "interfaces": ways,
                "reason": joined.reason,
                "receive_buffer": joined.receive_buffer,
            }
            self._out.event("joined", fields)
            return
        note, paint = self._out.note, self._out.note_paint
        note(f"joined {escape(self._group)}")
        note(paint(f"  on {', '.join(ways)}: {escape(joined.reason)}", "dim"))

    def look(self, stats: ReaderStats) -> None:
        """Show what is new: another sender, more that is missing."""
        sender = str(stats.sender or "")
        if sender != self._sender:
            self._sender = sender
            self._source(stats)
        missing = stats.lost or stats.discontinuities
        if missing > self._missing:
            more, self._missing = missing - self._missing, missing
            self._gap(more, stats)

    def end(self, stats: ReaderStats) -> None:
        """Show what it came to."""
        self.look(stats)
        if self._out.json:
            self._out.event("end", _fields(stats))
            return
        self._out.last_note(
            f"received {plural(stats.packets, 'datagram')} ({stats.size_bytes:,} bytes)"
        )
        for reason, count in sorted(stats.dropped.items()):
            self._out.note(
                self._out.note_paint(f"  {count:,} dropped: {reason}", "dim")
            )

    def _source(self, stats: ReaderStats) -> None:
        if self._out.json:
            fields = {"sender": self._sender, "format": stats.form}
            self._out.event("source", fields)
        else:
            self._out.note(f"  {stats.form} from {escape(self._sender)}")

    def _gap(self, more: int, stats: ReaderStats) -> None:
        if self._out.json:
            unit = "packets" if stats.lost else "gaps"
            self._out.event("gap", {"lost": more, "counted_in": unit})
            return
        what = plural(more, "packet" if stats.lost else "gap")
        self._out.warn(f"{what} missing in the stream")


def _fields(stats: ReaderStats) -> dict[str, object]:
    return {
        "format": stats.form or None,
        "packets": stats.packets,
        "bytes": stats.size_bytes,
        "lost": stats.lost,
        "reordered": stats.reordered,
        "duplicates": stats.duplicates,
        "restarts": stats.restarts,
        "discontinuities": stats.discontinuities,
        "dropped": dict(stats.dropped),
    }
