from dataclasses import replace

import pytest

from groupwire.deliver.report import (
    MemberProgress,
    MemberReceipt,
    PullReport,
    PushProgress,
    PushReport,
    ReceiptStatus,
)
from groupwire.errors import NotDelivered

VERIFIED = MemberReceipt("a", None, ReceiptStatus.VERIFIED)
ACKNOWLEDGED = MemberReceipt("10.0.0.7", None, ReceiptStatus.ACKNOWLEDGED)
FAILED = MemberReceipt("b", None, ReceiptStatus.FAILED, reason="disk-full")
PUSHED = PushReport((VERIFIED,), (), 0, 1, 10, 20, 0, 0.1)
PULLED = PullReport("sender", "photos", (), 2, 1, 0, 10, 0, 0.1, signed=True)


def test_delivered_are_those_who_have_it_digests_or_not() -> None:
    report = replace(PUSHED, receipts=(VERIFIED, ACKNOWLEDGED, FAILED))
    assert report.delivered == ("a", "10.0.0.7")


def test_a_push_is_complete_where_somebody_has_it_and_nobody_lacks_it() -> None:
    assert PUSHED.complete


@pytest.mark.parametrize(
    "report",
    [
        replace(PUSHED, receipts=()),
        replace(PUSHED, receipts=(FAILED,)),
        replace(PUSHED, missing=("b",), missing_count=1),
        replace(PUSHED, missing_count=3),
        replace(PUSHED, reason="stopped"),
    ],
)
def test_else_it_is_not(report: PushReport) -> None:
    assert not report.complete


def test_who_wants_it_complete_is_told_who_lacks_it() -> None:
    PUSHED.raise_for_missing()
    report = replace(PUSHED, missing=("b",), missing_count=1, reason="stopped")
    with pytest.raises(NotDelivered) as caught:
        report.raise_for_missing()
    assert (caught.value.missing, caught.value.missing_count) == (("b",), 1)
    assert caught.value.reason == "stopped"


def test_a_pull_is_complete_where_nothing_failed() -> None:
    assert PULLED.complete
    assert replace(PULLED, signed=False).complete
    assert not replace(PULLED, failed=1).complete
    assert not replace(PULLED, reason="the sender is gone").complete


def test_progress_knows_no_member_at_first() -> None:
    progress = PushProgress(0.0, 0, None, 0, 0.0)
    assert progress.members == {}
    assert not MemberProgress(0, 0).done
