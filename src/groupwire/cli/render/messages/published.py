"""What ``publish`` shows: who is there, who has it, who has not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupwire.cli.render.messages.members import named, show_member
from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import escape, plural
from groupwire.gather import Expectation
from groupwire.messages.events import (
    CaughtUp,
    Lagging,
    LostTold,
    MemberJoined,
    MemberLeft,
    MessagesDropped,
    PublishEvent,
    TakesNoMore,
)
from groupwire.messages.members import Member, Role
from groupwire.net import MembershipLost, MembershipRenewed

if TYPE_CHECKING:
    from groupwire.aio import Publishing
    from groupwire.net import MembershipEvent

__all__ = ["Published"]

_MOST_NAMES = 20
"""That a person is told of those who have everything."""
_MOST_SEEN = 8192
"""Twice as many as are known to be here at once."""


class Published:
    """Shows how messages fare, and says at the end who has them."""

    def __init__(self, out: Out, topic: str, expected: Expectation | None) -> None:
        self._out = out
        self._topic = topic
        self._expected = expected or Expectation()
        self._messages = self._bytes = self._full = 0
        self._received: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()
        self._seen: dict[Member, None] = {}
        self._told = self._acknowledged = self._unproved = self.begun = False
        self._broken = self._interrupted = False

    @property
    def complete(self) -> bool:
        """Whether somebody has all messages, and nobody is missing."""
        if not self._messages:
            return self._told
        return bool(self._received) and not (self._missing or self._too_few)

    def start(self, publishing: Publishing) -> None:
        """Say where it publishes, and why there."""
        self.begun, out, choice = True, self._out, publishing.choice
        ways = [one.name for one in choice.interfaces]
        if out.json:
            out.event(
                "start",
                {
                    "group": str(publishing.group),
                    "topic": self._topic,
                    "interfaces": ways,
                    "reason": choice.reason,
                    "name": publishing.name,
                    "delivery": str(publishing.config.delivery),
                    "ttl": publishing.config.ttl,
                },
            )
            return
        group, ttl = publishing.group, publishing.config.ttl
        out.note(f"publishing {escape(self._topic)} to {group}, TTL {ttl}")
        reason = f"  by {', '.join(ways)}: {escape(choice.reason)}"
        out.note(out.note_paint(reason, "dim"))
        out.detail(f"  as {publishing.name}, {publishing.config.delivery}")

    def sent(self, payloads: Sequence[bytes]) -> None:
        """Count what has been handed over."""
        self._messages += len(payloads)
        self._bytes += sum(map(len, payloads))

    def received(self, received: frozenset[str], missing: frozenset[str]) -> None:
        """Note who has everything, and who of those that were waited for has not."""
        self._told = self._acknowledged = True
        self._received, self._missing = received, missing

    def there(self) -> None:
        """Note that who is there may have it: nobody acknowledges anything."""
        self._told = self._unproved = True
        self._count_seen()

    def _count_seen(self) -> None:
        self._received = frozenset(map(str, self._seen))
        names = {member.name for member in self._seen}
        self._missing = frozenset(self._expected.names) - names

    def nothing(self, *, acknowledged: bool) -> None:
        """Note that there was no message; ``acknowledged``: others would have been."""
        self._told, self._acknowledged = True, acknowledged

    def broken_off(self, *, interrupted: bool) -> None:
        """Note that not all is sent, or not all is known; errors are told elsewhere."""
        self._broken, self._interrupted = True, interrupted

    def show(self, event: PublishEvent | MembershipEvent) -> None:
        """Show who comes, leaves, lags and loses something."""
        match event:
            case MemberJoined() | MemberLeft():
                self._see(event.member)
                show_member(self._out, event)
            case Lagging():
                who = escape(str(event.member))
                behind = {"behind_bytes": event.bytes_behind}
                fields = {**named(event.member), **behind}
                self._warn("lagging", fields, f"{who} lags and is not waited for")
            case CaughtUp():
                who = escape(str(event.member))
                again = f"{who} has everything again"
                self._warn("caught-up", named(event.member), again)
            case LostTold():
                who, lost = escape(str(event.member)), plural(event.messages, "message")
                why = {"lost": event.messages, "reason": event.why}
                fields = {**named(event.member), **why}
                because = f" ({escape(event.why)})" if event.why else ""
                self._warn("lost", fields, f"{who} has lost {lost}{because}")
            case TakesNoMore():
                who = escape(str(event.member))
                because = f": {escape(event.why)}" if event.why else ""
                fields = {**named(event.member), "reason": event.why}
                self._warn("enough", fields, f"{who} takes nothing more{because}")
            case MessagesDropped():
                self._drop(event)
            case MembershipLost() | MembershipRenewed():
                from groupwire.cli.render.links import show_change

                show_change(self._out, event)
            case _:
                pass

    def _drop(self, event: MessagesDropped) -> None:
        """Show that messages were dropped; to people once, and at the end how many."""
        fields = {"messages": event.messages, "delivery": str(event.delivery)}
        if self._out.json or not self._full:
            text = "nobody is waited for, and the queue is full: messages are dropped"
            self._warn("dropped", fields, text)
        self._full += event.messages

    def end(self, publishing: Publishing) -> None:
        """Say who has everything."""
        superseded = publishing.stats.superseded
        if self._out.json:
            self._out.event("end", self._fields(publishing, superseded))
            return
        self._say_who(plural(self._messages, "message"))
        if superseded:
            text = f"  {superseded:,} had something newer before they were sent"
            self._out.note(self._out.note_paint(text, "dim"))
        if self._full:
            text = f"  {self._full:,} were dropped before they were sent"
            self._out.note(self._out.note_paint(text, "dim"))
        for reason, count in publishing.dropped.items():
            self._out.detail(f"  {count:,} dropped: {reason}")

    def _see(self, member: Member) -> None:
        if member.role is Role.SUBSCRIBER and len(self._seen) < _MOST_SEEN:
            self._seen[member] = None
            if self._unproved:
                self._count_seen()

    @property
    def _too_few(self) -> int:
        """How many are missing of the number that was expected, beside those known."""
        known = len(self._received) + len(self._missing)
        if not self._told:  # who was expected by name stands among the missing
            known += len(self._expected.names)
        return max(0, self._expected.count - known)

    def _fields(self, publishing: Publishing, superseded: int) -> Fields:
        named = frozenset(self._expected.names)
        missing = sorted(self._missing if self._told else named)
        who = "received" if self._acknowledged or not self._told else "there"
        return {
            "messages": self._messages,
            "bytes": self._bytes,
            who: sorted(self._received) if self._told else None,
            "missing": missing,
            "missing_count": len(missing) + self._too_few,
            "complete": self.complete,
            "interrupted": self._broken,
            "superseded": superseded,
            "dropped": dict(publishing.dropped),
        }

    def _say_who(self, what: str) -> None:
        out = self._out
        if self._interrupted:
            out.last_note("interrupted")
        if not self._messages:
            out.note("nothing published" if self._broken else "nothing to publish")
            return
        if not self._told:
            out.note(f"{what}; who has everything is not known")
            return
        verb = "received by" if self._acknowledged else "sent without proof; there:"
        if self._received:
            out.note(f"{what} {verb} {_some(self._received)}")
        if self._missing:
            lack = "" if self._received else f"{what}; "
            names = ", ".join(map(escape, sorted(self._missing)))
            out.complain(out.note_paint(f"{lack}missing: {names}", "red"))
        if self._too_few:
            more = " more" if self._received or self._missing else ""
            text = f"missing: {plural(self._too_few, 'subscriber')}{more}"
            out.complain(out.note_paint(text, "red"))
        elif not (self._received or self._missing):
            out.complain(out.note_paint(f"{what}; no subscriber is there", "red"))

    def _warn(self, event: str, fields: Fields, text: str) -> None:
        if self._out.json:
            self._out.event(event, fields)
        else:
            self._out.warn(text)


def _some(names: frozenset[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _MOST_NAMES:,} more" if len(shown) > _MOST_NAMES else ""
    return f"{', '.join(map(escape, shown[:_MOST_NAMES]))}{more}"
