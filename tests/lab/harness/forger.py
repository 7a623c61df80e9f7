"""A stranger: ``python -m tests.lab.harness.forger '["GROUP", "HOST"]' PORT``.

Sends noise, and what NORM and the tagged form look like, until it is killed. What it
hears in the group it sends again with bits changed, to the group and to the hosts.
"""

from __future__ import annotations

import json
import random
import select
import socket
import struct
import sys
from collections.abc import Sequence

__all__ = ["main"]

_PAUSE_S = 0.002
_MAGIC, _HEAD_BYTES = b"\xf5gw", 16
_NORM_TYPES = (1, 2, 3, 4, 5, 6)


def main(targets: Sequence[str], port: int) -> None:
    """Send until killed."""
    dice = random.Random(7)
    group = socket.inet_aton(targets[0]) + socket.inet_aton("0.0.0.0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.bind(("", port))
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        print("ready", flush=True)  # noqa: T201 - the lab waits for it
        while True:
            heard = b""
            if select.select([ear], [], [], _PAUSE_S)[0]:
                heard = ear.recv(65_536)
            for data in (_noise(dice), _norm(dice), _changed(heard, dice)):
                ear.sendto(data, (dice.choice(targets), port))


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(200))


def _norm(dice: random.Random) -> bytes:
    """Make what begins as NORM does (RFC 5740 section 4.1), of a sender of its own."""
    kind, words = dice.choice(_NORM_TYPES), dice.randrange(4, 10)
    head = struct.pack("!BBHI", 0x10 | kind, words, dice.getrandbits(16), 666)
    return head + dice.randbytes(dice.randrange(60))


def _changed(heard: bytes, dice: random.Random) -> bytes:
    """Change a few bits of what was heard.

    Of the tagged form only the head: whoever answers a call as a member is one, and
    without keys nothing tells a stranger who does so from a member that then dies.
    """
    data = bytearray(heard or _MAGIC)
    length = _HEAD_BYTES if data.startswith(_MAGIC) else len(data)
    for _ in range(3):
        data[dice.randrange(min(length, len(data)))] ^= 1 << dice.randrange(8)
    return bytes(data)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]))
