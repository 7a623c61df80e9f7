"""The commands that the guide to messages prints are commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from groupwire.cli.app import build

GUIDE = (Path(__file__).parents[3] / "docs/howto/messages.md").read_text()


def commands() -> Iterator[str]:
    """Iterate over what stands behind prompts, and in the table for who knows MQTT."""
    for line in re.findall(r"^\w*\$ (.*)$", GUIDE, re.MULTILINE):
        yield from (part.strip() for part in line.split(" | ") if "groupwire" in part)
    yield from re.findall(r"`(groupwire [^`]+)`", GUIDE)


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_a_printed_command_is_understood(line: str) -> None:
    words = shlex.split(line.partition(" < ")[0])[1:]
    group: Any = typer.main.get_command(build(words[0]))
    context = group.make_context("groupwire", list(words))
    command = group.get_command(context, words[0])
    command.make_context(words[0], words[1:], parent=context)


def test_the_guide_prints_commands() -> None:
    assert len(set(commands())) > 20
