"""Files on their way to the disk, with a disk in memory and no network."""

from __future__ import annotations

from errno import EAGAIN, ECANCELED, EIO, ENAMETOOLONG, ENOSPC, EROFS
from hashlib import sha256
from typing import Any

import pytest
from tests.deliver.fakes import MemoryStorage, manifest_of

from groupwire.deliver.pull.files.files import Files
from groupwire.deliver.report import PulledFile
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.wire.seals import Seal, part_info
from groupwire.norm import LATER, ObjectFlag, ObjectOffer
from groupwire.norm.receive.events import LossReason, ObjectLost, SenderKey
from groupwire.values import Origin

KEY = SenderKey(Origin("10.0.0.1", 5000), 7, 1)
A, B = b"alpha", b"beta!"


class FakeRun:
    """What NORM was told."""

    def __init__(self) -> None:
        self.accepted: list[int] = []
        self.asked: list[int] = []

    def accept(self, number: int, now: float) -> None:  # noqa: ARG002
        self.accepted.append(number)

    def again(self, number: int, now: float) -> None:  # noqa: ARG002
        self.asked.append(number)


class Bench:
    """Files of one delivery."""

    def __init__(
        self, files: dict[str, bytes], *, examined: Any = None, **options: Any
    ) -> None:
        self.run = FakeRun()
        self.disk = MemoryStorage()
        self.told: list[PulledFile] = []
        manifest = manifest_of(files, **options)
        run: Any = self.run
        self.files = Files(1, manifest, run, self.disk, self.told.append)
        self.disk.examine(1, manifest)
        self.disk.waiting.clear()
        self.files.examined(Examined(examined or {}))
        if self.files.only_empty_left:
            self.files.make_empty()

    def offer(self, number: int, info: bytes | None, size: int = 5) -> Any:
        flags = ObjectFlag.INFO | ObjectFlag.FILE
        return self.files.offer(ObjectOffer(7, 1, number, size, flags, info))

    def come(self, number: int, info: bytes, data: bytes) -> Any:
        sink = self.offer(number, info, len(data))
        sink.write(0, [data])
        assert self.files.received(number, len(data), 0.0)
        return sink

    def seal(self, entry: int, number: int | None, data: bytes | None, order: int):
        digest = None if data is None else sha256(data).digest()
        size = 0 if data is None else len(data)
        self.files.seal(Seal(entry, number, digest, size), order, 0.0)

    def lose(
        self,
        number: int,
        reason: LossReason = LossReason.GONE,
        error: OSError | None = None,
    ) -> None:
        self.files.lost(ObjectLost(KEY, number, reason, error), 0.0)

    def settle(self) -> None:
        """Let the disk answer."""

        class Answer:
            @staticmethod
            def handle_finished(
                key: int, entry: int, outcome: Outcome, *, now: float
            ) -> None:
                assert key == 1
                self.files.finished(entry, outcome, now)

        pull: Any = Answer
        self.disk.settle(pull, 0.0)

    @property
    def outcomes(self) -> list[tuple[str, str, str]]:
        return [(f.path, f.status.value, f.reason) for f in self.told]


def test_what_is_in_no_manifest_is_not_taken() -> None:
    bench = Bench({"a": A})
    assert bench.offer(1, b"other") is None
    assert bench.offer(1, None) is None
    assert not bench.files.received(1, 5, 0.0)


def test_a_file_that_is_there_is_accepted_though_it_is_not_taken() -> None:
    there = {0: Outcome(Status.UNCHANGED, sha256(A).digest(), 5)}
    bench = Bench({"a": A, "b": B}, examined=there)
    assert bench.offer(1, b"a") is None
    bench.lose(1, LossReason.REFUSED)
    assert bench.run.accepted == [1]
    bench.offer(2, b"b")
    bench.lose(2, LossReason.REFUSED)
    assert bench.run.accepted == [1]


def test_what_the_disk_settles_twice_or_is_no_file_counts_once() -> None:
    gone = Outcome(Status.FAILED, reason="vetoed")
    bench = Bench({"d/": b"", "a": A}, examined={0: gone, 1: gone})
    assert bench.outcomes == [("a", "failed", "vetoed")]


def test_a_late_seal_shows_that_what_was_there_is_another() -> None:
    there = {0: Outcome(Status.UNCHANGED, sha256(B).digest(), 5)}
    bench = Bench({"a": A}, examined=there)
    assert bench.offer(4, b"a") is None
    bench.seal(0, 3, A, 5)
    bench.seal(0, 4, B, 5)
    assert not bench.files.ledger.left
    bench.seal(0, 4, A, 6)
    assert bench.run.asked == [4]
    assert bench.files.ledger.left == 1


def test_a_seal_of_what_is_still_to_come_opens_what_was_there_before() -> None:
    bench = Bench({"a": A, "e": b""})
    bench.files.make_empty()
    bench.settle()
    bench.seal(1, 5, B, 6)
    assert bench.files.ledger.left == 2
    assert not bench.run.asked
    bench.seal(1, 3, None, 4)
    bench.come(5, b"e", B)
    bench.settle()
    assert bench.disk.disk["e"] == B
    bench.offer(9, b"e")
    bench.seal(1, 9, A, 10)
    assert bench.run.asked == [9]


def test_a_seal_of_a_newer_object_opens_what_came_before() -> None:
    bench = Bench({"a": A}, digests=True)
    bench.come(1, b"a", A)
    bench.settle()
    bench.seal(0, 3, B, 4)
    assert bench.files.ledger.left == 1
    bench.come(3, b"a", B)
    bench.settle()
    assert bench.disk.disk["a"] == B


def test_an_empty_file_needs_no_object() -> None:
    bench = Bench({"e": b""})
    assert bench.offer(3, b"e", 0) is LATER
    bench.settle()
    assert bench.outcomes == [("e", "stored", "")]
    assert bench.files.take_retry()
    assert not bench.files.take_retry()
    assert bench.offer(3, b"e", 0) is None


def test_an_empty_file_that_cannot_be_opened_or_made_is_failed() -> None:
    bench = Bench({"e": b""})
    bench.disk.waiting.clear()
    bench.files.finished(0, Outcome(Status.MISMATCH), 0.0)
    assert bench.outcomes == [("e", "failed", "mismatch")]

    told: list[PulledFile] = []
    run: Any = FakeRun()
    disk, manifest = MemoryStorage(), manifest_of({"e": b""})
    disk.full.add("e")
    disk.examine(1, manifest)
    files = Files(1, manifest, run, disk, told.append)
    files.examined(Examined({}))
    files.make_empty()
    assert told[0].reason == "disk-full"


def test_a_newer_object_waits_for_what_comes_of_the_older() -> None:
    bench = Bench({"a": A})
    old = bench.offer(1, b"a")
    assert bench.offer(4, b"a") is LATER
    bench.lose(1)
    assert old.closed
    assert bench.files.take_retry()
    assert not bench.told
    assert bench.offer(4, b"a") is not None
    assert bench.offer(1, b"a") is None


def test_where_the_older_does_not_agree_the_newer_is_taken() -> None:
    bench = Bench({"a": A}, digests=True)
    bench.come(1, b"a", B)
    assert bench.offer(4, b"a") is LATER
    bench.settle()
    assert not bench.run.asked
    assert bench.files.take_retry()
    bench.come(4, b"a", A)
    bench.settle()
    assert bench.outcomes == [("a", "stored", "")]


def test_an_object_that_begins_anew_goes_to_a_new_sink() -> None:
    bench = Bench({"a": A})
    first = bench.offer(1, b"a")
    second = bench.offer(1, b"a")
    assert first.closed
    assert not second.closed


def test_a_void_object_is_thrown_away() -> None:
    bench = Bench({"a": A})
    sink = bench.offer(1, b"a")
    bench.seal(0, 1, None, 2)
    assert sink.closed
    assert bench.disk.calls["discard"] == 1
    bench.lose(1, LossReason.STORE, OSError(ECANCELED, "wanted no more"))
    assert not bench.told


def test_a_void_seal_of_an_earlier_object_changes_nothing() -> None:
    bench = Bench({"a": A})
    sink = bench.offer(5, b"a")
    bench.seal(0, 1, None, 2)
    assert not sink.closed
    bench.come(5, b"a", A)
    bench.seal(0, 5, A, 6)
    bench.settle()
    bench.seal(0, 4, None, 7)
    assert not bench.files.ledger.left


def test_what_is_void_while_the_disk_is_at_it_is_open_again() -> None:
    bench = Bench({"a": A}, digests=True)
    bench.come(1, b"a", A)
    bench.seal(0, 1, None, 2)
    bench.settle()
    assert not bench.told
    assert bench.files.take_retry()


def test_what_is_void_after_it_was_stored_is_open_again() -> None:
    bench = Bench({"a": A}, digests=True)
    bench.come(1, b"a", A)
    bench.settle()
    bench.seal(0, 1, None, 2)
    assert bench.files.ledger.left == 1
    bench.seal(0, 1, None, 3)
    assert bench.files.ledger.left == 1


def test_what_failed_for_good_stays_failed() -> None:
    gone = Outcome(Status.FAILED, reason="vetoed")
    bench = Bench({"a": A}, examined={0: gone})
    bench.seal(0, 1, None, 2)
    bench.seal(0, None, None, 3)
    assert not bench.files.ledger.left
    assert not bench.files.reopen_failed()


def test_a_file_that_is_given_up_is_failed_whatever_there_is_of_it() -> None:
    bench = Bench({"a": A, "b": B, "c": A, "d": A}, digests=True)
    bench.offer(1, b"a")
    bench.come(2, b"b", B)
    bench.settle()
    bench.come(3, b"c", A)
    for entry in range(3):
        bench.seal(entry, None, None, 9)
    bench.settle()
    assert bench.outcomes == [
        ("b", "stored", ""),
        ("a", "failed", "changed"),
        ("b", "failed", "changed"),
        ("c", "failed", "changed"),
    ]
    assert not bench.files.reopen_failed()


def test_a_seal_of_no_file_is_skipped() -> None:
    bench = Bench({"d/": b"", "a": A})
    bench.seal(0, 1, A, 2)
    bench.seal(9, 1, A, 2)
    bench.seal(1, None, A, 2)
    bench.seal(1, 1, A, 3)
    bench.seal(1, 1, None, 2)
    assert not bench.told


def test_what_is_lost_is_gone_and_can_be_mended() -> None:
    bench = Bench({"a": A})
    bench.offer(1, b"a")
    bench.lose(1)
    bench.lose(1)
    assert bench.outcomes == [("a", "failed", "gone")]
    assert bench.files.received(1, 5, 0.0)
    assert bench.files.reopen_failed()
    assert bench.files.ledger.left == 1


def test_what_has_come_as_a_whole_is_not_lost_with_another_object() -> None:
    bench = Bench({"a": A})
    bench.come(2, b"a", A)
    bench.offer(1, b"a")
    bench.lose(1)
    bench.lose(2)
    assert not bench.told


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (ENOSPC, "disk-full"),
        (EROFS, "read-only"),
        (ENAMETOOLONG, "name-too-long"),
        (EIO, "io-error"),
    ],
)
def test_what_a_disk_refuses_is_told_in_a_word(number: int, reason: str) -> None:
    bench = Bench({"a": A})
    bench.offer(1, b"a")
    bench.lose(1, LossReason.STORE, OSError(number, "no"))
    assert bench.outcomes == [("a", "failed", reason)]


def test_a_file_that_another_delivery_took_over_is_asked_for_again() -> None:
    bench = Bench({"a": A})
    sink = bench.offer(1, b"a")
    bench.lose(1, LossReason.STORE, OSError(EAGAIN, "another delivery has it"))
    assert sink.closed
    assert bench.run.asked == [1]
    assert not bench.told
    bench.come(1, b"a", A)
    bench.seal(0, 1, A, 2)
    bench.settle()
    assert bench.outcomes == [("a", "stored", "")]


def test_a_file_that_was_taken_over_goes_on_with_a_newer_object_of_it() -> None:
    bench = Bench({"a": A})
    bench.offer(1, b"a")
    assert bench.offer(2, b"a") is LATER
    bench.lose(1, LossReason.STORE, OSError(EAGAIN, "another delivery has it"))
    assert not bench.run.asked
    assert bench.files.take_retry()


def test_objects_that_nobody_knows_are_counted_when_lost() -> None:
    bench = Bench({"a": A})
    bench.lose(77)
    bench.lose(78, LossReason.REFUSED)
    assert bench.files.lost_unnamed == 1


def test_what_is_not_sent_is_given_up_and_says_why() -> None:
    bench = Bench({"a": A, "b": B, "c": A, "e": b""})
    bench.offer(1, b"a")
    bench.seal(1, 3, None, 4)
    bench.files.make_empty()
    bench.files.give_up_open()
    assert bench.outcomes == [
        ("a", "failed", "gone"),
        ("b", "failed", "changed"),
        ("c", "failed", "gone"),
    ]
    assert bench.files.finishing


def test_parts_make_a_file_when_its_length_is_known() -> None:
    bench = Bench({"-": A}, unknown=["-"])
    assert bench.files.open_ended
    bench.come(1, part_info(0, 0), A)
    assert bench.offer(2, part_info(0, 0)) is None
    assert bench.files.bytes_have == 5
    bench.seal(0, None, A, 3)
    assert bench.files.finishing
    bench.files.received(1, 5, 0.0)
    bench.settle()
    assert bench.outcomes == [("-", "stored", "")]
    assert bench.run.accepted == [1]
    assert bench.offer(4, part_info(0, 1)) is None
    bench.seal(0, None, A, 5)
    bench.seal(0, 4, B, 6)
    assert bench.files.received(1, 5, 0.0)
    assert not bench.files.open_ended


def test_parts_that_do_not_agree_have_failed_for_they_are_kept_no_more() -> None:
    bench = Bench({"-": A}, unknown=["-"])
    bench.seal(0, None, A, 3)
    bench.come(1, part_info(0, 0), B)
    assert bench.run.accepted == [1]
    bench.settle()
    assert not bench.run.asked
    assert [o[1] for o in bench.outcomes] == ["failed"]


def test_the_disk_can_refuse_a_file_made_of_parts() -> None:
    bench = Bench({"-": A}, unknown=["-"])
    bench.files.finished(0, Outcome(Status.STORED), 0.0)
    bench.come(1, part_info(0, 0), A)
    bench.files.finished(0, Outcome(Status.STORED), 0.0)
    bench.seal(0, None, A, 3)
    bench.disk.waiting.clear()
    bench.files.finished(0, Outcome(Status.FAILED, reason="exists"), 0.0)
    assert bench.outcomes == [("-", "failed", "exists")]
    assert bench.run.accepted == [1]


def test_a_lost_part_is_a_lost_file() -> None:
    bench = Bench({"-": A}, unknown=["-"])
    sink = bench.offer(1, part_info(0, 0))
    bench.offer(2, part_info(0, 1))
    bench.lose(2)
    assert sink.closed
    assert bench.outcomes == [("-", "failed", "gone")]


def test_an_outcome_that_nobody_waits_for_changes_nothing() -> None:
    bench = Bench({"a": A})
    bench.files.finished(0, Outcome(Status.STORED), 0.0)
    bench.offer(1, b"a")
    bench.files.finished(0, Outcome(Status.STORED), 0.0)
    assert not bench.told


def test_a_disk_that_fails_at_the_end_is_believed() -> None:
    bench = Bench({"a": A}, digests=True)
    bench.come(1, b"a", A)
    bench.disk.waiting.clear()
    bench.files.finished(0, Outcome(Status.FAILED, reason="exists"), 0.0)
    assert bench.outcomes == [("a", "failed", "exists")]
    assert not bench.run.accepted


def test_a_given_up_stream_is_failed() -> None:
    bench = Bench({"-": A}, unknown=["-"])
    bench.come(1, part_info(0, 0), A)
    bench.seal(0, None, None, 2)
    assert bench.outcomes == [("-", "failed", "changed")]
    assert bench.disk.calls["discard"] == 1


def test_what_is_lost_or_given_up_is_put_away_for_when_it_comes_again() -> None:
    bench = Bench({"a": A, "b": B})
    bench.offer(1, b"a").write(0, [A[:2]])
    bench.lose(1)
    assert bench.disk.calls["put_away"] == 1
    bench.offer(2, b"b")
    bench.files.give_up_open()
    assert bench.disk.calls["put_away"] == 2
    assert bench.files.reopen_failed()
    assert bench.offer(3, b"a").held == [(0, 2)]


def test_an_object_that_is_offered_again_closes_first_what_was_open() -> None:
    bench = Bench({"a": A})
    first = bench.come(1, b"a", A)
    bench.disk.crowded.add("a")
    with pytest.raises(OSError, match="open files"):
        bench.offer(1, b"a")
    assert first.closed
    assert bench.disk.calls["put_away"] == 1
    bench.seal(0, 1, A, 2)
    assert not bench.disk.calls["finish"]
    bench.disk.crowded.clear()
    bench.come(1, b"a", A)
    bench.settle()
    assert bench.outcomes == [("a", "stored", "")]


def test_empty_files_are_made_when_there_is_room_for_them() -> None:
    bench = Bench({"a": A, "e": b"", "f": b""})
    bench.disk.crowded.add("f")
    bench.files.make_empty()
    bench.settle()
    assert bench.outcomes == [("e", "stored", "")]
    bench.come(1, b"a", A)
    bench.seal(0, 1, A, 2)
    bench.settle()
    assert bench.files.only_empty_left
    bench.disk.crowded.clear()
    bench.files.make_empty()
    bench.settle()
    assert not bench.files.ledger.left
