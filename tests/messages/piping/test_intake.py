"""The reading end of a pipe: what comes in order, is lost, ends or does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    Batch,
    Gap,
    MemberJoined,
    MemberLeft,
    PublisherRestarted,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.piping.events import (
    OtherSender,
    Outcome,
    SenderBack,
    SenderFound,
    SenderSilent,
    Skipped,
)
from groupwire.messages.piping.intake import Intake
from groupwire.messages.piping.wire import (
    BEGIN,
    DATA,
    END,
    Begin,
    End,
    encode_begin,
    encode_chunk,
    encode_end,
)
from groupwire.values import Origin


def member(name: str, number: int = 1, role: Role = Role.PUBLISHER) -> Member:
    return Member(number, name, role, Origin("192.0.2.1", number), number)


CAM, OTHER = member("cam"), member("other", 2)


def batch(
    topic: str,
    *payloads: bytes,
    of: Member = CAM,
    delivery: Delivery = Delivery.RELIABLE,
) -> Batch:
    return Batch(of, delivery, topic, 0, payloads, 0)


def begin(of: Member = CAM, *, live: bool = False) -> Batch:
    return batch(BEGIN, encode_begin(Begin(live)), of=of)


def data(place: int, *chunks: bytes, of: Member = CAM, live: bool = False) -> Batch:
    payloads = []
    for chunk in chunks:
        payloads.append(encode_chunk(place, chunk))
        place += len(chunk)
    delivery = Delivery.BESTEFFORT if live else Delivery.RELIABLE
    return batch(DATA, *payloads, of=of, delivery=delivery)


def end(size: int, of: Member = CAM) -> Batch:
    return batch(END, encode_end(End(size)), of=of)


def taken(intake: Intake, *events: object) -> bytes:
    return b"".join(b"".join(intake.take(event)) for event in events)  # type: ignore[arg-type]


def test_all_that_comes_is_given_in_order() -> None:
    intake = Intake()
    events: Sequence[object] = [begin(), data(0, b"he", b"llo"), data(5, b"!"), end(6)]
    assert taken(intake, *events) == b"hello!"
    assert intake.outcome is Outcome.COMPLETE
    assert (intake.size_bytes, intake.late) == (6, False)
    assert intake.events == [SenderFound(CAM, 0, live=False)]


def test_a_pipe_may_be_empty() -> None:
    intake = Intake()
    assert taken(intake, begin(), begin(), end(0)) == b""
    assert (intake.outcome, intake.late) == (Outcome.COMPLETE, False)


def test_nothing_comes_behind_the_end() -> None:
    intake = Intake()
    assert taken(intake, begin(), end(0), data(0, b"x")) == b""


def test_who_comes_late_knows_from_where_on_it_has_all() -> None:
    intake = Intake()
    assert taken(intake, data(100, b"x"), end(101)) == b"x"
    assert (intake.outcome, intake.late, intake.begun_at) == (
        Outcome.COMPLETE,
        True,
        100,
    )


def test_who_hears_only_the_end_has_come_late() -> None:
    intake = Intake()
    assert taken(intake, end(7)) == b""
    assert (intake.late, intake.size_bytes) == (True, 0)


def test_what_comes_twice_is_given_once() -> None:
    intake = Intake()
    assert taken(intake, begin(), data(0, b"abc"), data(1, b"bcd"), data(0, b"a")) == (
        b"abcd"
    )


@pytest.mark.parametrize("behind", [data(3, b"x"), end(3)])
def test_what_is_lost_ends_it_and_nothing_behind_it_is_given(behind: Batch) -> None:
    intake = Intake()
    assert taken(intake, begin(), data(0, b"ab"), Gap(CAM, Delivery.RELIABLE, 1)) == (
        b"ab"
    )
    assert intake.outcome is None
    assert taken(intake, behind) == b""
    assert intake.outcome is Outcome.LOST


@pytest.mark.parametrize(("live", "lossy"), [(True, False), (False, True)])
def test_what_is_lost_is_skipped_where_it_is_live(live: bool, lossy: bool) -> None:
    intake = Intake(lossy=lossy)
    events = [data(0, b"ab", live=live), data(5, b"f", live=live), end(8)]
    assert taken(intake, begin(live=live), *events) == b"abf"
    if live:  # another stream: it may overtake the last bytes
        assert intake.settling
        intake.give_up()
    assert intake.outcome is Outcome.COMPLETE
    assert intake.skipped_bytes == 5
    assert intake.size_bytes == 3
    assert intake.events[1:] == [Skipped(2, 3), Skipped(6, 2)]


def test_the_last_bytes_of_a_live_pipe_may_come_behind_its_end() -> None:
    intake = Intake()
    assert taken(intake, begin(live=True), end(2)) == b""
    assert intake.outcome is None
    assert taken(intake, data(0, b"ab", live=True)) == b"ab"
    assert intake.outcome is Outcome.COMPLETE


def test_the_sender_that_leaves_before_its_end_breaks_it() -> None:
    intake = Intake()
    left = MemberLeft(CAM, LeaveReason.SAID)
    taken(intake, begin(), data(0, b"ab"), Gap(CAM, Delivery.RELIABLE, 3), left)
    assert intake.outcome is Outcome.LEFT


def test_the_sender_of_a_live_pipe_may_leave_behind_its_end() -> None:
    intake = Intake()
    left = MemberLeft(CAM, LeaveReason.SAID)
    taken(intake, begin(live=True), data(0, b"ab", live=True), end(4), left)
    assert (intake.outcome, intake.skipped_bytes) == (Outcome.COMPLETE, 2)


def test_a_silent_sender_may_come_back() -> None:
    intake = Intake()
    taken(intake, begin(), MemberLeft(CAM, LeaveReason.SILENT))
    assert intake.silent
    taken(intake, MemberJoined(OTHER))
    assert intake.silent
    taken(intake, MemberJoined(CAM), MemberJoined(CAM), data(0, b"x"), end(1))
    assert intake.outcome is Outcome.COMPLETE
    assert intake.events[1:] == [SenderSilent(CAM), SenderBack(CAM)]


def test_a_silent_sender_is_given_up() -> None:
    intake = Intake()
    taken(intake, begin(), MemberLeft(CAM, LeaveReason.SILENT))
    intake.give_up()
    assert intake.outcome is Outcome.SILENT
    intake.give_up()
    assert intake.outcome is Outcome.SILENT


def test_another_life_of_the_sender_is_another_pipe() -> None:
    intake = Intake()
    taken(intake, begin(), PublisherRestarted(member("cam", 3), CAM))
    assert intake.outcome is Outcome.RESTARTED


def test_nobody_may_come() -> None:
    intake = Intake()
    intake.give_up()
    assert intake.outcome is Outcome.NOBODY


def test_of_another_sender_nothing_is_taken() -> None:
    intake = Intake()
    assert taken(intake, begin(), begin(OTHER), data(0, b"x", of=OTHER)) == b""
    assert intake.events[1:] == [OtherSender(OTHER)]
    left = MemberLeft(OTHER, LeaveReason.SAID)
    assert taken(intake, left, data(0, b"y"), begin(OTHER)) == b"y"
    assert intake.events[2:] == [OtherSender(OTHER)]
    assert intake.outcome is None


def test_others_are_bounded() -> None:
    intake = Intake()
    taken(intake, begin())
    taken(intake, *(begin(member("x", number)) for number in range(10, 200)))
    assert len(intake.others) == 64


def test_the_sender_may_be_named() -> None:
    intake = Intake("other")
    assert taken(intake, begin(), data(0, b"x")) == b""
    assert intake.events == [OtherSender(CAM)]
    assert taken(intake, begin(OTHER), data(0, b"y", of=OTHER)) == b"y"
    assert intake.sender == OTHER


def test_who_is_no_publisher_of_ours_is_no_sender() -> None:
    intake = Intake()
    assert taken(intake, begin(member("norm-7", 7, Role.FOREIGN))) == b""
    assert intake.sender is None


def test_junk_is_passed_over() -> None:
    intake = Intake()
    junk = [batch(DATA, b"short"), batch(BEGIN, b"{"), batch("$pipe/else", b"")]
    assert taken(intake, begin(), *junk, data(0, b"x"), end(1)) == b"x"
    assert intake.outcome is Outcome.COMPLETE


def test_who_publishes_something_else_is_no_sender_of_a_pipe() -> None:
    intake = Intake()
    intake.take(batch("$pipe/zzz", b"junk", of=OTHER))
    intake.take(batch(DATA, b"short", of=OTHER))
    assert intake.sender is None
    intake.take(begin())
    assert intake.sender == CAM
