"""A member that comes or goes, as a line and as JSON."""

from __future__ import annotations

import time

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape
from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.events import MemberJoined, MemberLeft
from groupwire.messages.members import Member, Role, Standing

__all__ = ["member_fields", "member_text", "named", "show_member"]


def show_member(
    out: Out, event: MemberJoined | MemberLeft, standing: Standing | None = None
) -> None:
    """Show that a member came or went; to people only where they want details."""
    member = event.member
    if out.json:
        out.event("member", {**member_fields(member), **_state(event, standing)})
        return
    state = f"left ({event.reason})" if isinstance(event, MemberLeft) else "joined"
    out.detail(f"{member_text(member)} {state}")


def member_fields(member: Member) -> dict[str, str]:
    """Return what programs are told of a member."""
    return {**named(member), "role": str(member.role)}


def named(member: Member) -> dict[str, str]:
    """Return who a member is: a name alone may be that of several."""
    return {"name": member.name, "address": str(member.origin)}


def member_text(member: Member) -> str:
    """Return what people are told of a member."""
    return f"{member.role} {escape(str(member))} {member.origin}"


def _state(
    event: MemberJoined | MemberLeft, standing: Standing | None
) -> dict[str, object]:
    if isinstance(event, MemberLeft):
        return {"state": "left", "reason": str(event.reason)}
    fields: dict[str, object] = {"state": "joined"}
    if standing is None:
        return fields
    fields["since"] = round(time.time() - standing.age_s, 3)
    if event.member.role is Role.PUBLISHER:
        sent = zip(DELIVERIES, standing.sent, strict=True)
        fields["sent"] = {str(delivery): count for delivery, count in sent}
    return fields
