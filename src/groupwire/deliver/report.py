"""What came of a delivery, as values for programs and people. Times are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from groupwire.errors import NotDelivered
from groupwire.values import Origin

if TYPE_CHECKING:
    # Only named here: who sends does without what stores.
    from groupwire.deliver.storage import Status

__all__ = [
    "FileFailure",
    "MemberProgress",
    "MemberReceipt",
    "PullProgress",
    "PullReport",
    "PulledFile",
    "PushProgress",
    "PushReport",
    "ReceiptStatus",
]


class ReceiptStatus(StrEnum):
    """What a receipt says, compared with what was sent."""

    VERIFIED = "verified"
    """The member has every file, and its digest is the sender's."""
    ACKNOWLEDGED = "acknowledged"
    """A foreign NORM receiver has acknowledged all; it knows no digests."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileFailure:
    """A file that a member has not got."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberReceipt:
    """What a member has signed, or why it has not."""

    member: str
    address: Origin | None
    """Where it answered from; None for one that never did."""
    status: ReceiptStatus
    files: int = 0
    unchanged: int = 0
    size_bytes: int = 0
    lost: int = 0
    """Segments that did not arrive at first."""
    sha256: str = ""
    """In hex, as docs/delivery.md §5.1 has it."""
    reason: str = ""
    failed: tuple[FileFailure, ...] = ()
    elapsed_s: float = 0.0
    """From the beginning of the delivery to the receipt."""


@dataclass(frozen=True, slots=True)
class MemberProgress:
    """How far a member is."""

    bytes_have: int
    lost: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class PushProgress:
    """How far a delivery is."""

    elapsed_s: float
    bytes_sent: int
    """Of the files, sent for the first time."""
    total_bytes: int | None
    """What has to be sent, None while that is not known."""
    repaired_bytes: int
    rate_bytes_per_s: float
    """What the group takes now."""
    members: Mapping[str, MemberProgress] = field(
        default_factory=dict[str, MemberProgress]
    )


@dataclass(frozen=True, slots=True)
class PushReport:
    """How a delivery ended.

    Where members were expected by name or address, it is complete when these have
    everything. What became of others who took part stands in ``receipts`` only.
    """

    receipts: tuple[MemberReceipt, ...]
    missing: tuple[str, ...]
    """Who has not got everything, by name: of the expected, where they were expected by
    name or address; else of all who were there."""
    missing_count: int
    """The same as a number, where only a number was expected too."""
    files: int
    total_bytes: int
    """Of what was to be delivered."""
    bytes_sent: int
    """On the wire, payload of all datagrams."""
    repaired_bytes: int
    """Of these, sent again or as parity."""
    elapsed_s: float
    reason: str = ""
    """Why it ended early, where it did."""

    @property
    def delivered(self) -> tuple[str, ...]:
        """Who has everything, by name."""
        good = {ReceiptStatus.VERIFIED, ReceiptStatus.ACKNOWLEDGED}
        return tuple(r.member for r in self.receipts if r.status in good)

    @property
    def complete(self) -> bool:
        """Whether somebody has it and nobody lacks it."""
        return bool(self.delivered) and not self.missing_count and not self.reason

    def raise_for_missing(self) -> None:
        """Raise NotDelivered unless it is complete."""
        if not self.complete:
            raise NotDelivered(self.missing, self.missing_count, self.reason)


@dataclass(frozen=True, slots=True)
class PulledFile:
    """What became of one file here."""

    path: str
    size_bytes: int
    sha256: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a member is with the deliveries that it takes part in now."""

    elapsed_s: float
    """Since the first of them was heard of."""
    senders: tuple[str, ...]
    bytes_have: int
    """What was there before included."""
    total_bytes: int | None
    """None while that is not known."""
    files_settled: int
    files: int
    lost: int
    """Segments that did not arrive at first."""
    announced: bool = False
    """Whether these senders have announced a delivery and no more."""


@dataclass(frozen=True, slots=True)
class PullReport:
    """One delivery as a member saw it."""

    sender: str
    """Its name, or its address where it is a foreign program."""
    title: str
    files: tuple[PulledFile, ...]
    """The last 10,000 of them, and all that failed."""
    stored: int
    unchanged: int
    failed: int
    bytes_received: int
    lost: int
    elapsed_s: float
    signed: bool
    """Whether the sender has the receipt."""
    reason: str = ""
    """Why it is incomplete, where it is."""
    foreign: bool = False
    """Whether its sender is a foreign program, which takes no receipt."""

    @property
    def complete(self) -> bool:
        """Whether all is here."""
        return not self.failed and not self.reason
