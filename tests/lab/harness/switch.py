"""A switch: a Linux bridge in a namespace of its own, with or without snooping."""

from __future__ import annotations

import re
import time
from ipaddress import IPv4Interface, IPv6Interface

from tests.lab.harness.host import Host
from tests.lab.harness.link import Link, Plan
from tests.lab.harness.namespaces import Namespace
from tests.lab.harness.waiting import until

__all__ = ["Switch"]

_LEARNT = re.compile(r"port (\S+) grp (\S+)")
# In hundredths of a second. The kernel lets nobody query more often than each second;
# a short response interval makes a new querier's word count at once.
_RESPONSE_S = 0.2
_TIMERS = (
    "mcast_igmp_version 3 mcast_mld_version 2 mcast_query_interval 200 "
    f"mcast_query_response_interval {round(_RESPONSE_S * 100)} "
    "mcast_startup_query_interval 100 "
    "mcast_startup_query_count 2 mcast_membership_interval 500 "
    "mcast_querier_interval 500 mcast_last_member_interval 20"
)


class Switch(Namespace):
    """The segment 198.18.N.0/24 and fd00:18:N::/64."""

    def __init__(
        self,
        number: int,
        *,
        snoop: bool = False,
        querier: bool = False,
        flood_unknown: bool = True,
    ) -> None:
        super().__init__(f"switch{number}")
        self.number = number
        self.hosts: list[Host] = []
        self._ports: dict[str, Host] = {}
        self._flood_unknown = flood_unknown
        self.ip(
            "link add bridge type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
            "link set bridge up",
            f"link set bridge type bridge {_TIMERS}",
        )
        self.snoop(on=snoop, querier=querier)

    def snoop(self, *, on: bool, querier: bool = False) -> None:
        """Learn who has joined what; a ``querier`` asks for it every two seconds."""
        self.ip(
            f"link set bridge type bridge mcast_snooping {int(on)} "
            f"mcast_querier {int(querier)}"
        )
        # A bridge that becomes querier floods until members have had time to answer,
        # and nothing tells when that is over.
        ready = time.monotonic() + 1.5 * _RESPONSE_S if querier else 0.0
        until(lambda: time.monotonic() > ready, "the switch trusts its own queries")

    def plan(self, octet: int, *, gateway: int | None = None, mtu: int = 1500) -> Plan:
        """Return the set-up of the host .``octet`` of this segment."""
        v4, v6 = f"198.18.{self.number}", f"fd00:18:{self.number}:"
        return Plan(
            (IPv4Interface(f"{v4}.{octet}/24"), IPv6Interface(f"{v6}:{octet}/64")),
            () if gateway is None else (f"{v4}.{gateway}", f"{v6}:{gateway}"),
            mtu,
        )

    def plug(self, host: Host, plan: Plan) -> Link:
        """Give the host one more interface, on this switch."""
        name = f"eth{len(host.links)}"
        port = f"{host.name}-{name}"
        link = Link(host, self, name, port, plan, flood_unknown=self._flood_unknown)
        host.links.append(link)
        self._ports[port] = host
        return link

    def rely_on_queries(self) -> None:
        """Believe a querier elsewhere for four minutes after its last word."""
        self.ip(
            "link set bridge type bridge mcast_querier_interval 25500 "
            "mcast_membership_interval 26000"
        )

    def learnt(self, group: str) -> set[Host]:
        """Return the hosts behind whose ports the switch knows members of a group."""
        found = _LEARNT.findall(self.run("bridge", "mdb", "show"))
        return {self._ports[p] for p, g in found if g == group and p in self._ports}

    def wait_for(self, group: str, *members: Host) -> None:
        """Return when the switch knows exactly these members."""
        until(
            lambda: self.learnt(group) == set(members),
            f"{self.name} learns that {group} has the members {members}",
        )
