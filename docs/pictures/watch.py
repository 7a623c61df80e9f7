"""Draws `groupwire watch` as a picture: the live screen, in the laboratory.

.venv/bin/python -m docs.pictures.watch
"""

from __future__ import annotations

import re
import struct
import sys
import threading

from docs.pictures.terminal import draw, record
from rich.text import Text
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.rights import need
from tests.lab.harness.sockets import sender

LINES, SECONDS = 24, 6.3
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
        with b:
            command = [sys.executable, "-m", "groupwire", *COMMAND]
            said = record(command, lines=LINES, seconds=SECONDS)
        over.set()
        for each in senders:
            each.join()
    show(said)


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


def show(said: str) -> None:
    """Draw what stood before the screen, and the screen as it was last."""
    frames = re.split("\r(?:\x1b\\[\\d+A)?", said)
    last = re.sub("\x1b\\[[KJ]", "", frames[-1])
    draw(
        "watch",
        (f"$ groupwire {' '.join(COMMAND)}\n", "bold"),
        Text.from_ansi(frames[0]),
        "\n",
        Text.from_ansi(last),
    )


if __name__ == "__main__":
    main()
