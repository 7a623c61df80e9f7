"""Lines that are drawn anew."""

from __future__ import annotations

import sys

import pytest
from tests.cli.render.deliveries.terminal import Terminal

from groupwire.cli.render.deliveries.ink.board import BAR, Board, bar, fitted, plain
from groupwire.cli.render.out import Out, Tone

ROW = [("  42 % ", ""), ("0.42", BAR), ("22 of 52 MB", ""), ("  12 s left", "")]


def text(row: list[tuple[str, str]]) -> str:
    return "".join(part for part, _ in row)


@pytest.mark.parametrize("width", [10, 29, 36, 37, 60, 200])
def test_a_line_is_never_wider_than_the_terminal(width: int) -> None:
    assert len(text(fitted(ROW, width, utf8=True))) <= width


def test_the_bar_takes_what_room_there_is() -> None:
    assert text(fitted(ROW, 36, utf8=True)) == "  42 % 22 of 52 MB  12 s left"
    assert (
        text(fitted(ROW, 40, utf8=False)) == "  42 % ====------ 22 of 52 MB  12 s left"
    )
    assert len(text(fitted(ROW, 200, utf8=True))) == 59


def test_a_bar_is_empty_at_the_beginning_and_full_at_the_end() -> None:
    assert text(bar(0, 10, utf8=True)) == "───────── "
    assert text(bar(2, 10, utf8=True)) == "━━━━━━━━━ "


def test_a_line_without_its_bar_is_text() -> None:
    assert plain(ROW) == "  42 % 22 of 52 MB  12 s left"


def test_a_board_replaces_what_it_drew_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    terminal.prepare(monkeypatch)
    out = Out(Tone())
    assert out.live
    board = Board(out)
    board.wipe()
    assert terminal.getvalue() == ""
    assert board.lines == 22
    board.draw([ROW, ROW])
    assert terminal.getvalue().count("\n") == 2
    board.draw([ROW])
    board.wipe()
    assert "\r\x1b[2A" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[1A\x1b[J")
