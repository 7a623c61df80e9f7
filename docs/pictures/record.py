"""Records the demo as a picture: runs it in a terminal and draws what it said.

.venv/bin/python docs/pictures/record.py
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 80, 40
PICTURE = Path(__file__).with_name("demo.svg")
# Only what the demo needs: nothing of the recording machine shows in the picture.
ENVIRONMENT = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.defpath}
# A picture in a README loads nothing from elsewhere.
FONTS = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
FORMAT = re.sub(
    r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL
).replace("Fira Code, monospace", FONTS)


def main() -> None:
    shown = Text.assemble(
        ("$ groupwire demo\n", "bold"), Text.from_ansi(record(["demo"]))
    )
    console = Console(width=COLUMNS, record=True, file=StringIO())
    console.print(shown)
    PICTURE.write_text(
        "\n".join(
            line.rstrip()
            for line in console.export_svg(
                title="groupwire demo", unique_id="demo", code_format=FORMAT
            ).splitlines()
        )
        + "\n"
    )
    print(PICTURE.name, "written")


def record(arguments: list[str]) -> str:
    """Run groupwire with a terminal for its output and return all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "groupwire", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=ENVIRONMENT,
    )
    os.close(theirs)
    said = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    if process.wait():
        raise SystemExit(f"the demo ended with exit code {process.returncode}")
    return said.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way of saying that the other end is closed
        return b""


if __name__ == "__main__":
    main()
