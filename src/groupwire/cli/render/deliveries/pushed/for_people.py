"""``push`` for people: what goes out, how far everybody is, who has it in the end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import assert_never

from groupwire.cli.render.deliveries.ink.board import Board, Pieces, plain
from groupwire.cli.render.deliveries.ink.figures import (
    Pace,
    amount,
    lost_share,
)
from groupwire.cli.render.deliveries.ink.words import in_words, listed
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.deliveries.pushed.outcome import Outcome
from groupwire.cli.render.deliveries.pushed.rows import behind, files, whole
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.deliver.push import (
    Began,
    FeedRoom,
    FileChanged,
    MemberFailed,
    MemberFound,
    MemberRefused,
    NameShared,
    PushEnded,
    PushEvent,
    ReceiptReceived,
)
from groupwire.deliver.report import (
    MemberReceipt,
    PushProgress,
    PushReport,
    ReceiptStatus,
)
from groupwire.gather import Expectation
from groupwire.values import Origin

__all__ = ["PushText"]

_QUICK_S = 0.5
"""What is over before this needs no progress."""
_EVERY_S = 5.0
"""A line of progress, where lines cannot be drawn anew."""
_MOST_MEMBERS = 10
_MOST_NAMES = 20


class PushText:
    """Writes a delivery for people."""

    def __init__(
        self, out: Out, expected: Expectation | None, *, segment_bytes: int
    ) -> None:
        self._out = out
        self._expected = expected
        self._segment_bytes = segment_bytes
        self._opening: Opening | None = None
        self._found: dict[str, None] = {}
        self._reasons: dict[str, str] = {}
        self._began = False
        self._pace = Pace()
        self._board = Board(out) if out.live else None
        self._next_s = _EVERY_S if self._board is None else _QUICK_S

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._opening is not None

    def start(self, opening: Opening) -> None:
        """Say what goes where, and why there."""
        self._opening = opening
        note, paint = self._out.note, self._out.note_paint
        note(f"pushing {_what(opening)} to {opening.group}, TTL {opening.ttl}")
        ways = ", ".join(opening.interfaces)
        note(paint(f"  by {ways}: {escape(opening.reason)}", "dim"))

    def show(self, event: PushEvent | PushProgress) -> None:
        """Show one event."""
        if isinstance(event, PushProgress):
            self._progress(event)
            return
        if self._board is not None:
            self._board.wipe()
        match event:
            case MemberFound() | MemberRefused() | NameShared() | MemberFailed():
                self._member(event)
            case Began():
                self._begin(event)
            case FileChanged(path, gave_up):
                what = "it is given up" if gave_up else "it is sent once more"
                self._out.warn(f"{escape(path)} changed while it was sent: {what}")
            case ReceiptReceived(receipt):
                self._receipt(receipt)
            case FeedRoom() | PushEnded():
                pass
            case _:
                assert_never(event)

    def end(self, report: PushReport | None) -> None:
        """Show who has it and who has not; None: it ended before anybody was asked."""
        if self._board is not None:
            self._board.wipe()
        if report is None or self._opening is None:
            self._out.last_note("nothing was sent")
            return
        end = Outcome(report, self._opening, self._expected, self._reasons)
        end.show(self._out, self._segment_bytes)

    def _member(
        self, event: MemberFound | MemberRefused | NameShared | MemberFailed
    ) -> None:
        name = escape(event.member)
        match event:
            case MemberFound(_, origin, late):
                self._found_member(event.member, origin, late=late)
            case MemberRefused(_, origin, reason):
                who = f"{name} at {origin}"
                self._out.warn(f"{who} does not take it: {in_words(reason)}")
            case NameShared(_, origin):
                self._out.warn(f"two members call themselves {name}, one at {origin}")
            case MemberFailed(_, reason):
                self._reasons[event.member] = reason
                self._out.warn(f"{name} is waited for no more: {in_words(reason)}")

    def _found_member(self, member: str, origin: Origin | None, *, late: bool) -> None:
        self._found[member] = None
        where = "" if origin is None else f" at {origin}"
        if late:
            self._out.note(f"  {escape(member)}{where} has come later")
        else:
            self._out.detail(f"  {escape(member)}{where}")

    def _begin(self, event: Began) -> None:
        self._began = True
        note, paint = self._out.note, self._out.note_paint
        if self._expected is None:
            note(f"{event.members:,} answered; others are not known")
        else:
            note(f"{event.members:,} of {self._expected.size:,} are there")
            absent = [one for one in self._expected.names if one not in self._found]
            if absent:
                note(paint(f"  not yet: {listed(absent, _MOST_NAMES)}", "yellow"))
        if self._found:
            note(paint(f"  {listed(sorted(self._found), _MOST_NAMES)}", "dim"))

    def _progress(self, progress: PushProgress) -> None:
        self._pace.see(progress.elapsed_s, progress.bytes_sent)
        if progress.elapsed_s < self._next_s:
            return
        if self._board is not None:
            most = min(_MOST_MEMBERS, self._board.lines - 2)
            self._board.draw([self._whole(progress), *self._behind(progress, most)])
            return
        self._next_s = progress.elapsed_s + _EVERY_S
        self._out.note(plain(self._whole(progress)))
        for row in islice(self._behind(progress, 1), 1):
            self._out.note(f"{plain(row)}, the slowest")

    def _whole(self, progress: PushProgress) -> Pieces:
        if self._began:
            return whole(progress, self._pace.per_s)
        expected = f" of {self._expected.size:,}" if self._expected else ""
        waited = f"waiting for members: {len(self._found):,}{expected} there"
        since = f", {seconds(round(progress.elapsed_s))}"
        return [(f"  {waited}", "bold"), (since, "bold")]

    def _behind(self, progress: PushProgress, most: int) -> Iterator[Pieces]:
        return behind(progress, most, self._segment_bytes) if self._began else iter(())

    def _receipt(self, of: MemberReceipt) -> None:
        if self._board is not None and not self._out.verbose:
            return  # it is in the table
        paint = self._out.note_paint
        style = "red" if of.status is ReceiptStatus.FAILED else "green"
        lost = lost_share(of.lost, of.files, of.size_bytes, self._segment_bytes)
        self._out.note(
            f"  {escape(of.member)} {paint(str(of.status), style)}: "
            f"{plural(of.files, 'file')} after {seconds(of.elapsed_s)}, {lost} repaired"
        )


def _what(opening: Opening) -> str:
    size = "" if opening.total_bytes is None else f", {amount(opening.total_bytes)}"
    return f"{escape(opening.title)} ({files(opening.files)}{size})"
