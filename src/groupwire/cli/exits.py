"""What came of a command, as an exit code and a text on stderr; never a traceback."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

from groupwire.cli.render.text import Paint, escape
from groupwire.errors import (
    AddressError,
    GroupwireError,
    MachineError,
    MissingAnswers,
    NotDelivered,
    UsageError,
)

__all__ = ["DEBUG", "ExitCode", "Verdict", "report", "verdict"]

DEBUG = "GROUPWIRE_DEBUG"
"""The environment variable that shows tracebacks to those who mend groupwire."""


class ExitCode(IntEnum):
    """What a shell sees."""

    DONE = 0
    MISSING = 1
    USAGE = 2
    MACHINE = 3
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Verdict:
    """An error as the command line tells it; ``problem`` is empty for a silent end."""

    code: ExitCode
    problem: str = ""
    fix: str = ""


@runtime_checkable
class _WrongUsage(Protocol):
    # Click's exceptions by their shape: Typer brings a Click of its own since 0.26.
    exit_code: int

    def format_message(self) -> str: ...


_ADVICE = {
    errno.ENETUNREACH: "name the interface with -i, or add a route for the group",
    errno.EHOSTUNREACH: "name the interface with -i; on macOS allow this terminal "
    "the local network (System Settings, Privacy)",
    errno.ENODEV: "`groupwire interfaces` lists what there is; name one with -i",
    errno.EADDRNOTAVAIL: "`groupwire interfaces` shows the addresses of this machine",
    errno.EADDRINUSE: "choose another port, or end the program that holds it",
    errno.EACCES: "ask for the permission, or choose what needs none",
    errno.EPERM: "a firewall or a sandbox on this machine forbids it",
    errno.ENOBUFS: "the kernel allows 20 groups a socket: "
    "sysctl net.ipv4.igmp_max_memberships",
    errno.ENOSPC: "make room, or write elsewhere",
    errno.EMFILE: "allow more open files: ulimit -n 4096",
    errno.EMSGSIZE: "send less in one message",
}


def verdict(error: BaseException) -> Verdict:
    """Judge what ended a command."""
    if isinstance(error, KeyboardInterrupt):
        return Verdict(ExitCode.INTERRUPTED)
    if isinstance(error, GroupwireError):
        return _of_ours(error)
    if isinstance(error, OSError):
        return _of_the_system(error)
    return _of_the_words(error) or _fault(error)


def report(result: Verdict, error: BaseException | None = None) -> None:
    """Tell stderr: the problem on one line, what would mend it on the next.

    ``error`` is shown with its traceback to those who set GROUPWIRE_DEBUG.
    """
    if not result.problem or sys.stderr is None:
        return
    paint = Paint(sys.stderr)
    lines = [f"{paint('groupwire:', 'red')} {_lines(result.problem)}"]
    if result.fix:
        lines.append(f"{paint('fix:', 'bold')} {_lines(result.fix)}")
    if error is not None and os.environ.get(DEBUG):
        lines.append("".join(traceback.format_exception(error)).rstrip())
    with suppress(OSError):  # nobody reads it: the exit code says enough
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def _lines(text: str) -> str:
    return "\n".join(map(escape, text.splitlines()))


def _of_ours(error: GroupwireError) -> Verdict:
    match error:
        case AddressError():
            problem = f"{error.text!r}: {error.problem}"
            return Verdict(ExitCode.USAGE, problem, error.fix)
        case UsageError():
            return Verdict(ExitCode.USAGE, error.problem, error.fix)
        case MachineError():
            return Verdict(ExitCode.MACHINE, error.problem, error.fix)
        case MissingAnswers() | NotDelivered():
            return Verdict(ExitCode.MISSING, str(error))
        case _:
            return _fault(error)


def _of_the_system(error: OSError) -> Verdict:
    if isinstance(error, BrokenPipeError):
        return Verdict(ExitCode.DONE)
    what = (error.strerror or str(error) or type(error).__name__).lower()
    where = f"{error.filename}: " if isinstance(error.filename, str) else ""
    fix = _ADVICE.get(error.errno or 0, "")
    return Verdict(ExitCode.MACHINE, f"{where}{what}", fix)


def _of_the_words(error: object) -> Verdict | None:
    if not isinstance(error, _WrongUsage):
        return None
    path = getattr(getattr(error, "ctx", None), "command_path", "groupwire")
    problem = error.format_message()
    fix = f"`{path} --help` shows what can be said"
    if "extra argument" in problem:
        fix = f"text with spaces goes in quotes, the group after -g; {fix}"
    elif re.match(r"No such option: -[0-9.]", problem):
        fix = f"what begins with - goes behind --, as in TOPIC -- -5; {fix}"
    return Verdict(ExitCode.USAGE, problem, fix)


def _fault(error: BaseException) -> Verdict:
    what = str(error) or "no more is known"
    return Verdict(
        ExitCode.MACHINE,
        f"this is a fault in groupwire: {type(error).__name__}: {what}",
        f"please report it with what {DEBUG}=1 shows",
    )
