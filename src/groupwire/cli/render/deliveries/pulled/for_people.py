"""``pull`` for people: who sends what, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from groupwire.cli.render.deliveries.ink.board import BAR, Board, Pieces, plain
from groupwire.cli.render.deliveries.ink.figures import (
    Pace,
    amount,
    bit_rate,
    percent,
    remaining,
    share,
)
from groupwire.cli.render.deliveries.ink.words import in_words
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.deliver.pull import (
    Confirming,
    DeliveryEnded,
    FileSettled,
    Joined,
    PullEvent,
    SenderGone,
)
from groupwire.deliver.report import PulledFile, PullProgress, PullReport
from groupwire.deliver.storage import Status

__all__ = ["PullText"]

_QUICK_S = 0.5
_EVERY_S = 5.0
_SEGMENT_BYTES = 1400
"""What senders use, for a share that is about right."""
_GOOD = frozenset({Status.STORED, Status.UNCHANGED})


class PullText:
    """Writes what is pulled for people; ``count`` is how many deliveries are wanted."""

    def __init__(self, out: Out, count: int | None, timeout: float | None) -> None:
        self._out = out
        self._count = count
        self._timeout = timeout
        self._opening: Opening | None = None
        self._pace = Pace()
        self._board = Board(out) if out.live else None
        self._next_s = self._first_s = _EVERY_S if self._board is None else _QUICK_S

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._opening is not None

    def start(self, opening: Opening) -> None:
        """Say where it is joined, and where files go."""
        self._opening = opening
        note, paint = self._out.note, self._out.note_paint
        note(f"joined {opening.group} as {opening.name}")
        ways = ", ".join(opening.interfaces)
        note(paint(f"  on {ways}: {escape(opening.reason)}", "dim"))
        place = "standard output" if opening.into == "-" else escape(opening.into)
        what = "one delivery" if self._count == 1 else "deliveries"
        if self._count is not None and self._count > 1:
            what = f"{self._count:,} deliveries"
        note(paint(f"  {what} into {place}; Ctrl-C ends it", "dim"))

    def problem(self, path: str, reason: str) -> None:
        """Warn that nothing can be stored."""
        self._out.warn(f"{escape(path)}: {in_words(reason)}; files will be refused")

    def show(self, event: PullEvent | PullProgress) -> None:
        """Show one event."""
        if isinstance(event, PullProgress):
            self._progress(event)
            return
        if self._board is not None:
            self._board.wipe()
        match event:
            case Joined():
                self._joined(event)
            case FileSettled(file):
                self._file(file)
            case SenderGone(sender, reason):
                self._out.warn(f"{escape(sender)} is gone: {in_words(reason)}")
            case Confirming(wait):
                what = f"waiting up to {seconds(wait)} for the sender to sign"
                self._out.detail(f"  all is here; {what}")
            case DeliveryEnded(report):
                self._delivered(report)
            case _:
                assert_never(event)

    def end(self, reports: Sequence[PullReport]) -> None:
        """Say why it ended, where that is not plain."""
        if self._board is not None:
            self._board.wipe()
        if reports or self._opening is None:
            return
        if self._timeout is None:
            self._out.last_note("no delivery has come")
            return
        out, group = self._out, self._opening.group
        problem = f"no delivery has begun in {seconds(self._timeout)}"
        out.complain(out.note_paint(problem, "red"))
        for line in (
            f"is `groupwire push PATH -g {group}` running, on this network?",
            f"does anything arrive? `groupwire receive -g {group}` shows it",
        ):
            out.note(out.note_paint(f"  {line}", "dim"))

    def _joined(self, event: Joined) -> None:
        self._pace, self._next_s = Pace(), self._first_s
        if event.foreign:
            what = "without a receipt: it speaks nothing but NORM"
            self._out.note(f"{event.origin} sends files, {what}")
            return
        size = "" if event.total_bytes is None else f", {amount(event.total_bytes)}"
        what = f"{escape(event.title)} ({plural(event.files, 'file')}{size})"
        self._out.note(f"{escape(event.sender)} at {event.origin} sends {what}")

    def _file(self, of: PulledFile) -> None:
        path, size = escape(of.path), amount(of.size_bytes)
        if of.status in _GOOD:
            self._out.detail(f"  {of.status}  {path}  {size}")
        else:
            why = in_words(of.reason or "digest")
            failed = self._out.note_paint("failed", "red")
            self._out.complain(f"  {failed}  {path}: {why}")

    def _delivered(self, of: PullReport) -> None:
        out, style = self._out, "green" if of.complete else "red"
        counts = [
            f"{plural(of.stored, 'file')} stored",
            f"{of.unchanged:,} unchanged" if of.unchanged else "",
            f"{of.failed:,} failed" if of.failed else "",
        ]
        head = ", ".join(filter(None, counts))
        lost = share(of.lost, max(of.stored, -(-of.bytes_received // _SEGMENT_BYTES)))
        figures = f"{amount(of.bytes_received)}, {seconds(of.elapsed_s)}, {lost} lost"
        what = "files" if of.foreign else escape(of.title)
        title = f"{what} from {escape(of.sender)}"
        out.line(f"{title}: {out.paint(head, style)}; {figures} and repaired")
        if of.reason:
            out.complain(f"  incomplete: {in_words(of.reason)}")
        elif not of.signed and not of.foreign:
            out.warn("the sender has not signed the receipt: it may not know of it")

    def _progress(self, progress: PullProgress) -> None:
        if not progress.senders:
            return
        self._pace.see(progress.elapsed_s, progress.bytes_have)
        if progress.elapsed_s < self._next_s:
            return
        row = _whole(progress, self._pace.per_s)
        if self._board is not None:
            self._board.draw([row])
            return
        self._next_s = progress.elapsed_s + _EVERY_S
        self._out.note(plain(row))


def _whole(progress: PullProgress, per_s: float) -> Pieces:
    have, total = progress.bytes_have, progress.total_bytes
    lost = share(progress.lost, max(1, have // _SEGMENT_BYTES))
    tail = [(f"  {lost} lost", "dim")]
    if total is None:
        return [(f"  {amount(have)}  {bit_rate(per_s)}", "bold"), *tail]
    left = total - have
    when = f"{remaining(left / per_s)} left" if per_s > 0 else "waiting"
    return [
        (f"{percent(have, total):>6} ", "bold"),
        (str(have / total if total else 1.0), BAR),
        (f"{amount(have)} of {amount(total)}", ""),
        (f"  {bit_rate(per_s)}", ""),
        (f"  {when if left > 0 else 'verifying'}", ""),
        *tail,
    ]
