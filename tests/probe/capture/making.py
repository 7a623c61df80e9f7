"""Captures for tests, made as the recorder makes them."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from groupwire.probe.capture import CaptureWriter
from groupwire.values import Datagram, Group, Origin
from groupwire.values.datagram import KnownFacts

__all__ = ["GROUP", "capture"]

GROUP = "239.1.2.3:5000"


def capture(path: Path, *said: tuple[float, bytes] | tuple[float, bytes, str]) -> Path:
    """Write payloads with their times, and their groups where they are not GROUP."""
    writer = CaptureWriter(lambda _: "eth0")
    octets = writer.begin()
    for at, data, *rest in said:
        group = Group.parse(rest[0] if rest else GROUP)
        to = group.ip if group.ip.is_multicast else ip_address("10.0.0.9")
        datagram = Datagram(data, Origin("10.0.0.7", 4000), 2, KnownFacts(to, 3, at))
        octets += writer.add(group, datagram, time=0.0)
    path.write_bytes(octets)
    return path
