"""What is shown of a transport stream that is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural, seconds

if TYPE_CHECKING:
    from groupwire.aio.media import MediaProgress

__all__ = ["Sent"]


class Sent:
    """Where it goes, how far it is, and the end, however it comes."""

    def __init__(self, out: Out, group: str, announced: str | None) -> None:
        self._out, self._group, self._announced = out, group, announced
        self._last: MediaProgress | None = None

    @property
    def begun(self) -> bool:
        """Whether anything was told."""
        return self._last is not None

    @property
    def sent(self) -> int:
        """How many datagrams have left."""
        return self._last.packets if self._last else 0

    def take(self, progress: MediaProgress) -> None:
        """Show it, if it is not the last."""
        first, self._last = self._last is None, progress
        if first:
            self._start(progress)
        elif not progress.ended:
            self._progress(progress)

    def end(self) -> None:
        """Show what it came to."""
        progress = self._last
        if progress is None:
            return
        if self._out.json:
            self._out.event("end", _fields(progress))
            return
        self._out.last_note(
            f"sent {plural(progress.packets, 'datagram')} "
            f"({progress.size_bytes:,} bytes) in {seconds(progress.elapsed_s)}"
        )
        if progress.skipped_bytes:
            self._out.warn(
                f"{plural(progress.skipped_bytes, 'byte')} left out: "
                "no packets of a transport stream"
            )

    def _start(self, progress: MediaProgress) -> None:
        ways = [one.name for one in progress.interfaces]
        if self._out.json:
            fields = {
                "group": self._group,
                "interfaces": ways,
                "reason": progress.reason,
                "format": progress.form,
                "announced": self._announced,
                "sdp": progress.sdp.decode(),
            }
            self._out.event("start", fields)
            return
        note, paint = self._out.note, self._out.note_paint
        note(f"sending to {escape(self._group)} as {progress.form}")
        note(paint(f"  by {', '.join(ways)}: {escape(progress.reason)}", "dim"))
        if self._announced is not None:
            note(paint(f"  announced as {escape(self._announced)}", "dim"))

    def _progress(self, progress: MediaProgress) -> None:
        if self._out.json:
            self._out.event("progress", _fields(progress))
            return
        by = "its clock" if progress.clocked else "the rate"
        self._out.detail(
            f"  {progress.size_bytes:,} bytes by {by}, "
            f"at most {seconds(progress.behind_s)} late"
        )


def _fields(progress: MediaProgress) -> dict[str, object]:
    return {
        "packets": progress.packets,
        "bytes": progress.size_bytes,
        "elapsed_s": round(progress.elapsed_s, 6),
        "behind_s": round(progress.behind_s, 6),
        "delayed_s": round(progress.delayed_s, 6),
        "clocked": progress.clocked,
        "clock_breaks": progress.clock_breaks,
        "skipped_bytes": progress.skipped_bytes,
    }
