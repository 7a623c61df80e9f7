"""The cable between a host's interface and a switch, and what can befall it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from tests.lab.harness.namespaces import Namespace
from tests.lab.harness.waiting import until

__all__ = ["Link", "Plan"]

_DROPPED = re.compile(r"counter packets (\d+) bytes \d+ drop")


@dataclass(frozen=True, slots=True)
class Plan:
    """How an interface is set up: its addresses, and the routes through it."""

    addresses: Sequence[IPv4Interface | IPv6Interface] = ()
    gateways: Sequence[str] = ()
    mtu_bytes: int = 1500

    def commands(self, device: str) -> list[str]:
        """Return the lines for ``ip`` that bring it about, whatever was before."""
        lines = [f"link set {device} mtu {self.mtu_bytes} up"]
        for own in self.addresses:
            nodad = " nodad" if own.version == 6 else ""
            lines.append(f"address replace {own} dev {device}{nodad}")
        lines += [
            f"route replace default via {via} dev {device}" for via in self.gateways
        ]
        return lines


class Link:
    """One interface of a host, its cable, and the switch port at the other end.

    What is lost is lost *towards* the host, unless ``away=True`` says otherwise.
    """

    def __init__(
        self,
        host: Namespace,
        switch: Namespace,
        name: str,
        port: str,
        plan: Plan,
        *,
        flood_unknown: bool = True,
    ) -> None:
        self.host = host
        self.switch = switch
        self.name = name
        self.port = port
        self.plan = plan
        self.flood_unknown = flood_unknown
        """Whether the switch sends groups that nobody joined out of this port."""
        self._lossy: set[bool] = set()
        self.create()

    # Being there

    def create(self) -> None:
        """Make the interface, or make it again: same name, another index."""
        name, port = self.name, self.port
        self.switch.ip(
            f"link add {port} type veth peer name {name} netns {self.host.path}",
            f"link set {port} mtu {self.plan.mtu_bytes} master bridge up",
        )
        self.switch.sysctl(f"ipv6.conf.{port}.disable_ipv6", 1)
        flood = "on" if self.flood_unknown else "off"
        self.switch.run("bridge", "link", "set", "dev", port, "mcast_flood", flood)
        self.up()

    def delete(self) -> None:
        """Take the interface out of the host."""
        self.host.ip(f"link delete {self.name}")

    def down(self) -> None:
        """Switch the interface off, as an administrator does."""
        self.host.ip(f"link set {self.name} down")

    def up(self) -> None:
        """Switch it on again, and give it back what it lost meanwhile."""
        self.host.ip(*self.plan.commands(self.name))
        self._wait_until_ready()

    def unplug(self) -> None:
        """Take the carrier away: the cable is out of the switch."""
        self.switch.ip(f"link set {self.port} down")

    def plug(self) -> None:
        """Put the cable into the switch again."""
        self.switch.ip(f"link set {self.port} up")
        self._wait_until_ready()

    def readdress(self, plan: Plan) -> None:
        """Take all addresses away and give it those of ``plan``."""
        self.plan = plan
        self.host.ip(f"address flush dev {self.name} scope global")
        self.host.ip(*plan.commands(self.name))

    # What the cable does to packets

    def segment(self) -> None:
        """Let the host send packets one at a time, so that each is lost by itself."""
        self.host.ip(f"link set {self.name} gso_max_segs 1")

    def lose(self, share: float, *, away: bool = False, match: str = "") -> None:
        """Drop a random share (0..1) of what ``match`` says, in nftables' words."""
        limit = min(round(share * 1_000_000), 999_999)
        self._load(
            f"{match} numgen random mod 1000000 < {limit} counter drop", away=away
        )

    def lose_every(self, nth: int, *, away: bool = False, match: str = "") -> None:
        """Drop exactly every ``nth`` packet."""
        self._load(f"{match} numgen inc mod {nth} == {nth - 1} counter drop", away=away)

    def lose_first(self, count: int, *, away: bool = False, match: str = "") -> None:
        """Drop the first ``count`` packets and no other."""
        # A bucket with so many tokens, which fills up again tomorrow.
        first = f"limit rate 1/day burst {count} packets"
        self._load(f"{match} {first} counter drop", away=away)

    def cut(self) -> None:
        """Drop all packets in both directions; the carrier stays, nobody is told."""
        self._load("counter drop", away=False)
        self._load("counter drop", away=True)

    def heal(self) -> None:
        """Drop nothing any more."""
        for away in self._lossy.copy():
            self._load("", away=away)

    def dropped(self, *, away: bool = False) -> int:
        """Return how many packets the present rule has dropped, by its counter."""
        if away not in self._lossy:
            return 0
        namespace, device = self._end(away=away)
        table = namespace.run("nft", "list", "table", "netdev", _table(device))
        return sum(int(count) for count in _DROPPED.findall(table))

    def _wait_until_ready(self) -> None:
        """Return when packets pass: the kernel takes its time after a link is up."""
        until(lambda: self.host.is_running(self.name), f"{self.name} runs")
        until(
            lambda: "state forwarding" in self._port_state(),
            f"{self.switch.name} forwards to {self.port}",
        )

    def _port_state(self) -> str:
        return self.switch.run("bridge", "link", "show", "dev", self.port)

    def _load(self, rule: str, *, away: bool) -> None:
        namespace, device = self._end(away=away)
        table = f"table netdev {_table(device)}"
        text = f"{table} {{}}\ndelete {table}\n"
        if rule:
            hook = f'type filter hook ingress device "{device}" priority 0;'
            text += f"{table} {{\nchain ends {{\n{hook}\n{rule}\n}}\n}}\n"
        namespace.run("nft", "-f", "-", text=text)
        (self._lossy.add if rule else self._lossy.discard)(away)

    def _end(self, *, away: bool) -> tuple[Namespace, str]:
        """Return where the packets of a direction come in."""
        return (self.switch, self.port) if away else (self.host, self.name)


def _table(device: str) -> str:
    return f"lossy_{device.replace('-', '_')}"
