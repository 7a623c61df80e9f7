"""What is left behind goes some day."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from tests.deliver.store.member import LARGE, Member, file

MakeMember = Callable[..., Member]


def test_parts_are_kept_for_a_week(member: Member) -> None:
    for name in ["old", "new"]:
        member.store.open(file(name, LARGE)).close()
    old, new = (sorted(member.parts)[n : n + 2] for n in (0, 2))
    parts = member.directory / ".groupwire" / "parts"
    week = 7 * 86400
    for name, age in [(old[1], week + 60), (new[1], week - 60)]:
        then = time.time() - age
        os.utime(parts / name, (then, then))
    again = member.again()
    assert again.parts == new
    # Going on with it makes it young again.
    owner = next(n for n in ["old", "new"] if _is_held(again, n, new))
    again.store.open(file(owner, LARGE)).close()
    assert time.time() - (parts / new[1]).stat().st_mtime < 60


def _is_held(member: Member, name: str, parts: list[str]) -> bool:
    part = member.store.open(file(name, LARGE))
    try:
        return member.parts == parts
    finally:
        if member.parts == parts:
            part.close()
        else:
            part.discard()


def test_the_oldest_parts_go_where_there_are_too_many(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupwire.deliver.store.duties.tidy.MAX_PARTS", 3)
    for number in range(5):
        member.store.open(file(f"f{number}", LARGE)).close()
    assert len(member.again().parts) == 6


def test_what_belongs_to_no_part_is_removed_at_once(member: Member) -> None:
    member.store.open(file("f", LARGE)).close()
    kept = member.parts
    parts = member.directory / ".groupwire" / "parts"
    for name in ["x.data", "y.journal", "token-1.new", "z", kept[1] + "~"]:
        (parts / name).touch()
    (parts / "link").symlink_to("/etc/passwd")
    (parts / "folder").mkdir()
    assert member.again().parts == [*kept, "folder"]
