"""Reasons in words."""

from __future__ import annotations

from groupwire.cli.render.deliveries.ink.words import in_words, listed


def test_a_reason_says_what_would_help() -> None:
    assert "--overwrite" in in_words("exists")


def test_a_reason_of_a_stranger_is_shown_as_it_came_but_harmless() -> None:
    assert in_words("x\x1b[2J") == r"x\x1b[2J"


def test_many_names_are_cut() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c\n", "d"], 2) == "a, b and 2 more"
