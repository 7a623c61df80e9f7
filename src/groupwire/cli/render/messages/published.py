"""What ``publish`` shows: who is there, who has it, who has not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupwire.cli.render.messages.members import show_member
from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import escape, plural
from groupwire.messages.events import (
    CaughtUp,
    Lagging,
    LostTold,
    MemberJoined,
    MemberLeft,
    PublishEvent,
)
from groupwire.net import MembershipLost, MembershipRenewed

if TYPE_CHECKING:
    from groupwire.aio import Publishing
    from groupwire.net import MembershipEvent

__all__ = ["Published"]


class Published:
    """Shows how messages fare, and says at the end who has them."""

    def __init__(self, out: Out, topic: str) -> None:
        self._out = out
        self._topic = topic
        self._messages = self._bytes = self._too_few = 0
        self._received: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()
        self._told = self.begun = False

    @property
    def complete(self) -> bool:
        """Whether somebody has all messages, and nobody is missing."""
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
                },
            )
            return
        reason = f"on {', '.join(ways)}: {escape(choice.reason)}"
        out.detail(f"publishing in {publishing.group} {reason}")

    def sent(self, payloads: Sequence[bytes]) -> None:
        """Count what has been handed over."""
        self._messages += len(payloads)
        self._bytes += sum(map(len, payloads))

    def received(
        self, received: frozenset[str], missing: frozenset[str], expected: int
    ) -> None:
        """Note who has everything, who has not, and how many were expected."""
        self._told = True
        self._received, self._missing = received, missing
        self._too_few = max(0, expected - len(received) - len(missing))

    def show(self, event: PublishEvent | MembershipEvent) -> None:
        """Show who comes, leaves, lags and loses something."""
        match event:
            case MemberJoined() | MemberLeft():
                show_member(self._out, event)
            case Lagging():
                who = escape(str(event.member))
                fields = {"name": str(event.member), "behind": event.bytes_behind}
                self._warn("lagging", fields, f"{who} lags and is not waited for")
            case CaughtUp():
                who = escape(str(event.member))
                fields = {"name": str(event.member)}
                self._warn("caught-up", fields, f"{who} has everything again")
            case LostTold():
                who, lost = escape(str(event.member)), plural(event.messages, "message")
                why = {"lost": event.messages, "reason": event.why}
                fields = {"name": str(event.member), **why}
                text = f"{who} has lost {lost} ({escape(event.why)})"
                self._warn("lost", fields, text)
            case MembershipLost() | MembershipRenewed():
                from groupwire.cli.render.links import show_change

                show_change(self._out, event)
            case _:
                pass

    def end(self, publishing: Publishing) -> None:
        """Say who has everything."""
        out, missing = self._out, sorted(self._missing)
        if out.json:
            fields = {
                "messages": self._messages,
                "bytes": self._bytes,
                "received": sorted(self._received),
                "missing": missing,
                "missing_count": len(missing) + self._too_few,
                "complete": self.complete,
                "dropped": dict(publishing.dropped),
            }
            out.event("end", fields)
            return
        what = plural(self._messages, "message")
        if not self._told:
            out.last_note(f"{what}; who has them is not known")
        elif self._received:
            names = ", ".join(map(escape, sorted(self._received)))
            out.note(f"{what} received by {names}")
        if missing:
            out.complain(f"missing: {', '.join(map(escape, missing))}")
        if self._too_few:
            out.complain(f"missing: {plural(self._too_few, 'subscriber')} more")
        elif self._told and not (self._received or missing):
            out.complain(f"{what}; no subscriber was there")

    def _warn(self, event: str, fields: Fields, text: str) -> None:
        if self._out.json:
            self._out.event(event, fields)
        else:
            self._out.warn(text)
