"""Draws `groupwire watch` as a picture: the live screen, in the laboratory.

.venv/bin/python -m docs.pictures.watch
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from io import StringIO
from pathlib import Path

from docs.pictures.record import ENVIRONMENT, FORMAT
from rich.console import Console
from rich.text import Text
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.rights import need
from tests.lab.harness.sockets import sender

COLUMNS, LINES = 80, 24
PICTURE = Path(__file__).with_name("watch.svg")
SECONDS = 6.3
COMMAND = ["watch", "239.1.1.1:5000+4", "-i", "eth0"]


def main() -> None:
    need()
    with Laboratory() as lab:
        a, b, c = lab.segment(3)
        b.link.lose(0.003, match="udp dport 5000")
        over = threading.Event()
        senders = [
            threading.Thread(target=send, args=(a, "239.1.1.1", 900, 1328, over)),
            threading.Thread(target=send, args=(c, "239.1.1.1", 40, 200, over)),
            threading.Thread(target=send, args=(c, "239.1.1.2", 5, 0, over)),
        ]
        for each in senders:
            each.start()
        said = record(b)
        over.set()
        for each in senders:
            each.join()
    draw(said)


def send(host: Host, group: str, per_s: int, size: int, over: threading.Event) -> None:
    """Send RTP, or a text where ``size`` is 0."""
    number = 0
    with sender(host, ttl=4) as s:
        while not over.wait(1 / per_s):
            stamp = 90_000 * number // per_s
            head = struct.pack("!BBHII", 0x80, 33, number & 0xFFFF, stamp, 42)
            data = head.ljust(size, b"\0") if size else b"21.5 degrees"
            s.sendto(data, (group, 5000))
            number += 1


def record(host: Host) -> str:
    """Return all that it wrote to a terminal until it was interrupted."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    with host:
        process = subprocess.Popen(
            [sys.executable, "-m", "groupwire", *COMMAND],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=ENVIRONMENT,
        )
    os.close(theirs)
    said, end = b"", time.monotonic() + SECONDS
    while time.monotonic() < end:
        said += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    process.wait()
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def draw(said: str) -> None:
    """Draw what stood before the screen, and the screen as it was last."""
    frames = re.split("\r(?:\x1b\\[\\d+A)?", said)
    last = re.sub("\x1b\\[[KJ]", "", frames[-1])
    shown = Text.assemble(
        (f"$ groupwire {' '.join(COMMAND)}\n", "bold"),
        Text.from_ansi(frames[0]),
        "\n",
        Text.from_ansi(last),
    )
    console = Console(width=COLUMNS, record=True, file=StringIO())
    console.print(shown)
    picture = console.export_svg(
        title="groupwire watch", unique_id="watch", code_format=FORMAT
    )
    lines = [line.rstrip() for line in picture.splitlines()]
    PICTURE.write_text("\n".join(lines) + "\n")
    print(PICTURE.name, "written")
    print(shown.plain)


if __name__ == "__main__":
    main()
