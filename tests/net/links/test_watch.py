import errno
import os
from collections.abc import Callable, Iterator

import pytest
from tests.net.links.messages import RUNNING_UP, UP, address, link

from groupwire.net.links import (
    AddressesChanged,
    CarrierFound,
    CarrierLost,
    LinkAppeared,
    LinkChange,
    LinkGone,
    LinkWatch,
    watch,
)
from groupwire.net.links.netlink import Message, decode
from groupwire.net.links.watch import LinkTracker

START = link(1, "lo") + link(2, "eth0") + address(2, "10.0.0.1/24")


def tracker(raw: bytes = START) -> LinkTracker:
    return LinkTracker(decode(raw))


@pytest.mark.parametrize(
    ("raw", "changes"),
    [
        (b"", []),
        (START, []),
        (link(3, "eth1"), [LinkAppeared(3, "eth1")]),
        (link(2, "eth0", gone=True), [LinkGone(2, "eth0")]),
        (link(9, "eth9", gone=True), []),
        (link(2, "eth0", UP), [CarrierLost(2, "eth0")]),
        (link(2, "eth0", 0x10000), [CarrierLost(2, "eth0")]),
        (
            link(2, "eth0", UP) + link(2, "eth0", RUNNING_UP),
            [CarrierLost(2, "eth0"), CarrierFound(2, "eth0")],
        ),
        (link(2, "eth0", mtu=9000), []),
        (link(2, "lan"), [LinkGone(2, "eth0"), LinkAppeared(2, "lan")]),
        (address(2, "10.0.0.1/24"), []),
        (address(2, "10.0.0.2/24"), [AddressesChanged(2, "eth0")]),
        (address(2, "10.0.0.1/24", gone=True), [AddressesChanged(2, "eth0")]),
        (address(2, "10.0.0.9/24", gone=True), []),
        (address(7, "10.0.0.1/24"), []),
        (address(2, "fe80::1/64", flags=0x40), []),
        (
            address(2, "fe80::1/64", flags=0x40) + address(2, "fe80::1/64"),
            [AddressesChanged(2, "eth0")],
        ),
        (
            link(2, "eth0", gone=True) + link(5, "eth0"),
            [LinkGone(2, "eth0"), LinkAppeared(5, "eth0")],
        ),
        (link(2, "eth0", gone=True, family=7), []),
    ],
)
def test_messages_in_changes_out(raw: bytes, changes: list[LinkChange]) -> None:
    assert tracker().update(decode(raw)) == changes


@pytest.mark.parametrize(
    ("raw", "changes"),
    [
        (START, []),
        (link(1, "lo"), [LinkGone(2, "eth0")]),
        (START + link(3, "eth1"), [LinkAppeared(3, "eth1")]),
        (link(1, "lo") + link(2, "eth0"), [AddressesChanged(2, "eth0")]),
        (
            link(1, "lo") + link(2, "eth0", UP) + address(2, "10.0.0.1/24"),
            [CarrierLost(2, "eth0")],
        ),
    ],
)
def test_a_whole_list_is_compared(raw: bytes, changes: list[LinkChange]) -> None:
    known = tracker()
    assert known.replace(decode(raw)) == changes
    assert known.replace(decode(raw)) == []


def test_a_renamed_link_keeps_its_addresses() -> None:
    known = tracker()
    known.update(decode(link(2, "lan")))
    assert known.update(decode(address(2, "10.0.0.1/24"))) == []


class FakeSocket:
    """Gives what it was told to, then nothing."""

    def __init__(self, *told: bytes | OSError) -> None:
        self.told: Iterator[bytes | OSError] = iter(told)

    def recv(self, size: int) -> bytes:  # noqa: ARG002
        told = next(self.told, BlockingIOError())
        if isinstance(told, OSError):
            raise told
        return told

    def fileno(self) -> int:
        return 7

    def close(self) -> None:
        pass


Watching = Callable[..., LinkWatch]


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    """A watch that begins with START, hears ``told``, and would list ``listed``."""

    def make(*told: bytes | OSError, listed: bytes = START) -> LinkWatch:
        lists = iter([START])

        def dump() -> tuple[Message, ...]:
            return tuple(decode(next(lists, listed)))

        monkeypatch.setattr(watch.netlink, "listening", lambda: FakeSocket(*told))
        monkeypatch.setattr(watch.netlink, "dump", dump)
        return LinkWatch()

    return make


def test_a_watch_tells_what_the_kernel_told(watching: Watching) -> None:
    watch = watching(link(3, "eth1"), link(3, "eth1", gone=True))
    assert watch.poll() == [LinkAppeared(3, "eth1"), LinkGone(3, "eth1")]
    assert watch.poll() == []
    assert watch.fileno() == 7


@pytest.mark.parametrize("told", [OSError(errno.ENOBUFS, "lost"), b"junk"])
def test_after_a_loss_everything_is_listed_anew(
    watching: Watching, told: bytes | OSError
) -> None:
    watch = watching(told, listed=link(1, "lo"))
    assert watch.poll() == [LinkGone(2, "eth0")]


def test_another_error_is_not_hidden(watching: Watching) -> None:
    with pytest.raises(OSError, match="broken"):
        watching(OSError(errno.EIO, "broken")).poll()


def test_one_poll_is_bounded(watching: Watching) -> None:
    flapping = [link(2, "eth0", UP), link(2, "eth0")] * 100
    watch = watching(*flapping)
    assert len(watch.poll()) == 64
    assert len(watch.poll()) == 64


def test_this_machines_watch_is_quiet_and_closes_twice() -> None:
    watch = LinkWatch()
    assert watch.fileno() >= 0
    assert isinstance(watch.poll(), list)
    watch.close()
    watch.close()
    assert watch.fileno() == -1


def test_without_netlink_it_never_becomes_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(watch.socket, "AF_NETLINK")
    quiet = LinkWatch()
    descriptor = quiet.fileno()
    assert os.fstat(descriptor)
    assert quiet.poll() == []
    quiet.close()
    quiet.close()
    assert quiet.fileno() == -1
