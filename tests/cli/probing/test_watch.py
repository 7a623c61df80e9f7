"""``groupwire watch`` over real multicast on loopback."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import calling, first_event, free_port, running, told
from tests.probe.flow.packets import rtp

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]
_IP = "239.255.42.99"


@pytest.fixture
def port() -> int:
    return free_port()


def watched(port: int, *words: str) -> int:
    times = ["--duration", "0.3", "--interval", "0.1"]
    return main(["watch", f"{_IP}:{port}", "-i", "lo", *times, *words])


def events(capsys: Capture, event: str) -> list[dict[str, Any]]:
    return [e for e in told(capsys.readouterr().out) if e["event"] == event]


def test_programs_read_sources_groups_and_an_end(port: int, capsys: Capture) -> None:
    with calling(port, *(rtp(n) for n in range(9))):
        assert watched(port, "--json") == 0
    lines = told(capsys.readouterr().out)
    kinds = [line["event"] for line in lines]
    assert kinds == ["joined", *["source", "group"] * 3, "end"]
    joined, source, group, end = lines[0], lines[-3], lines[-2], lines[-1]
    assert (joined["group"], joined["interfaces"]) == (f"{_IP}:{port}", ["lo"])
    assert source["source"].startswith("127.0.0.1:")
    assert (source["interface"], source["form"]) == ("lo", "RTP")
    assert (source["ttl"], source["size_max_bytes"]) == (1, 100)
    assert source["total"]["packets"] == group["total"]["packets"] > 0
    assert source["total"]["lost"] == 0
    assert end["verdict"] == "ok"
    assert (end["groups"], end["sources"], end["problems"]) == (1, 1, [])


def test_people_read_lines_where_nobody_looks_on(port: int, capsys: Capture) -> None:
    with calling(port, b"very important data"):
        assert watched(port, "-v") == 0
    shown = capsys.readouterr()
    assert "no numbers" in shown.out
    assert "loss unknown" in shown.out
    assert f"watching {_IP}:{port}" in shown.err
    assert "on lo: lo was named" in shown.err
    assert "receive buffer" in shown.err


def test_a_silent_group_is_told_with_what_to_do(port: int, capsys: Capture) -> None:
    assert watched(port) == 0
    shown = capsys.readouterr()
    assert "silence" in shown.out
    assert f"nothing from {_IP}:{port}" in shown.err
    assert f"groupwire doctor -g {_IP}:{port}" in shown.err


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["--max-loss", "0"], 1, "loss-unknown"),
        (["--min-rate", "100G"], 1, "rate"),
        (["--min-rate", "1"], 0, None),
    ],
)
def test_limits_decide_the_exit_code(
    words: list[str], code: int, problem: str | None, port: int, capsys: Capture
) -> None:
    with calling(port, b"hello"):
        assert watched(port, *words, "--json") == code
    (end,) = events(capsys, "end")
    assert [p["code"] for p in end["problems"]] == ([problem] if problem else [])


def test_limits_that_are_not_kept_are_told(port: int, capsys: Capture) -> None:
    assert watched(port, "--max-loss", "1", "-q") == 1
    assert f"{_IP}:{port}: nothing arrived" in capsys.readouterr().err


def test_groups_are_named_in_rows_files_and_options(
    port: int, capsys: Capture, tmp_path: Path
) -> None:
    file = tmp_path / "groups"
    file.write_text(f"239.255.42.1:{port}\n")
    words = ["-g", f"239.255.42.9:{port}", "-i", "lo", "--duration", "0.1", "--json"]
    assert main(["watch", f"{_IP}:{port}+2", f"@{file}", *words]) == 0
    joined = [e["group"].split(":")[0] for e in events(capsys, "joined")]
    assert joined == [_IP, "239.255.42.100", "239.255.42.1", "239.255.42.9"]


def test_without_a_group_it_is_the_usual_one(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.setenv("GROUPWIRE_GROUP", f"239.255.42.7:{port}")
    assert main(["watch", "-i", "lo", "--duration", "0.1", "--json"]) == 0
    (joined,) = events(capsys, "joined")
    assert joined["group"] == f"239.255.42.7:{port}"


def test_glyphs_are_drawn_on_request(port: int, capsys: Capture) -> None:
    with calling(port, b"hello"):
        assert watched(port, "--dots") == 0
    assert ".." in capsys.readouterr().out


def test_figures_are_served_while_it_watches(port: int) -> None:
    words = ["watch", f"{_IP}:{port}", "-i", "lo", "--interval", "0.05", "--json"]
    with calling(port, b"hello"), running(*words, "--metrics", "0") as process:
        address = first_event(process)["metrics"]
        assert address.startswith("http://127.0.0.1:")
        assert process.stdout is not None
        process.stdout.readline()
        with urllib.request.urlopen(address) as page:
            text = page.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        end = told(process.stdout.read())[-1]
    assert f'groupwire_watch_packets_total{{group="{_IP}:{port}"' in text
    assert end["event"] == "end"


def test_wrong_words_are_told(capsys: Capture) -> None:
    assert main(["watch", "239.1.1.1"]) == 2
    assert main(["watch", "--metrics", "x"]) == 2
    assert main(["watch", "--max-loss", "x"]) == 2
    assert "has no port" in capsys.readouterr().err
