from random import Random

import pytest
from tests.deliver.push.desk import DELIVERY, Group

from groupwire.deliver.push import (
    Began,
    FileChanged,
    MemberFailed,
    MemberFound,
    MemberRefused,
    ReceiptReceived,
    farewell,
)
from groupwire.deliver.report import ReceiptStatus
from groupwire.deliver.words import CallPhase, MemberPhase
from groupwire.gather import Expectation
from groupwire.norm import SenderConfig
from groupwire.testing import Faults
from groupwire.values import Transmit

STREAMED = {"digest_first_bytes": 0}
SLOWLY = {"digest_first_bytes": 0, "ceiling_bytes_per_s": 4e5}


def data(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


# What is quick.


def test_a_small_file_takes_three_round_trips() -> None:
    group = Group({"a": data(1000)}, faults=Faults(delay_s=0.0002))
    report = group.run()
    assert group.lab.clock.now < 0.005
    assert report.complete
    assert report.delivered == ("m0", "m1", "m2")
    assert all(r.status is ReceiptStatus.VERIFIED for r in report.receipts)
    assert {bytes(m.got[0]) for m in group.members} == {data(1000)}


def test_members_hear_that_it_is_over() -> None:
    group = Group({"a": data(1000)})
    group.run()
    group.lab.run(group.lab.clock.now + 1)
    assert all(m.byes[0].reason == "" for m in group.members)
    assert all(len(m.signed) == 3 for m in group.members), "the answer is said again"
    assert group.push.finished
    assert group.push.poll_timeout() is None


def test_what_is_small_has_digests_in_its_manifest() -> None:
    group = Group({"a": data(1000), "d/b": b"", "c": data(3000)})
    group.run()
    manifest = group.members[0].manifest
    assert manifest is not None
    assert all(e.sha256 is not None for e in manifest.entries)
    assert group.push.progress(now=1.0).bytes_sent == 4000


def test_what_is_large_is_digested_while_it_is_sent() -> None:
    group = Group({"a": data(300_000), "b": b"", "c": data(5000)}, **STREAMED)
    report = group.run()
    manifest = group.members[0].manifest
    assert manifest is not None
    assert all(e.sha256 is None for e in manifest.entries)
    assert report.complete
    assert report.total_bytes == 305_000
    assert group.shelf.open_now == set()


def test_losses_are_repaired() -> None:
    group = Group({"a": data(300_000)}, faults=Faults(loss=0.1, delay_s=1e-3), seed=3)
    report = group.run()
    assert report.complete
    assert report.repaired_bytes > 0


# The roll-call.


def test_it_waits_for_names_and_tells_who_is_absent() -> None:
    expect = Expectation(names=("m0", "m1", "nobody"))
    group = Group({"a": data(1000)}, members=2, expect=expect)
    report = group.run()
    assert 5.0 <= group.lab.clock.now < 5.1
    assert report.delivered == ("m0", "m1")
    assert report.missing == ("nobody",)
    assert report.missing_count == 1
    assert not report.complete
    absent = report.receipts[-1]
    assert (absent.member, absent.address, absent.reason) == ("nobody", None, "absent")


def test_a_number_that_is_not_there_is_missing() -> None:
    group = Group({"a": data(1000)}, members=2, expect=Expectation(count=4), wait_s=7)
    report = group.run()
    assert 7.0 <= group.lab.clock.now < 7.1
    assert report.missing == ()
    assert report.missing_count == 2


@pytest.mark.parametrize("patience_s", [2.0, 10.0])
def test_a_wait_that_is_given_is_the_limit(patience_s: float) -> None:
    expect = Expectation(count=4)
    group = Group({"a": data(1000)}, members=2, expect=expect, wait_s=1,
                  patience_s=patience_s)  # fmt: skip
    assert group.run().missing_count == 2
    assert 1.0 <= group.lab.clock.now < 1.1


def test_start_with_0_does_not_wait_for_who_is_expected() -> None:
    expect = Expectation(names=("nobody",))
    group = Group({"a": data(1000)}, expect=expect, start_with=0)
    group.run()
    assert group.lab.clock.now < 1.0


def test_where_nobody_is_expected_silence_begins() -> None:
    group = Group({"a": data(1000)}, expect=Expectation())
    report = group.run()
    assert 0.2 <= group.lab.clock.now < 0.3
    assert report.complete
    assert group.of(Began) == [Began(1, 1000, 3)]


def test_nobody_at_all_ends_it() -> None:
    group = Group({"a": data(1000)}, members=0, expect=Expectation())
    report = group.run()
    assert 1.0 < group.lab.clock.now < 1.5
    assert report.reason == "nobody"
    assert not report.complete
    assert group.lab.sent["hub"] >= 3


def test_it_begins_as_soon_as_enough_are_there() -> None:
    group = Group({"a": data(1000)}, expect=Expectation(), start_with=2, wait_s=20)
    assert group.run().complete
    assert group.lab.clock.now < 0.1


def test_start_with_0_sends_to_nobody() -> None:
    expect = Expectation()
    group = Group({"a": data(1000)}, members=0, expect=expect, start_with=0)
    report = group.run()
    assert report.reason == ""
    assert not report.complete
    assert group.of(Began) == [Began(1, 1000, 0)]
    assert group.push.progress(now=9.0).bytes_sent == 1000


def test_waiting_gives_members_time_to_appear() -> None:
    group = Group({"a": data(1000)}, members=0, expect=Expectation(), wait_s=10)
    group.begin()
    group.lab.run(6.0)
    group.add("late")
    report = group.run()
    assert 10.0 <= group.lab.clock.now < 10.1
    assert report.delivered == ("late",)
    assert not group.of(MemberFound)[0].late


def test_who_refuses_is_told_and_not_waited_for() -> None:
    group = Group({"a": data(1000)}, expect=Expectation())
    group.members[1].phase = MemberPhase.REFUSED
    report = group.run()
    assert [e.member for e in group.of(MemberRefused)] == ["m1"]
    assert report.delivered == ("m0", "m2")
    assert report.complete


def test_who_refuses_after_it_was_there_is_not_waited_for_at_the_beginning() -> None:
    group = Group({"a": data(1000)}, wait_s=5.0, expect=Expectation(count=4))
    group.begin()
    group.lab.run(0.2)
    group.members[1].phase = MemberPhase.REFUSED
    report = group.run()
    assert [e.member for e in group.of(MemberRefused)] == ["m1"]
    assert report.delivered == ("m0", "m2")


def test_who_refuses_in_the_middle_has_its_patience_to_think_better_of_it() -> None:
    group = Group({"a": data(1_200_000)}, **SLOWLY)
    group.begin()
    group.lab.run(0.3)
    for member in group.members[:2]:
        member.phase, member.signs = MemberPhase.REFUSED, False
    group.lab.run(3.3)
    group.members[1].phase, group.members[1].signs = None, True
    report = group.run()
    assert set(report.delivered) == {"m1", "m2"}
    assert [e.reason for e in group.of(MemberFailed)] == ["refused"]
    assert 10 < group.lab.clock.now < 13


def test_an_expected_member_that_refuses_is_missing() -> None:
    group = Group({"a": data(1000)}, expect=Expectation(names=("m0", "m1", "m2")))
    group.members[1].phase = MemberPhase.REFUSED
    assert group.run().missing == ("m1",)


def test_the_last_word_names_who_has_signed_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(farewell, "NAMED", 2)
    group = Group({"a": data(1000)}, members=4)
    group.members[0].signs = group.members[1].signs = False
    group.begin()
    group.lab.run(1.0)
    group.members[1].signs = True
    group.seats[0].cut()
    group.run()
    group.lab.run(group.lab.clock.now + 1)
    _, late, *early = [m.node for m in group.members]
    first, second = group.members[1].byes[0].signed
    assert first == late
    assert second in early


# What somebody has already.


def test_only_what_somebody_wants_is_sent() -> None:
    files = {"a": data(9000), "b": data(9000, 2), "c": data(9000, 3)}
    group = Group(files)
    for member in group.members:
        member.holds = True
        member.has = {"a": files["a"], "c": files["c"]}
    report = group.run()
    assert report.complete
    assert group.shelf.opened == [1]
    assert all(r.unchanged == 2 for r in report.receipts)
    assert CallPhase.OFFER in {c.phase for c in group.members[0].calls}
    progress = group.push.progress(now=9.0)
    assert progress.total_bytes == progress.bytes_sent == 9000


def test_a_push_repeated_to_those_who_have_all_sends_no_file() -> None:
    files = {"a": data(90_000), "b": data(90_000, 2)}
    group = Group(files, **STREAMED)
    for member in group.members:
        member.holds, member.has = True, dict(files)
    report = group.run()
    assert report.complete
    assert group.shelf.opened == []
    assert report.bytes_sent < 5000


def test_who_has_nothing_beside_one_that_has_all_is_sent_everything() -> None:
    files = {"a": data(9000), "b": data(9000, 2)}
    group = Group(files)
    group.members[0].holds, group.members[0].has = True, dict(files)
    report = group.run()
    assert report.complete
    assert group.shelf.opened == [0, 1]


# Late ones.


def test_a_late_member_is_served() -> None:
    group = Group({"a": data(600_000)}, members=2, **SLOWLY)
    group.begin()
    group.lab.run(0.2)
    late = group.add("late")
    report = group.run()
    assert report.delivered == ("m0", "m1", "late")
    assert group.of(MemberFound)[-1].late
    assert late.got[0] == data(600_000)


def test_a_late_member_says_what_it_wants() -> None:
    files = {"a": data(400_000), "b": data(9000, 2)}
    group = Group(files, members=1, **SLOWLY)
    first = group.members[0]
    first.holds, first.has = True, {"b": files["b"]}
    group.begin()
    group.lab.run(0.1)
    group.add("late")
    assert group.run().delivered == ("m0", "late")
    assert group.shelf.opened == [0, 1]


# Who does not do as it should.


def test_a_false_digest_is_no_receipt() -> None:
    group = Group({"a": data(1000)})
    group.members[2].lies = True
    report = group.run()
    assert report.delivered == ("m0", "m1")
    assert report.missing == ("m2",)
    assert report.receipts[2].reason == "digest differs"
    assert not report.complete


def test_a_receipt_that_may_have_crossed_with_a_new_seal_is_asked_for_again() -> None:
    group = Group({"a": data(1000)}, members=1, **STREAMED)
    group.shelf.changing = {0: 1}
    member = group.members[0]
    member.lies = True
    group.begin()
    group.lab.run(30.0, done=lambda: bool(member.signed))
    assert member.signed[0].again
    member.lies = False
    assert group.run().complete


def test_a_receipt_for_else_while_a_file_is_sent_once_more_is_asked_for_again() -> None:
    group = Group({"a": data(100), "b": data(60_000, 2)}, members=2, **SLOWLY)
    group.members[0].fails = {"b": "gone"}
    group.members[1].lies = True
    group.begin()
    group.lab.run(30.0, done=lambda: bool(group.members[1].signed))
    assert group.push._sending.is_repeating
    assert group.members[1].signed[0].again
    group.members[1].lies = False
    assert group.run().complete


def test_a_receipt_that_crosses_too_often_is_false() -> None:
    group = Group({"a": data(1000)}, members=1, **STREAMED)
    group.shelf.changing = {0: 1}
    group.members[0].lies = True
    assert group.run().receipts[0].reason == "digest differs"
    assert sum(signed.again for signed in group.members[0].signed) >= 3


def test_what_failed_at_a_member_stands_in_its_receipt() -> None:
    group = Group({"a": data(1000), "b": data(10), "c": data(20)})
    group.members[0].fails = {"b": "disk-full", "c": "exists"}
    group.members[1].fails = {"b": "exists"}
    report = group.run()
    first, second, _ = report.receipts
    assert first.status is ReceiptStatus.FAILED
    assert first.reason == "disk-full (2 files)"
    assert (first.failed[0].path, first.failed[0].reason) == ("b", "disk-full")
    assert second.reason == "exists"
    assert report.delivered == ("m2",)


def test_what_is_gone_is_sent_once_more() -> None:
    files = {"a": data(1000), "b": data(2000, 2)}
    group = Group(files)
    group.members[0].fails = {"b": "gone"}
    report = group.run()
    assert report.complete
    assert group.members[0].signed[0].again
    assert group.shelf.opened == [0, 1]
    assert group.push._sending.handed == 4, "the file once more"
    assert group.push.progress(now=9).bytes_sent == 3000, "once"


def test_silence_is_waited_for_as_long_as_patience_lasts() -> None:
    group = Group({"a": data(1000)})
    group.members[1].signs = False
    group.begin()
    group.lab.run(0.5)
    group.seats[1].crash()
    report = group.run()
    assert 10.0 <= group.lab.clock.now < 13.0
    assert report.missing == ("m1",)
    assert group.of(MemberFailed) == [MemberFailed("m1", "silent")]


def test_a_member_that_is_stopped_for_five_seconds_gets_it() -> None:
    group = Group({"a": data(600_000)}, **SLOWLY)
    group.begin()
    group.lab.run(0.2)
    group.seats[1].pause()
    group.lab.clock.at(5.2, group.seats[1].resume)
    report = group.run()
    assert report.complete
    assert group.lab.clock.now < 15


def test_a_sender_that_is_stopped_gives_nobody_up() -> None:
    group = Group({"a": data(600_000)}, **SLOWLY)
    group.begin()
    group.lab.run(0.2)
    group.seat.pause()
    group.lab.clock.at(30.0, group.seat.resume)
    assert group.run(60.0).complete


def test_who_comes_back_after_it_was_given_up_is_served() -> None:
    group = Group({"a": data(1000)}, members=2, patience_s=2.0)
    group.members[0].signs = group.members[1].signs = False
    group.begin()
    group.lab.run(0.1)
    group.seats[1].cut()
    group.lab.run(4.0)
    assert [e.reason for e in group.of(MemberFailed)] == ["silent"]
    group.seats[1].cut(up=False, down=False)
    group.lab.run(6.0)
    for member in group.members:
        member.signs = True
        member._due = 0.0
    for seat in group.seats:
        seat.drain()
    assert group.run().complete


def test_all_feedback_lost_ends_by_patience() -> None:
    group = Group({"a": data(500_000)}, **STREAMED)
    group.begin()
    group.lab.run(0.05)
    for seat in group.seats:
        seat.cut(down=False)
    report = group.run()
    assert report.missing == ("m0", "m1", "m2")
    assert {r.reason for r in report.receipts} == {"silent"}
    assert group.lab.clock.now < 15


def test_one_that_answers_and_never_gets_on_is_given_up() -> None:
    group = Group({"a": data(1000)}, members=1, patience_s=0.5)
    group.members[0].signs = False
    report = group.run(60)
    assert report.receipts[0].reason == "stalled"
    assert 29 < group.lab.clock.now < 33


# Files that change, or cannot be read.


def test_a_file_that_changes_while_it_is_sent_is_sent_again() -> None:
    group = Group({"a": data(9000), "b": data(10)}, **STREAMED)
    group.shelf.changing = {0: 1}
    report = group.run()
    assert report.complete
    assert group.of(FileChanged) == [FileChanged("a", gave_up=False)]
    assert group.shelf.opened == [0, 1, 0]
    assert group.shelf.open_now == set()


def test_a_file_that_always_changes_is_given_up() -> None:
    group = Group({"a": data(9000), "b": data(10)}, **STREAMED)
    group.shelf.changing = {0: 9}
    report = group.run()
    assert group.of(FileChanged)[-1] == FileChanged("a", gave_up=True)
    assert group.shelf.opened.count(0) == 3
    assert report.delivered == ()
    assert {r.reason for r in report.receipts} == {"changed"}
    assert report.receipts[0].failed[0].path == "a"


def test_a_file_that_changes_while_it_is_digested_is_read_again() -> None:
    group = Group({"a": data(9000)})
    group.shelf.changing = {0: 1}
    assert group.run().complete
    assert group.of(FileChanged) == []


@pytest.mark.parametrize("rules", [{}, STREAMED])
def test_a_file_that_cannot_be_read_is_given_up(rules: dict[str, int]) -> None:
    group = Group({"a": data(9000), "b": data(10)}, **rules)
    group.shelf.failing = {0}
    report = group.run()
    assert group.of(FileChanged) == [FileChanged("a", gave_up=True)]
    assert {r.reason for r in report.receipts} == {"changed"}
    assert all(m.got == {1: data(10)} for m in group.members)


def test_a_file_that_always_changes_while_it_is_digested_is_given_up() -> None:
    group = Group({"a": data(9000), "b": data(10)})
    group.shelf.changing = {0: 9}
    group.run()
    assert group.of(FileChanged) == [FileChanged("a", gave_up=True)]


def test_a_file_that_cannot_be_opened_is_given_up() -> None:
    group = Group({"a": data(9000), "b": data(10)}, **STREAMED)
    group.shelf.broken = {0}
    report = group.run()
    assert group.of(FileChanged) == [FileChanged("a", gave_up=True)]
    assert report.delivered == ()


def test_a_path_longer_than_a_segment_is_given_up() -> None:
    group = Group({"x" * 200: data(9000), "b": data(10)}, segment_bytes=100, **STREAMED)
    group.run()
    assert [e.gave_up for e in group.of(FileChanged)] == [True]
    assert group.shelf.open_now == set()


# The rest.


def test_it_can_be_stopped() -> None:
    group = Group({"a": data(600_000)}, **SLOWLY)
    group.begin()
    group.lab.run(0.3)
    group.seat.do(lambda desk, now: desk.push.stop("interrupted", now=now))
    report = group.run()
    assert report.reason == "interrupted"
    assert report.missing == ("m0", "m1", "m2")
    assert {r.reason for r in report.receipts} == {"unfinished"}
    group.seat.do(lambda desk, now: desk.push.stop("twice", now=now))
    group.lab.run(group.lab.clock.now + 1)
    assert [b.reason for m in group.members for b in m.byes] == ["interrupted"] * 3
    assert group.shelf.open_now == set()
    assert group.push.report(now=99).elapsed_s == report.elapsed_s


def test_progress_tells_how_far_members_are() -> None:
    group = Group({"a": data(300_000), "b": data(300_000)}, **SLOWLY)
    group.begin()
    group.lab.run(1.05)
    progress = group.push.progress(now=1.05)
    assert progress.total_bytes == 600_000
    assert 0 < progress.bytes_sent <= 600_000
    assert set(progress.members) == {"m0", "m1", "m2"}
    assert progress.rate_bytes_per_s > 0
    assert progress.elapsed_s == 1.05


def test_before_it_starts_there_is_nothing_to_tell() -> None:
    group = Group({"a": data(10)})
    assert group.push.progress(now=0).elapsed_s == 0
    assert group.push.poll_timeout() is None
    group.push.handle_timeout(now=0)
    assert not group.push.finished


def test_a_group_that_hears_itself_ignores_itself() -> None:
    group = Group({"a": data(100_000)}, loopback=True, **STREAMED)
    assert group.run().complete
    assert not group.push.dropped


def test_receipts_are_told_once_each() -> None:
    group = Group({"a": data(1000)}, faults=Faults(duplication=0.5), seed=2)
    group.run()
    assert len(group.of(ReceiptReceived)) == 3


def test_many_small_files_share_seals() -> None:
    files = {f"f{n}": data(100, n) for n in range(300)}
    group = Group(files, members=1, **STREAMED)
    assert group.run().complete
    assert group.push._sending.handed <= 300 + 1 + 10


def test_no_room_in_norm_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from groupwire.deliver.push import rules

    monkeypatch.setattr(rules, "_KEPT_OBJECTS", 4)
    files = {f"f{n}": data(100, n) for n in range(40)}
    group = Group(files, members=2, **STREAMED)
    report = group.run(120)
    assert report.complete
    assert isinstance(group.rules.sender, SenderConfig)
    assert group.members[0].calls[0].delivery == DELIVERY


def test_tagged_words_to_the_group_are_longer_than_a_norm_header_may_be() -> None:
    group = Group({"a": data(1000)})
    carry, sizes = group.lab.carry, []

    def note(member: object, transmit: Transmit) -> None:
        if transmit.to is None and bytes(transmit.data[:3]) == b"\xf5gw":
            sizes.append(len(transmit.data))
        carry(member, transmit)  # type: ignore[arg-type]

    group.lab.carry = note  # type: ignore[method-assign]
    assert group.run().complete
    assert len(sizes) >= 4  # a call, and three times bye
    assert min(sizes) > 412
