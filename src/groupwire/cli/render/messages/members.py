"""A member that comes or goes, as a line and as JSON."""

from __future__ import annotations

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape
from groupwire.messages.events import MemberJoined, MemberLeft
from groupwire.messages.members import Member

__all__ = ["member_fields", "member_text", "show_member"]


def show_member(out: Out, event: MemberJoined | MemberLeft) -> None:
    """Show that a member came or went; to people only where they want details."""
    member = event.member
    reason = str(event.reason) if isinstance(event, MemberLeft) else None
    state = "joined" if reason is None else "left"
    if out.json:
        fields = {**member_fields(member), "state": state}
        out.event("member", fields if reason is None else {**fields, "reason": reason})
        return
    why = "" if reason is None else f" ({reason})"
    out.detail(f"{member_text(member)} {state}{why}")


def member_fields(member: Member) -> dict[str, str]:
    """Return what programs are told of a member."""
    return {
        "name": str(member),
        "role": str(member.role),
        "address": str(member.origin),
    }


def member_text(member: Member) -> str:
    """Return what people are told of a member."""
    return f"{member.role} {escape(str(member))} {member.origin}"
