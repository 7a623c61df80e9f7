"""Seals, offers, rules: what needs no group to be seen."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.deliver.push.desk import DELIVERY, LINK, Group, manifest_of

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.push import FileChanged, PushRules
from groupwire.deliver.push import rules as module
from groupwire.deliver.push.cargo.files import Files
from groupwire.deliver.push.cargo.offer import Offer
from groupwire.deliver.push.cargo.sealing import Sealing
from groupwire.deliver.push.group.members import Members
from groupwire.deliver.push.group.rollcall import RollCall
from groupwire.deliver.report import ReceiptStatus
from groupwire.deliver.wire.ranges import ranges_of
from groupwire.deliver.wire.seals import Seal
from groupwire.deliver.words import Call, CallPhase
from groupwire.errors import UsageError
from groupwire.gather import Expectation
from groupwire.values import Origin

STREAMED = {"digest_first_bytes": 0}
DIGEST = bytes(range(32))


def data(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


@pytest.mark.parametrize(
    "rules",
    [{"wait_s": -1.0}, {"start_with": -1}, {"patience_s": 0.0}, {"stall_s": 0.0}],
)
def test_rules_that_cannot_be_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        PushRules(DELIVERY, 7, 9, "hub", **rules)  # type: ignore[arg-type]


def test_rates_are_bounded_as_told() -> None:
    rules = PushRules(
        DELIVERY, 7, 9, "hub", ceiling_bytes_per_s=1e4, drop_below_bytes_per_s=5e3
    )
    assert rules.rate.ceiling_bytes_per_s == rules.rate.start_bytes_per_s == 1e4
    assert rules.rate.drop_below_bytes_per_s == 5e3
    assert PushRules(DELIVERY, 7, 9, "hub", parity=2).sender.auto_parity == 2


def test_only_files_that_can_be_sent_again_are_sized() -> None:
    entries = (Entry("d", Kind.DIRECTORY), Entry("a"), Entry("-", size_bytes=None))
    files = Files(Manifest(DELIVERY, "t", entries))
    assert files.sized == [1]
    assert [files.is_sized(n) for n in (-1, 0, 1, 2, 3)] == [0, 0, 1, 0, 0]
    assert (files.path(1), files.path(9)) == ("a", "")


def test_many_seals_take_several_objects_and_are_said_again_while_true() -> None:
    files = Files(manifest_of({f"f{n}": b"" for n in range(1100)}))
    sealing = Sealing()
    for n in range(1100):
        files.know(n, DIGEST, 0)
        sealing.add(Seal(n, n, DIGEST, 0), now=0.0)
    first = sealing.take(now=0.0, last=False)
    assert len(first) == 1024
    sealing.sent(5, first)
    assert sealing.deadline == 0.2
    sealing.sent(6, sealing.take(now=0.0, last=False))
    assert sealing.deadline is None
    assert not sealing.again(files, now=1.0)
    files.fail(0)
    sealing.purged(5)
    assert sealing.again(files, now=1.0)
    assert len(sealing.take(now=1.0, last=True)) == 1023


def test_a_dropped_file_is_offered_no_more() -> None:
    offer = Offer([0, 1, 2])
    offer.drop(2)
    assert offer.want((range(1),)) == [0]
    offer.drop(0)
    assert not offer
    assert offer.want(None) == [1]
    offer.again([1])
    assert offer.next == 1


@given(
    files=st.sets(st.integers(0, 60)),
    asked=st.lists(st.none() | st.sets(st.integers(0, 70)), max_size=6),
)
def test_each_file_that_somebody_wants_is_offered_once_in_order(
    files: set[int], asked: list[set[int] | None]
) -> None:
    offer, left = Offer(sorted(files)), set(files)
    for wanted in asked:
        new = sorted(left if wanted is None else left & wanted)
        assert offer.want(None if wanted is None else ranges_of(wanted)) == new
        left -= set(new)
    assert offer.want(None) == sorted(left)


def test_what_is_wanted_in_too_many_pieces_is_everything() -> None:
    offer = Offer(range(5000))
    assert len(offer.want(ranges_of(range(0, 2048, 2)))) == 1024
    assert len(offer.want(ranges_of(range(1, 2051, 2)))) == 5000 - 1024


def test_a_file_of_which_nobody_said_anything_is_sent_again_once() -> None:
    offer = Offer([0, 1, 2])
    offer.again([1])
    assert offer.want(None) == [0, 2]


def test_what_a_member_wants_still_is_not_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Group({"a": data(200_000), "b": data(10)}, members=2,
                  ceiling_bytes_per_s=2e4)  # fmt: skip
    group.members[0].holds = True
    asked: list[object] = []
    want = Offer.want
    monkeypatch.setattr(
        Offer, "want", lambda offer, wants: asked.append(wants) or want(offer, wants)
    )
    assert group.run(60).complete
    assert len(group.members[0].calls) > 6
    assert len(asked) <= 4, asked


def test_calls_to_many_come_with_a_spread_and_more_rarely() -> None:
    calls = RollCall("hub", rng=Random(1), patience_s=9.0, payload_limit=1472)
    call = Call(DELIVERY, 7, 9, CallPhase.SEND, 1, 1)
    for _ in range(6):
        calls.ask(call, members=500, rate=1e7, now=0.0)
    assert calls.next_at == 1.25
    assert len(calls.poll_transmits()) == 6
    calls.ask(call, members=500, rate=1e5, now=0.0)
    assert calls.next_at == 3.0
    assert not calls.is_own(b"")
    calls.stop()
    assert calls.next_at is None


# With a group, where the way is rare.


def without_room(monkeypatch: pytest.MonkeyPatch, kept: int) -> Group:
    """Return a push that waits for room with its next file opened."""
    monkeypatch.setattr(module, "_KEPT_OBJECTS", kept)
    group = Group({f"f{n}": data(100, n) for n in range(9)}, members=1, **STREAMED)
    group.desk.answers = False
    group.begin()
    group.lab.run(0.001)
    assert group.push._sending._opened is not None
    return group


def test_a_file_that_breaks_while_it_waits_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = without_room(monkeypatch, 4)
    waiting = group.shelf.opened[-1]
    group.shelf.failing = {waiting}
    group.desk.answers = True
    report = group.run(60)
    assert group.of(FileChanged) == [FileChanged(f"f{waiting}", gave_up=True)]
    assert report.receipts[0].reason == "changed"
    assert group.shelf.open_now == set()


def test_a_file_that_changes_while_it_waits_is_sent_and_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = without_room(monkeypatch, 4)
    waiting = group.shelf.opened[-1]
    group.shelf.changing = {waiting: 1}
    group.desk.answers = True
    assert group.run(60).complete
    assert group.of(FileChanged) == [FileChanged(f"f{waiting}", gave_up=False)]
    assert group.shelf.open_now == set()


def test_a_push_that_is_stopped_closes_the_file_that_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = without_room(monkeypatch, 4)
    group.seat.do(lambda desk, now: desk.push.stop("enough", now=now))
    assert group.shelf.open_now == set()


def test_a_file_that_breaks_behind_its_digests_is_given_up() -> None:
    group = Group({"a": data(900_000), "b": data(10)}, **STREAMED)
    group.begin()
    group.lab.run(0.1)
    error = OSError("torn")
    group.seat.do(
        lambda desk, now: desk.push.handle_digest(0, None, 0, error=error, now=now)
    )
    assert group.run().receipts[0].reason == "changed"


def test_more_that_is_ready_is_sent() -> None:
    group = Group({"a": data(1000)})
    group.begin()
    group.seat.do(lambda desk, now: desk.push.handle_ready(0, now=now))
    group.seat.do(lambda desk, _: desk.push.update_interfaces([LINK]))
    assert group.run().complete


def test_what_is_gone_three_times_is_failed() -> None:
    group = Group({"a": data(1000)}, members=1)
    member = group.members[0]

    class Losing(dict[str, str]):
        def pop(self, *_: object) -> str:  # type: ignore[override]
            return ""

    member.fails = Losing(a="gone")
    report = group.run()
    group.lab.run(group.lab.clock.now + 0.1)
    assert [s.again for s in member.signed][:4] == [True, True, True, False]
    assert report.receipts[0].status is ReceiptStatus.FAILED
    assert report.receipts[0].reason == "gone"


def test_what_two_lack_at_the_same_time_is_sent_once_more() -> None:
    group = Group({"a": data(1000), "b": data(1000, 2)}, members=2)
    for member in group.members:
        member.fails = {"b": "gone"}
    assert group.run().complete
    assert group.push._sending.handed == 4


def test_a_receipt_that_is_repeated_is_answered_the_same() -> None:
    group = Group({"a": data(1000), "b": data(600_000, 2)}, members=1,
                  ceiling_bytes_per_s=4e5)  # fmt: skip
    member = group.members[0]
    member.fails = {"b": "gone"}
    group.begin()
    ended = group.lab.run(20, done=lambda: bool(member.signed))
    assert ended
    again = group.push._steering._members.get(member.node)
    assert again is not None
    assert again.said is not None
    sender = group.seat.origin
    said = again.said
    group.seats[0].do(lambda core, _: core._ask(said, sender))
    group.lab.run(group.lab.clock.now + 0.1)
    assert [s.again for s in member.signed] == [True, True]
    assert again.passes == 1
    assert group.run().complete


def test_a_member_that_does_not_say_what_was_given_up_has_not_all() -> None:
    group = Group({"a": data(1000), "b": data(10)}, members=1)
    group.shelf.failing = {1}
    member = group.members[0]
    monkey = member.receipt
    member.receipt = lambda: replace(monkey(), failed=())  # type: ignore[method-assign]
    assert group.run().receipts[0].reason == "changed"


def test_a_digest_stage_waits_until_all_is_read() -> None:
    group = Group({"a": data(1000)}, expect=Expectation(count=1))
    group.desk.answers = False
    group.begin()
    group.lab.run(1.0)
    assert group.members[0].manifest is None
    group.desk.answers = True
    assert group.run().complete


def test_a_digest_that_comes_after_all_was_sent_and_let_go_is_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = without_room(monkeypatch, 4)
    group.lab.run(5.0)
    group.desk.answers = True
    assert group.run(60).complete
    assert group.shelf.open_now == set()


def test_a_receipt_whose_answer_was_lost_is_answered_again() -> None:
    group = Group({"a": data(1000)}, members=2)
    first, second = group.members
    second.signs = False
    group.begin()
    group.lab.run(0.5)
    said = first.receipt()
    group.seats[0].do(lambda core, _: core._ask(said, group.seat.origin))
    group.lab.run(1.0)
    assert [s.again for s in first.signed] == [False, False]
    second.signs, second._due = True, 0.0
    group.seats[1].drain()
    assert group.run().complete


def test_the_newer_of_one_name_is_called_by_it_when_the_older_is_silent() -> None:
    members = Members(5.0)
    members.meet(1, "cam", Origin("10.0.0.1", 5000), 0.0, late=False)
    newer = members.meet(2, "cam", Origin("10.0.0.1", 5001), 1.0, late=True)
    assert newer is not None
    members.retire(4.0)
    assert newer.name == "cam (10.0.0.1:5001)"
    members.retire(6.0)
    assert (newer.name, len(members)) == ("cam", 1)


def test_what_has_no_digest_yet_is_still_coming() -> None:
    group = Group({"a": data(1000)}, members=1, **STREAMED)
    group.desk.answers = False
    group.begin()
    group.lab.run(1.0)
    assert group.push._sending.is_coming(0)
    group.desk.answers = True
    assert group.run().complete


def test_a_file_that_changes_while_it_waits_to_be_sent_once_more_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KEPT_OBJECTS", 5)
    files = {f"f{n}": data(1000, n) for n in range(3)}
    group = Group(files, members=1, ceiling_bytes_per_s=1e4, **STREAMED)
    group.begin()
    sending = group.push._sending
    group.lab.run(1.0, done=lambda: sending.handed == 5)
    sending.again([0])
    sending.pump(group.lab.clock.now)
    assert sending._opened is sending._live[0].source
    group.seat.do(
        lambda desk, now: desk.push.handle_digest(0, None, 1000, changed=True, now=now)
    )
    assert group.run(60).complete
    assert group.shelf.opened == [0, 1, 2, 0]
    assert group.shelf.open_now == set()
