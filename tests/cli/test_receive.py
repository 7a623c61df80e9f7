"""``groupwire receive`` over real multicast on loopback."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import (
    calling,
    first_event,
    free_port,
    on_loopback,
    running,
    told,
)

from groupwire.cli.app import main
from groupwire.gather import Kind, Tagged

Capture = pytest.CaptureFixture[str]
TS_PACKET = b"\x47" + bytes(187)


@pytest.fixture
def port() -> int:
    return free_port()


def received(
    capsys: Capture, port: int, *words: str
) -> tuple[int, list[dict[str, Any]]]:
    code = main(["receive", *on_loopback(port), *words, "--json"])
    return code, told(capsys.readouterr().out)


def test_a_message_is_shown_and_answered(port: int, capsys: Capture) -> None:
    with calling(port, b"very important data") as caller:
        code, (joined, message, end) = received(capsys, port, "--count", "1")
    assert code == 0
    assert (joined["event"], joined["interfaces"]) == ("joined", ["lo"])
    assert joined["group"] == f"239.255.42.99:{port}"
    assert joined["receive_buffer"] > 0
    assert message["event"] == "message"
    assert (message["bytes"], message["data"]) == (19, "very important data")
    assert (message["member"], message["interface"]) == (None, "lo")
    assert message["ttl"] == 1
    assert (message["answered"], message["reason"]) == (True, None)
    assert message["sender"].startswith("127.0.0.1:")
    assert (end["event"], end["messages"], end["not_answered"]) == ("end", 1, {})
    assert caller.answers == [b"ack"]


def test_people_read_where_it_listens_and_what_arrives(
    port: int, capsys: Capture
) -> None:
    with calling(port, b"red \x1b[31m") as caller:
        words = ["--count", "1", "--answer", "got it", "--name", "arm1"]
        assert main(["receive", *on_loopback(port), *words]) == 0
    out, err = capsys.readouterr()
    assert out.rstrip().endswith(r"9 bytes  red \x1b[31m")
    assert "  on lo: lo was named" in err
    assert 'answering "got it" as arm1' in err
    assert caller.answers == [b"got it"]


def test_bytes_that_are_no_text_travel_in_base64(port: int, capsys: Capture) -> None:
    with calling(port, b"\xff\x00"):
        _, events = received(capsys, port, "--count", "1")
    assert events[1]["data_base64"] == "/wA="
    assert "data" not in events[1]


def test_listening_only_answers_nobody_and_says_so(port: int, capsys: Capture) -> None:
    with calling(port, b"hello?") as caller:
        _, events = received(capsys, port, "--count", "2", "--no-answer")
    assert {e["reason"] for e in events[1:3]} == {"no-answer"}
    assert events[-1]["not_answered"] == {"no-answer": 2}
    assert caller.answers == []


def test_a_media_stream_is_shown_and_not_answered(port: int, capsys: Capture) -> None:
    with calling(port, TS_PACKET * 7) as caller:
        _, events = received(capsys, port, "--count", "1")
    assert (events[1]["answered"], events[1]["reason"]) == (False, "stream")
    assert caller.answers == []


def test_raw_is_the_bytes_and_nothing_else(
    port: int, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with calling(port, b"\x00data\n"):
        words = ["--raw", "--count", "1", "--json"]
        assert main(["receive", *on_loopback(port), *words]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b"\x00data\n"
    events = [event["event"] for event in told(err.decode())]
    assert events == ["joined", "message", "end"]


def test_a_file_keeps_what_arrives(port: int, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "recording"
    path.write_bytes(b"before ")
    with calling(port, b"data "):
        received(capsys, port, "--count", "2", "--output", str(path))
    assert path.read_bytes() == b"before data data "


def test_what_was_not_written_is_not_answered(port: int, capsys: Capture) -> None:
    with calling(port, b"data") as caller:
        words = [*on_loopback(port), "--output", "/dev/full", "--json"]
        assert main(["receive", *words]) == 3
    out, err = capsys.readouterr()
    assert told(out)[-1]["event"] == "end"
    assert "/dev/full: no space left" in err
    assert caller.answers == []


def test_an_answer_that_was_to_wait_leaves_before_the_receiver_does(
    port: int, capsys: Capture
) -> None:
    question = Tagged(Kind.QUESTION, 4711, b"status?", spread_us=20_000_000)
    with calling(port, question.encode()) as caller:
        received(capsys, port, "--count", "1", "--name", "arm1")
    answer = Tagged.decode(caller.answers[0])
    assert (answer.request_id, answer.name, answer.data) == (4711, "arm1", b"ack")


def test_it_ends_after_its_time(port: int, capsys: Capture) -> None:
    code, events = received(capsys, port, "--duration", "0.05")
    assert code == 0
    assert [event["event"] for event in events] == ["joined", "end"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--name", "123"], "no member name"),
        (["--answer-to", "nowhere"], "no network"),
        (["--answer-rate", "0"], "--answer-rate"),
        (["-g", "232.1.1.1:5000"], "SOURCE@"),
        (["-g", "239.1.1.1:5000", "--count", "0"], "--count"),
        (["hello"], "extra argument"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_joined(
    words: list[str], problem: str, capsys: Capture
) -> None:
    assert main(["receive", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)


def test_a_file_that_cannot_be_written_is_told_before_joining(capsys: Capture) -> None:
    assert main(["receive", "--output", "/nowhere/at/all"]) == 3
    out, err = capsys.readouterr()
    assert (out, "/nowhere/at/all" in err) == ("", True)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_is_answered_with_end_as_the_last_word(
    port: int, number: signal.Signals, code: int
) -> None:
    with running("receive", *on_loopback(port), "--json") as receiver:
        first_event(receiver)
        receiver.send_signal(number)
        out, err = receiver.communicate(timeout=10)
    assert receiver.returncode == code
    assert told(out)[-1]["event"] == "end"
    assert err == ""


def test_it_ends_with_the_one_who_reads_it(port: int) -> None:
    with running("receive", *on_loopback(port), "--json") as receiver:
        first_event(receiver)
        assert receiver.stdout is not None
        receiver.stdout.close()
        assert receiver.wait(timeout=10) == 0
        assert receiver.stderr is not None
        assert receiver.stderr.read() == ""
