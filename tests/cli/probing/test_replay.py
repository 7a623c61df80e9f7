"""``groupwire replay`` over real multicast on loopback."""

import signal
from pathlib import Path

import pytest
from tests.cli.running import free_port, running, told
from tests.probe.capture.making import capture

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def where() -> list[str]:
    return ["-g", f"239.255.42.99:{free_port()}", "-i", "lo"]


def test_programs_read_what_was_sent(
    tmp_path: Path, capsys: Capture, where: list[str]
) -> None:
    file = capture(tmp_path / "a", (0.0, b"one"), (0.001, b"two"))
    assert main(["replay", str(file), *where, "--json"]) == 0
    start, end = told(capsys.readouterr().out)
    assert (start["event"], start["group"]) == ("start", where[1])
    assert (end["event"], end["packets"], end["bytes"]) == ("end", 2, 6)
    assert end["left_out"] == {}


def test_people_read_what_was_sent_and_what_was_not(
    tmp_path: Path, capsys: Capture, where: list[str]
) -> None:
    file = capture(tmp_path / "a", (0.0, b"one"), (0.0, b"two"))
    file.write_bytes(file.read_bytes()[:-8])
    assert main(["replay", str(file), *where]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("sent 1 packet (3 bytes) in ")
    assert "left out: 1 packet, because the file ends in the middle" in captured.err


def test_a_capture_with_nothing_to_send_is_a_failure(
    tmp_path: Path, capsys: Capture, where: list[str]
) -> None:
    file = capture(tmp_path / "a")
    assert main(["replay", str(file), *where]) == 1
    assert "sent 0 packets" in capsys.readouterr().out


def test_where_it_is_is_told_every_second(
    tmp_path: Path, capsys: Capture, where: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.cli.probing.replay.INTERVAL_S", 0.001)
    file = capture(tmp_path / "a", (0.0, b"one"), (0.05, b"two"))
    assert main(["replay", str(file), *where]) == 0
    assert "at 0 s: " in capsys.readouterr().err
    assert main(["replay", str(file), *where, "--json"]) == 0
    first, *between, last = [each["event"] for each in told(capsys.readouterr().out)]
    assert (first, set(between), last) == ("start", {"progress"}, "end")


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], 2, "name one with -g, or send to the capture's own"),
        (["-g", "239.1.1.1:9", "--original"], 2, "contradict"),
        (["-g", "10.0.0.1:9"], 2, "10.0.0.1"),
        (["--original", "--speed", "0"], 2, "above 0"),
        (["--original", "--only", "nonsense"], 2, "nonsense"),
    ],
)
def test_a_slip_is_told_with_what_would_do(
    tmp_path: Path, capsys: Capture, words: list[str], code: int, text: str
) -> None:
    file = capture(tmp_path / "a", (0.0, b"one"))
    assert main(["replay", str(file), *words]) == code
    assert text in capsys.readouterr().err


def test_an_interrupted_replay_tells_what_was_sent(
    tmp_path: Path, where: list[str]
) -> None:
    file = capture(tmp_path / "a", (0.0, b"one"), (3600.0, b"two"))
    with running("replay", str(file), *where) as process:
        assert process.stderr is not None
        assert "1 packet" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate()
    assert process.returncode == 130
    assert shown.startswith("sent 1 packet (3 bytes)")


def test_pauses_can_be_made_shorter(
    tmp_path: Path, capsys: Capture, where: list[str]
) -> None:
    file = capture(tmp_path / "a", (0.0, b"one"), (3600.0, b"two"))
    assert main(["replay", str(file), *where, "--max-gap", "0.01"]) == 0
    assert "sent 2 packets" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_named(capsys: Capture, where: list[str]) -> None:
    assert main(["replay", "nowhere.pcapng", *where]) == 3
    assert "nowhere.pcapng" in capsys.readouterr().err
