"""What all who have joined show when a membership is lost or renewed."""

from __future__ import annotations

from groupwire.cli.render.out import Out
from groupwire.net import MembershipEvent, MembershipLost

__all__ = ["show_change"]


def show_change(out: Out, event: MembershipEvent) -> None:
    """Show that a membership was lost or renewed."""
    lost = isinstance(event, MembershipLost)
    if out.json:
        what = {"interface": event.interface, "reason": event.reason}
        out.event("left" if lost else "rejoined", what)
    elif lost:
        out.warn(f"no longer joined on {event.interface}: {event.reason}")
    else:
        out.note(f"joined again on {event.interface}: {event.reason}")
