"""A machine of the lab: a namespace with links, and the groups that it has joined."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from tests.lab.harness.link import Link
from tests.lab.harness.namespaces import Namespace
from tests.lab.harness.waiting import until

__all__ = ["Host"]


class Host(Namespace):
    """Has nothing but loopback until a switch plugs it in."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.links: list[Link] = []

    @property
    def link(self) -> Link:
        """The first one; most hosts have no other."""
        return self.links[0]

    @property
    def v4(self) -> str:
        return self.address(4)

    @property
    def v6(self) -> str:
        return self.address(6)

    def address(self, version: int, link: int = 0) -> str:
        """Return an address as text, without its prefix length."""
        addresses = self.links[link].plan.addresses
        return next(str(own.ip) for own in addresses if own.version == version)

    def has_joined(self, group: str, device: str | None = None) -> bool:
        """Whether some program there has joined, as the kernel's tables say."""
        ip = ip_address(group)
        joined = self._joined4() if ip.version == 4 else self._joined6()
        return any(ip == one and device in {None, on} for on, one in joined)

    def wait_for(self, group: str, device: str | None = None) -> None:
        """Return when the group is joined there."""
        until(lambda: self.has_joined(group, device), f"{self.name} joins {group}")

    def wait_without(self, group: str, device: str | None = None) -> None:
        """Return when nobody there is in the group."""
        until(lambda: not self.has_joined(group, device), f"{self.name} leaves {group}")

    def _joined4(self) -> list[tuple[str, IPv4Address]]:
        joined, device = [], ""
        for words in self.table("igmp")[1:]:
            # A line "INDEX DEVICE : ..." heads the lines of its groups, which begin
            # with the group in the byte order of the machine.
            if words[0].isdigit() and len(words[0]) < 8:
                device = words[1]
            else:
                ip = IPv4Address(bytes.fromhex(words[0])[::-1])
                joined.append((device, ip))
        return joined

    def _joined6(self) -> list[tuple[str, IPv6Address]]:
        lines = self.table("igmp6")
        return [(words[1], IPv6Address(bytes.fromhex(words[2]))) for words in lines]
