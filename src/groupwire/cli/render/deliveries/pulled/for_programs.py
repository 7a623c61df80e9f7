"""``pull --json``: what is joined, what comes of each file, and the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from groupwire.cli.render.deliveries.ink.figures import Pace
from groupwire.cli.render.deliveries.opening import Opening
from groupwire.cli.render.out import Out
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

__all__ = ["PullJson"]


class PullJson:
    """Writes what is pulled for programs."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._pace = Pace()
        self.begun = False

    def start(self, opening: Opening) -> None:
        """Tell where it is joined."""
        self.begun = True
        self._out.event("joined", {**opening.where(), "into": opening.into})

    def problem(self, path: str, reason: str) -> None:
        """Tell why nothing can be stored."""
        self._out.event("problem", {"path": path, "reason": reason})

    def show(self, event: PullEvent | PullProgress) -> None:
        """Tell one event."""
        match event:
            case Joined():
                self._out.event("delivery", _joined(event))
            case FileSettled(file):
                self._out.event("file", _file(file))
            case PullProgress():
                self._progress(event)
            case SenderGone(sender, reason):
                self._out.event("gone", {"sender": sender, "reason": reason})
            case Confirming(seconds):
                self._out.event("confirming", {"wait_s": seconds})
            case DeliveryEnded(report):
                self._out.event("delivered", _report(report))
            case _:
                assert_never(event)

    def end(self, reports: Sequence[PullReport]) -> None:
        """Tell what it all came to."""
        fields = {
            "deliveries": len(reports),
            "complete": sum(one.complete for one in reports),
            "stored": sum(one.stored for one in reports),
            "unchanged": sum(one.unchanged for one in reports),
            "failed": sum(one.failed for one in reports),
            "bytes": sum(one.bytes_received for one in reports),
            "elapsed_s": round(sum(one.elapsed_s for one in reports), 6),
        }
        self._out.event("end", fields)

    def _progress(self, of: PullProgress) -> None:
        if not of.senders:
            return
        self._pace.see(of.elapsed_s, of.bytes_have)
        fields = {
            "senders": list(of.senders),
            "bytes": of.bytes_have,
            "total": of.total_bytes,
            "rate_bps": round(self._pace.per_s * 8),
            "files": of.files_settled,
            "files_total": of.files,
            "lost": of.lost,
            "elapsed_s": round(of.elapsed_s, 6),
        }
        self._out.event("progress", fields)


def _joined(of: Joined) -> dict[str, Any]:
    return {
        "sender": of.sender,
        "address": str(of.origin),
        "title": of.title,
        "files": of.files,
        "bytes": of.total_bytes,
    }


def _file(of: PulledFile) -> dict[str, Any]:
    wrong = of.status is Status.MISMATCH
    return {
        "path": of.path,
        "bytes": of.size_bytes,
        "sha256": of.sha256,
        "status": str(Status.FAILED if wrong else of.status),
        "reason": of.reason or ("digest" if wrong else ""),
    }


def _report(of: PullReport) -> dict[str, Any]:
    return {
        "sender": of.sender,
        "title": of.title,
        "stored": of.stored,
        "unchanged": of.unchanged,
        "failed": of.failed,
        "bytes": of.bytes_received,
        "lost": of.lost,
        "signed": of.signed,
        "complete": of.complete,
        "reason": of.reason,
        "elapsed_s": round(of.elapsed_s, 6),
    }
