"""Captures sent again, over real multicast on loopback."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.aio.places import Foreign, run
from tests.probe.capture.making import capture

from groupwire.aio.probing import replay as module
from groupwire.aio.probing.pacing import Metronome
from groupwire.aio.probing.replay import ReplayProgress, replay
from groupwire.errors import NoRouteError, UsageError


async def played(*given: Any, **options: Any) -> list[ReplayProgress]:
    return [progress async for progress in replay(*given, **options)]


@pytest.mark.usefixtures("no_leaks")
def test_every_datagram_arrives_again_in_order(
    tmp_path: Path, group: str, foreign: Foreign
) -> None:
    file = capture(tmp_path / "a", (5.0, b"one"), (5.0, b"two"), (5.01, b"three"))
    first, last = run(played(file, group))
    assert (first.packets, first.ended) == (0, False)
    assert (last.packets, last.size_bytes, last.ended) == (3, 11, True)
    assert last.position_s == pytest.approx(0.01)
    assert [str(each) for each in last.groups] == [group]
    assert [foreign.hear()[0] for _ in range(3)] == [b"one", b"two", b"three"]


def test_the_distances_are_those_of_the_capture(tmp_path: Path, group: str) -> None:
    file = capture(tmp_path / "a", (5.0, b"one"), (5.3, b"two"))
    began = time.monotonic()
    *_, last = run(played(file, group, speed=3.0))
    assert 0.1 <= last.elapsed_s <= time.monotonic() - began


def test_it_tells_how_far_it_is(tmp_path: Path, group: str) -> None:
    file = capture(tmp_path / "a", *((n / 100, b"x") for n in range(5)))
    told = run(played(file, group, interval=0.001))
    counts = [progress.packets for progress in told]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 5)
    assert len(counts) > 3


def test_more_than_is_read_ahead_is_played_to_the_end(
    tmp_path: Path, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 2)
    file = capture(tmp_path / "a", *((n / 1000, b"x") for n in range(9)))
    assert run(played(file, group))[-1].packets == 9


def test_to_its_own_groups(tmp_path: Path, group: str, foreign: Foreign) -> None:
    own = group.replace("%lo", "")
    file = capture(tmp_path / "a", (0.0, b"x", own), (0.0, b"y"))
    config = module.PeerConfig(interface="lo")
    last = run(played(file, original=True, config=config))[-1]
    assert {(each.ip.compressed, each.port) for each in last.groups} == {
        (own.split(":")[0], int(own.split(":")[1])),
        ("239.1.2.3", 5000),
    }
    assert foreign.hear()[0] == b"x"


def test_only_what_went_to_one_group(tmp_path: Path, group: str) -> None:
    file = capture(tmp_path / "a", (0.0, b"x"), (0.0, b"y", "239.7.7.7:5000"))
    last = run(played(file, group, only="239.7.7.7:5000"))[-1]
    assert (last.packets, dict(last.left_out)) == (1, {"other-group": 1})


def test_what_went_to_one_host_is_left_out(tmp_path: Path, group: str) -> None:
    file = capture(tmp_path / "a", (0.0, b"x"))
    octets = bytearray(file.read_bytes())
    at = octets.rindex(bytes([239, 1, 2, 3]))
    octets[at : at + 4] = bytes([10, 0, 0, 9])
    file.write_bytes(octets)
    last = run(played(file, group))[-1]
    assert (last.packets, dict(last.left_out)) == (0, {"unicast": 1})


def test_groups_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_GROUPS", 1)
    file = capture(tmp_path / "a", (0.0, b"x"), (0.0, b"y", "239.7.7.7:5000"))
    config = module.PeerConfig(interface="lo")
    last = run(played(file, original=True, config=config))[-1]
    assert (last.packets, dict(last.left_out)) == (1, {"too-many-groups": 1})


def test_rows_of_more_than_the_link_carries_go_one_by_one(
    tmp_path: Path, group: str, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.MulticastSender, "payload_limit", 10)
    file = capture(tmp_path / "a", (0.0, b"x" * 20), (0.0, b"y" * 20))
    assert run(played(file, group))[-1].packets == 2
    assert [len(foreign.hear()[0]) for _ in range(2)] == [20, 20]


def test_a_full_send_buffer_is_waited_for(
    tmp_path: Path, group: str, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [BlockingIOError()]
    send = module.MulticastSender.send

    def busy_once(*given: Any) -> int:
        if refusals:
            raise refusals.pop()
        return send(*given)

    monkeypatch.setattr(module.MulticastSender, "send", busy_once)
    run(played(capture(tmp_path / "a", (0.0, b"x")), group))
    assert foreign.hear()[0] == b"x"


@pytest.mark.parametrize("options", [{}, {"group": "239.1.1.1:9", "original": True}])
def test_where_to_has_to_be_said_once(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="either"):
        run(played(tmp_path / "a", **options))


def test_a_speed_of_nothing_is_refused(tmp_path: Path, group: str) -> None:
    with pytest.raises(UsageError, match="speed"):
        run(played(tmp_path / "a", group, speed=0))


def test_what_is_no_file_is_refused(tmp_path: Path, group: str) -> None:
    with pytest.raises(UsageError, match="no file"):
        run(played(tmp_path, group))


def test_a_packet_to_no_port_is_left_out(tmp_path: Path, group: str) -> None:
    file = capture(tmp_path / "a", (0.0, b"x"))
    octets = bytearray(file.read_bytes())
    at = octets.rindex(bytes([239, 1, 2, 3])) + 6
    octets[at : at + 2] = bytes(2)
    file.write_bytes(octets)
    last = run(played(file, group))[-1]
    assert (last.packets, dict(last.left_out)) == (0, {"no-port": 1})


def test_a_machine_that_cannot_go_on_tells_how_far_it_came(
    tmp_path: Path, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, told = module.MulticastSender.send, list[ReplayProgress]()
    down = iter([False, True])

    def once(*given: Any) -> int:
        if next(down):
            raise NoRouteError("the link is down")
        return send(*given)

    async def scene() -> None:
        file = capture(tmp_path / "a", (0.0, b"x"), (0.01, b"y"))
        async for progress in replay(file, group):
            told.append(progress)

    monkeypatch.setattr(module.MulticastSender, "send", once)
    with pytest.raises(NoRouteError):
        run(scene())
    assert (told[-1].packets, told[-1].ended) == (1, True)


def test_a_pause_of_less_than_nothing_is_refused(tmp_path: Path, group: str) -> None:
    with pytest.raises(UsageError, match="pause"):
        run(played(tmp_path / "a", group, max_gap=-1.0))


def test_who_is_to_end_reads_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 1)
    path = capture(tmp_path / "a", *[(0.0, b"x")] * 50)
    beat = Metronome()
    with path.open("rb", buffering=0) as file:
        source = module._Source(file, None, beat)
        assert len(source.more()) == 1
        beat.stop()
        # One may have been on its way.
        assert [] in [source.more() for _ in range(3)]
        source.close()


def test_a_file_that_is_no_capture_is_refused(tmp_path: Path, group: str) -> None:
    (tmp_path / "a").write_text("hello world")
    with pytest.raises(UsageError, match="no capture"):
        run(played(tmp_path / "a", group))


@pytest.mark.usefixtures("no_leaks")
def test_who_stops_listening_stops_it(tmp_path: Path, group: str) -> None:
    async def scene() -> None:
        file = capture(tmp_path / "a", (0.0, b"x"), (3600.0, b"y"))
        playing = replay(file, group, interval=0.01)
        assert (await anext(playing)).packets == 0
        assert (await anext(playing)).packets == 1
        await playing.aclose()

    run(scene())
