"""A switch with hosts on it, and packets lost on the way to each receiver.

Where packets are to be lost, the sender's cable takes them one by one: else the kernel
would carry 45 at once, and one decision would lose them all.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..network import Host, Network

__all__ = ["Lossy", "Toll", "in_host"]

_RULES = """
table netdev bench {{
  chain c {{
    type filter hook ingress device {device} priority 0;
    ip protocol udp counter
    ip protocol udp numgen random mod 1000 < {per_mille} counter drop
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Toll:
    """What a receiver's host has lost so far: packets."""

    passed: int
    made: int
    """Dropped by the rule, on purpose."""
    overrun: int
    """Dropped by the kernel, because the program read too slowly."""

    def since(self, before: Toll) -> Toll:
        return Toll(
            self.passed - before.passed,
            self.made - before.made,
            self.overrun - before.overrun,
        )


class Lossy:
    """A sender and its receivers, each behind the same loss."""

    def __init__(self, network: Network, receivers: int, percent: float) -> None:
        if not network.private:
            raise OSError("delivery is measured in network namespaces only")
        hosts = network.lan(receivers + 1).hosts
        self.sender, self.receivers = hosts[0], hosts[1:]
        self.percent = percent
        for host in self.receivers:
            rules = _RULES.format(device=host.interface, per_mille=round(percent * 10))
            _run(host, "nft", "-f", "-", text=rules)
        if percent:
            _run(self.sender, "ip", "link", "set", "eth0", "gso_max_segs", "1")

    def tolls(self) -> list[Toll]:
        """Return what each receiver's host has lost."""
        return [_toll(host) for host in self.receivers]


def in_host(host: Host, *command: str) -> list[str]:
    """Return the command that runs another one there."""
    return ["nsenter", f"--net={host.path}", *command]


def _toll(host: Host) -> Toll:
    listed = _run(host, "nft", "list", "chain", "netdev", "bench", "c")
    passed, made = map(int, re.findall(r"counter packets (\d+)", listed))
    return Toll(passed, made, _overrun(host))


def _overrun(host: Host) -> int:
    names, values = [
        line.split()
        for line in _run(host, "cat", "/proc/net/snmp").splitlines()
        if line.startswith("Udp:")
    ]
    return int(values[names.index("RcvbufErrors")])


def _run(host: Host, *command: str, text: str = "") -> str:
    done = subprocess.run(
        in_host(host, *command), input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def joined(pid: int, group: str) -> bool:
    """Tell whether a process's namespace has joined a group of IPv4."""
    octets = bytes(map(int, group.split(".")))
    written = octets[::-1].hex().upper()
    return written in Path(f"/proc/{pid}/net/igmp").read_text()
