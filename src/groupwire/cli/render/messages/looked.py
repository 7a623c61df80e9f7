"""What ``members`` shows: who is there, and who comes and goes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from groupwire.cli.render.deliveries.ink.figures import remaining
from groupwire.cli.render.deliveries.ink.table import Cell, table
from groupwire.cli.render.messages.members import show_member
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural
from groupwire.gather import Expectation
from groupwire.messages.events import (
    MemberJoined,
    MemberLeft,
    PresenceEvent,
    PublisherRestarted,
)
from groupwire.messages.members import LeaveReason, Member, Role, Standing

if TYPE_CHECKING:
    from groupwire.aio import Onlooking

__all__ = ["Looked"]

_HEAD = ("role", "name", "address", "here for", "sent")
_LEAST = ("here for", "sent", "address")
"""What goes first where a terminal is narrow."""


class Looked:
    """A table of who is there at the end, or, following, a line for each change."""

    def __init__(self, out: Out, expected: Expectation | None, *, follow: bool) -> None:
        self._out = out
        self._expected = expected or Expectation()
        self._follow = follow
        self._there: dict[Member, Standing | None] = {}
        self.begun = False
        """Whether a group was joined."""

    @property
    def complete(self) -> bool:
        """Whether nobody is missing who was expected."""
        return not self._missing_count

    def joined(self, onlooking: Onlooking) -> None:
        """Say where it looks, and why there."""
        self.begun, out, choice = True, self._out, onlooking.choice
        ways = [one.name for one in choice.interfaces]
        if out.json:
            group = str(onlooking.group)
            out.event(
                "joined",
                {"group": group, "interfaces": ways, "reason": choice.reason},
            )
            return
        tell = out.note if self._follow else out.detail
        tell(f"members of {onlooking.group}")
        reason = f"  on {', '.join(ways)}: {escape(choice.reason)}"
        tell(out.note_paint(reason, "dim"))

    def show(self, event: PresenceEvent, onlooking: Onlooking) -> None:
        """Show who has come or gone."""
        if isinstance(event, PublisherRestarted):
            self._restarted(event)
            return
        if isinstance(event, MemberJoined):
            self._there[event.member] = None
        else:
            self._there.pop(event.member, None)
        standing = onlooking.standing(event.member)
        if self._out.json:
            show_member(self._out, event, standing)
        elif self._follow:
            self._change(event, standing)

    def look(self, onlooking: Onlooking) -> None:
        """Note who is there now."""
        known = sorted(onlooking.members, key=lambda m: (m.role, m.name, str(m.origin)))
        self._there = {member: onlooking.standing(member) for member in known}

    def end(self, onlooking: Onlooking) -> None:
        """Show who is there, and who is not."""
        out, missing = self._out, self._missing
        if out.json:
            counts = {
                str(role): sum(member.role is role for member in self._there)
                for role in (Role.PUBLISHER, Role.SUBSCRIBER)
            }
            fields = {
                "publishers": counts["publisher"],
                "subscribers": counts["subscriber"],
                "missing": list(missing),
                "missing_count": self._missing_count,
                "dropped": dict(onlooking.dropped),
            }
            out.event("end", fields)
            return
        if not self._follow:
            self._table()
        out.last_note(plural(len(self._there), "member"))
        for reason, count in onlooking.dropped.items():
            out.detail(f"  {count:,} dropped: {reason}")
        if missing:
            names = ", ".join(map(escape, missing))
            out.complain(out.note_paint(f"missing: {names}", "red"))
        elif self._missing_count:
            text = f"missing: {self._missing_count:,} of {self._expected.count:,}"
            out.complain(out.note_paint(text, "red"))

    @property
    def _missing(self) -> Sequence[str]:
        there = {member.name for member in self._there}
        return [name for name in self._expected.names if name not in there]

    @property
    def _missing_count(self) -> int:
        fewer = self._expected.count - len(self._there)
        return len(self._missing) or max(0, fewer)

    def _table(self) -> None:
        if not self._there:
            return
        out = self._out
        rows = [_row(member, standing) for member, standing in self._there.items()]
        room = out.room
        for line in table(_HEAD, rows, out.paint, "   rr", room=room, least=_LEAST):
            out.typed(line)

    def _change(
        self, event: MemberJoined | MemberLeft, standing: Standing | None
    ) -> None:
        member, out = event.member, self._out
        sign, why = "+", ""
        if isinstance(event, MemberLeft):
            sign = "-"
            if event.reason is not LeaveReason.SAID:
                why = f"  ({event.reason})"
        elif standing is not None and standing.age_s >= 1:
            why = f"  for {remaining(standing.age_s)}"
        when = out.paint(time.strftime("%H:%M:%S"), "dim")
        name = out.paint(escape(member.name), "cyan")
        out.line(f"{when}  {sign} {member.role} {name}  {member.origin}{why}")

    def _restarted(self, event: PublisherRestarted) -> None:
        if self._out.json:
            self._out.event("restarted", {"publisher": str(event.publisher)})
        elif self._follow:
            who = escape(str(event.publisher))
            self._out.detail(f"publisher {who} has started anew")


def _row(member: Member, standing: Standing | None) -> Sequence[Cell]:
    since, sent = _standing(member, standing)
    return (
        (str(member.role), ""),
        (escape(member.name), "cyan"),
        (str(member.origin), ""),
        (since, "dim"),
        (sent, ""),
    )


def _standing(member: Member, standing: Standing | None) -> Iterator[str]:
    if standing is None:
        return iter(("", ""))
    sent = f"{sum(standing.sent):,}" if member.role is Role.PUBLISHER else ""
    return iter((remaining(standing.age_s), sent))
