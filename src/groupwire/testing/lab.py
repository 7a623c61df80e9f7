"""Members of a group on one clock, joined by links that can fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from random import Random
from typing import Any, Generic, Protocol, TypeVar

from groupwire.testing.clock import Clock
from groupwire.testing.faults import Faults
from groupwire.testing.link import Arrival, Link
from groupwire.testing.log import Log
from groupwire.values import Datagram, KnownFacts, Origin, Transmit

__all__ = ["Core", "Lab", "Member", "StuckError"]

_GROUP = ip_address("233.252.0.1")  # RFC 6676: MCAST-TEST-NET
_PORT = 10_000
_MOST_TURNS = 10_000
_RECEIVE_BUFFER_BYTES = 212_992
"""Linux's default: what waits for a member that is paused."""
_FIRST_HOST = 10 << 24 | 1
_TO_GROUP, _TO_ONE = KnownFacts(_GROUP, 1), KnownFacts(None, 1)
_PERFECT = Faults()

EventT_co = TypeVar("EventT_co", covariant=True)


class Core(Protocol[EventT_co]):
    """What runs in a lab: the verbs that all protocol cores of groupwire have."""

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived."""
        ...

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        ...

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        ...

    def poll_events(self) -> Sequence[EventT_co]:
        """Return what has happened; each only once."""
        ...

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        ...


CoreT = TypeVar("CoreT", bound=Core[Any])


class StuckError(Exception):
    """A core wants its turn again and again without time passing."""


class Member(Generic[CoreT]):
    """A core at an address, with a link in each direction; made by :meth:`Lab.add`."""

    def __init__(
        self,
        lab: Lab,
        name: str,
        core: CoreT,
        links: tuple[Link, Link],
        on_event: Callable[[Any], None] | None,
    ) -> None:
        self.name = name
        self.core = core
        self.up, self.down = links
        self.on_event = on_event
        self.alive = True
        self.overrun = 0
        """Datagrams that came while it was paused and found no room."""
        self.origin = Origin(str(ip_address(_FIRST_HOST + lab.added)), _PORT)
        self._lab = lab
        self._due: float | None = None
        self._paused = False
        self._waiting: deque[Datagram] = deque()
        self._waiting_bytes = 0
        self._turns = 0
        self._turns_at = -1.0

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    # What a test does to it.

    def do(self, verb: Callable[[CoreT, float], Any]) -> Any:
        """Call ``verb(core, now)`` and carry what comes of it."""
        result = verb(self.core, self._lab.clock.now)
        self.drain()
        return result

    def crash(self) -> None:
        """End at once, without a word; what waits for it is lost."""
        self.alive = False
        self._due = None
        self._paused = False
        self._forget()
        self._write("crashes")

    def restart(self, core: CoreT) -> None:
        """Begin anew with nothing remembered."""
        self.core = core
        self.alive = True
        self._write("restarts")
        self.drain()

    def pause(self) -> None:
        """Stand still, as by SIGSTOP: a receive buffer's worth of datagrams waits."""
        self._paused = True
        self._write("pauses")

    def resume(self) -> None:
        """Go on with what has arrived meanwhile."""
        self._paused = False
        self._write("resumes")
        waiting = list(self._waiting)
        self._forget()
        for datagram in waiting:
            self.arrive(datagram)
        self._due = None
        self.drain()

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Cut its links, one or both directions; False mends."""
        self.up.cut, self.down.cut = up, down
        self._write(f"cut up={up} down={down}")

    # What the lab does with it.

    def arrive(self, datagram: Datagram) -> None:
        """Take a datagram in, now or when it goes on."""
        if not self.alive:
            return
        if self._paused:
            self._wait(datagram)
            return
        now = self._lab.clock.now
        heard = f"< {datagram.origin.host} {len(datagram.data)}"
        self._lab.log.write(now, self.name, heard)
        self.core.handle_datagram(datagram, now=now)
        self.drain()

    def drain(self) -> None:
        """Carry on what the core wants."""
        if not self.alive or self._paused:
            return
        core = self.core
        while events := core.poll_events():
            for event in events:
                self._write(f"! {type(event).__name__}")
                if self.on_event is not None:
                    self.on_event(event)
        for transmit in core.poll_transmits():
            self._lab.carry(self, transmit)
        due = core.poll_timeout()
        if due != self._due:
            self._due = due
            if due is not None:
                self._lab.clock.at(due, self._fire, due)

    def _fire(self, due: float) -> None:
        if due != self._due or not self.alive or self._paused:
            return
        now = self._lab.clock.now
        self._turns = self._turns + 1 if now == self._turns_at else 0
        self._turns_at = now
        if self._turns > _MOST_TURNS:
            raise StuckError(f"{self.name} at {now}: due at {due}")
        self._due = None
        self.core.handle_timeout(now=now)
        self.drain()

    def _wait(self, datagram: Datagram) -> None:
        size = len(datagram.data)
        if self._waiting_bytes + size > _RECEIVE_BUFFER_BYTES:
            self.overrun += 1
            return
        self._waiting.append(datagram)
        self._waiting_bytes += size

    def _forget(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def _write(self, what: str) -> None:
        self._lab.log.write(self._lab.clock.now, self.name, what)


class Lab:
    """A group whose members, links and time are all in one hand.

    With ``coalesce`` datagrams of one transmit that arrive together are handed over as
    one, as UDP_GRO does; with ``loopback`` members hear what they send to the group.
    """

    def __init__(
        self,
        seed: int | str,
        *,
        coalesce: bool = False,
        loopback: bool = False,
        keep_log: bool = False,
    ) -> None:
        self.seed = seed
        self.clock = Clock()
        self.log = Log(keep=keep_log)
        self.members: list[Member[Any]] = []
        self.added = 0
        self.sent: dict[str, int] = {}
        """Datagrams that each member has sent."""
        self._coalesce = coalesce
        self._loopback = loopback
        self._by_origin: dict[Origin, Member[Any]] = {}

    def rng(self, purpose: str) -> Random:
        """Return dice of their own for a purpose, the same ones for the same seed."""
        return Random(f"{self.seed}/{purpose}")

    def link(self, faults: Faults, name: str) -> Link:
        """Return a link that members may share: what goes to all passes it once."""
        return Link(faults, self.rng(name))

    def add(
        self,
        name: str,
        core: CoreT,
        *,
        up: Faults | Link = _PERFECT,
        down: Faults | Link = _PERFECT,
        on_event: Callable[[Any], None] | None = None,
    ) -> Member[CoreT]:
        """Add a member; what it wants to do at once is done."""
        links = (
            up if isinstance(up, Link) else self.link(up, f"{name}/up"),
            down if isinstance(down, Link) else self.link(down, f"{name}/down"),
        )
        member = Member(self, name, core, links, on_event)
        self.added += 1
        self.members.append(member)
        self._by_origin[member.origin] = member
        self.sent[name] = 0
        member.drain()
        return member

    def remove(self, member: Member[Any]) -> None:
        """Take a member out for good."""
        member.crash()
        self.members.remove(member)
        del self._by_origin[member.origin]

    def run(self, until: float, *, done: Callable[[], bool] | None = None) -> bool:
        """Run until a time, or until ``done`` says so: then True."""
        return self.clock.run(until, done=done)

    def inject(
        self, data: bytes, origin: Origin, *, to: Member[Any] | None = None
    ) -> None:
        """Let a stranger say something, past all links; to one or to all."""
        facts = _TO_GROUP if to is None else _TO_ONE
        for member in list(self.members) if to is None else [to]:
            member.arrive(Datagram(data, origin, 1, facts))

    def carry(self, member: Member[Any], transmit: Transmit) -> None:
        """Carry what a member sends: up its own link, down those of the others."""
        now = self.clock.now
        data = bytes(transmit.data)
        step = transmit.segment_bytes or max(1, len(data))
        parts = [data[at : at + step] for at in range(0, len(data), step)] or [data]
        self.sent[member.name] += len(parts)
        self.log.write(now, member.name, f"> {transmit.to} {len(data)}/{step}")
        waves: dict[float, list[bytes]] = {}
        for part in parts:
            for at, arrived in member.up.carry(part, now):
                waves.setdefault(at, []).append(arrived)
        for at, wave in waves.items():
            # A link is entered when something gets there: what another member says
            # meanwhile may be there first.
            if at > now:
                self.clock.at(at, self._descend, member, wave, transmit.to)
            else:
                self._descend(member, wave, transmit.to)

    def _descend(
        self, member: Member[Any], wave: list[bytes], to: Origin | None
    ) -> None:
        """Carry what comes out of a member's link together down those of the others."""
        now, later, origin = self.clock.now, self.clock.at, member.origin
        facts = _TO_GROUP if to is None else _TO_ONE
        carried: dict[Link, list[Arrival]] = {}
        for other in self._meant(member, to):
            down = other.down
            if down not in carried:
                carried[down] = [a for part in wave for a in down.carry(part, now)]
            if self._coalesce:
                self._hand_over_rows(other, carried[down], origin, facts)
                continue
            arrive = other.arrive
            for at, part in carried[down]:
                later(at, arrive, Datagram(part, origin, 1, facts))

    def _meant(self, member: Member[Any], to: Origin | None) -> Iterator[Member[Any]]:
        if to is None:
            for other in self.members:
                if other is not member or self._loopback:
                    yield other
        elif to in self._by_origin:
            yield self._by_origin[to]

    def _hand_over_rows(
        self,
        other: Member[Any],
        arrivals: list[Arrival],
        origin: Origin,
        facts: KnownFacts,
    ) -> None:
        """Join what arrives at the same time, equally long but for the last."""
        row: list[bytes] = []
        since = 0.0
        for at, part in arrivals:
            fits = row and at == since and len(row[-1]) == len(row[0]) >= len(part)
            if row and not fits:
                self._hand_over_row(other, since, row, origin, facts)
                row = []
            row.append(part)
            since = at
        if row:
            self._hand_over_row(other, since, row, origin, facts)

    def _hand_over_row(
        self,
        other: Member[Any],
        at: float,
        row: list[bytes],
        origin: Origin,
        facts: KnownFacts,
    ) -> None:
        step = len(row[0]) if len(row) > 1 else 0
        datagram = Datagram(b"".join(row), origin, 1, facts, 0, step)
        self.clock.at(at, other.arrive, datagram)
