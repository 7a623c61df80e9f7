"""Options as fields of what a command takes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from groupwire.cli.plumbing.spread import spread

Many = Annotated[list[str] | None, typer.Option("--exclude", "-x", help="Not these.")]


@dataclass(frozen=True, slots=True)
class Speed:
    name: Annotated[str, typer.Option("--name")]
    rate: Annotated[float, typer.Option("--rate", "-r", help="So quick.")] = 1.5
    exclude: Many = None


@dataclass(frozen=True, slots=True)
class Loud:
    loud: Annotated[bool, typer.Option("--loud")] = False


@spread
def command(
    speed: Speed, loud: Loud, what: Annotated[str, typer.Argument()] = "all"
) -> int:
    """Do it."""
    typer.echo(f"{speed.name} {speed.rate} {speed.exclude} {loud.loud} {what}")
    return 0


def app() -> typer.Typer:
    built = typer.Typer(rich_markup_mode=None)
    built.command()(command)
    return built


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", "a"], "a 1.5 None False all"),
        (
            ["--name", "a", "-r", "2", "-x", "b", "-x", "c", "--loud", "some"],
            "a 2.0 ['b', 'c'] True some",
        ),
    ],
)
def test_what_is_said_comes_in_the_objects(words: list[str], said: str) -> None:
    assert CliRunner().invoke(app(), words).output == f"{said}\n"


def test_people_see_every_option_and_what_it_is_for() -> None:
    shown = CliRunner().invoke(app(), ["--help"]).output
    order = [shown.index(word) for word in ("Do it.", "--name", "--rate", "--loud")]
    assert order == sorted(order)
    assert "Not these." in shown


def test_an_option_without_a_default_is_needed() -> None:
    assert CliRunner().invoke(app(), []).exit_code == 2


def test_the_order_is_that_of_the_objects_and_their_fields() -> None:
    names = list(inspect.signature(command).parameters)
    assert names == ["name", "rate", "exclude", "loud", "what"]
    assert command.__name__ == "command"
