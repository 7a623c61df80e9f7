"""Sockets of both sides, on loopback and on machines as data."""

from dataclasses import replace
from ipaddress import ip_interface

import pytest
from tests.aio.places import Foreign, run

from groupwire.aio import PeerConfig
from groupwire.aio.ends import opening
from groupwire.aio.ends.opening import (
    Ends,
    message_segment_bytes,
    open_hearing,
    open_sending,
    segment_bytes,
)
from groupwire.errors import InterfaceError, MachineError
from groupwire.net import Aim, MulticastReceiver, MulticastSender, list_interfaces
from groupwire.values import Group, Interface

pytestmark = pytest.mark.usefixtures("no_leaks")

LO = next(i for i in list_interfaces() if i.name == "lo")
CONFIG = PeerConfig()


def refuse(*_: object) -> None:
    raise MachineError("refused")


@pytest.mark.parametrize(
    ("limit", "segment"),
    [(1472, 1400), (1452, 1380), (65_507, 1400), (1232, 1160), (548, 476), (10, 4)],
)
def test_segments_leave_room_for_every_header(limit: int, segment: int) -> None:
    assert segment_bytes(limit) == segment


def test_a_sender_hears_what_members_say_to_the_group_and_not_itself(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        ends = open_sending(Group.parse(group), CONFIG)
        try:
            assert ends.receiver is not None
            assert [i.name for i in ends.choice.interfaces] == ["lo"]
            ends.sender.send(b"\x12 data")
            ends.sender.send(b"\x14 a nack")
            foreign.say(b"\x12 of another sender")
            heard = [d.data for d in ends.receiver.receive()]
            assert heard == [b"\x14 a nack", b"\x12 of another sender"]
            foreign.hear()
            foreign.say(b"by unicast", ("127.0.0.1", ends.sender.port))
            (answer,) = ends.sender.read()
            assert answer.interface == LO.index
        finally:
            ends.close()

    run(work())


def test_the_way_out_is_where_a_sender_stays() -> None:
    ends = open_sending(Group.parse("239.255.78.9:22970"), PeerConfig(interface="lo"))
    ends.close()
    assert (ends.group.interface, ends.choice.reason) == ("lo", "lo was named")


def test_a_source_specific_sender_does_not_join() -> None:
    ends = open_sending(Group.parse("127.0.0.1@232.1.1.1%lo:22971"), CONFIG)
    ends.close()
    assert ends.receiver is None


def test_a_member_answers_wherever_it_has_joined() -> None:
    ends = open_hearing(Group.parse("127.0.0.1@232.1.1.1:22972"), CONFIG)
    ends.close()
    assert ends.choice.interfaces == ends.sender.interfaces
    assert LO in ends.choice.interfaces
    assert ends.group.source is not None


@pytest.mark.parametrize("open_ends", [open_sending, open_hearing])
def test_an_interface_that_is_not_there_is_refused(open_ends: object) -> None:
    assert callable(open_ends)
    with pytest.raises(InterfaceError, match="no interface wrong0"):
        open_ends(Group.parse("239.1.1.1%wrong0:22973"), CONFIG)


def test_nothing_stays_open_where_something_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Group.parse("239.255.78.9%lo:22974")
    monkeypatch.setattr(MulticastReceiver, "join", refuse)
    for open_ends in (open_sending, open_hearing):
        with pytest.raises(MachineError, match="refused"):
            open_ends(group, CONFIG)
    monkeypatch.undo()
    monkeypatch.setattr(MulticastSender, "__init__", refuse)
    with pytest.raises(MachineError, match="refused"):
        open_hearing(group, CONFIG)


def test_segments_fit_the_smallest_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(LO, mtu_bytes=1280, addresses=(ip_interface("127.0.0.1/8"),))
    monkeypatch.setattr(opening, "list_interfaces", lambda: (narrow,))
    ends: Ends = open_sending(Group.parse("239.255.78.9%lo:22975"), CONFIG)
    ends.close()
    assert segment_bytes(ends.sender.payload_limit) == 1180


def ways_out(*ways: Interface) -> MulticastSender:
    """Return a sender that would send by these interfaces."""
    sender = open_sending(Group.parse("239.255.78.9%lo:22975"), CONFIG)
    sender.close()
    at = Aim.at(sender.sender.group, ways)
    sender.sender._aim = at
    return sender.sender


ETHERNET = replace(LO, name="eth9", index=77, loopback=False, mtu_bytes=9000)


@pytest.mark.parametrize(
    ("ways", "wanted", "segment"),
    [
        ((LO,), None, 62_500),
        ((ETHERNET,), None, 1400),
        ((LO, ETHERNET), None, 1400),
        ((), None, 1400),
        ((replace(LO, mtu_bytes=1500),), None, 1400),
        ((LO,), 1400, 1400),
        ((ETHERNET,), 8000, 8000),
        ((ETHERNET,), 60_000, 8900),
        ((LO, ETHERNET), 60_000, 8900),
    ],
)
def test_messages_have_large_segments_where_nobody_but_this_host_is_reached(
    ways: tuple[Interface, ...], wanted: int | None, segment: int
) -> None:
    assert message_segment_bytes(ways_out(*ways), wanted) == segment
