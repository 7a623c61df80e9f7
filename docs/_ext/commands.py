"""The directive ``commands``: every command's help, taken from the Typer application.

The reference is made of the very objects that parse the command line, so that it
cannot say anything else than they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from groupwire.cli.app import COMMANDS, Command, Family, build

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Commands(SphinxDirective):
    """Puts a section for each command where it stands."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        return [
            _section(words, command)
            for name, entry in COMMANDS.items()
            for words, command in _commands(name, entry)
        ]


def _commands(name: str, entry: Command | Family) -> list[tuple[list[str], Command]]:
    if isinstance(entry, Command):
        return [([name], entry)]
    return [([name, word], command) for word, command in entry.commands.items()]


def _section(words: list[str], known: Command) -> nodes.section:
    command: Any = typer.main.get_command(build(words[0]))
    context = command.context_class(
        command, info_name="groupwire", **command.context_settings
    )
    for word in words:
        command = command.commands[word]
        context = command.context_class(command, parent=context, info_name=word)
    name = " ".join(words)
    section = nodes.section(ids=["-".join(["groupwire", *words])], names=[name])
    section += nodes.title(text=f"groupwire {name}")
    for paragraph in _paragraphs(command.help or ""):
        section += nodes.paragraph(text=paragraph)
    section += _block(_usage(command, context), "console")
    arguments, options = _parameters(command, context)
    for title, rows in (("Arguments", arguments), ("Options", options)):
        if rows:
            section += nodes.rubric(text=title)
            section += _list(rows)
    if examples := known.examples:
        section += nodes.rubric(text="Examples")
        section += _block("\n".join(f"$ {line}" for line in examples), "console")
    return section


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _usage(command: Any, context: Any) -> str:
    return " ".join(["$", context.command_path, *command.collect_usage_pieces(context)])


def _parameters(
    command: Any, context: Any
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    arguments: list[tuple[str, str]] = []
    options: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            is_option = parameter.param_type_name == "option"
            (options if is_option else arguments).append(record)
    return arguments, options


def _list(rows: list[tuple[str, str]]) -> nodes.definition_list:
    found = nodes.definition_list()
    for name, text in rows:
        item = nodes.definition_list_item()
        item += nodes.term("", "", nodes.literal(text=name.strip()))
        item += nodes.definition("", nodes.paragraph(text=" ".join(text.split())))
        found += item
    return found


def _block(text: str, language: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language=language)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
