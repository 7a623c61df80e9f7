"""Limits on what is measured."""

from __future__ import annotations

import pytest
import typer

from groupwire.cli.options.probing.limits import percentage


@pytest.mark.parametrize(
    ("text", "part"), [("0", 0.0), ("0.1", 0.001), ("2.5%", 0.025), ("100 %", 1.0)]
)
def test_per_cent_is_a_part(text: str, part: float) -> None:
    assert percentage(text) == pytest.approx(part)


@pytest.mark.parametrize("text", ["", "x", "-1", "101", "nan"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="percentage"):
        percentage(text)
