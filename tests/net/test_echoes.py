import socket
from dataclasses import replace

import pytest

from groupwire.net import Aim, MulticastReceiver, MulticastSender
from groupwire.net.echoes import echo_filter, ignore_echoes
from groupwire.net.options import LINUX, THIS_SYSTEM, System
from groupwire.values import Group, Interface

from .conftest import payloads

KINDS = (0x11, 0x12, 0x13)


@pytest.fixture
def other(group: Group, lo: Interface) -> MulticastSender:
    return MulticastSender(Aim.at(group, [lo]))


def test_of_what_a_port_sends_only_other_kinds_are_heard(
    receiver: MulticastReceiver,
    sender: MulticastSender,
    other: MulticastSender,
    group: Group,
    lo: Interface,
) -> None:
    receiver.join(group, [lo])
    receiver.ignore_echoes(sender.port, KINDS)
    for kind in (*KINDS, 0x14):
        sender.send(bytes([kind]))
        other.send(bytes([kind]))
    sender.send(b"")
    heard = payloads(receiver.receive())
    assert heard == [b"\x11", b"\x12", b"\x13", b"\x14", b"\x14"]
    other.close()


def test_sockets_that_are_opened_later_ignore_echoes_too(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.ignore_echoes(sender.port, KINDS)
    receiver.join(group, [lo])
    sender.send(b"\x11row")
    sender.send(b"\x15ack")
    assert payloads(receiver.receive()) == [b"\x15ack"]


def test_a_whole_row_is_ignored(
    sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, [lo])
    receiver.ignore_echoes(sender.port, KINDS)
    sender.send(b"\x12" * 4000, 1000)
    sender.send(b"\x14")
    assert payloads(receiver.receive()) == [b"\x14"]
    receiver.close()


def test_what_is_ignored_is_no_loss(
    receiver: MulticastReceiver, sender: MulticastSender, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    receiver.ignore_echoes(sender.port, KINDS)
    sender.send(b"\x11")
    assert receiver.kernel_drops == 0
    receiver.close()
    assert receiver.kernel_drops == 0


@pytest.mark.parametrize(
    "system",
    [
        replace(LINUX, attach_filter=0),
        replace(LINUX, attach_filter=9999),  # refused: no such option
    ],
)
def test_where_there_is_no_filter_echoes_are_heard(
    sender: MulticastSender, group: Group, lo: Interface, system: System
) -> None:
    receiver = MulticastReceiver(system=system)
    receiver.join(group, [lo])
    receiver.ignore_echoes(sender.port, KINDS)
    sender.send(b"\x11")
    assert payloads(receiver.receive()) == [b"\x11"]
    receiver.close()


def test_a_program_of_too_many_kinds_ignores_fewer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert ignore_echoes(sock, echo_filter(7, range(200)), THIS_SYSTEM)
