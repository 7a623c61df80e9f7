"""What ``explain`` and ``interfaces`` show."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import Paint, escape

if TYPE_CHECKING:
    from rich.table import Table

    from groupwire.net.links.memberships import Memberships
    from groupwire.values import Interface
    from groupwire.values.explanation import Explanation

__all__ = ["Seen", "show_explanation", "show_interfaces"]


def show_explanation(out: Out, explanation: Explanation) -> None:
    """Show one address explained."""
    if out.json:
        out.event("explanation", _explanation_fields(explanation))
        out.event("end", {"explanations": 1})
        return
    out.line(out.paint(escape(str(explanation)), "bold"))
    rows = list(_explanation_rows(explanation))
    width = max(len(label) for label, _, _ in rows)
    for label, text, style in rows:
        out.line(_row(out, label.ljust(width), text, style))


def _explanation_fields(of: Explanation) -> dict[str, Any]:
    return {
        "address": str(of.ip),
        "port": of.port,
        "source": str(of.source) if of.source else None,
        "interface": of.interface,
        "scope": of.scope.name,
        "scope_rfc": of.scope.rfc,
        "reach": of.scope.reach,
        "forwarded": of.scope.forwarded,
        "assignment": of.block.name,
        "assignment_range": of.block.range,
        "assignment_rfc": of.block.rfc,
        "assignment_use": of.block.use,
        "well_known": of.well_known,
        "source_specific": of.is_source_specific,
        "mac": of.ethernet_address,
        "mac_shared_by": of.collision_pattern,
        "collides_with": [str(ip) for ip in of.colliding],
        "notes": list(of.notes),
        "warnings": list(of.warnings),
    }


def _explanation_rows(of: Explanation) -> Iterator[tuple[str, str, str]]:
    yield "scope", f"{of.scope.name} ({of.scope.rfc})", ""
    yield "travels", of.scope.reach, ""
    yield "assigned", f"{of.block.name}, {of.block.range} ({of.block.rfc})", ""
    yield "meant for", of.block.use, ""
    if of.well_known:
        yield "used by", of.well_known, ""
    yield "kind", _kind(of), ""
    yield "MAC", of.ethernet_address, ""
    yield "shared by", f"{of.collision_pattern}, such as {_some(of)}", ""
    for note in of.notes:
        yield "note", note, ""
    for warning in of.warnings:
        yield "warning", warning, "yellow"


def _kind(of: Explanation) -> str:
    if of.is_source_specific:
        return "source-specific: from one named sender (RFC 4607)"
    return "any-source: everybody may send to it"


def _some(of: Explanation) -> str:
    # Neighbours in the list look alike: every fifth shows the pattern.
    return ", ".join(str(ip) for ip in of.colliding[::5][:4])


def _row(out: Out, label: str, text: str, style: str) -> str:
    if out.wide:
        room = max(20, shutil.get_terminal_size().columns - len(label) - 4)
        indent = "\n" + " " * (len(label) + 4)
        text = indent.join(textwrap.wrap(text, room, break_on_hyphens=False))
    return f"  {out.paint(label, style or 'dim')}  {text}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One interface with its groups, and whether a group's traffic would use it."""

    interface: Interface
    memberships: Memberships
    receives: bool
    sends: bool

    def fields(self) -> dict[str, Any]:
        """Return the keys of an ``interface`` line."""
        link, joined = self.interface, self.memberships
        return {
            "name": link.name,
            "index": link.index,
            "up": link.up,
            "carrier": link.carrier,
            "multicast": link.multicast,
            "loopback": link.loopback,
            "point_to_point": link.point_to_point,
            "wireless": link.wireless,
            "kind": link.kind,
            "mtu_bytes": link.mtu_bytes,
            "addresses": [str(address) for address in link.addresses],
            "groups": [str(group) for group in joined.groups],
            "igmp_version": joined.igmp,
            "mld_version": joined.mld,
            "receives": self.receives,
            "sends": self.sends,
        }

    def state(self) -> list[str]:
        """Say in words what the flags say."""
        link = self.interface
        words = [
            "up" if link.up else "down",
            "no carrier" if link.up and not link.carrier else "",
            "loopback" if link.loopback else "",
            "" if link.multicast or link.loopback else "no multicast",
            "wireless" if link.wireless else "",
            "point-to-point" if link.point_to_point else "",
            link.kind,
        ]
        return [word for word in words if word]

    def versions(self) -> str:
        """Return what the queriers made of it."""
        joined = self.memberships
        igmp = f"IGMPv{joined.igmp}" if joined.igmp else ""
        mld = f"MLDv{joined.mld}" if joined.mld else ""
        return "\n".join(filter(None, (igmp, mld)))


def show_interfaces(out: Out, seen: Sequence[Seen], notes: Iterable[str]) -> None:
    """Show a table, or a line for each interface; ``notes`` say what is chosen."""
    if out.json:
        for one in seen:
            out.event("interface", one.fields())
        out.event("end", {"interfaces": len(seen)})
        return
    out.line(_drawn(_table(seen), out.paint))
    for note in notes:
        out.note(note)


def _table(seen: Sequence[Seen]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for title in ("interface", "#", "state", "mtu", "addresses", "groups joined", ""):
        right = title in {"#", "mtu"}
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    for one in seen:
        link = one.interface
        style = "bold green" if one.receives or one.sends else ""
        cells = (
            Text(escape(link.name), style),
            Text(str(link.index), "dim"),
            Text("\n".join(one.state()), "" if link.up and link.carrier else "yellow"),
            Text(str(link.mtu_bytes)),
            Text("\n".join(map(str, link.addresses))),
            Text("\n".join(map(str, one.memberships.groups))),
            Text(one.versions(), "dim"),
        )
        table.add_row(*cells)
    return table


def _drawn(table: Table, paint: Paint) -> str:
    import io

    from rich.console import Console

    width = shutil.get_terminal_size().columns if paint.on else 120
    text = io.StringIO()
    console = Console(
        file=text, width=width, force_terminal=paint.on, no_color=not paint.on
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
