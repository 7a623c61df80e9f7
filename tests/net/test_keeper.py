"""Memberships through link changes: a fake watch, a real receiver on loopback."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from groupwire.errors import MachineError
from groupwire.net import (
    Membership,
    MembershipKeeper,
    MembershipLost,
    MembershipRenewed,
    MulticastReceiver,
    MulticastSender,
)
from groupwire.net.links import (
    AddressesChanged,
    CarrierFound,
    CarrierLost,
    LinkAppeared,
    LinkChange,
    LinkGone,
)
from groupwire.values import Group, Interface


class FakeWatch:
    def __init__(self) -> None:
        self.changes: list[LinkChange] = []
        self.closed = False

    def fileno(self) -> int:
        return -1 if self.closed else 7

    def poll(self) -> list[LinkChange]:
        changes, self.changes = self.changes, []
        return changes

    def close(self) -> None:
        self.closed = True


class FakeReceiver:
    """Joins and leaves in memory; ``refuses`` names interfaces that refuse."""

    def __init__(self) -> None:
        self.memberships: tuple[Membership, ...] = ()
        self.refuses: set[str] = set()
        self.refreshed: list[str] = []

    def join(self, group: Group, interfaces: list[Interface]) -> None:
        for interface in interfaces:
            if interface.name in self.refuses:
                raise MachineError("refused")
            made = Membership(group, interface.index, interface.name)
            self.memberships += (made,)

    def leave(self, memberships: list[Membership]) -> None:
        self.memberships = tuple(m for m in self.memberships if m not in memberships)

    def refresh(self, membership: Membership) -> bool:
        if membership.interface in self.refuses:
            self.leave([membership])
            return False
        self.refreshed.append(membership.interface)
        return True


class FakeSender:
    def __init__(self, *interfaces: Interface) -> None:
        self.interfaces = interfaces
        self.refuses = False

    def aim(self, interfaces: tuple[Interface, ...]) -> None:
        if self.refuses:
            raise MachineError("refused")
        self.interfaces = interfaces


ETH0 = Interface("eth0", 2, up=True, carrier=True, multicast=True)
ETH1 = Interface("eth1", 3, up=True, carrier=True, multicast=True)
GROUP = Group.parse("239.255.77.1:21999")


class Machine:
    """A keeper, and the links that it sees."""

    def __init__(self, *links: Interface, wanted: str | None = None) -> None:
        self.links = list(links)
        self.watch = FakeWatch()
        self.receiver = FakeReceiver()
        self.sender = FakeSender(*links[:1])
        self.receiver.join(GROUP, list(links))
        self.keeper = MembershipKeeper(
            self.receiver,  # type: ignore[arg-type]
            GROUP,
            wanted,
            sender=self.sender,  # type: ignore[arg-type]
            watch=self.watch,  # type: ignore[arg-type]
            interfaces=lambda: self.links,
        )

    def see(self, *changes: LinkChange) -> list[MembershipLost | MembershipRenewed]:
        self.watch.changes += changes
        return self.keeper.handle_readable()

    @property
    def heard(self) -> list[int]:
        return [m.index for m in self.receiver.memberships]


def test_no_change_is_no_event_and_lists_nothing() -> None:
    machine = Machine(ETH0)
    assert machine.see() == []
    assert machine.keeper.interfaces == ()


def test_an_interface_that_is_gone_is_a_membership_lost() -> None:
    machine = Machine(ETH0, ETH1)
    machine.links.remove(ETH0)
    assert machine.see(LinkGone(2, "eth0")) == [
        MembershipLost(GROUP, "eth0", "the interface is gone")
    ]
    assert machine.heard == [3]


def test_an_interface_that_is_back_is_joined_by_its_new_index() -> None:
    machine = Machine(ETH0)
    again = replace(ETH0, index=9)
    machine.links = [again]
    lost, renewed = machine.see(LinkGone(2, "eth0"), LinkAppeared(9, "eth0"))
    assert isinstance(lost, MembershipLost)
    assert renewed == MembershipRenewed(GROUP, "eth0", "the interface is there")
    assert machine.heard == [9]
    assert machine.sender.interfaces == (again,)


def test_a_named_interface_alone_is_joined_again() -> None:
    machine = Machine(ETH0, wanted="eth0")
    machine.links = [ETH1]
    assert len(machine.see(LinkGone(2, "eth0"), LinkAppeared(3, "eth1"))) == 1
    assert machine.heard == []
    machine.links = [ETH1, ETH0]
    machine.see(LinkAppeared(2, "eth0"))
    assert machine.heard == [2]


def test_an_interface_not_ready_yet_is_joined_at_its_next_change() -> None:
    machine = Machine(ETH0)
    machine.links.append(ETH1)
    machine.receiver.refuses = {"eth1"}
    assert machine.see(LinkAppeared(3, "eth1")) == []
    machine.receiver.refuses = set()
    assert machine.see(CarrierFound(3, "eth1")) == [
        MembershipRenewed(GROUP, "eth1", "the interface is there")
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([CarrierFound(2, "eth0")], "the carrier is back"),
        ([AddressesChanged(2, "eth0")], "its addresses changed"),
        (
            [CarrierFound(2, "eth0"), AddressesChanged(2, "eth0")],
            "the carrier is back",
        ),
        (
            [AddressesChanged(2, "eth0"), CarrierFound(2, "eth0")],
            "the carrier is back",
        ),
    ],
)
def test_a_shaken_interface_is_joined_anew_once(
    changes: list[LinkChange], reason: str
) -> None:
    machine = Machine(ETH0, ETH1)
    assert machine.see(*changes) == [MembershipRenewed(GROUP, "eth0", reason)]
    assert machine.receiver.refreshed == ["eth0"]


def test_a_lost_carrier_alone_is_waited_out() -> None:
    machine = Machine(ETH0)
    assert machine.see(CarrierLost(2, "eth0")) == []
    assert machine.heard == [2]


def test_a_membership_that_the_system_refuses_to_renew_is_lost() -> None:
    machine = Machine(ETH0)
    machine.receiver.refuses = {"eth0"}
    (event,) = machine.see(CarrierFound(2, "eth0"))
    assert isinstance(event, MembershipLost)
    assert "refuses to join" in event.reason


def test_a_sender_that_cannot_be_aimed_keeps_its_aim_until_the_next_change() -> None:
    machine = Machine(ETH0)
    again = replace(ETH0, index=9)
    machine.links, machine.sender.refuses = [again], True
    machine.see(LinkGone(2, "eth0"), LinkAppeared(9, "eth0"))
    assert machine.sender.interfaces == (ETH0,)
    machine.sender.refuses = False
    machine.see(AddressesChanged(9, "eth0"))
    assert machine.sender.interfaces == (again,)


def test_closing_stops_watching_and_leaves_nothing() -> None:
    machine = Machine(ETH0)
    assert machine.keeper.fileno() == 7
    machine.keeper.close()
    assert machine.keeper.fileno() == -1
    assert machine.heard == [2]


# With real sockets.


@pytest.fixture
def watch() -> FakeWatch:
    return FakeWatch()


@pytest.fixture
def keeper(
    receiver: MulticastReceiver, group: Group, lo: Interface, watch: FakeWatch
) -> Iterator[MembershipKeeper]:
    receiver.join(group, [lo])
    keeper = MembershipKeeper(
        receiver,
        group,
        None,
        watch=watch,  # type: ignore[arg-type]
        interfaces=lambda: [lo],
    )
    yield keeper
    keeper.close()


@pytest.mark.parametrize(
    "change", [CarrierFound(1, "lo"), LinkGone(1, "lo"), AddressesChanged(1, "lo")]
)
def test_a_receiver_hears_after_its_link_was_shaken(
    keeper: MembershipKeeper,
    watch: FakeWatch,
    receiver: MulticastReceiver,
    sender: MulticastSender,
    change: LinkChange,
) -> None:
    watch.changes = [change]
    assert isinstance(keeper.handle_readable()[-1], MembershipRenewed)
    sender.send(b"still there?")
    assert [d.data for d in receiver.receive()] == [b"still there?"]


def test_a_sender_refused_by_a_vanished_interface_sends_as_before(
    sender: MulticastSender, receiver: MulticastReceiver, group: Group, lo: Interface
) -> None:
    receiver.join(group, [lo])
    with pytest.raises(MachineError):
        sender.aim([replace(lo, name="gone0", index=999_999)])
    assert sender.interfaces == (lo,)
    sender.send(b"as before")
    assert [d.data for d in receiver.receive()] == [b"as before"]


def test_a_keeper_watches_this_machine_by_itself(
    receiver: MulticastReceiver, group: Group
) -> None:
    keeper = MembershipKeeper(receiver, group, None)
    assert keeper.fileno() >= 0
    assert isinstance(keeper.handle_readable(), list)
    keeper.close()
    assert keeper.fileno() == -1


def test_who_only_sends_is_aimed_anew_and_told_nothing() -> None:
    watch, sender = FakeWatch(), FakeSender(ETH0)
    moved = replace(ETH0, index=9)
    keeper = MembershipKeeper(
        None,
        GROUP,
        None,
        sender=sender,  # type: ignore[arg-type]
        watch=watch,  # type: ignore[arg-type]
        interfaces=lambda: [moved],
    )
    watch.changes.append(LinkGone(ETH0.index, "eth0"))
    assert keeper.handle_readable() == []
    assert sender.interfaces == (moved,)
