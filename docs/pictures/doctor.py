"""Draws `groupwire doctor` as a picture: a host of the laboratory with a firewall.

.venv/bin/python -m docs.pictures.doctor
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from io import StringIO
from pathlib import Path

from docs.pictures.record import ENVIRONMENT, FORMAT
from rich.console import Console
from rich.text import Text
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.rights import need

COLUMNS, LINES = 80, 40
PICTURE = Path(__file__).with_name("doctor.svg")
RULES = """table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        iif lo accept
        ip protocol igmp accept
        tcp dport 22 accept
    }
}
"""
# The machine that draws may be a container; the one in the picture is none.
COMMAND = """
import sys
from groupwire.cli.app import main
from groupwire.diagnose.evidence import gathering
from groupwire.diagnose.evidence.surroundings import Place
gathering.read_place = Place
sys.exit(main(["doctor"]))
"""


def main() -> None:
    need()
    with Laboratory() as lab:
        (a,) = lab.segment(1)
        a.run("nft", "-f", "-", text=RULES)
        draw(record(a))


def record(host: Host) -> str:
    """Return all that it wrote to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    with host:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**ENVIRONMENT, "SUDO_UID": "1000"},
        )
    os.close(theirs)
    said = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    process.wait()
    return said.decode().replace("\r\n", "\n")


def draw(said: str) -> None:
    """Draw the command and what it said."""
    shown = Text.assemble(("$ sudo groupwire doctor\n", "bold"), Text.from_ansi(said))
    console = Console(width=COLUMNS, record=True, file=StringIO())
    console.print(shown)
    picture = console.export_svg(
        title="groupwire doctor", unique_id="doctor", code_format=FORMAT
    )
    lines = [line.rstrip() for line in picture.splitlines()]
    PICTURE.write_text("\n".join(lines) + "\n")
    print(PICTURE.name, "written")
    print(shown.plain)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way of saying that the other end is closed
        return b""


if __name__ == "__main__":
    main()
