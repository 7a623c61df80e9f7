"""Sockets of other programs: what they lose, what they hold, who shares the port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.commands import command, setting
from groupwire.diagnose.evidence.surroundings import Owner, UdpSocket
from groupwire.diagnose.finding import Finding, Looked, Severity
from groupwire.diagnose.trials.came import Came
from groupwire.values.interface import listed

__all__ = ["MOST_LINES", "Buffers", "Drops", "Listeners"]

MOST_LINES = 8
"""Sockets of one port that are shown; the rest are counted."""

_USUAL_BYTES = 212_992
"""What Linux gave a socket for decades, its own overhead counted."""
_SMALL_BYTES = _USUAL_BYTES // 2
_ENOUGH_BYTES = 4 << 20
_OVERHEAD_BYTES = 832
"""What the kernel counts for the smallest datagram (measured)."""


class Drops:
    """Looks for sockets that lose datagrams because nobody reads fast enough."""

    codes: ClassVar[tuple[str, ...]] = ("kernel-drops",)

    def look(self, scene: Scene) -> Looked:
        """Say which, and whose they are."""
        before = {one.inode: one for one in scene.before.sockets}
        ours = {one.inode for one in at_port(scene)}
        found = [
            finding
            for one in scene.after.sockets
            if one.inode in before
            and (
                finding := _dropping(
                    scene, before[one.inode], one, ours=one.inode in ours
                )
            )
        ]
        return Looked(
            at=("drops of every UDP socket (/proc/net/udp, /proc/net/udp6)",),
            findings=tuple(found),
            missed=_hidden_owners(scene, [one for one in before.values() if one.drops]),
        )


class Buffers:
    """Looks at how much may wait for a program to read it."""

    codes: ClassVar[tuple[str, ...]] = ("receive-buffer",)

    def look(self, scene: Scene) -> Looked:
        """Say which buffers are small."""
        found = [*_small_limits(scene), *_small_sockets(scene), *_lost(scene)]
        return Looked(
            at=(
                "rmem_default, rmem_max (/proc/sys/net/core), the receive buffers of "
                "sockets (sock_diag), RcvbufErrors (/proc/net/snmp, /proc/net/snmp6)",
            ),
            findings=tuple(found),
        )


class Listeners:
    """Looks for who else holds the group's port."""

    codes: ClassVar[tuple[str, ...]] = ("other-listener",)

    def look(self, scene: Scene) -> Looked:
        """Say who, and who of them gets what is sent to this machine alone."""
        port = scene.question.group.port
        found = _sharing(scene)
        return Looked(
            at=(f"UDP sockets at port {port} (/proc/net/udp, /proc/net/udp6)",),
            findings=() if found is None else (found,),
            missed=_hidden_owners(scene, at_port(scene)),
        )


def at_port(scene: Scene) -> list[UdpSocket]:
    """Return the sockets of other programs that can be given the group's datagrams."""
    group = scene.question.group
    return [
        one
        for one in scene.before.sockets
        if one.port == group.port
        and (one.ip == group.ip or (one.ip.is_unspecified and _hears(one, scene)))
    ]


def _hears(one: UdpSocket, scene: Scene) -> bool:
    # A wildcard socket of IPv6 hears IPv4 too, unless it was told otherwise.
    return one.ip.version >= scene.question.group.version


def _dropping(
    scene: Scene, before: UdpSocket, after: UdpSocket, *, ours: bool
) -> Finding | None:
    grown = after.drops - before.drops
    if grown <= 0 and not (ours and after.drops):
        return None
    lost = (
        f"loses datagrams: {grown} while the doctor looked"
        if grown > 0
        else f"lost {after.drops} datagrams since it was started"
    )
    fix = _larger(scene, before)
    return Finding(
        code="kernel-drops",
        severity=Severity.ERROR if ours and grown > 0 else Severity.WARNING,
        says=f"{_who(before)} {lost}, at {_where(before)}. They reached this machine; "
        "the program does not read them fast enough for its receive buffer"
        f"{_size(before)}, so the system throws them away. "
        + (_then_restart(before) if fix else _ask_for_more(before, scene)),
        evidence=(
            f"drops of the socket at {_where(before)} {before.drops} -> {after.drops} "
            f"(/proc/net/udp{'6' if before.ip.version == 6 else ''})",
            *_owner_lines(before),
        ),
        fix=fix,
    )


def _then_restart(one: UdpSocket) -> str:
    program = one.owners[0].name if one.owners else "the program"
    return f"Give buffers more room, and start {program} again."


def _ask_for_more(one: UdpSocket, scene: Scene) -> str:
    if _as_given(scene, one):
        return _by_the_host(scene).lstrip()
    program = one.owners[0].name if one.owners else "the program"
    return (
        f"{program} itself asked for a buffer of that size: there it has to ask for "
        "more (SO_RCVBUF), or read faster."
    )


def _by_the_host(scene: Scene) -> str:
    if scene.before.settings.buffers_settable:
        return ""
    return " In this container that cannot be changed: set it on the host."


def _larger(scene: Scene, one: UdpSocket) -> tuple[str, ...]:
    """Return what gives the program more, where it did not ask for less itself."""
    return _raise_limits(scene) if _as_given(scene, one) else ()


def _as_given(scene: Scene, one: UdpSocket) -> bool:
    settings = scene.before.settings
    most, usual = settings.buffer_most_bytes or 0, settings.buffer_default_bytes or 0
    # What a program asks for is doubled (socket(7)); the default is not.
    return one.buffer_bytes is None or one.buffer_bytes in {usual, 2 * most}


def _raise_limits(scene: Scene) -> tuple[str, ...]:
    settings = scene.before.settings
    most, usual = settings.buffer_most_bytes or 0, settings.buffer_default_bytes or 0
    if not settings.buffers_settable:
        return ()
    size = max(_ENOUGH_BYTES, 2 * most)
    lines = (setting("net/core/rmem_max", size),)
    return (*lines, setting("net/core/rmem_default", max(_ENOUGH_BYTES, 2 * usual)))


def _size(one: UdpSocket) -> str:
    return f" of {one.buffer_bytes:,} bytes" if one.buffer_bytes is not None else ""


def _small_limits(scene: Scene) -> Iterator[Finding]:
    settings = scene.before.settings
    most, usual = settings.buffer_most_bytes, settings.buffer_default_bytes
    if most is None or usual is None:
        return
    small = most < _USUAL_BYTES or usual < _SMALL_BYTES
    if not small and most > _USUAL_BYTES:
        return
    yield Finding(
        code="receive-buffer",
        severity=Severity.WARNING if small else Severity.INFO,
        says=f"Programs here may have at most {most:,} bytes wait to be read, and have "
        f"{usual:,} when they do not ask. That is about "
        f"{max(most, usual) // _OVERHEAD_BYTES} small datagrams: when more come at "
        f"once, the rest is lost.{_by_the_host(scene)}",
        evidence=(f"rmem_max {most}, rmem_default {usual} (/proc/sys/net/core)",),
        fix=_raise_limits(scene),
    )


def _small_sockets(scene: Scene) -> Iterator[Finding]:
    usual = scene.before.settings.buffer_default_bytes
    for one in at_port(scene):
        size = one.buffer_bytes
        if size is None or size >= _SMALL_BYTES or size == usual:
            continue
        yield Finding(
            code="receive-buffer",
            severity=Severity.WARNING,
            says=f"{_who(one)} asked for a receive buffer of only {size:,} bytes, at "
            f"{_where(one)}. About {max(1, size // _OVERHEAD_BYTES)} small datagrams "
            "fit: when more come at once, the rest is lost. The program has to ask for "
            "more (SO_RCVBUF), or for nothing and take what is usual.",
            evidence=(
                f"receive buffer {size} at {_where(one)} (sock_diag)",
                *_owner_lines(one),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Count:
    name: str
    before: int
    after: int
    table: str = "/proc/net/snmp"


def _lost(scene: Scene) -> Iterator[Finding]:
    """Tell of losses that no socket shows any more: it was closed meanwhile."""
    before, after = scene.before.counters, scene.after.counters
    count = (
        _Count("RcvbufErrors", before.receive_buffer, after.receive_buffer)
        if scene.question.group.version == 4
        else _Count(
            "Udp6RcvbufErrors",
            before.receive_buffer6,
            after.receive_buffer6,
            "/proc/net/snmp6",
        )
    )
    # With losses of the doctor's own nobody else's can be told apart.
    own = any(one.dropped for one in scene.seen(Came))
    if own or count.after <= count.before or _seen_at_sockets(scene):
        return
    yield Finding(
        code="receive-buffer",
        severity=Severity.WARNING,
        says=f"While the doctor looked, {count.after - count.before} datagrams found a "
        "receive buffer full and were thrown away; the program was gone before it "
        "could be named.",
        evidence=(f"{count.name} {count.before} -> {count.after} ({count.table})",),
        fix=_raise_limits(scene),
    )


def _seen_at_sockets(scene: Scene) -> bool:
    before = {one.inode: one.drops for one in scene.before.sockets}
    return any(
        one.drops > before.get(one.inode, one.drops) for one in scene.after.sockets
    )


def _sharing(scene: Scene) -> Finding | None:
    sockets, group = at_port(scene), scene.question.group
    if any(one.port_taken for one in scene.seen(Came)):
        return _alone(scene, sockets)
    if not sockets:
        return None
    wild = [one for one in sockets if one.ip.is_unspecified]
    several = len({one.inode for one in wild}) > 1
    return Finding(
        code="other-listener",
        severity=Severity.WARNING if several else Severity.INFO,
        says=f"{_all(sockets)} also {_listen(sockets)} at port {group.port} of this "
        f"machine. Each of them gets what is sent to {group.ip}. {_unicast(wild)}",
        evidence=tuple(_lines(sockets)),
    )


def _unicast(wild: list[UdpSocket]) -> str:
    if not wild:
        return "What is sent to this machine alone goes to none of them."
    if len(wild) == 1:
        return (
            f"What is sent to this machine alone goes to {_who(wild[0], middle=True)}, "
            "and so do other groups that any program here has joined."
        )
    return (
        "What is sent to this machine alone, such as an answer, goes to one of them "
        "only: to the one that was opened last, or to each in turn. Let each program "
        "ask from a port of its own."
    )


def _alone(scene: Scene, sockets: list[UdpSocket]) -> Finding:
    port = scene.question.group.port
    holders = [owner for one in sockets for owner in one.owners]
    pids = tuple(dict.fromkeys(owner.pid for owner in holders))
    return Finding(
        code="other-listener",
        severity=Severity.ERROR,
        says=f"{_all(sockets)} {_holds(sockets)} port {port} for itself alone, so that "
        "no other program here can receive the group. End it, have it share the port "
        "(SO_REUSEADDR), or use another port.",
        evidence=(
            f"binding to port {port}: EADDRINUSE",
            *_lines(sockets),
        ),
        fix=tuple(command("kill", pid) for pid in pids),
    )


def _holds(sockets: list[UdpSocket]) -> str:
    return "holds" if len(sockets) <= 1 else "hold"


def _listen(sockets: list[UdpSocket]) -> str:
    return "listens" if len(sockets) == 1 else "listen"


def _all(sockets: list[UdpSocket]) -> str:
    names = list(dict.fromkeys(_who(one, middle=True) for one in sockets))
    if not names:
        return "A program"
    *most, last = names if len(names) <= MOST_LINES else [listed(names)]
    text = f"{', '.join(most)} and {last}" if most else last
    return f"A{text[1:]}" if text.startswith("a program of user ") else text


def _who(one: UdpSocket, *, middle: bool = False) -> str:
    if one.owners:
        return ", ".join(_named(owner) for owner in one.owners[:4])
    return f"{'a' if middle else 'A'} program of user {one.uid}"


def _named(owner: Owner) -> str:
    return f"{owner.name} (process {owner.pid})"


def _where(one: UdpSocket) -> str:
    host = f"[{one.ip}]" if one.ip.version == 6 else str(one.ip)
    return f"{host}:{one.port}"


def _line(one: UdpSocket) -> str:
    table = "udp6" if one.ip.version == 6 else "udp"
    return f"{_where(one)}: {_who(one, middle=True)} (/proc/net/{table}, /proc/*/fd)"


def _lines(sockets: list[UdpSocket]) -> Iterator[str]:
    """Iterate over sockets, those of one program at one address together."""
    count = Counter(map(_line, sockets))
    for line, times in list(count.items())[:MOST_LINES]:
        yield line if times == 1 else f"{line}, {times:,} times"
    if (more := len(count) - MOST_LINES) > 0:
        yield f"{more:,} more like these"


def _owner_lines(one: UdpSocket) -> tuple[str, ...]:
    return tuple(f"held by {_named(owner)} (/proc/*/fd)" for owner in one.owners[:4])


def _hidden_owners(scene: Scene, sockets: list[UdpSocket]) -> tuple[str, ...]:
    if scene.question.root or all(one.owners for one in sockets):
        return ()
    return ("root would also see which programs hold the sockets of other users",)
