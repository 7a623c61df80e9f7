"""``groupwire watch --record`` over real multicast on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.running import calling, free_port, told

from groupwire.cli.app import main
from groupwire.probe.capture import CaptureReader

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def port() -> int:
    return free_port()


def watched(port: int, file: Path | str, *words: str) -> int:
    group = f"239.255.42.99:{port}"
    where = ["-i", "lo", "--duration", "0.3", "--interval", "0.1"]
    return main(["watch", group, *where, "--record", str(file), *words])


def test_what_is_shown_is_recorded(tmp_path: Path, port: int, capsys: Capture) -> None:
    file = tmp_path / "a.pcapng"
    with calling(port, b"very important data"):
        assert watched(port, file, "--json") == 0
    events = told(capsys.readouterr().out)
    (recorded,) = [each for each in events if each["event"] == "recorded"]
    assert (recorded["file"], recorded["lost"]) == (str(file), 0)
    assert events[-1]["event"] == "end"
    with file.open("rb") as octets:
        packets = list(CaptureReader(octets.read))
    assert len(packets) == recorded["packets"] > 0
    first = packets[0]
    assert first.data == b"very important data"
    assert (str(first.group), first.port, first.ttl_hops) == ("239.255.42.99", port, 1)
    assert first.origin.host == "127.0.0.1"


def test_people_read_how_much_is_in_the_file(
    tmp_path: Path, port: int, capsys: Capture
) -> None:
    assert watched(port, tmp_path / "a.pcapng") == 0
    assert "recorded 0 packets in " in capsys.readouterr().err


def test_a_disk_that_is_full_is_told_and_ends_with_3(
    port: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> object:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr("groupwire.run.disk.recorder._opened", full)
    with calling(port, b"very important data"):
        assert watched(port, "full.pcapng") == 3
    complaints = capsys.readouterr().err
    assert "full.pcapng is not written any more: no space left on device" in complaints


def test_programs_read_that_the_disk_was_full(
    port: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> object:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr("groupwire.run.disk.recorder._opened", full)
    with calling(port, b"very important data"):
        assert watched(port, "full.pcapng", "--json") == 3
    events = told(capsys.readouterr().out)
    recorded = next(event for event in events if event["event"] == "recorded")
    assert recorded["error"] == "no space left on device"
    assert (events[-1]["event"], events[-1]["verdict"]) == ("end", "failed")


def test_a_file_that_is_no_capture_is_kept(
    tmp_path: Path, port: int, capsys: Capture
) -> None:
    (tmp_path / "a").write_text("precious")
    assert watched(port, tmp_path / "a") == 2
    assert "no pcapng file of ours" in capsys.readouterr().err
    assert (tmp_path / "a").read_text() == "precious"


@pytest.mark.parametrize("name", [".", "none/a.pcapng"])
def test_a_place_where_no_file_can_be_is_told_with_the_fix(
    name: str, tmp_path: Path, port: int, capsys: Capture
) -> None:
    assert watched(port, tmp_path / name) == 2
    assert "fix: name a file in a directory that is there" in capsys.readouterr().err
