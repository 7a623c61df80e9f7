import asyncio
import errno
from collections.abc import Sequence
from dataclasses import replace

import pytest

from groupwire.diagnose import ask
from groupwire.diagnose.check import Question
from groupwire.diagnose.trials import loopback
from groupwire.diagnose.trials.loopback import Loopback
from groupwire.diagnose.trials.seen import LoopbackSeen
from groupwire.errors import MachineError
from groupwire.net import MulticastReceiver, MulticastSender
from groupwire.values import Datagram


def tried(question: Question) -> Sequence[LoopbackSeen]:
    return asyncio.run(Loopback().run(question, asyncio.Event()))


@pytest.fixture
def question() -> Question:
    return ask("239.255.42.99:10000", "lo")


def test_loopback_hears_itself(question: Question) -> None:
    (seen,) = tried(question)
    assert (seen.interface, seen.loopback) == ("lo", True)
    assert (seen.sent, seen.heard) == (1, 1)
    assert (seen.join_error, seen.send_error) == (0, 0)


def test_a_source_specific_group_is_tried_with_this_hosts_address() -> None:
    (seen,) = tried(ask("10.9.9.9@232.1.1.1:5000", "lo"))
    assert seen.heard == 1


def test_programs_at_the_groups_own_port_hear_nothing_of_it(question: Question) -> None:
    with_others = MulticastReceiver()
    with_others.join(question.group, question.receive_on)
    try:
        (seen,) = tried(question)
        assert seen.port != question.group.port
        assert with_others.receive() == []
    finally:
        with_others.close()


def test_loopback_alone_is_tried_only_where_nothing_else_is(question: Question) -> None:
    (lo,) = question.receive_on
    eth = replace(lo, name="eth0", index=lo.index + 1000, loopback=False)
    (seen,) = tried(replace(question, receive_on=(lo, eth), send_by=None))
    assert seen.interface == "eth0"
    assert seen.join_error == errno.ENODEV


def test_without_a_usable_interface_nothing_is_tried(question: Question) -> None:
    assert tried(replace(question, receive_on=(), send_by=None)) == []
    (lo,) = question.receive_on
    down = replace(lo, up=False)
    assert tried(replace(question, receive_on=(down,), send_by=None)) == []


def test_ipv6_has_no_groups_on_loopback() -> None:
    lo = ask("239.255.42.99:10000", "lo").receive_on
    assert tried(ask("[ff15::1]:5000", "lo")) == [] or not lo[0].address(6)


def test_where_no_datagram_comes_the_groups_own_port_is_tried(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_at = MulticastReceiver.receive
    monkeypatch.setattr(loopback, "WAIT_S", 0.03)

    def deaf(self: MulticastReceiver, limit: int = 64) -> list[Datagram]:
        found = heard_at(self, limit)
        own = self.memberships[0].group.port == question.group.port
        return found if own else []

    monkeypatch.setattr(MulticastReceiver, "receive", deaf)
    (seen,) = tried(question)
    assert (seen.heard, seen.sent, seen.own_port) == (0, 3, True)


def test_what_the_system_refuses_to_send_is_told_by_its_number(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: MulticastSender, data: bytes) -> int:
        raise MachineError("no") from OSError(errno.EPERM, "no", data)

    monkeypatch.setattr(MulticastSender, "send", refuse)
    (seen,) = tried(question)
    assert (seen.send_error, seen.own_port) == (errno.EPERM, None)


def test_a_full_buffer_is_no_refusal(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: MulticastSender, data: bytes) -> int:
        raise BlockingIOError(len(data))

    monkeypatch.setattr(MulticastSender, "send", full)
    (seen,) = tried(question)
    assert (seen.sent, seen.send_error, seen.own_port) == (0, 0, False)


def test_a_refusal_without_a_number_is_told_too(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: MulticastSender, data: bytes) -> int:
        raise MachineError(str(len(data)))

    monkeypatch.setattr(MulticastSender, "send", refuse)
    assert tried(question)[0].send_error == -1


def test_without_a_free_port_nothing_can_be_joined(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_: object) -> int:
        raise OSError(errno.EADDRINUSE, "none")

    monkeypatch.setattr(loopback, "_free_port", none)
    assert tried(question)[0].join_error == errno.EADDRINUSE
