from hashlib import sha256

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.pull.files.ledger import Ledger
from groupwire.deliver.storage import Outcome, Status
from groupwire.deliver.words import Failure

A, B = sha256(b"a").digest(), sha256(b"b").digest()
MANIFEST = Manifest(
    1,
    "t",
    (Entry("d", Kind.DIRECTORY), Entry("a", size_bytes=1), Entry("b", size_bytes=1)),
)


def stored(digest: bytes) -> Outcome:
    return Outcome(Status.STORED, digest, 1)


def test_what_is_there_is_signed_for() -> None:
    ledger = Ledger(MANIFEST)
    assert ledger.wants() == (range(1, 3),)
    ledger.settle(1, stored(A))
    ledger.settle(2, Outcome(Status.UNCHANGED, B, 1))
    assert (ledger.left, ledger.wants()) == (0, ())
    receipt = ledger.receipt(9, 4)
    assert (receipt.files, receipt.unchanged, receipt.bytes_have) == (2, 1, 2)
    assert (receipt.node, receipt.lost, receipt.failed) == (9, 4, ())


def test_what_failed_is_named() -> None:
    ledger = Ledger(MANIFEST)
    ledger.settle(1, stored(A))
    told = ledger.settle(2, Outcome(Status.MISMATCH, B, 7, "mismatch"))
    assert (told.status, told.size_bytes) == (Status.FAILED, 1)
    receipt = ledger.receipt(9, 0)
    assert receipt.sha256 == A
    assert receipt.failed == (Failure(2, "mismatch"),)
    assert (ledger.stored, ledger.unchanged, ledger.failed) == (1, 0, 1)
    assert ledger.mendable() == []


def test_what_is_gone_can_be_mended() -> None:
    ledger = Ledger(MANIFEST)
    ledger.settle(2, Outcome(Status.FAILED, reason="gone"))
    assert ledger.mendable() == [2]
    ledger.reopen(2)
    assert not ledger.settled(2)
    assert ledger.failed == 0
    assert list(ledger.unsettled()) == [1, 2]


def test_a_directory_or_a_file_that_fails_at_the_end_is_named() -> None:
    ledger = Ledger(MANIFEST)
    ledger.settle(1, stored(A))
    ledger.settle(2, stored(B))
    ledger.fail_rest(0, "io-error")
    ledger.fail_rest(1, "io-error")
    assert (ledger.left, ledger.stored, ledger.failed) == (0, 1, 2)
    assert ledger.bytes_settled == 1
    assert [f.path for f in ledger.told] == ["a", "b", "d", "a"]


def test_a_list_too_long_to_tell_is_all() -> None:
    entries = tuple(Entry(str(n), size_bytes=1) for n in range(1000))
    ledger = Ledger(Manifest(1, "t", entries))
    for number in range(0, 1000, 2):
        ledger.settle(number, stored(A))
    assert ledger.wants() is None
