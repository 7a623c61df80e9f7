"""What is forged, junk, or of somebody else."""

from __future__ import annotations

from random import Random

import pytest
from tests.deliver.push.desk import DELIVERY, Group

from groupwire.deliver.push import MemberFailed, MemberRefused, NameShared
from groupwire.deliver.push.group import members as module
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import (
    Bye,
    Join,
    MemberPhase,
    Receipt,
    State,
    Word,
)
from groupwire.gather import Expectation, Kind, Tagged
from groupwire.norm.rate.control import FixedRate, Slow
from groupwire.values import Origin

STRANGER = Origin("10.9.9.9", 4000)
SLOWLY = {"digest_first_bytes": 0, "ceiling_bytes_per_s": 4e5}


def data(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


def receipt(node: int, delivery: int = DELIVERY) -> Receipt:
    return Receipt(delivery, node, 1, 0, 1000, 0, bytes(32))


def begun(**rules: object) -> Group:
    """Return a push in the middle of sending."""
    group = Group({"a": data(600_000)}, **SLOWLY, **rules)
    group.begin()
    group.lab.run(0.5)
    return group


def ask(
    group: Group,
    word: Word | bytes,
    *,
    name: str | None = "evil",
    origin: Origin = STRANGER,
    kind: Kind = Kind.QUESTION,
    request: int = 5,
) -> None:
    payload = word if isinstance(word, bytes) else encode_word(word)
    tagged = Tagged(kind, request, payload, name=name)
    group.lab.inject(tagged.encode(), origin, to=group.seat)


def reply(
    group: Group,
    state: Word | bytes,
    *,
    name: str | None = "evil",
    origin: Origin = STRANGER,
) -> None:
    """Answer the latest call."""
    request = next(reversed(group.push._rollcall._askers))
    ask(group, state, name=name, origin=origin, kind=Kind.ANSWER, request=request)


def test_a_receipt_of_an_unknown_node_is_counted() -> None:
    group = begun()
    ask(group, receipt(1))
    assert group.push.dropped["unknown-member"] == 1


def test_a_receipt_from_another_host_is_refused() -> None:
    group = begun()
    ask(group, receipt(group.members[0].node))
    assert group.push.dropped["other-origin"] == 1
    assert group.run().complete


def test_a_receipt_before_all_was_sent_is_not_believed() -> None:
    group = Group({"a": data(600_000)}, **SLOWLY)
    group.desk.answers = False
    group.begin()
    group.lab.run(0.5)
    member, seat = group.members[0], group.seats[0]
    ask(group, receipt(member.node), origin=seat.origin)
    assert group.push.dropped["early-receipt"] == 1


def test_words_for_others_are_counted() -> None:
    group = begun()
    ask(group, receipt(1, delivery=9), request=1)
    ask(group, Bye(DELIVERY), request=2)
    ask(group, b"{}", request=3)
    ask(group, Join(1), request=4, name=None)
    ask(group, receipt(7), request=6)
    ask(group, Join(7), request=7)
    dropped = group.push.dropped
    assert dropped["other-delivery"] == 1
    assert dropped["not-for-a-sender"] == 2
    assert dropped["own-node"] == 2
    assert sum(n for r, n in dropped.items() if r.startswith("deliver-")) == 1


def test_states_that_are_none_are_counted() -> None:
    group = begun()
    ask(group, State(DELIVERY, 1, MemberPhase.HERE), kind=Kind.ANSWER, request=1)
    reply(group, Bye(DELIVERY))
    reply(group, State(DELIVERY, 1, MemberPhase.HERE), name=None)
    reply(group, State(9, 1, MemberPhase.HERE), name="other")
    reply(group, b"{", name="junk")
    dropped = group.push.dropped
    assert dropped["stray-answer"] == 1
    assert dropped["no-state"] == 2
    assert dropped["other-delivery"] == 1


def test_a_state_from_another_host_is_refused_while_the_member_is_there() -> None:
    group = begun()
    node = group.members[0].node
    reply(group, State(DELIVERY, node, MemberPhase.HERE), name="m0")
    assert group.push.dropped["other-origin"] == 1


def test_a_refusal_from_another_host_is_not_believed() -> None:
    group = begun()
    node = group.members[0].node
    reply(group, State(DELIVERY, node, MemberPhase.REFUSED, reason="busy"), name="m0")
    assert group.push.dropped["other-origin"] == 1
    assert group.run().complete


def test_a_member_whose_address_has_changed_goes_on() -> None:
    group = begun(patience_s=8.0)
    group.seats[0].cut()
    group.lab.run(6.0)
    node = group.members[0].node
    reply(group, State(DELIVERY, node, MemberPhase.TAKING), name="m0")
    assert not group.push.dropped
    ask(group, receipt(node))
    group.lab.run(6.1)
    assert group.push.report(now=6.1).receipts[0].address == STRANGER


def test_cut_and_tagged_junk_is_dropped() -> None:
    group = begun()
    for junk in (b"\xf5gw\x01", b"\xf5gw\x01\x03" + bytes(30), b"", b"\x14", bytes(20)):
        group.lab.inject(junk, STRANGER, to=group.seat)
    assert group.run().complete


def test_nobody_hears_strangers_when_it_is_over() -> None:
    group = Group({"a": data(100)})
    group.run()
    ask(group, receipt(1))
    assert not group.push.dropped


def test_more_members_than_can_be_served_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 4)
    group = begun()
    ask(group, Join(1), request=1)
    ask(group, Join(2), request=2)
    assert group.push.dropped["too-many-members"] == 1


def test_who_cannot_be_answered_is_no_member() -> None:
    group = begun()
    ask(group, Join(1), origin=Origin("192.0.2.1", 4000))
    assert group.push.dropped["off-link"] == 1
    assert len(group.push.progress(now=1).members) == 3


def test_refusals_are_told_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REFUSED", 2)
    group = begun()
    for port, node in enumerate((1, 2, 2, 3, 1), 4000):
        state = State(DELIVERY, node, MemberPhase.REFUSED, reason="busy")
        reply(group, state, name=f"n{node}", origin=Origin("10.9.9.9", port))
    group.seat.do(lambda desk, now: desk.handle_timeout(now=now))
    assert [e.member for e in group.of(MemberRefused)] == ["n1", "n2", "n3", "n1"]


# Names.


def test_two_members_with_one_name_are_told_apart() -> None:
    group = Group({"a": data(1000)}, members=2)
    group.members[1].name = "m0"
    twin = group.members[1]
    twin._answerer.name = "m0"
    report = group.run()
    other = f"m0 ({group.seats[1].origin})"
    assert report.delivered == ("m0", other)
    assert group.of(NameShared) == [NameShared(other, group.seats[1].origin)]


def test_who_comes_back_takes_the_place_of_its_old_node() -> None:
    group = begun(patience_s=8.0)
    group.seats[0].crash()
    again = group.add("m0")
    report = group.run()
    assert report.complete
    assert sorted(report.delivered) == ["m0", "m1", "m2"]
    assert again.got
    assert group.of(MemberFailed) == []
    assert group.lab.clock.now < 8


def test_who_comes_back_after_it_was_given_up_is_the_member() -> None:
    group = begun(patience_s=2.0)
    group.members[1].signs = False
    group.seats[0].crash()
    group.lab.run(4.0)
    assert [e.member for e in group.of(MemberFailed)] == ["m0"]
    group.add("m0")
    group.lab.run(6.0)
    group.members[1].signs = True
    group.members[1]._due = 0.0
    group.seats[1].drain()
    assert group.run().complete


def test_a_third_of_one_socket_has_its_node_behind_the_name() -> None:
    group = begun()
    for node in (1, 2, 3):
        ask(group, Join(node), request=node)
    names = list(group.push.progress(now=1).members)[3:]
    assert names == ["evil", f"evil ({STRANGER})", f"evil ({STRANGER}, 3)"]


# Who is too slow.


class _Control(FixedRate):
    def __init__(self) -> None:
        super().__init__(4e5)
        self.dropping: list[Slow] = []

    def slow(self) -> list[Slow]:
        slow, self.dropping = self.dropping, []
        return slow


@pytest.mark.parametrize(
    ("rate", "told"), [(1000.0, "8 kb/s"), (250_000.0, "2.0 Mb/s")]
)
def test_a_member_that_is_too_slow_fails_with_its_rate(rate: float, told: str) -> None:
    control = _Control()
    group = Group({"a": data(600_000)}, digest_first_bytes=0, control=control)
    group.begin()
    group.lab.run(0.5)
    node = group.members[1].node
    control.dropping = [Slow(node, rate), Slow(1, 1.0)]
    report = group.run()
    assert group.of(MemberFailed)[0] == MemberFailed("m1", f"too slow: {told}")
    assert "m1" in report.missing or report.complete


def test_only_a_members_own_host_can_say_that_it_leaves() -> None:
    group = begun()
    member = group.members[0]
    left = State(DELIVERY, member.node, MemberPhase.LEFT)
    ask(group, left, kind=Kind.MESSAGE)
    group.lab.run(group.lab.clock.now + 0.1)
    assert group.push.dropped["other-origin"] == 1
    assert group.run().complete


def test_who_says_that_it_leaves_and_goes_on_all_the_same_is_served() -> None:
    group = begun()
    member = group.members[0]
    left = State(DELIVERY, member.node, MemberPhase.LEFT)
    origin = group.seats[0].origin
    for request in (5, 6):
        ask(group, left, kind=Kind.MESSAGE, origin=origin, request=request)
    report = group.run()
    assert report.complete
    assert not group.of(MemberFailed)


@pytest.mark.parametrize("phase", [None, MemberPhase.TAKING])
def test_nobody_waits_for_who_was_not_expected_by_name(
    phase: MemberPhase | None,
) -> None:
    expect = Expectation(names=("m0", "m1"))
    group = Group({"a": data(1000)}, expect=expect, wait_s=1, start_with=3)
    group.members[2].phase, group.members[2].signs = phase, False
    report = group.run(5)
    assert group.lab.clock.now < 3
    assert report.complete
    assert not report.missing
    assert [(r.member, r.reason) for r in report.receipts] == [
        ("m0", ""),
        ("m1", ""),
        ("m2", "unfinished"),
    ]


def test_while_nobody_expected_is_there_all_are_waited_for() -> None:
    group = Group({"a": data(1000)}, expect=Expectation(names=("x",)), wait_s=1)
    report = group.run()
    assert report.delivered == ("m0", "m1", "m2")
    assert report.missing == ("x",)
    assert not report.complete


def test_an_extra_member_does_not_hold_up_a_feed() -> None:
    expect = Expectation(names=("m0",))
    group = Group({"-": None}, members=2, expect=expect, start_with=2)
    group.begin()
    group.lab.run(1.0)
    group.seats[1].crash()
    now = group.lab.clock.now
    group.push.feed(data(1000), now=now)
    group.push.end_feed(now=now)
    assert group.run(5).complete
    assert group.lab.clock.now < 4
