"""How far a push is, and what came of it."""

from __future__ import annotations

from groupwire.deliver.push.group.members import Member
from groupwire.deliver.push.group.settling import without_receipt
from groupwire.deliver.push.parts import Parts
from groupwire.deliver.report import (
    MemberProgress,
    MemberReceipt,
    PushProgress,
    PushReport,
    ReceiptStatus,
)
from groupwire.deliver.words import MemberPhase

__all__ = ["Tally"]


class Tally:
    """Adds up what the other parts know."""

    def __init__(self, parts: Parts) -> None:
        self.wire_bytes = 0
        """Payload of all datagrams."""
        self._course = parts.course
        self._members = parts.members
        self._gathering = parts.gathering
        self._sending = parts.sending

    def progress(self) -> PushProgress:
        """Return how far it is."""
        sending = self._sending
        return PushProgress(
            elapsed_s=self._course.elapsed_s,
            bytes_sent=sending.sent_bytes,
            total_bytes=sending.total_bytes,
            repaired_bytes=self._repaired_bytes,
            rate_bytes_per_s=sending.sender.rate_bytes_per_s,
            members={m.name: _progress(m) for m in self._members},
        )

    def report(self, reason: str) -> PushReport:
        """Return what came of it so far."""
        missing = self._missing()
        elapsed_s = self._course.elapsed_s
        return PushReport(
            receipts=(*self._receipts(elapsed_s), *self._absent()),
            missing=missing,
            missing_count=max(len(missing), self._gathering.lacking),
            files=self._sending.files.count,
            total_bytes=self._sending.files.all_bytes,
            bytes_sent=self.wire_bytes,
            repaired_bytes=self._repaired_bytes,
            elapsed_s=elapsed_s,
            reason=reason,
        )

    @property
    def _repaired_bytes(self) -> int:
        return self._sending.sender.stats.repair_bytes

    def _missing(self) -> tuple[str, ...]:
        extra = self._gathering.is_extra
        names = [m.name for m in self._members if not (m.has_all or extra(m))]
        return tuple(dict.fromkeys((*self._gathering.missing_names(), *names)))

    def _receipts(self, elapsed_s: float) -> list[MemberReceipt]:
        return [
            m.receipt or without_receipt(m, "unfinished", elapsed_s)
            for m in self._members
        ]

    def _absent(self) -> list[MemberReceipt]:
        return [
            MemberReceipt(
                name,
                None,
                ReceiptStatus.FAILED,
                reason=self._members.refusal(name) or "absent",
            )
            for name in self._gathering.absent()
        ]


def _progress(member: Member) -> MemberProgress:
    done = member.settled or member.phase is MemberPhase.DONE
    return MemberProgress(member.bytes_have, member.lost, done)
