"""What ``receive`` shows: where it listens, what arrives, what became of it."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import (
    Columns,
    and_so_on,
    escape,
    escape_bytes,
    plural,
)
from groupwire.cli.render.values import data_fields

if TYPE_CHECKING:
    from groupwire.aio import Joined, Message, Peer, Stats
    from groupwire.net import MembershipEvent
    from groupwire.values import Group

__all__ = ["Arrivals"]

_GLANCE = 400
"""Characters of a message that a person is shown; ``-v`` shows all."""
_HARMLESS = frozenset({"copy", "own", "repeated"})
"""Nothing is lost: the message was delivered once already, or is our own."""


class Arrivals:
    """Shows messages as they come, and counts them."""

    def __init__(self, out: Out, group: Group) -> None:
        self._out = out
        self._group = str(group)
        self._columns = Columns(0, 0, 8)
        self._joined = False
        self._dropped: dict[str, int] = {}
        self._pings = 0
        self._ways = 1
        self.messages = 0
        self.not_answered: Counter[str] = Counter()

    @property
    def begun(self) -> bool:
        """Whether a group was joined."""
        return self._joined

    def joined(self, peer: Peer, answer: bytes | None) -> None:
        """Say where it listens, why there, and what it will answer."""
        self._joined, joined = True, peer.joined
        self._ways = len(joined.interfaces)
        if self._out.json:
            fields = _joined_fields(joined, peer.name)
            self._out.event("joined", {"group": self._group, **fields})
            return
        note, paint = self._out.note, self._out.note_paint
        ways = ", ".join(one.name for one in joined.interfaces)
        note(f"joined {self._group}")
        note(paint(f"  on {ways}: {escape(joined.reason)}", "dim"))
        if answer is None:
            note(paint("  answering nobody; Ctrl-C ends it", "dim"))
        else:
            what = f'"{escape_bytes(answer)}" as {peer.name}'
            note(paint(f"  answering {what}; Ctrl-C ends it", "dim"))
        self._out.detail(f"  receive buffer {joined.receive_buffer:,} bytes")

    def changed(self, event: MembershipEvent) -> None:
        """Show that a membership was lost or renewed."""
        from groupwire.cli.render.links import show_change

        show_change(self._out, event)

    def message(self, message: Message, refused: str | None) -> None:
        """Show one message; ``refused`` is why it was not answered."""
        self.messages += 1
        if refused is not None:
            self.not_answered[refused] += 1
        if self._out.json:
            fields = _message_fields(message, refused)
            self._out.event("message", fields, at=message.time)
        else:
            self._out.line(self._line(message, refused))

    def leaving(self, stats: Stats) -> None:
        """Take note of what was lost until now."""
        self._dropped = {reason: n for reason, n in stats.dropped.items() if n}
        self._pings = stats.pings

    def end(self) -> None:
        """Show what it all came to."""
        if self._out.json:
            self._out.event(
                "end",
                {
                    "messages": self.messages,
                    "pings": self._pings,
                    "not_answered": dict(self.not_answered),
                    "dropped": self._dropped,
                },
            )
            return
        note, paint = self._out.note, self._out.note_paint
        self._out.last_note(plural(self.messages, "message"))
        if self._pings:
            note(paint(f"  {plural(self._pings, 'ping')} answered", "dim"))
        for reason, count in self.not_answered.items():
            note(paint(f"  {count:,} not answered: {reason}", "dim"))
        for reason, count in self._dropped.items():
            style = "dim" if reason in _HARMLESS else "yellow"
            note(paint(f"  {count:,} dropped: {reason}", style))

    def _line(self, message: Message, refused: str | None) -> str:
        paint, columns = self._out.paint, self._columns
        sender = str(message.sender)
        if message.member:
            sender = f"{escape(message.member)} {sender}"
        cells = [
            paint(_clock(message.time), "dim"),
            paint(columns.left(0, sender), "cyan"),
        ]
        if self._ways > 1:
            cells.append(paint(columns.left(1, escape(message.interface)), "dim"))
        size = plural(len(message.data), "byte")
        cells.append(paint(columns.right(2, size), "dim"))
        if self._out.verbose:
            cells.append(paint(f"ttl {message.ttl} {message.form}", "dim"))
        cells.append(self._text(message.data))
        if refused is not None:
            cells.append(paint(f"(not answered: {refused})", "yellow"))
        return "  ".join(cells).rstrip()

    def _text(self, data: bytes) -> str:
        if self._out.wide and not self._out.verbose:
            return and_so_on(escape_bytes(data[: 2 * _GLANCE]), _GLANCE)
        return escape_bytes(data)


def _clock(at: float | None) -> str:
    at = time.time() if at is None else at
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at * 1e3) % 1000:03}"


def _joined_fields(joined: Joined, name: str | None) -> dict[str, Any]:
    return {
        "interfaces": [one.name for one in joined.interfaces],
        "reason": joined.reason,
        "receive_buffer": joined.receive_buffer,
        "name": name,
    }


def _message_fields(message: Message, refused: str | None) -> dict[str, Any]:
    return {
        "sender": str(message.sender),
        "member": message.member,
        "bytes": len(message.data),
        **data_fields(message.data),
        "interface": message.interface,
        "ttl": message.ttl,
        "mode": str(message.form),
        "answered": refused is None,
        "reason": refused,
    }
