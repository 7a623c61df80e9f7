"""Watching, replaying and measuring without ``async``."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from tests.aio.places import Foreign
from tests.ports import free_port
from tests.probe.capture.making import capture

from groupwire import sync
from groupwire.aio.probing.load import LoadEnded, LoadEvent, LoadResult
from groupwire.aio.probing.ping import MemberPinged, Pinged
from groupwire.errors import InterfaceError, UsageError


@pytest.fixture
def group() -> str:
    return f"239.255.78.3%lo:{free_port()}"


@pytest.fixture
def foreign(group: str) -> Iterator[Foreign]:
    with Foreign(group) as member:
        yield member


def test_what_comes_is_told_by_interval(group: str, foreign: Foreign) -> None:
    packets = 0
    for report in sync.watch(group, interval=0.02):
        foreign.say(b"hello")
        packets = report.groups[0].total.packets
        if packets >= 3:
            break
    assert packets >= 3


def test_it_ends_after_its_duration(group: str) -> None:
    assert len(list(sync.watch(group, interval=0.02, duration=0.05))) >= 1


def test_wrong_use_is_told_at_once_and_machines_when_it_begins(group: str) -> None:
    with pytest.raises(UsageError):
        sync.watch(group, interval=0)
    with pytest.raises(InterfaceError):
        next(sync.watch(group, interface="nowhere9"))


def test_a_capture_is_sent_again(tmp_path: Path, group: str, foreign: Foreign) -> None:
    file = capture(tmp_path / "a", (0.0, b"one"), (0.0, b"two"))
    *_, last = sync.replay(file, group)
    assert (last.packets, last.ended) == (2, True)
    assert foreign.hear()[0] == b"one"


def test_what_is_no_capture_is_told(tmp_path: Path, group: str) -> None:
    (tmp_path / "a").write_text("hello")
    with pytest.raises(UsageError):
        list(sync.replay(tmp_path / "a", group))


def test_what_is_left_open_does_not_hold_up_the_end_of_a_program(group: str) -> None:
    code = (
        "from groupwire import sync\n"
        f"events = sync.receive_load({group!r}); next(events)\n"
        f"sending = sync.send_load({group!r}, duration=3600); next(sending)\n"
        f"watching = sync.watch({group!r}, interval=0.01); next(watching)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], timeout=10, check=False, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_traffic_is_measured_from_both_ends(group: str) -> None:
    heard: list[LoadEvent] = []
    events = sync.receive_load(group)
    heard.append(next(events))

    def listen() -> None:
        for event in events:
            heard.append(event)
            if isinstance(event, LoadEnded):
                events.close()
                return

    thread = Thread(target=listen)
    thread.start()
    sending = sync.send_load(group, rate=2e6, size=500, duration=0.1, expect=1)
    *_, result = sending
    thread.join()
    assert isinstance(result, LoadResult)
    assert [member.lost for member in result.members] == [0]
    assert isinstance(heard[-1], LoadEnded)


def test_members_and_hosts_are_pinged(group: str) -> None:
    with sync.open(group, name="a"):
        *_, member = sync.ping_members(group, count=1, timeout=1.0, expect=["a"])
    assert isinstance(member, MemberPinged)
    assert (member.name, member.multicast.received, member.unicast.received) == (
        "a",
        1,
        1,
    )
    *_, pinged = sync.ping(["127.1.2.3"], count=1, timeout=0.05, interface="lo")
    assert isinstance(pinged, Pinged)
    assert pinged.multicast.received == 0
