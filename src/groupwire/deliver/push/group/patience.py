"""Who is given up, and why: silence, or no way forward."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire.deliver.push.group.members import Member, Members
from groupwire.deliver.words import MemberPhase

__all__ = ["Patience"]

_STALLED = 60
"""So many times the patience a member may answer without getting anywhere."""
_EXAMINING = 360
"""The same for one that examines what it has, which takes as long as its disk."""


class Patience:
    """Decides whom not to wait for any longer."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s

    def given_up(self, members: Members, awake: float) -> Iterator[tuple[Member, str]]:
        """Iterate over members that are given up now, with the reason."""
        # Foreign receivers say nothing while all is well: they are asked at the end.
        for member in [m for m in members.open if not m.foreign]:
            if awake - member.heard_at >= self._patience_s:
                yield member, "left" if member.left else member.refusal or "silent"
            elif member.refusal and awake - member.refused_at >= self._patience_s:
                yield member, member.refusal
            elif awake - member.moved_at >= self._patience_s * _longest(member):
                yield member, "stalled"


def _longest(member: Member) -> int:
    return _EXAMINING if member.phase is MemberPhase.EXAMINING else _STALLED
