"""A terminal that a command writes to, and the picture of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 80, 40
# Only what the command needs: nothing of the recording machine shows in the picture.
ENVIRONMENT = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.defpath}
# A picture in a README loads nothing from elsewhere.
_FONTS = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
_FORMAT = re.sub(
    r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL
).replace("Fira Code, monospace", _FONTS)


def record(
    command: Sequence[str],
    *,
    lines: int = LINES,
    seconds: float | None = None,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> str:
    """Run it where the calling thread is, and return all that it wrote to a terminal.

    With ``seconds`` it is interrupted after them.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", lines, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    said, end = b"", time.monotonic() + (seconds or 60.0)
    while time.monotonic() < end and (data := _read(ours)):
        said += data
    if seconds is not None:
        process.send_signal(signal.SIGINT)
    process.wait()
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def draw(name: str, *parts: Text | tuple[str, str] | str) -> None:
    """Draw text as NAME.svg beside this file."""
    shown = Text.assemble(*parts)
    console = Console(width=COLUMNS, record=True, file=StringIO())
    console.print(shown)
    picture = console.export_svg(
        title=f"groupwire {name}", unique_id=name, code_format=_FORMAT
    )
    lines = [line.rstrip() for line in picture.splitlines()]
    Path(__file__).with_name(f"{name}.svg").write_text("\n".join(lines) + "\n")
    print(f"{name}.svg written")
    print(shown.plain)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way of saying that the other end is closed
        return b""
