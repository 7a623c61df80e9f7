"""What ``members`` shows: who is there, and who comes and goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

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
_LOOPBACK = "127.", "::1"


class _Life(NamedTuple):
    role: Role
    name: str
    id: int


class Looked:
    """A table of who is there at the end, or, following, a line for each change."""

    def __init__(self, out: Out, expected: Expectation | None, *, follow: bool) -> None:
        self._out = out
        self._expected = expected or Expectation()
        self._follow = follow
        self._lives: dict[_Life, list[Member]] = {}
        """Each from every address that it speaks from: one on each interface."""
        self._standing: dict[_Life, Standing | None] = {}
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
        if not self._is_news(event):
            return
        standing = onlooking.standing(event.member)
        if self._out.json:
            show_member(self._out, event, standing)
        elif self._follow:
            self._change(event, standing)

    def look(self, onlooking: Onlooking) -> None:
        """Note who is there now, and what they say of themselves."""
        self._lives, self._standing = {}, {}
        for member in onlooking.members:
            self._lives.setdefault(_life(member), []).append(member)
            self._standing[_life(member)] = onlooking.standing(member)

    def end(self, onlooking: Onlooking) -> None:
        """Show who is there, and who is not."""
        out, missing = self._out, self._missing
        if out.json:
            counts = {
                str(role): sum(life.role is role for life in self._lives)
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
        out.last_note(plural(len(self._lives), "member"))
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
        there = {life.name for life in self._lives}
        return [name for name in self._expected.names if name not in there]

    @property
    def _missing_count(self) -> int:
        fewer = self._expected.count - len(self._lives)
        return len(self._missing) or max(0, fewer)

    def _is_news(self, event: MemberJoined | MemberLeft) -> bool:
        """Return whether it is the first address of a life, or the last one."""
        life, member = _life(event.member), event.member
        known = self._lives.setdefault(life, [])
        if isinstance(event, MemberJoined):
            known.append(member)
            return len(known) == 1
        gone = member in known
        if gone:
            known.remove(member)
        if known:
            return False
        del self._lives[life]
        return gone

    def _table(self) -> None:
        if not self._lives:
            return
        out, lives = self._out, self._lives
        known = sorted(
            (life.role, life.name, _address(lives[life]), life) for life in lives
        )
        rows = [_row(life, at, self._standing.get(life)) for *_, at, life in known]
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
            who = event.publisher
            fields = {"publisher": who.name, "address": str(who.origin)}
            self._out.event("restarted", fields)
        elif self._follow:
            name = escape(str(event.publisher))
            self._out.detail(f"publisher {name} has started anew")


def _life(member: Member) -> _Life:
    return _Life(member.role, member.name, member.id)


def _address(members: Sequence[Member]) -> str:
    """Return an address of a member, if there is one that others can use."""
    return min((m.origin.host.startswith(_LOOPBACK), str(m.origin)) for m in members)[1]


def _row(life: _Life, address: str, standing: Standing | None) -> Sequence[Cell]:
    since, sent = "", ""
    if standing is not None:
        since = remaining(standing.age_s)
        sent = f"{sum(standing.sent):,}" if life.role is Role.PUBLISHER else ""
    name = escape(life.name), "cyan"
    return (str(life.role), ""), name, (address, ""), (since, "dim"), (sent, "")
