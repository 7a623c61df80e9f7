from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest
from tests.diagnose.checks.moments import ETH0, ETH1, LO

from groupwire.diagnose import asking
from groupwire.diagnose.asking import ask, may_look_deeper
from groupwire.errors import AddressError, InterfaceError
from groupwire.values import DEFAULT_GROUP, Group, Interface

SIX = (ip_interface("fe80::1/64"),)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> "_Machine":
    return _Machine(monkeypatch)


class _Machine:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.has([LO, ETH0], route=2)

    def has(self, links: Sequence[Interface], route: int | None) -> None:
        self._patch.setattr(asking, "list_interfaces", lambda: tuple(links))
        self._patch.setattr(asking, "route_interface", lambda _: route)


@pytest.mark.usefixtures("machine")
def test_without_words_the_usual_group_is_meant() -> None:
    question = ask()
    assert question.group == DEFAULT_GROUP
    assert (question.about, question.named) == ((ETH0,), False)
    assert (question.receive_on, question.send_by) == ((ETH0, LO), ETH0)
    assert question.trouble == ()


def test_a_named_interface_is_meant_in_whatever_state(machine: _Machine) -> None:
    down = replace(ETH0, up=False)
    machine.has([LO, down], route=None)
    for question in (ask(interface="eth0"), ask("239.1.1.1%eth0:5000")):
        assert (question.about, question.named) == ((down,), True)
        assert (question.receive_on, question.send_by) == ((), None)
        assert question.trouble == ("interface eth0 is down",)
    with pytest.raises(InterfaceError, match="no interface eth9"):
        ask(interface="eth9")


def test_all_means_all(machine: _Machine) -> None:
    machine.has([LO, ETH0, ETH1], route=None)
    question = ask(interface="all")
    assert (question.about, question.named) == ((ETH0, ETH1), False)


def test_loopback_is_meant_where_there_is_nothing_else(machine: _Machine) -> None:
    machine.has([LO], route=None)
    question = ask(Group.parse("239.1.1.1:5000"))
    assert (question.about, question.send_by) == ((LO,), LO)


def test_several_ways_are_told_as_trouble(machine: _Machine) -> None:
    machine.has([LO, ETH0, ETH1], route=None)
    question = ask()
    assert question.send_by is None
    assert "several interfaces would do" in question.trouble[0]


@pytest.mark.usefixtures("machine")
def test_a_peer_is_an_address_of_the_same_kind() -> None:
    assert str(ask(peer="198.18.1.2").peer) == "198.18.1.2"
    for text, problem in (
        ("cam1", "no IP address"),
        ("fd00::1", "no address of a machine"),
        ("239.1.1.1", "no address of a machine"),
        ("0.0.0.0", "no address of a machine"),
    ):
        with pytest.raises(AddressError, match=problem):
            ask(peer=text)


def test_a_peer_may_name_the_interface_that_it_is_behind(machine: _Machine) -> None:
    links = [replace(one, addresses=SIX) for one in (ETH0, ETH1)]
    machine.has([LO, *links], route=2)
    question = ask("[ff12::1]:5000", peer="fe80::2%eth1")
    assert (question.named, question.send_by) == (True, links[1])
    for same in ("eth1", "3", "all"):
        question = ask("[ff12::1]:5000", same, peer="fe80::2%eth1")
        assert question.about == (links[1],)
    with pytest.raises(AddressError, match="is behind eth1, and eth0 was named"):
        ask("[ff12::1%eth0]:5000", peer="fe80::2%eth1")
    with pytest.raises(InterfaceError, match="no interface eth7"):
        ask("[ff12::1]:5000", peer="fe80::2%eth7")


def test_who_may_look_deeper_is_told_by_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr(asking, "_STATUS", status)
    assert not may_look_deeper()
    status.write_text("Name:\tpython\nCapEff:\t000001ffffffffff\n")
    assert may_look_deeper()
    status.write_text("Name:\tpython\nCapEff:\t0000000000000000\n")
    assert not may_look_deeper()
    status.write_text("Name:\tpython\n")
    assert not may_look_deeper()


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("user", "able", "hobbled"), [(0, False, True), (0, True, False), (7, False, False)]
)
def test_root_may_lack_its_rights(
    monkeypatch: pytest.MonkeyPatch, user: int, able: bool, hobbled: bool
) -> None:
    monkeypatch.setattr(asking, "may_look_deeper", lambda: able)
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert ask().hobbled is hobbled
