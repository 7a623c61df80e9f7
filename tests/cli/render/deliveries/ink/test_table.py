"""Tables of plain text."""

from __future__ import annotations

import io

import pytest

from groupwire.cli.render.deliveries.ink.table import table
from groupwire.cli.render.text import Paint


def test_columns_are_as_wide_as_they_need_to_be() -> None:
    rows = [
        [("arm1", ""), ("500", ""), ("verified", "green")],
        [("a", ""), ("1", ""), ("", "")],
    ]
    lines = list(table(("member", "files", "status"), rows, Paint(None), "lr"))
    assert lines == [
        "member  files  status",
        "arm1      500  verified",
        "a           1",
    ]


def test_paint_is_no_part_of_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = list(table(("a", "b"), [[("xx", "red"), ("y", "")]], Paint(io.StringIO())))
    assert lines[1] == "\x1b[31mxx\x1b[0m  y"


@pytest.mark.parametrize(
    ("room", "head"),
    [
        (None, "member  files  status"),
        (21, "member  files  status"),
        (20, "member  status"),
        (5, "member"),
    ],
)
def test_where_there_is_little_room_some_columns_go(
    room: int | None, head: str
) -> None:
    rows = [[("a", ""), ("1", ""), ("well", ""), ("a remark of any length", "")]]
    titles = ("member", "files", "status", "")
    lines = list(table(titles, rows, Paint(None), room=room, least=("files", "status")))
    assert lines[0] == head
    assert lines[1].endswith("any length")
