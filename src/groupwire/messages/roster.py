"""Who is known to be here, by what was heard of each (docs/messages.md §2)."""

from __future__ import annotations

from collections import Counter, OrderedDict

from groupwire.messages.doorman import Doorman, Key
from groupwire.messages.events import MemberJoined, MemberLeft, PublisherRestarted
from groupwire.messages.members import LeaveReason, Member, Role, Standing
from groupwire.messages.wire.words import Here
from groupwire.values import Origin

__all__ = ["Roster"]

_MOST_GONE = 1024
"""Publishers that have left, of whom a new life is told apart from a new name."""
_SILENT_INTERVALS = 10
"""Where half of all is lost, five are lost in a row once in a while."""
_LEAST_SILENCE_S = 1.0
_LONGEST_SILENCE_S = 300.0
_LOOK_S = 0.25
"""How often the silent are looked for: often enough for the shortest silence."""

_Event = MemberJoined | MemberLeft | PublisherRestarted


class _Entry:
    __slots__ = ("heard_at", "here", "member", "patience_s")

    def __init__(self, member: Member, here: Here) -> None:
        self.member = member
        self.here = here
        self.heard_at = 0.0
        self.patience_s = _LEAST_SILENCE_S


class Roster:
    """Members by life and address; times are those of a clock that may stand still.

    A life that speaks from two addresses is two members: a forged word makes nobody
    leave.
    """

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._door = Doorman()
        self._places: dict[tuple[Origin, int], Key] = {}
        self._names: Counter[tuple[str, Role]] = Counter()
        """How many of a role have a name: a program that is both is no two."""
        self._gone: OrderedDict[tuple[str, str], Member] = OrderedDict()
        """Publishers by name and host."""
        self._events: list[_Event] = []
        self._look_at: float | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def members(self) -> tuple[Member, ...]:
        """All of them, the longest known first."""
        return tuple(entry.member for entry in self._entries.values())

    @property
    def deadline(self) -> float | None:
        """When to look for the silent."""
        return self._look_at if self._entries else None

    def find(self, life: int, origin: Origin) -> Member | None:
        """Return a member that is here."""
        entry = self._entries.get((life, origin))
        return None if entry is None else entry.member

    def at(self, origin: Origin, node: int) -> Member | None:
        """Return who has this node id at this address."""
        key = self._places.get((origin, node))
        return None if key is None else self._entries[key].member

    def standing(self, member: Member) -> Standing | None:
        """Return what a member that is here said last of itself."""
        entry = self._entries.get((member.id, member.origin))
        if entry is None:
            return None
        return Standing(entry.here.age_ms / 1000, entry.here.sent)

    def hear(self, here: Here, name: str, origin: Origin, now: float) -> Member | None:
        """Take in that a member is here; None where there is no room for it."""
        key = here.id, origin
        entry = self._entries.get(key)
        if entry is not None and not _same(entry.member, here, name):
            self._remove(key, LeaveReason.REPLACED)
            entry = None
        if entry is None:
            if not self._let_in(key, here, now):
                return None
            entry = self._join(key, here, name, origin)
        else:
            self._door.heard_again(key)
        entry.here = here
        silence = _SILENT_INTERVALS * here.every_ms / 1000
        entry.patience_s = min(max(_LEAST_SILENCE_S, silence), _LONGEST_SILENCE_S)
        entry.heard_at = now
        if self._look_at is None:
            self._look_at = now + _LOOK_S
        return entry.member

    def alive(self, member: Member, now: float) -> None:
        """Note that a member was heard."""
        key = member.id, member.origin
        entry = self._entries.get(key)
        if entry is not None:
            entry.heard_at = now
            self._door.heard_again(key)

    def left(self, life: int, origin: Origin) -> Member | None:
        """Take in that a member has said that it goes."""
        return self._remove((life, origin), LeaveReason.SAID)

    def forgive(self, now: float) -> None:
        """Count the silence of all from now on."""
        for entry in self._entries.values():
            entry.heard_at = now
        self._look_at = now + _LOOK_S if self._entries else None

    def expire(self, now: float) -> None:
        """Let the silent go."""
        if self._look_at is None or now < self._look_at:
            return
        silent = [
            k for k, e in self._entries.items() if now - e.heard_at > e.patience_s
        ]
        for key in silent:
            self._remove(key, LeaveReason.SILENT)
        self._look_at = now + _LOOK_S if self._entries else None

    def poll_events(self) -> list[_Event]:
        """Return who has come and gone; each only once."""
        events, self._events = self._events, []
        return events

    def _let_in(self, key: Key, here: Here, now: float) -> bool:
        """Return whether there is room for somebody, and have others make some."""
        origin = key[1]
        if (before := self._places.get((origin, here.node))) is not None:
            self._remove(before, LeaveReason.REPLACED)
        if self._door.full(origin.host):
            victim = self._door.victim(origin.host, now)
            if victim is None:
                return False
            self._remove(victim, LeaveReason.SILENT)
        self._door.enter(key, now)
        return True

    def _join(self, key: Key, here: Here, name: str, origin: Origin) -> _Entry:
        shared = self._names[name, here.role]
        self._names[name, here.role] += 1
        label = f"{name} ({origin})" if shared else name
        member = Member(
            here.id, name, here.role, origin, here.node, here.instance, label, here.pipe
        )
        entry = self._entries[key] = _Entry(member, here)
        self._places[origin, here.node] = key
        self._events.append(MemberJoined(member))
        if member.role is Role.PUBLISHER:
            gone = self._gone.pop((name, origin.host), None)
            if gone is not None and gone.id != member.id:
                self._events.append(PublisherRestarted(member, gone))
        return entry

    def _remove(self, key: Key, reason: LeaveReason) -> Member | None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        member = entry.member
        self._door.leave(key)
        del self._places[member.origin, member.node]
        self._names[member.name, member.role] -= 1
        if not self._names[member.name, member.role]:
            del self._names[member.name, member.role]
        self._events.append(MemberLeft(member, reason))
        if member.role is Role.PUBLISHER:
            self._part(member, reason)
        return member

    def _part(self, before: Member, reason: LeaveReason) -> None:
        """Note that a publisher has gone, or see that it is back already."""
        if reason is LeaveReason.SILENT and self._names[before.name, before.role]:
            for entry in self._entries.values():
                member = entry.member
                if member.role is Role.PUBLISHER and _is_again(member, before):
                    self._events.append(PublisherRestarted(member, before))
                    return
        if reason is LeaveReason.SAID:
            return  # it has ended: who is here next under its name has not broken off
        self._gone[before.name, before.origin.host] = before
        while len(self._gone) > _MOST_GONE:
            self._gone.popitem(last=False)


def _same(member: Member, here: Here, name: str) -> bool:
    """Return whether a word is of the run that is known."""
    known = member.name, member.role, member.node, member.instance, member.pipe
    return known == (name, here.role, here.node, here.instance, here.pipe)


def _is_again(member: Member, before: Member) -> bool:
    """Return whether a member is another life of one before, as far as one can tell."""
    return member.name == before.name and member.origin.host == before.origin.host
