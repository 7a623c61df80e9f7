"""Receipts compared with what was sent (docs/delivery.md §5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum, auto

from groupwire.deliver.push.cargo.files import Files
from groupwire.deliver.push.cargo.sending import Sending
from groupwire.deliver.push.group.members import Member
from groupwire.deliver.report import FileFailure, MemberReceipt, ReceiptStatus
from groupwire.deliver.words import Failure, Receipt

__all__ = ["MOST_PASSES", "Settling", "Verdict", "acknowledged", "without_receipt"]

MOST_PASSES = 3
"""So often something is sent once more for one member."""
_MOST_CROSSINGS = 3
"""So many receipts for what was before may one member send after the seal."""
_MENDABLE = frozenset({"gone", "changed"})


class Verdict(Enum):
    """What is answered to a receipt."""

    SETTLED = auto()
    AGAIN = auto()
    KNOWN = auto()
    """It was answered before: the same again."""
    EARLY = auto()
    """It says more than was sent so far: no answer."""


class Settling:
    """Judges receipts."""

    def __init__(self, files: Files, sending: Sending) -> None:
        self._files = files
        self._sending = sending

    def judge(
        self, member: Member, said: Receipt, *, elapsed_s: float, now: float
    ) -> Verdict:
        """Compare a receipt and settle the member, or send again what can be mended."""
        if said == member.said and self._is_answered(member):
            return Verdict.KNOWN
        again = self._mendable(member, said)
        if not again and not said.failed and not self._files.complete:
            return Verdict.EARLY
        member.said, member.again = said, again
        if again:
            self._send_again(member, again, now)
            return Verdict.AGAIN
        if self._crosses(member, said):
            member.receipt = None
            return Verdict.AGAIN
        member.receipt = self._receipt(member, said, elapsed_s)
        return Verdict.SETTLED

    def take_back(self, members: Iterable[Member]) -> Iterator[MemberReceipt]:
        """Fail members that have signed for what a file was before; yield receipts.

        Most have gone with that. Who has not heard the answer asks once more, and is
        told to wait for the new seal.
        """
        if self._files.given_up or not self._files.complete:
            return  # nobody else is going to sign for all, or not yet
        sha256 = self._files.signature().hex()
        for member in members:
            receipt = member.receipt
            if receipt is None or receipt.status is not ReceiptStatus.VERIFIED:
                continue
            if receipt.sha256 != sha256:
                failed = replace(receipt, status=ReceiptStatus.FAILED, reason="changed")
                member.said, member.receipt = None, failed
                yield failed

    def ask_again(self, members: Iterable[Member]) -> bool:
        """Wait for foreign ones again that have acknowledged what a file was before."""
        sha256, asked = self._files.signature(), False
        for member in members:
            if member.foreign and member.has_all and member.vouched != sha256:
                member.receipt, asked = None, True
        return asked

    def _send_again(self, member: Member, again: frozenset[int], now: float) -> None:
        """Send files once more, but for what was just begun for somebody else.

        Members lack the same things at the same time, and say so one after the other.
        """
        member.passes += 1
        member.receipt = None
        sending, first = self._sending, member.passes == 1
        sending.again(n for n in again if not (first and sending.is_fresh(n, now)))

    def _crosses(self, member: Member, said: Receipt) -> bool:
        """Return whether it may be for a file as it was before it was sent anew."""
        if said.failed or said.more or self._files.given_up:
            return False
        if said.sha256 == self._files.signature() or not self._sending.repeats:
            return False
        if self._sending.is_repeating:
            return True
        member.crossed += 1
        return member.crossed <= _MOST_CROSSINGS

    def _is_answered(self, member: Member) -> bool:
        """Return whether what was answered is still true."""
        if not member.again:
            return member.settled
        return any(map(self._sending.is_coming, member.again))

    def _mendable(self, member: Member, said: Receipt) -> frozenset[int]:
        if member.passes >= MOST_PASSES:
            return frozenset()
        return frozenset(f.entry for f in said.failed if self._is_mendable(f))

    def _is_mendable(self, failure: Failure) -> bool:
        entry = failure.entry
        sendable = self._files.is_sized(entry) and entry not in self._files.given_up
        return sendable and failure.reason in _MENDABLE

    def _receipt(
        self, member: Member, said: Receipt, elapsed_s: float
    ) -> MemberReceipt:
        reason = self._reason(said)
        failed = (FileFailure(self._files.path(f.entry), f.reason) for f in said.failed)
        return MemberReceipt(
            member.name,
            member.origin,
            ReceiptStatus.FAILED if reason else ReceiptStatus.VERIFIED,
            files=said.files,
            unchanged=said.unchanged,
            size_bytes=said.bytes_have,
            lost=said.lost,
            sha256=said.sha256.hex(),
            reason=reason,
            failed=tuple(failed),
            elapsed_s=elapsed_s,
        )

    def _reason(self, said: Receipt) -> str:
        """Return why it is no receipt for everything, empty where it is one."""
        count = len(said.failed)
        if count:
            more = "more than " if said.more else ""
            first = said.failed[0].reason
            return first if count == 1 else f"{first} ({more}{count} files)"
        if self._files.given_up:
            return "changed"
        if said.more or said.sha256 != self._files.signature():
            return "digest differs"
        return ""


def without_receipt(member: Member, reason: str, elapsed_s: float) -> MemberReceipt:
    """Return what is told of a member that was given up."""
    return MemberReceipt(
        member.name,
        member.origin,
        ReceiptStatus.FAILED,
        size_bytes=member.bytes_have,
        lost=member.lost,
        reason=reason,
        elapsed_s=elapsed_s,
    )


def acknowledged(member: Member, files: Files, elapsed_s: float) -> MemberReceipt:
    """Return what is told of a foreign receiver that has acknowledged everything."""
    lacks = bool(files.given_up)
    return MemberReceipt(
        member.name,
        member.origin,
        ReceiptStatus.FAILED if lacks else ReceiptStatus.ACKNOWLEDGED,
        files=files.count - len(files.given_up),
        reason="changed" if lacks else "",
        size_bytes=files.all_bytes,
        elapsed_s=elapsed_s,
    )
