"""Groups joined, and what they bring read by callbacks, whatever the links do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from groupwire.aio.opening import Joined
from groupwire.aio.probing.watch_sockets import Watched
from groupwire.errors import MachineError
from groupwire.net import Reader, list_interfaces
from groupwire.values import Datagram, Group

__all__ = ["Hearing", "HearingConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingConfig:
    """Where to join, and how large a receive buffer is asked for."""

    interface: str | int | None = None
    receive_buffer: int = 16 << 20


class Hearing:
    """The sockets of some groups, in one event loop; ``take`` gets what they bring.

    ``some`` is enough: what cannot be joined is left out, unless nothing can. Raises
    AddressError and MachineError.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        config: HearingConfig,
        take: Callable[[Sequence[Datagram]], None],
        *,
        some: bool = False,
    ) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._reading: list[int] = []
        self._watched = Watched(list_interfaces())
        try:
            self._join(groups, config, some=some)
        except BaseException:
            self._watched.close()
            raise
        self._read_all()
        self._loop.add_reader(self._watched.links.fileno(), self._links_changed)

    @property
    def joined(self) -> tuple[Joined, ...]:
        """Where each group is joined, and why there."""
        return self._watched.joined

    @property
    def dropped(self) -> Counter[str]:
        """What was lost on this machine, by reason."""
        drops = Counter[str]()
        for refused in self._watched.refused():
            drops.update(refused)
        if kernel := sum(self._watched.drops()):
            drops["receive-buffer"] = kernel
        return drops

    def close(self) -> None:
        """Leave the groups; any number of times."""
        if self._watched.links.fileno() < 0:
            return
        for fd in self._reading:
            self._loop.remove_reader(fd)
        self._loop.remove_reader(self._watched.links.fileno())
        self._watched.close()

    def _join(
        self, groups: Sequence[Group], config: HearingConfig, *, some: bool
    ) -> None:
        failure: MachineError | None = None
        for group in groups:
            try:
                self._watched.join(group, config)
            except MachineError as error:
                failure = error
                if not some:
                    raise
        if failure is not None and not self._watched.joined:
            raise failure

    def _read_all(self) -> None:
        for fd in self._reading:
            self._loop.remove_reader(fd)
        self._reading = []
        for receiver in self._watched.receivers:
            for reader in receiver.readers:
                self._loop.add_reader(reader.fileno(), self._read, reader)
                self._reading.append(reader.fileno())

    def _read(self, reader: Reader) -> None:
        if datagrams := reader.read_some():
            self._take(datagrams)

    def _links_changed(self) -> None:
        if self._watched.handle_links():
            self._read_all()
