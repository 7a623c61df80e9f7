"""``push --json``: the events of a delivery, and its end."""

from __future__ import annotations

from typing import Any, assert_never

from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out
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

__all__ = ["PushJson"]


class PushJson:
    """Writes a delivery for programs."""

    def __init__(self, out: Out, expected: Expectation | None) -> None:
        self._out = out
        self._expected = expected or Expectation()
        self.begun = False
        self._problems = 0
        self._told: dict[str, MemberReceipt] = {}
        """The last receipt of each member, by its name."""

    def start(self, opening: Opening) -> None:
        """Tell that the first call is on its way."""
        self.begun, self._problems = True, len(opening.problems)
        expected = self._expected
        fields = {
            **opening.where(),
            "ttl": opening.ttl,
            "title": opening.title,
            "files": opening.files,
            "bytes": opening.total_bytes,
            "expected": [*expected.names, *map(str, expected.addresses)],
            "expected_count": expected.size,
        }
        self._out.event("start", fields)

    def show(self, event: PushEvent | PushProgress) -> None:
        """Tell one event."""
        match event:
            case MemberFound(member, origin, late):
                self._member(member, origin, late=late)
            case MemberRefused(member, origin, reason):
                self._member(member, origin, refused=reason)
            case NameShared(member, origin):
                self._member(member, origin, shared=True)
            case Began():
                self._out.event("begin", _began(event))
            case FileChanged(path, gave_up):
                self._out.event("changed", {"path": path, "given_up": gave_up})
            case ReceiptReceived(receipt):
                self._receipt(receipt)
            case PushProgress():
                self._out.event("progress", _progress(event))
            case MemberFailed() | FeedRoom() | PushEnded():
                pass  # receipts at the end say so, and the end
            case _:
                assert_never(event)

    def end(self, report: PushReport | None) -> None:
        """Tell what came of it; None where it ended before anybody was asked."""
        if report is None:
            self._end(self._nothing())
            return
        for receipt in report.receipts:
            # Who was given up or never came has signed nothing: here it is said why.
            failed = receipt.status is ReceiptStatus.FAILED
            if failed and self._told.get(receipt.member) != receipt:
                self._receipt(receipt)
        self._end(_report(report))

    def _end(self, fields: dict[str, Any]) -> None:
        complete = fields["complete"] and not self._problems
        told = {**fields, "complete": complete, "problems": self._problems}
        self._out.event("end", told)

    def _receipt(self, receipt: MemberReceipt) -> None:
        self._told[receipt.member] = receipt
        self._out.event("receipt", _receipt(receipt))

    def _member(self, member: str, origin: Origin | None, **more: Any) -> None:
        known = {"late": False, "refused": None, "shared": False}
        who = {"member": member, "sender": None if origin is None else str(origin)}
        self._out.event("member", {**who, **known, **more})

    def _nothing(self) -> dict[str, Any]:
        missing = [*self._expected.names, *map(str, self._expected.addresses)]
        return _end((), missing, self._expected.size, reason="stopped")


def _began(event: Began) -> dict[str, Any]:
    return {
        "files": event.files,
        "bytes": event.total_bytes,
        "members": event.members,
    }


def _progress(of: PushProgress) -> dict[str, Any]:
    return {
        "bytes": of.bytes_sent,
        "total": of.total_bytes,
        "repaired_bytes": of.repaired_bytes,
        "rate_bps": round(of.rate_bytes_per_s * 8),
        "elapsed_s": round(of.elapsed_s, 6),
        "members": {
            name: {"bytes": one.bytes_have, "lost": one.lost, "done": one.done}
            for name, one in of.members.items()
        },
    }


def _receipt(of: MemberReceipt) -> dict[str, Any]:
    return {
        "member": of.member,
        "sender": None if of.address is None else str(of.address),
        "files": of.files,
        "unchanged": of.unchanged,
        "bytes": of.size_bytes,
        "lost": of.lost,
        "sha256": of.sha256,
        "status": str(of.status),
        "reason": of.reason,
        "failed": [{"path": one.path, "reason": one.reason} for one in of.failed],
        "elapsed_s": round(of.elapsed_s, 6),
    }


def _report(of: PushReport) -> dict[str, Any]:
    fields = _end(of.delivered, of.missing, of.missing_count, reason=of.reason)
    return {
        **fields,
        "complete": of.complete,
        "files": of.files,
        "bytes": of.total_bytes,
        "sent_bytes": of.bytes_sent,
        "repaired_bytes": of.repaired_bytes,
        "elapsed_s": round(of.elapsed_s, 6),
    }


def _end(
    delivered: Any, missing: Any, missing_count: int, *, reason: str
) -> dict[str, Any]:
    return {
        "delivered": list(delivered),
        "missing": list(missing),
        "missing_count": missing_count,
        "complete": False,
        "problems": 0,
        "files": 0,
        "bytes": 0,
        "sent_bytes": 0,
        "repaired_bytes": 0,
        "elapsed_s": 0.0,
        "reason": reason,
    }
