"""A device that is found by SSDP: ``ssdp_responder.py ADDRESS SERVICE...``.

It speaks plain sockets and knows nothing of groupwire. As UPnP devices do, it sends one
answer for each of its services that a search asks for, each after a random wait of its
own, so that all are out within the MX seconds that the search allows (UPnP Device
Architecture, section 1.3.3). ADDRESS is its interface.
"""
# ruff: noqa: T201 - it tells what it hears

import random
import socket
import struct
import sys
import time
from collections.abc import Sequence

GROUP = "239.255.255.250"
PORT = 1900
LONGEST_WAIT_S = 5.0
"""However long a search allows; so says the architecture."""


def main(address: str, services: Sequence[str]) -> None:
    dice = random.Random(f"{address} {services}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        # Several programs of one machine answer searches, by custom.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", PORT))
        membership = struct.pack(
            "4s4s", socket.inet_aton(GROUP), socket.inet_aton(address)
        )
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        print("listening")
        while True:
            search, searcher = s.recvfrom(65_535)
            found = matching(search, services)
            print(f"searched: {len(found)} found")
            for service in found:
                time.sleep(dice.uniform(0, longest_wait_s(search) / len(found)))
                s.sendto(answer(address, service), searcher)


def matching(search: bytes, services: Sequence[str]) -> list[str]:
    """Return the services that are searched for; none where it is no search."""
    if not search.startswith(b"M-SEARCH * HTTP/1.1\r\n"):
        return []
    target = header(search, "ST")
    return [service for service in services if target in {"ssdp:all", service}]


def longest_wait_s(search: bytes) -> float:
    asked = header(search, "MX")
    return min(float(asked), LONGEST_WAIT_S) if asked.isdecimal() else 0.0


def answer(address: str, service: str) -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        "CACHE-CONTROL: max-age=1800",
        "EXT:",
        f"LOCATION: http://{address}/device.xml",
        f"ST: {service}",
        f"USN: uuid:{address}::{service}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def header(search: bytes, name: str) -> str:
    """Return the value of a header line, empty where there is none."""
    for line in search.decode(errors="replace").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().upper() == name:
            return value.strip()
    return ""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
