"""Announces a stream as long as it is on the air (RFC 2974)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address
from random import Random, SystemRandom

from groupwire.aio.config import PeerConfig
from groupwire.aio.ends.opening import open_sending
from groupwire.aio.ends.running import Running
from groupwire.media.session import Announcer, announcement_group
from groupwire.media.session.description import NTP_S
from groupwire.media.session.interval import LEAST_S
from groupwire.values import Group, Interface

__all__ = ["announced", "new_number", "own_address"]


@asynccontextmanager
async def announced(
    text: bytes,
    group: Group,
    *,
    here: IPv4Address | IPv6Address,
    config: PeerConfig | None = None,
    least_interval: float = LEAST_S,
) -> AsyncGenerator[Announcer, None]:
    """Announce the stream with this SDP, that goes to ``group``, until it is left.

    It is announced where the scope of the group belongs, as far as the stream itself
    goes (``config.ttl``), and by the interface of the group. Raises MachineErrors.
    """
    config = config or PeerConfig()
    to = announcement_group(group.ip).on(group.interface)
    ends = open_sending(to, config)
    announcer = Announcer(text, here, _dice(), least_s=least_interval)
    try:
        running = Running(
            ends, announcer, hear=_nothing, tell=_nothing, everywhere=False
        )
    except BaseException:
        ends.close()
        raise
    try:
        announcer.start(now=running.driver.time())
        running.start()
        yield announcer
    finally:
        announcer.close()
        running.driver.pump()
        await running.close()


def own_address(interface: Interface, version: int) -> IPv4Address | IPv6Address:
    """Return by which address a session of ours is known."""
    address = interface.address(version)
    if address is not None:
        return address
    return IPv4Address(0) if version == 4 else IPv6Address(0)


def new_number(now: float) -> int:
    """Return a number for a session (RFC 8866 §5.2 advises the time)."""
    return int(now + NTP_S) << 8 | _dice().getrandbits(8)


def _dice() -> Random:
    return Random(SystemRandom().getrandbits(64))


def _nothing(_: object) -> None: ...
