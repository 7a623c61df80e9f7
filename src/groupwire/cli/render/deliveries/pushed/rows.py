"""The rows of a push: the whole, the members behind, and the final table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groupwire.cli.render.deliveries.ink.board import BAR, Pieces
from groupwire.cli.render.deliveries.ink.figures import (
    amount,
    bit_rate,
    lost_share,
    percent,
    remaining,
    share,
)
from groupwire.cli.render.deliveries.ink.table import Cell
from groupwire.cli.render.deliveries.ink.words import in_words
from groupwire.cli.render.text import escape, plural
from groupwire.deliver.report import (
    FileFailure,
    MemberProgress,
    MemberReceipt,
    PushProgress,
    PushReport,
    ReceiptStatus,
)

__all__ = ["HEAD", "LEAST", "RIGHT", "behind", "files", "result_rows", "whole"]

HEAD = ("member", "files", "status", "time", "repaired", "")
RIGHT = "lrlrrl"
LEAST = ("repaired", "time", "files")
"""What goes first where a terminal is narrow."""
_STYLES = {
    ReceiptStatus.VERIFIED: "green",
    ReceiptStatus.ACKNOWLEDGED: "green",
    ReceiptStatus.FAILED: "red",
}
_MOST_FAILURES = 3


def files(count: int) -> str:
    """Return how many there are."""
    return plural(count, "file")


def whole(progress: PushProgress, per_s: float) -> Pieces:
    """Return the line for the whole: how far, how fast, how long still."""
    sent, total = progress.bytes_sent, progress.total_bytes
    repaired = share(progress.repaired_bytes, sent)
    tail = [(f"  {repaired} repaired", "dim")]
    if total is None:
        return [(f"{amount(sent)}  {bit_rate(per_s)}", "bold"), *tail]
    return [
        (f"{percent(sent, total):>6} ", "bold"),
        (str(sent / total if total else 1.0), BAR),
        (f"{amount(sent)} of {amount(total)}", ""),
        (f"  {bit_rate(per_s)}", ""),
        (f"  {_left(total - sent, per_s)}", ""),
        *tail,
    ]


def behind(progress: PushProgress, most: int, segment_bytes: int) -> Iterator[Pieces]:
    """Yield a line for each member that is not done, the slowest first."""
    members = progress.members
    slow = sorted(
        (name for name, one in members.items() if not one.done),
        key=lambda name: (members[name].bytes_have, name),
    )
    width = max(map(len, slow[:most]), default=0)
    for name in slow[:most]:
        yield _member(name.ljust(width), members[name], progress, segment_bytes)
    rest = _rest(members, len(slow) - most)
    if rest:
        yield [(f"  {rest}", "dim")]


def result_rows(
    report: PushReport, reasons: Mapping[str, str], segment_bytes: int
) -> list[list[Cell]]:
    """Return a row for each member, those without it last."""
    good = set(report.delivered)
    signed = sorted(report.receipts, key=lambda r: (r.member not in good, r.member))
    rows = [_result(receipt, segment_bytes) for receipt in signed]
    known = {receipt.member for receipt in report.receipts}
    return rows + [
        _missing(name, reasons.get(name, "absent"))
        for name in report.missing
        if name not in known
    ]


def _left(left_bytes: int, per_s: float) -> str:
    if left_bytes <= 0:
        return "repairing"
    return f"{remaining(left_bytes / per_s)} left" if per_s > 0 else "standing still"


def _member(
    name: str, one: MemberProgress, progress: PushProgress, segment_bytes: int
) -> Pieces:
    total = progress.total_bytes
    how_far = f"  {percent(one.bytes_have, total):>5}" if total else ""
    lost = lost_share(one.lost, 1, one.bytes_have, segment_bytes)
    return [
        (f"  {escape(name)}", "cyan"),
        (how_far, ""),
        (f"  {amount(one.bytes_have):>7}", ""),
        (f"  {lost} lost", "dim" if not one.lost else "yellow"),
    ]


def _rest(members: Mapping[str, MemberProgress], ahead: int) -> str:
    done = sum(one.done for one in members.values())
    parts: list[str] = []
    if ahead > 0:
        parts.append(f"and {ahead:,} more, all ahead of these")
    if done:
        parts.append(f"{done:,} of {len(members):,} have it all")
    return "; ".join(parts)


def _missing(name: str, reason: str) -> list[Cell]:
    nothing = [("-", "dim")]
    row = [(escape(name), ""), *nothing, ("missing", "red"), *nothing * 2]
    return [*row, (in_words(reason), "dim")]


def _result(of: MemberReceipt, segment_bytes: int) -> list[Cell]:
    if of.address is None and of.status is ReceiptStatus.FAILED:
        return _missing(of.member, of.reason)
    lost = lost_share(of.lost, of.files, of.size_bytes, segment_bytes)
    return [
        (escape(of.member), ""),
        (f"{of.files:,}", ""),
        (str(of.status), _STYLES[of.status]),
        (f"{of.elapsed_s:.2f} s", ""),
        (lost, "dim"),
        (_remark(of), "dim"),
    ]


def _remark(of: MemberReceipt) -> str:
    if len(of.failed) == 1:
        (failure,) = of.failed
        return f"{escape(failure.path)}: {in_words(failure.reason)}"
    if of.failed:
        some = ", ".join(map(_failure, of.failed[:_MOST_FAILURES]))
        more = len(of.failed) - _MOST_FAILURES
        return f"{some} and {more:,} more" if more > 0 else some
    if of.reason:
        return in_words(of.reason)
    if of.unchanged:
        return (
            "nothing new" if of.unchanged == of.files else f"{of.unchanged:,} unchanged"
        )
    return ""


def _failure(of: FileFailure) -> str:
    return f"{escape(of.path)}: {escape(of.reason)}"
