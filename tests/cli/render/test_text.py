"""Text that a terminal shows and does not obey."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.cli.render.text import (
    Columns,
    Paint,
    and_so_on,
    escape,
    escape_bytes,
    plural,
    seconds,
    size_of,
    wrapped,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"ack", "ack"),
        (b"\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        (b"\x1b]0;title\x07", r"\x1b]0;title\x07"),
        (b"a\tb\r\n", r"a\tb\r\n"),
        (b"\x00\x7f", r"\x00\x7f"),
        ("\x9b2J".encode(), r"\x9b2J"),
        (b"\xff\xfe ok", r"\xff\xfe ok"),
        ("\u202egnp.exe".encode(), r"\u202egnp.exe"),
        ("\u2066\u200f\ufeff".encode(), r"\u2066\u200f\ufeff"),
        ("\U000e0041".encode(), r"\U000e0041"),
        ("\u2028next line".encode(), r"\u2028next line"),
        ("grüße 漢字 🦊".encode(), "grüße 漢字 🦊"),
        ("wide\u3000space".encode(), "wide\u3000space"),
        (b"[bold]no markup[/bold]", "[bold]no markup[/bold]"),
    ],
)
def test_what_could_steer_a_terminal_is_shown_escaped(data: bytes, shown: str) -> None:
    assert escape_bytes(data) == shown


@given(st.binary())
def test_no_bytes_whatever_reach_the_terminal_as_control_characters(
    data: bytes,
) -> None:
    shown = escape_bytes(data)
    assert all(c.isprintable() or c.isspace() for c in shown)
    assert not set(shown) & {chr(c) for c in (*range(32), *range(127, 160))}


@given(st.text())
def test_escaped_text_is_stable(text: str) -> None:
    assert escape(escape(text)) == escape(text)


def test_a_terminal_gets_colour_and_a_pipe_does_not() -> None:
    assert Paint(Terminal())("yes", "green") == "\x1b[32myes\x1b[0m"
    assert Paint(io.StringIO())("no", "green") == "no"
    assert Paint(None)("no", "green") == "no"


def test_nothing_is_painted_where_there_is_nothing() -> None:
    assert Paint(Terminal())("", "green") == ""


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_forbidden(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert not Paint(Terminal()).on


def test_colour_can_be_forced_into_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Paint(io.StringIO()).on


def test_columns_grow_with_what_they_hold() -> None:
    columns = Columns(4, 0)
    assert columns.right(0, "1.0") == " 1.0"
    assert columns.left(1, "camera-1") + "|" == "camera-1|"
    assert columns.left(1, "cam") + "|" == "cam     |"


def test_words_fit_their_number() -> None:
    assert plural(1, "byte") == "1 byte"
    assert plural(0, "byte") == "0 bytes"
    assert plural(12_345, "message") == "12,345 messages"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5 s"),
        (0.2, "0.2 s"),
        (1.25, "1.25 s"),
        (10.0, "10 s"),
        (0.0018, "1.8 ms"),
        (0.0, "0 s"),
    ],
)
def test_durations_are_written_as_people_write_them(value: float, text: str) -> None:
    assert seconds(value) == text


def test_long_text_says_that_more_was_there() -> None:
    assert and_so_on("abcdef", 4) == "abc…"
    assert and_so_on("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("line", "columns", "shown"),
    [
        ("short enough", 20, "short enough"),
        (
            "a line that is longer than twenty",
            20,
            "a line that is\n  longer than twenty",
        ),
        ("  indented and somewhat long", 20, "  indented and\n    somewhat long"),
        ("x" * 30, 20, "x" * 30),
        (f"  {'x' * 30} y", 20, f"  {'x' * 30}\n    y"),
        ("too narrow to break any line", 10, "too narrow to break any line"),
        (
            "\x1b[31ma line that is not longer\x1b[0m",
            25,
            "\x1b[31ma line that is not longer\x1b[0m",
        ),
    ],
)
def test_a_line_is_broken_between_words(line: str, columns: int, shown: str) -> None:
    assert wrapped(line, columns) == shown


def test_the_size_is_that_of_this_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    outer, inner = os.openpty()
    try:
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 40, 0, 0))
        with os.fdopen(os.dup(inner), "w") as stream:
            assert size_of(stream) == (40, 30)
            monkeypatch.setenv("COLUMNS", "99")
            monkeypatch.setenv("LINES", "many")
            assert size_of(stream) == (99, 30)
    finally:
        os.close(outer)
        os.close(inner)


def test_what_is_no_terminal_has_the_usual_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    for stream in (None, io.StringIO()):
        assert size_of(stream) == (80, 24)
