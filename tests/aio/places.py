"""Running coroutines, and a member written in plain sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from groupwire.values import Group

T = TypeVar("T")
Address = tuple[str, int]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what hangs fails, and a busy machine is slow."""

    async def limited() -> T:
        async with asyncio.timeout(30):
            return await work

    return asyncio.run(limited(), debug=True)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until it is so."""
    while not condition():  # noqa: ASYNC110 - it is the loop's turn that is wanted
        await asyncio.sleep(0)


class Foreign:
    """Joins on loopback, reads and answers with the system's own calls."""

    def __init__(self, group: str, port: int = 0) -> None:
        parsed = Group.parse(group)
        self.to = (str(parsed.ip), parsed.port)
        here = socket.inet_aton("127.0.0.1")
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ear.bind(self.to)
        self._ear.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, parsed.ip.packed + here
        )
        self._mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
        self._mouth.bind(("127.0.0.1", port))
        for sock in (self._ear, self._mouth):
            sock.settimeout(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ear.close()
        self._mouth.close()

    def say(self, data: bytes, to: Address | None = None) -> None:
        """Send to the group, or to one address."""
        self._mouth.sendto(data, to or self.to)

    def hear(self) -> tuple[bytes, Address]:
        """Wait for what comes to the group and return it with its sender."""
        data, sender = self._ear.recvfrom(65_536)
        return data, sender

    def hear_answer(self) -> tuple[bytes, Address]:
        """Wait for an answer to what was said."""
        data, sender = self._mouth.recvfrom(65_536)
        return data, sender
