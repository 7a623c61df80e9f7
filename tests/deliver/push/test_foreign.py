"""Foreign receivers: expected by address, acknowledged by NORM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from random import Random
from typing import Any, NoReturn

from tests.deliver.push.desk import Group

from groupwire.deliver.push import MemberFailed, MemberFound, ReceiptReceived
from groupwire.deliver.push.group.gathering import Gathering
from groupwire.deliver.push.group.members import Members
from groupwire.deliver.report import ReceiptStatus
from groupwire.deliver.wire.manifest import MANIFEST_INFO
from groupwire.gather import Expectation
from groupwire.norm import Receiver, ReceiverConfig
from groupwire.norm.receive.config import Join
from groupwire.norm.receive.events import ObjectReceived
from groupwire.testing.lab import Member
from groupwire.values import Datagram, Origin, Transmit


class Plain:
    """A NORM receiver that knows nothing of groupwire."""

    def __init__(self, address: str, rng: Random) -> None:
        node = int(ip_address(address))
        self.norm = Receiver(ReceiverConfig(node, Join.WINDOW), rng)
        self.files: dict[bytes, bytes] = {}

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        self.norm.handle_datagram(datagram, now=now)

    def handle_timeout(self, *, now: float) -> None:
        self.norm.handle_timeout(now=now)

    def poll_transmits(self) -> Sequence[Transmit]:
        return self.norm.poll_transmits()

    def poll_events(self) -> Sequence[Any]:
        events = self.norm.poll_events()
        for event in events:
            if isinstance(event, ObjectReceived):
                self.files[event.info or b""] = bytes(event.sink.data)  # type: ignore[attr-defined]
        return events

    def poll_timeout(self) -> float | None:
        return self.norm.poll_timeout()


def add(group: Group, address: str) -> Member[Plain]:
    """Add a foreign receiver; the lab gives addresses in order."""
    seat = group.lab.add(address, Plain(address, group.lab.rng(address)))
    assert seat.origin.host == address
    return seat


def of(*addresses: str) -> Expectation:
    return Expectation(addresses=tuple(map(ip_address, addresses)))


def test_a_foreign_receiver_is_found_by_its_feedback() -> None:
    group = Group({"a": b"x" * 1000}, members=1, expect=of("10.0.0.2", "10.0.0.3"))
    seat = add(group, "10.0.0.3")
    report = group.run()
    assert report.complete
    assert report.delivered == ("m0", "10.0.0.3")
    assert group.lab.clock.now < 3
    assert seat.core.files[b"a"] == b"x" * 1000
    assert MANIFEST_INFO in seat.core.files
    receipt = report.receipts[1]
    assert receipt.status is ReceiptStatus.ACKNOWLEDGED
    assert (receipt.files, receipt.size_bytes, receipt.sha256) == (1, 1000, "")


def test_a_foreign_receiver_is_sent_what_members_have() -> None:
    group = Group({"a": b"x" * 1000}, members=1, expect=of("10.0.0.2", "10.0.0.3"))
    group.members[0].holds, group.members[0].has = True, {"a": b"x" * 1000}
    seat = add(group, "10.0.0.3")
    assert group.run().complete
    assert seat.core.files[b"a"] == b"x" * 1000


def test_an_address_where_nothing_answers_is_missing() -> None:
    group = Group({"a": b"x"}, members=1, expect=of("10.0.0.2", "10.0.0.9", "::5"))
    report = group.run(60)
    assert report.delivered == ("m0",)
    assert report.missing == ("10.0.0.9", "::5")
    assert group.of(MemberFailed) == [MemberFailed("10.0.0.9", "silent")]
    assert [e.member for e in group.of(MemberFound)] == ["m0"]


def test_a_member_with_a_name_is_none_that_is_foreign() -> None:
    group = Group({"a": bytes(300_000)}, members=0, expect=of("10.0.0.2"),
                  digest_first_bytes=0, ceiling_bytes_per_s=4e5)  # fmt: skip
    group.begin()
    group.lab.run(5.3)
    assert "10.0.0.2" in group.push.progress(now=5.3).members
    group.add("late")
    report = group.run()
    assert report.delivered == ("late",)
    assert report.complete


def test_a_foreign_receiver_that_appears_late_is_found() -> None:
    group = Group({"a": bytes(300_000)}, members=0, expect=of("10.0.0.2"),
                  digest_first_bytes=0, ceiling_bytes_per_s=4e5)  # fmt: skip
    group.begin()
    group.lab.run(5.3)
    add(group, "10.0.0.2")
    report = group.run()
    assert report.complete
    assert [e.late for e in group.of(MemberFound)] == [True]


class Uncounted(Members):
    """Members that nobody may go through for a datagram."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("for each datagram through all members")


def test_feedback_costs_no_more_for_more_members() -> None:
    members, rules = Uncounted(5.0), Group({"a": b""}, members=0).rules
    here, node = Origin("10.0.0.2", 4000), int(ip_address("10.0.0.2"))
    nobody = Gathering(replace(rules, expect=Expectation(count=9)), members)
    assert not nobody.is_foreign(node, here)
    some = Gathering(replace(rules, expect=of("10.0.0.2", "::5")), members)
    assert not some.is_foreign(7, here)
    assert not some.is_foreign(node, Origin("10.0.0.3", 4000))
    members.presume(node, here, 0.0)
    assert not some.is_foreign(node, here)


def test_one_that_is_expected_is_foreign_where_nobody_has_a_name() -> None:
    members, rules = Members(5.0), Group({"a": b""}, members=0).rules
    here, node = Origin("10.0.0.2", 4000), int(ip_address("10.0.0.2"))
    some = Gathering(replace(rules, expect=of("10.0.0.2")), members)
    assert some.is_foreign(node, here)
    members.meet(7, "cam", here, 0.0, late=False)
    assert not some.is_foreign(node, here)


def acknowledged(patience_s: float = 2.0) -> tuple[Group, Member[Plain]]:
    """Return a push whose foreign member has all, and whose own has not signed."""
    group = Group({"a": b"x" * 1000}, members=1, expect=of("10.0.0.2", "10.0.0.3"),
                  patience_s=patience_s)  # fmt: skip
    group.members[0].signs = False
    seat = add(group, "10.0.0.3")
    group.begin()
    group.lab.run(1.5)
    assert [e.receipt.member for e in group.of(ReceiptReceived)] == ["10.0.0.3"]
    return group, seat


def change(group: Group, data: bytes) -> None:
    """Let the file be another one when it is read once more."""
    group.shelf.files[0] = data
    group.members[0].got.clear()
    group.members[0]._bodies.clear()
    group.seat.do(
        lambda desk, now: desk.push.handle_digest(0, None, 1000, changed=True, now=now)
    )
    group.members[0].signs = True


def test_who_has_acknowledged_what_has_changed_is_asked_again() -> None:
    group, seat = acknowledged()
    change(group, b"y" * 1000)
    report = group.run()
    assert report.delivered == ("m0", "10.0.0.3")
    assert seat.core.files[b"a"] == b"y" * 1000
    assert len(group.of(ReceiptReceived)) == 3


def test_who_does_not_acknowledge_what_has_changed_has_not_got_it() -> None:
    group, seat = acknowledged()
    seat.cut()
    change(group, b"y" * 1000)
    report = group.run()
    assert report.delivered == ("m0",)
    assert report.missing == ("10.0.0.3",)
    assert group.of(MemberFailed) == [MemberFailed("10.0.0.3", "silent")]
    assert group.lab.clock.now > 3.5


def test_an_acknowledgement_of_what_is_only_sent_once_more_stands() -> None:
    group, seat = acknowledged()
    seat.cut()
    group.members[0].fails = {"a": "gone"}
    group.members[0].signs = True
    assert group.run().complete


def test_what_was_given_up_is_not_acknowledged() -> None:
    group = Group({"a": b"x" * 1000, "b": b"y"}, members=0, expect=of("10.0.0.2"))
    add(group, "10.0.0.2")
    group.shelf.failing = {1}
    report = group.run()
    assert not report.complete
    (receipt,) = report.receipts
    assert (receipt.status, receipt.reason) == (ReceiptStatus.FAILED, "changed")
