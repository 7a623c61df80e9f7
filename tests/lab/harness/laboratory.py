"""Builds what a test asks for, and takes it down again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain, count, pairwise
from string import ascii_lowercase
from types import TracebackType
from typing import Self

from tests.lab.harness.host import Host
from tests.lab.harness.switch import Switch

__all__ = ["Laboratory"]


class Laboratory:
    """Everything is private to it, and gone when it is closed, or the process ends."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._numbers = count(1)
        self._names = (a + b for a in ("", *ascii_lowercase) for b in ascii_lowercase)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def lonely(self) -> Host:
        """Return a host without a network: only loopback, and no route."""
        return self._host(next(self._names))

    def segment(
        self,
        hosts: int,
        *,
        snoop: bool = False,
        querier: bool = False,
        flood_unknown: bool = True,
        gateway: bool = True,
    ) -> list[Host]:
        """Return hosts .1, .2, ... on one switch, 198.18.N.0/24 and fd00:18:N::/64.

        Their default route leads to .254, where nobody is, as on many a bench.
        ``flood_unknown=False`` is a switch that drops groups which nobody has joined.
        """
        return self._segment(
            hosts,
            gateway=254 if gateway else None,
            snoop=snoop,
            querier=querier,
            flood=flood_unknown,
        ).hosts

    def switch_of(self, host: Host, link: int = 0) -> Switch:
        """Return the switch into which a host is plugged."""
        switch = host.links[link].switch
        assert isinstance(switch, Switch)
        return switch

    def two_legged(self, *, gateway: bool = True) -> tuple[Host, Host, Host]:
        """Return a host on two segments, and its neighbour on each.

        Its default route, if it has one, leaves by its first leg.
        """
        left, right = self._segment(1), self._segment(1)
        host = self._host(next(self._names))
        left.plug(host, left.plan(2, gateway=254 if gateway else None))
        right.plug(host, right.plan(2))
        return host, left.hosts[0], right.hosts[0]

    def routed(self, segments: int, *, hosts: int = 1) -> Sequence[list[Host]]:
        """Return the hosts of each segment in a chain, with a router in each gap."""
        switches = [
            self._segment(hosts, gateway=254 if number < segments else 253)
            for number in range(1, segments + 1)
        ]
        routers = [self._router(near, far) for near, far in pairwise(switches)]
        self._teach_routes(routers, switches)
        for router in routers:
            self._forward(router)
        return [switch.hosts for switch in switches]

    def _host(self, name: str) -> Host:
        host = Host(name)
        self._stack.callback(host.close)
        return host

    def _segment(
        self,
        hosts: int,
        *,
        gateway: int | None = None,
        snoop: bool = False,
        querier: bool = False,
        flood: bool = True,
    ) -> Switch:
        switch = Switch(
            next(self._numbers), snoop=snoop, querier=querier, flood_unknown=flood
        )
        self._stack.callback(switch.close)
        for octet in range(1, hosts + 1):
            host = self._host(next(self._names))
            switch.plug(host, switch.plan(octet, gateway=gateway))
            switch.hosts.append(host)
        return switch

    def _router(self, near: Switch, far: Switch) -> Host:
        router = self._host(f"router{near.number}")
        near.plug(router, near.plan(254))
        far.plug(router, far.plan(253))
        router.sysctl("ipv4.ip_forward", 1)
        router.sysctl("ipv6.conf.all.forwarding", 1)
        # Packets of other segments come in by either side.
        router.sysctl("ipv4.conf.all.rp_filter", 0)
        return router

    def _teach_routes(
        self, routers: Sequence[Host], switches: Sequence[Switch]
    ) -> None:
        """Tell each router the way back and forth along the chain."""
        for position, router in enumerate(routers):
            near, far = switches[position], switches[position + 1]
            back = [_route(to, near, 253) for to in switches[:position]]
            forth = [_route(to, far, 254) for to in switches[position + 2 :]]
            router.ip(*chain(*back, *forth))

    def _forward(self, router: Host) -> None:
        devices = [link.name for link in router.links]
        forwarding = router.python("-m", "tests.lab.harness.forwarding", *devices)
        forwarding.line("ready")


def _route(to: Switch, by: Switch, octet: int) -> list[str]:
    return [
        f"route add 198.18.{to.number}.0/24 via 198.18.{by.number}.{octet}",
        f"route add fd00:18:{to.number}::/64 via fd00:18:{by.number}::{octet}",
    ]
