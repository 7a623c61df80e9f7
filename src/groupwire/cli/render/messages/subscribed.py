"""What ``subscribe`` shows: messages, gaps, who comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from groupwire.cli.render.messages.batches import message_fields, writing
from groupwire.cli.render.messages.members import show_member
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.messages.events import (
    Batch,
    Gap,
    MemberJoined,
    MemberLeft,
    NotTaken,
    PublisherRestarted,
    QueueFilled,
    SubscribeEvent,
)

if TYPE_CHECKING:
    from groupwire.aio import Subscribing

__all__ = ["Subscribed"]

_PILE_BYTES = 1 << 16
"""What is gathered for one write, while there is more to gather."""


class Subscribed:
    """Shows events as they come, ``most`` messages of them, and counts them.

    Messages are gathered: :meth:`flush` writes them.
    """

    def __init__(self, out: Out, most: int | None, *, topics: bool = True) -> None:
        self._out = out
        self._most = most
        self._written = writing(out, topics=topics)
        self._pile: list[bytes] = []
        self._pile_bytes = 0
        self.begun = False
        """Whether a group was joined."""
        self.silent_s: float | None = None
        """For how long nothing came, where that has ended it."""
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
        if isinstance(event, Batch):
            return self._batch(event)
        self.flush()
        match event:
            case Gap():
                self._gap(event)
            case MemberJoined() | MemberLeft():
                show_member(self._out, event)
            case PublisherRestarted():
                self._restarted(event)
            case QueueFilled():
                self._queue_filled(event)
            case NotTaken():
                pass  # publishers wait rather than that something is dropped here
            case _:
                assert_never(event)
        return False

    @property
    def full(self) -> bool:
        """Whether what is gathered is enough for a write."""
        return self._pile_bytes >= _PILE_BYTES

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._pile:
            pile, self._pile, self._pile_bytes = self._pile, [], 0
            self._out.bulk(b"".join(pile))

    def end(self, subscribing: Subscribing) -> None:
        """Show what it all came to."""
        self.flush()
        out, dropped = self._out, dict(subscribing.dropped)
        superseded = subscribing.superseded
        if out.json:
            counts = {"messages": self.messages, "lost": self.lost}
            silent = self.silent_s is not None
            more = {"superseded": superseded, "silent": silent, "dropped": dropped}
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
        if self.silent_s is not None:
            out.complain(f"nothing came for {seconds(self.silent_s)}")

    def _batch(self, batch: Batch) -> bool:
        payloads = batch.payloads
        if self._most is not None:
            payloads = payloads[: self._most - self.messages]
        data = self._written(batch, payloads)
        self._pile.append(data)
        self._pile_bytes += len(data)
        if self._out.raw and self._out.json:
            for number, payload in enumerate(payloads, batch.sequence):
                self._out.event("message", message_fields(batch, payload, number))
        self.messages += len(payloads)
        return self.messages == self._most

    def _gap(self, gap: Gap) -> None:
        self.lost += gap.lost
        if self._out.json:
            fields = {
                "publisher": gap.publisher.name,
                "address": str(gap.publisher.origin),
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
            who = event.publisher
            fields = {"publisher": who.name, "address": str(who.origin)}
            self._out.event("restarted", fields)
            return
        # Each `publish` of one machine is another life: no news for most people.
        self._out.detail(f"publisher {escape(str(event.publisher))} has started anew")

    def _queue_filled(self, event: QueueFilled) -> None:
        if self._out.json:
            self._out.event("queue-full", {"queued_bytes": event.queued_bytes})
            return
        text = f"{event.queued_bytes:,} bytes wait to be read: publishers wait too"
        self._out.detail(text)
