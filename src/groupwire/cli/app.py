"""The table of commands, and the door that every outcome leaves by.

Neither asyncio nor a command's own module is imported before that command is called.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer

from groupwire import __version__
from groupwire.cli.exits import ExitCode, report, verdict
from groupwire.cli.render.out import settle_stdout

__all__ = ["COMMANDS", "Command", "Family", "build", "main", "run"]


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command lives (``module:function``), its line in the list, examples."""

    where: str
    summary: str
    examples: tuple[str, ...] = ()

    def load(self) -> Callable[..., int]:
        """Import it."""
        module, _, function = self.where.partition(":")
        loaded: Callable[..., int] = getattr(
            import_module(f"groupwire.cli.{module}"), function
        )
        return loaded

    def stub(self) -> Callable[..., int]:
        """Return what stands in the list for it."""

        def not_called() -> int:
            raise AssertionError(self.where)

        not_called.__doc__ = self.summary
        return not_called

    def epilog(self) -> str | None:
        """Return the examples as they are to stand below the help."""
        lines = ["\b", "Examples:", *(f"  {line}" for line in self.examples)]
        return "\n".join(lines) if self.examples else None


@dataclass(frozen=True, slots=True)
class Family:
    """Commands that have a word in common, and stand behind it."""

    summary: str
    commands: Mapping[str, Command]


COMMANDS: dict[str, Command | Family] = {
    "send": Command(
        "send:send",
        "Send a message, list every answer, say who is missing.",
        (
            'groupwire send "very important data"',
            'groupwire send "status?" --expect cam1,cam2,cam3',
            "date | groupwire send - --expect 2 -g 239.1.2.3:5000 -i eth0",
        ),
    ),
    "receive": Command(
        "receive:receive",
        "Join a group, show what arrives, and answer it.",
        (
            "groupwire receive",
            "groupwire receive -g 239.1.2.3:5000 -i eth0 --name arm1 --answer ready",
            "groupwire receive --raw --no-answer > recording",
        ),
    ),
    "push": Command(
        "push:push",
        "Deliver files to every member, with receipts.",
        (
            "groupwire push image.iso",
            "groupwire push site/ --expect web1,web2,web3 --rate 800M",
            "tar c data | groupwire push - --title data.tar --wait 30",
        ),
    ),
    "pull": Command(
        "pull:pull",
        "Take what is pushed, verified, and sign for it.",
        (
            "groupwire pull --into incoming",
            "groupwire pull --into /srv/site --forever --from 10.0.0.0/8",
            "groupwire pull --into - | tar x",
        ),
    ),
    "publish": Command(
        "messages.publish:publish",
        "Publish messages under a topic, to every subscriber.",
        (
            "groupwire publish room/1/temperature 21.5",
            "groupwire publish jobs/start go --expect arm1,arm2",
            "tail -f app.log | groupwire publish log/app -l",
        ),
    ),
    "subscribe": Command(
        "messages.subscribe:subscribe",
        "Show the messages of topics, and what is lost.",
        (
            "groupwire subscribe",
            "groupwire subscribe 'room/+/temperature' 'log/#' --last-value",
            "groupwire subscribe jobs/start --count 1 --timeout 60 --no-topic",
        ),
    ),
    "members": Command(
        "messages.members:members",
        "Show who publishes and who subscribes.",
        (
            "groupwire members",
            "groupwire members --follow",
            "groupwire members --expect arm1,arm2 --wait 30",
        ),
    ),
    "pipe": Command(
        "pipe:pipe",
        "Standard input to a group, the group to standard output.",
        (
            "tar c data | groupwire pipe --expect shelf1,shelf2",
            "groupwire pipe --receive | tar x",
            "ffmpeg -re -i film.mp4 -c copy -f mpegts - | groupwire pipe -f rtp",
            "groupwire pipe -f ts -g 239.1.2.3:5004 --announce Gate < film.ts",
            "groupwire pipe -f rtp --receive | ffplay -",
        ),
    ),
    "streams": Command(
        "media.streams:streams",
        "List the media streams that are announced.",
        ("groupwire streams", "groupwire streams --duration 10 --json"),
    ),
    "doctor": Command(
        "probing.doctor:doctor",
        "Find out why nothing arrives, and what mends it.",
        (
            "groupwire doctor",
            "sudo groupwire doctor -g 239.1.2.3:5000 -i eth0 --listen 130",
            "groupwire doctor --peer 192.168.1.20      there: groupwire doctor --serve",
        ),
    ),
    "watch": Command(
        "probing.watch:watch",
        "Show what comes to groups: rate, loss, jitter, by source.",
        (
            "groupwire watch 239.1.1.1:5000",
            "groupwire watch 239.1.1.1:5000+100 @more-groups --metrics 9100",
            "groupwire watch 239.1.1.1:5000 --duration 60 --max-loss 0.01 --json",
        ),
    ),
    "ping": Command(
        "probing.ping:ping",
        "Unicast and multicast side by side, to every responder.",
        (
            "groupwire ping 10.1.2.3",
            "groupwire ping --serve",
            "groupwire ping -g 239.255.42.99:10000 --count 5 --expect cam1,cam2",
        ),
    ),
    "replay": Command(
        "probing.replay:replay",
        "Send a capture again, in its own rhythm.",
        (
            "groupwire replay monday.pcapng -g 239.1.2.3:5000",
            "groupwire replay monday.pcapng --original --speed 4 -i eth0",
        ),
    ),
    "bench": Family(
        "Measure what arrives: throughput, loss, delay.",
        {
            "send": Command(
                "probing.bench.send:send",
                "Send measured traffic, gather what every receiver says of it.",
                (
                    "groupwire bench send --rate 100M --size 1316 --duration 30",
                    "groupwire bench send --expect a,b,c --max-loss 0.1",
                ),
            ),
            "receive": Command(
                "probing.bench.receive:receive",
                "Count measured traffic, and report to who sends it.",
                (
                    "groupwire bench receive",
                    "groupwire bench receive --count 1 --max-loss 0 -i eth0",
                ),
            ),
        },
    ),
    "demo": Command("demo:demo", "Watch it happen here: a sender and three receivers."),
    "interfaces": Command("look:interfaces", "Show what can multicast here."),
    "explain": Command(
        "look:explain",
        "Say what a group address is and how far it goes.",
        (
            "groupwire explain 239.255.42.99",
            "groupwire explain 10.0.0.7@232.1.1.1:5000",
            "groupwire explain ff12::4242%eth0",
        ),
    ),
}

_EPILOG = """\b
Try it:
  groupwire demo
  groupwire receive                     in one terminal, or on other machines
  groupwire send "very important data"  in another one
  groupwire doctor                      where nothing arrives
"""


def run() -> int:
    """Run the command line of this process and return its exit code."""
    _fill_closed()
    code = main(sys.argv[1:])
    # The end is near: a late Ctrl-C changes nothing but would still be shown.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is left goes with the process: nobody need look for cycles in it.
    gc.freeze()
    return code


def _fill_closed() -> None:
    """Put /dev/null where a standard descriptor is closed: no socket is to be there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free is this one


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing is raised."""
    try:
        code = _invoke(arguments)
        return code if settle_stdout() else ExitCode.DONE
    except BaseException as error:
        result = verdict(error)
        report(result, error)
        settle_stdout()
        return result.code


def build(called: str | None) -> typer.Typer:
    """Return the application; of its commands only ``called`` is in it.

    All are there, not imported, where ``called`` is none of them, for their list. A
    shell that asks for completion needs them all, imported.
    """
    app = _application(
        name="groupwire",
        help="One message, every receiver, and proof that it arrived: "
        "UDP/IP multicast.",
        epilog=_EPILOG,
    )
    app.callback()(_root)
    completing = "_GROUPWIRE_COMPLETE" in os.environ
    for name, entry in COMMANDS.items():
        wanted = completing or name == called
        if called in COMMANDS and not wanted:
            continue
        if isinstance(entry, Command):
            _add(app, name, entry, wanted=wanted)
            continue
        family = _application(help=entry.summary)
        for word, command in entry.commands.items():
            _add(family, word, command, wanted=wanted)
        app.add_typer(family, name=name)
    return app


def _application(**words: Any) -> typer.Typer:
    return typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **words,
    )


def _add(app: typer.Typer, name: str, command: Command, *, wanted: bool) -> None:
    function = command.load() if wanted else command.stub()
    app.command(name, epilog=command.epilog())(function)


def _invoke(arguments: Sequence[str]) -> int:
    words = list(arguments) or ["--help"]
    if len(words) == 1 and isinstance(COMMANDS.get(words[0]), Family):
        words.append("--help")
    command = typer.main.get_command(build(words[0]))
    try:
        code = command.main(words, prog_name="groupwire", standalone_mode=False)
    except SystemExit as stop:
        # Typer ends the process itself when help meets a closed pipe.
        if isinstance(stop.__context__, BrokenPipeError):
            return ExitCode.DONE
        return stop.code if isinstance(stop.code, int) else ExitCode.USAGE
    return code if isinstance(code, int) else ExitCode.DONE


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"groupwire {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """One message, every receiver, and proof that it arrived: UDP/IP multicast."""
