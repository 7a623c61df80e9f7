"""Sockets that hear groups: joined by index, strict, as many as the kernel wants.

One socket per group, port and kind (any-source or source-specific), bound to the group
itself; one more whenever the kernel's limit of memberships is reached. Closing a socket
leaves its groups.
"""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from groupwire.errors import ClosedError
from groupwire.net.batch.ring import (
    CONTROL_BYTES,
    MOST_AT_ONCE,
    MSG_TRUNC,
    SLOT_BYTES,
    SLOTS,
    Batch,
    Reader,
    as_datagram,
    ring_of_this_thread,
)
from groupwire.net.batch.rows import MOST_BYTES, in_rows
from groupwire.net.buffers import kernel_drops, set_receive_buffer
from groupwire.net.echoes import echo_filter, ignore_echoes
from groupwire.net.failures import bind_failure, join_failure, socket_failure
from groupwire.net.options import (
    THIS_SYSTEM,
    SocketOption,
    System,
    bind_address,
    join_option,
    leave_option,
    offload_option,
    receive_options,
)
from groupwire.values import Datagram, Group, Interface

__all__ = ["Membership", "MulticastReceiver"]

_FEW_AT_ONCE = 4
"""Joined datagrams read by one call, so that a wake-up stays bounded."""
_FEW_LARGE = 8
"""Large datagrams read by one wake-up: more would not stay in a processor's cache until
they are looked at."""
_ALONE = 16
"""Wake-ups that take one datagram each, before one looks whether more are waiting."""
_SURE = 4
"""So many wake-ups with one each: what comes is no flood, though rows are wanted."""
_Receive = Callable[[socket.socket, int, bool], Batch]
_LIMIT_REACHED = {errno.ENOBUFS, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class Membership:
    """One group heard on one interface."""

    group: Group
    index: int
    interface: str


@dataclass(frozen=True, slots=True)
class _Key:
    """What makes sockets different: each binds to one address."""

    ip: IPv4Address | IPv6Address
    port: int
    zone: int
    specific: bool


class _Bound:
    """A socket, what it has joined, and the reading of it."""

    def __init__(
        self,
        sock: socket.socket,
        key: _Key,
        dropped: Counter[str],
        *,
        trusted: bool,
        split: bool,
        rows: bool,
    ) -> None:
        self.socket = sock
        self.key = key
        self.memberships: set[Membership] = set()
        self.ignores_echoes = False
        self._indexes: frozenset[int] = frozenset()
        self._dropped = dropped
        self._trusted = trusted
        self._split = split
        self._rows = rows
        self._at_once = SLOTS
        self._large = False
        """Whether most of what came last was large."""
        self._alone = 0
        self._singles = 0
        """Wake-ups in a row that have found one datagram."""
        self._receive: _Receive = self._find_ring

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self.socket.fileno()

    def note(self) -> None:
        """Remember the interfaces of the memberships, which may have changed."""
        self._indexes = frozenset(m.index for m in self.memberships)

    def read(self, limit: int = MOST_AT_ONCE) -> list[Datagram]:
        """Return what waits, at most ``limit``; a row counts as one."""
        found: list[Datagram] = []
        while True:
            asked = min(limit, self._at_once)
            batch = self._receive(self.socket, asked, self._rows)
            datagrams = self._checked(batch)
            self._large = self._rows and bool(datagrams) and _is_large(datagrams[-1])
            if batch.read < asked or self._large:
                return found + datagrams if found else datagrams
            found += datagrams
            limit -= max(len(datagrams), 1)  # junk too takes its time
            if limit <= 0:
                return found

    def read_some(self) -> list[Datagram]:
        """Return what waits, or one alone while there was but one each time.

        For one alone ``recvmsg`` costs two thirds of what ``recvmmsg`` does (measured
        in a process that had slept). Where rows are wanted a flood may be under way:
        there one packet alone says little about the next.
        """
        if self._large:
            return self._read_large()
        if not self._alone:
            found = self.read()
            single = len(found) == 1 and not (self._rows and found[0].segment_bytes)
            self._singles = self._singles + 1 if single else 0
            if self._singles >= (_SURE if self._rows else 1):
                self._alone = _ALONE
            return found
        self._alone -= 1
        datagram = self._read_one()
        if datagram is None:
            return []
        if self._trusted and not datagram.segment_bytes:
            return [datagram]
        if datagram.segment_bytes:
            self._alone = self._singles = 0
        return self._checked(Batch([datagram], 1, joined=datagram.segment_bytes > 0))

    def _read_large(self) -> list[Datagram]:
        """Return a few that wait, where large ones came before.

        A call for each costs less than to copy them out of the ring: the kernel writes
        each where it stays.
        """
        found: list[Datagram] = []
        while len(found) < _FEW_LARGE and (one := self._read_one()) is not None:
            found.append(one)
        self._large = 2 * sum(map(_is_large, found)) > len(found)
        return self._checked(Batch(found, len(found))) if found else found

    def _read_one(self) -> Datagram | None:
        """Return the next datagram; None where there is none, or none that is whole."""
        try:
            data, controls, flags, name = self.socket.recvmsg(SLOT_BYTES, CONTROL_BYTES)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            self._dropped["socket-error"] += 1
            return None
        if flags & MSG_TRUNC:
            self._dropped["truncated"] += 1
            return None
        return as_datagram(data, controls, name)

    def _checked(self, batch: Batch) -> list[Datagram]:
        """Return its datagrams: what belongs to others is dropped, joined ones part."""
        datagrams = batch.datagrams
        if batch.truncated or batch.error:
            self._count(batch)
        if not self._trusted:
            datagrams = self._strict(datagrams)
        if self._split:
            self._at_once = _FEW_AT_ONCE if batch.joined else SLOTS
            if batch.joined:
                self._alone = 0
                return [part for d in datagrams for part in d.parts()]
        elif self._rows and len(datagrams) > 1:
            return in_rows(datagrams)
        return datagrams

    def _find_ring(self, sock: socket.socket, limit: int, rows: bool) -> Batch:
        """Receive for the first time: in the thread that will go on to read."""
        self._receive = ring_of_this_thread().receive
        return self._receive(sock, limit, rows)

    def _strict(self, datagrams: list[Datagram]) -> list[Datagram]:
        """Drop what the system could not hold back: other groups, other interfaces."""
        ip, indexes = self.key.ip, self._indexes
        kept: list[Datagram] = []
        for datagram in datagrams:
            if datagram.interface in indexes and datagram.group == ip:
                kept.append(datagram)
            else:
                self._dropped["not-joined"] += datagram.count
        return kept

    def _count(self, batch: Batch) -> None:
        if batch.truncated:
            self._dropped["truncated"] += batch.truncated
        if batch.error:
            self._dropped["socket-error"] += 1


def _is_large(datagram: Datagram) -> bool:
    """Return whether a datagram is large by itself, and no row of small ones."""
    return len(datagram.data) > MOST_BYTES and not datagram.segment_bytes


class MulticastReceiver:
    """Hears any number of groups on any number of interfaces.

    Every datagram it gives came to a joined group, on an interface where this very
    receiver has joined it. Raises MachineError where the system cannot.

    ``coalesced`` lets the kernel join datagrams of one flow (UDP_GRO); ``whole`` gives
    them joined, without it they are taken apart again. Either way a flood costs a call
    for many. ``rows`` False: what came one by one is not put together, so that each
    keeps its time of arrival.
    """

    def __init__(
        self,
        *,
        receive_buffer_bytes: int = 4 << 20,
        coalesced: bool = False,
        whole: bool = True,
        rows: bool = True,
        system: System = THIS_SYSTEM,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._buffer_bytes = receive_buffer_bytes
        self._coalesced = coalesced
        self._whole = whole
        self._rows = rows
        self._system = system
        self._bound: list[_Bound] = []
        self._drops_before = 0
        self._echoes = b""
        self._turn = 0
        self._closed = False

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets to watch; they change with :meth:`join` and :meth:`leave`."""
        return tuple(b.socket for b in self._bound)

    @property
    def memberships(self) -> tuple[Membership, ...]:
        """What is joined."""
        return tuple(m for b in self._bound for m in b.memberships)

    @property
    def receive_buffer_bytes(self) -> int:
        """The smallest receive buffer granted, the kernel's overhead included."""
        return min(
            (
                b.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
                for b in self._bound
            ),
            default=0,
        )

    @property
    def kernel_drops(self) -> int:
        """Datagrams that the kernel dropped because nobody read fast enough.

        Where echoes are ignored, nobody tells.
        """
        return sum(map(self._drops_of, self._bound)) + self._drops_before

    def ignore_echoes(self, port: int, kinds: Collection[int]) -> None:
        """Hear nothing more that ``port`` sends and that begins with one of ``kinds``.

        For who sends a flood to a group that it has joined. Where the system cannot do
        that, echoes arrive as before.
        """
        self._echoes = echo_filter(port, kinds)
        for bound in self._bound:
            self._filter(bound)

    def join(self, group: Group, interfaces: Iterable[Interface]) -> None:
        """Join on each interface; what is joined already stays.

        Raises AddressError for a group that needs a source, MachineError when an
        interface refuses (what was joined by this call is left again).
        """
        if self._closed:
            raise ClosedError("this receiver")
        group = group.for_receiving().on(None)
        known = set(self.memberships)
        done: list[Membership] = []
        try:
            for interface in interfaces:
                membership = Membership(group, interface.index, interface.name)
                if membership not in known:
                    self._join(membership)
                    done.append(membership)
        except BaseException:
            self.leave(done)
            raise

    def leave(self, memberships: Iterable[Membership]) -> None:
        """Leave; a membership that is gone already is no error."""
        for membership in tuple(memberships):
            bound = self._holder(membership)
            if bound is None:
                continue
            with suppress(OSError):  # the interface may be gone
                _set(bound.socket, self._leave_option(membership))
            bound.memberships.discard(membership)
            bound.note()
            if not bound.memberships:
                self._discard(bound)

    def refresh(self, membership: Membership) -> bool:
        """Leave and join again, so that switches hear of us; tell whether it worked.

        After a carrier flap a snooping switch has forgotten its members, and without
        this none is heard until the next query (RFC 3376: 125 s).
        """
        bound = self._holder(membership)
        if bound is None:
            return False
        try:
            with suppress(OSError):
                _set(bound.socket, self._leave_option(membership))
            _set(bound.socket, self._join_option(membership))
        except OSError:
            bound.memberships.discard(membership)
            bound.note()
            return False
        return True

    @property
    def readers(self) -> tuple[Reader, ...]:
        """The sockets one by one, for who is told which of them is readable."""
        return tuple(self._bound)

    def receive(self, limit: int = MOST_AT_ONCE) -> list[Datagram]:
        """Return what waits, at most ``limit``, fairly over the sockets."""
        found: list[Datagram] = []
        count = len(self._bound)
        for step in range(count):
            bound = self._bound[(self._turn + step) % count]
            if len(found) < limit:
                found += bound.read(limit - len(found))
        self._turn += 1
        return found

    def detach(self) -> tuple[socket.socket, ...]:
        """Give the joined sockets away; this receiver is closed."""
        given = tuple(socket.socket(fileno=b.socket.detach()) for b in self._bound)
        for sock in given:
            sock.setblocking(False)
        self._bound.clear()
        self._closed = True
        return given

    def close(self) -> None:
        """Leave everything and close; any number of times."""
        self._closed = True
        for bound in tuple(self._bound):
            self._discard(bound)

    def _join(self, membership: Membership) -> None:
        key = _key(membership)
        for bound in [b for b in self._bound if b.key == key]:
            if self._admitted(bound, membership):
                return
        self._admitted(self._open(membership), membership)

    def _admitted(self, bound: _Bound, membership: Membership) -> bool:
        """Join on this socket; False when it holds as many as the kernel allows."""
        try:
            _set(bound.socket, self._join_option(membership))
        except OSError as error:
            if bound.memberships and error.errno in _LIMIT_REACHED:
                return False
            if not bound.memberships:
                self._discard(bound)
            raise join_failure(error, membership.group, membership.interface) from error
        bound.memberships.add(membership)
        bound.note()
        return True

    def _open(self, membership: Membership) -> _Bound:
        group, key = membership.group, _key(membership)
        family = socket.AF_INET if group.version == 4 else socket.AF_INET6
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise socket_failure(error) from error
        try:
            self._prepare(sock, group.version)
            sock.bind(bind_address(self._system, key.ip, key.port, key.zone))
        except OSError as error:
            sock.close()
            raise bind_failure(error, group) from error
        bound = _Bound(
            sock,
            key,
            self.dropped,
            trusted=self._system.binds_to_group and key.ip.version == 4,
            split=self._coalesced and not self._whole,
            rows=self._coalesced and self._whole and self._rows,
        )
        self._filter(bound)
        self._bound.append(bound)
        return bound

    def _filter(self, bound: _Bound) -> None:
        if self._echoes and ignore_echoes(bound.socket, self._echoes, self._system):
            bound.ignores_echoes = True

    def _drops_of(self, bound: _Bound) -> int:
        # The kernel counts what a filter drops and what finds no room as one.
        if bound.ignores_echoes:
            return 0
        return kernel_drops(bound.socket, self._system)

    def _prepare(self, sock: socket.socket, version: int) -> None:
        sock.setblocking(False)
        set_receive_buffer(sock, self._buffer_bytes, self._system)
        options = list(receive_options(self._system, version))
        if self._coalesced:
            options.append(offload_option(receive=True))
        for option in options:
            try:
                _set(sock, option)
            except OSError:
                if option.needed:
                    raise

    def _holder(self, membership: Membership) -> _Bound | None:
        return next((b for b in self._bound if membership in b.memberships), None)

    def _discard(self, bound: _Bound) -> None:
        self._bound.remove(bound)
        self._drops_before += self._drops_of(bound)
        bound.socket.close()

    def _join_option(self, membership: Membership) -> SocketOption:
        group = membership.group
        return join_option(self._system, group.ip, membership.index, group.source)

    def _leave_option(self, membership: Membership) -> SocketOption:
        group = membership.group
        return leave_option(self._system, group.ip, membership.index, group.source)


def _key(membership: Membership) -> _Key:
    group = membership.group
    return _Key(
        group.ip,
        group.port,
        membership.index if group.needs_zone else 0,
        group.source is not None,
    )


def _set(sock: socket.socket, option: SocketOption) -> None:
    sock.setsockopt(option.level, option.number, option.value)
