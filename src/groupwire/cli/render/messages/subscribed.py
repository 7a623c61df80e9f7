"""What ``subscribe`` shows: messages, gaps, who comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupwire.cli.render.messages.members import show_member
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, escape_bytes, plural
from groupwire.cli.render.values import data_fields
from groupwire.messages.events import (
    Batch,
    Gap,
    MemberJoined,
    MemberLeft,
    PublisherRestarted,
    SubscribeEvent,
)

if TYPE_CHECKING:
    from groupwire.aio import Subscribing

__all__ = ["Subscribed"]


class Subscribed:
    """Shows events as they come, ``most`` messages of them, and counts them."""

    def __init__(self, out: Out, most: int | None) -> None:
        self._out = out
        self._most = most
        self.begun = False
        """Whether a group was joined."""
        self.messages = self.lost = 0

    def joined(self, subscribing: Subscribing) -> None:
        """Say where it listens, to what, and why there."""
        self.begun, out, choice = True, self._out, subscribing.choice
        ways = [one.name for one in choice.interfaces]
        if out.json:
            out.event(
                "joined",
                {
                    "group": str(subscribing.group),
                    "patterns": list(subscribing.patterns),
                    "interfaces": ways,
                    "reason": choice.reason,
                    "name": subscribing.name,
                },
            )
            return
        topics = ", ".join(map(escape, subscribing.patterns))
        out.note(f"subscribed to {topics} in {subscribing.group}")
        reason = f"  on {', '.join(ways)}: {escape(choice.reason)}"
        out.note(out.note_paint(reason, "dim"))
        out.note(out.note_paint(f"  as {subscribing.name}; Ctrl-C ends it", "dim"))

    def show(self, event: SubscribeEvent) -> bool:
        """Show one event; True when these were all messages that are wanted."""
        match event:
            case Batch():
                return self._batch(event)
            case Gap():
                self._gap(event)
            case MemberJoined() | MemberLeft():
                show_member(self._out, event)
            case PublisherRestarted():
                self._restarted(event)
        return False

    def end(self, subscribing: Subscribing) -> None:
        """Show what it all came to."""
        out, dropped = self._out, dict(subscribing.dropped)
        superseded = subscribing.superseded
        if out.json:
            counts = {"messages": self.messages, "lost": self.lost}
            more = {"superseded": superseded, "dropped": dropped}
            out.event("end", {**counts, **more})
            return
        out.last_note(plural(self.messages, "message"))
        if self.lost:
            out.note(out.note_paint(f"  {self.lost:,} lost", "yellow"))
        if superseded:
            text = f"  {superseded:,} had something newer before they were shown"
            out.note(out.note_paint(text, "dim"))
        for reason, count in dropped.items():
            out.detail(f"  {count:,} dropped: {reason}")

    def _batch(self, batch: Batch) -> bool:
        payloads, out = batch.payloads, self._out
        if self._most is not None:
            payloads = payloads[: self._most - self.messages]
        for number, data in enumerate(payloads):
            if out.raw:
                out.payload(data)
            if out.json:
                out.event("message", _fields(batch, data, batch.sequence + number))
            elif not out.raw:
                topic = out.paint(escape(batch.topic), "cyan")
                out.line(f"{topic} {escape_bytes(data)}")
        self.messages += len(payloads)
        return self.messages == self._most

    def _gap(self, gap: Gap) -> None:
        self.lost += gap.lost
        if self._out.json:
            fields = {
                "publisher": str(gap.publisher),
                "delivery": str(gap.delivery),
                "lost": gap.lost,
                "exact": gap.exact,
            }
            self._out.event("gap", fields)
            return
        least = "" if gap.exact else "at least "
        lost = plural(gap.lost, "message")
        self._out.warn(f"{least}{lost} of {escape(str(gap.publisher))} lost")

    def _restarted(self, event: PublisherRestarted) -> None:
        if self._out.json:
            who = str(event.publisher)
            self._out.event("restarted", {"publisher": who})
            return
        self._out.note(f"publisher {escape(str(event.publisher))} has started anew")


def _fields(batch: Batch, data: bytes, sequence: int) -> dict[str, object]:
    return {
        "topic": batch.topic,
        "publisher": str(batch.publisher),
        "delivery": str(batch.delivery),
        "sequence": sequence,
        **({"last_value": True} if batch.last_value else {}),
        "bytes": len(data),
        **data_fields(data),
    }
