"""A joined peer through link changes, as its keeper tells of them."""

import errno
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_interface

import pytest
from tests.aio.places import Foreign, run

from groupwire import aio
from groupwire.aio import MembershipLost, MembershipRenewed, PeerConfig, running
from groupwire.aio.running import Running
from groupwire.errors import InterfaceError, UsageError
from groupwire.gather import Refusal
from groupwire.net import list_interfaces
from groupwire.net.links import AddressesChanged, LinkChange, LinkGone
from groupwire.values import Interface

pytestmark = pytest.mark.usefixtures("no_leaks")

LO = next(i for i in list_interfaces() if i.name == "lo")
MOVED = replace(LO, addresses=(ip_interface("127.9.9.9/32"),))


class Told:
    """A watch that says what it was given, once."""

    def __init__(self, *changes: LinkChange) -> None:
        self.changes = list(changes)

    def poll(self) -> list[LinkChange]:
        changes, self.changes = self.changes, []
        return changes


def change(peer: aio.Peer, links: Sequence[Interface], *changes: LinkChange) -> None:
    """Let the links of this machine change to ``links``."""
    state = peer._state
    assert state is not None
    keeper = state._keeper
    real, keeper._watch = keeper._watch, Told(*changes)  # type: ignore[assignment]
    keeper._list = lambda: links
    state._look_at_links()
    keeper._watch = real


def test_a_peer_hears_again_after_its_interface_came_back(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            change(peer, [LO], LinkGone(LO.index, "lo"))
            lost, renewed = await peer.next_event(), await peer.next_event()
            assert isinstance(lost, MembershipLost)
            assert isinstance(renewed, MembershipRenewed)
            foreign.say(b"still there?")
            assert (await peer.receive()).data == b"still there?"

    run(work())


def test_a_peer_without_its_interface_cannot_send_and_does_not_fall(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            change(peer, [], LinkGone(LO.index, "lo"))
            assert isinstance(await peer.next_event(), MembershipLost)
            foreign.say(b"hello")
            change(peer, [LO], LinkGone(LO.index, "lo"))
            assert isinstance(await peer.next_event(), MembershipRenewed)

    run(work())


def test_a_peer_whose_interface_is_gone_says_so_when_it_sends(group: str) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            other = replace(LO, name="other0", index=77)
            change(peer, [other], LinkGone(LO.index, "lo"))
            with pytest.raises(InterfaceError, match="no interface lo"):
                await peer.send(b"x")

    run(work())


def test_answers_are_judged_by_the_addresses_of_now(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            change(peer, [MOVED], AddressesChanged(LO.index, "lo"))
            assert isinstance(await peer.next_event(), MembershipRenewed)
            foreign.say(b"hello")
            message = await peer.receive()
            assert message.answer(b"ack") is Refusal.OFF_LINK

    run(work())


def test_nothing_told_is_nothing_done(group: str) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            change(peer, [])
            await peer.send(b"still aimed")

    run(work())


def test_what_fails_after_the_sockets_were_opened_closes_them(
    monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "too many files")

    monkeypatch.setattr(running, "MembershipKeeper", full)

    async def work() -> None:
        with pytest.raises(OSError, match="too many files"):
            async with aio.open(group):
                pass

    run(work())


def test_a_bad_name_is_refused_and_leaves_nothing_behind(group: str) -> None:
    async def work() -> None:
        with pytest.raises(UsageError, match="no member name"):
            async with aio.open(group, config=PeerConfig(name="no name")):
                pass

    run(work())


def test_closing_twice_is_closing(group: str) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            state = peer._state
            assert isinstance(state, Running)
            state.close()
            state.close()

    run(work())
