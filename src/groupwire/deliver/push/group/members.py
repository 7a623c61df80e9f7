"""Members by node id: their names, where they are, how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from groupwire.deliver.push.events import (
    MemberFound,
    MemberRefused,
    NameShared,
    PushEvent,
)
from groupwire.deliver.report import MemberReceipt, ReceiptStatus
from groupwire.deliver.words import MemberPhase, Receipt, State
from groupwire.values import Origin

__all__ = [
    "HELD_OF_A_MEMBER",
    "MAX_MEMBERS",
    "MAX_PARTLY",
    "MAX_REFUSED",
    "Member",
    "Members",
]

MAX_MEMBERS = 10_000
"""More are counted and not served: strangers can claim to be members."""
MAX_PARTLY = 64
"""Files of which only what somebody lacks is sent at first; others are sent whole."""
HELD_OF_A_MEMBER = 16
"""Of so many files what it has is known; a member says no more."""
MAX_REFUSED = 10_000
"""Members told as refusing; who is beyond is told again."""


@dataclass(slots=True, eq=False)
class Member:
    """One member; times are those of the clock that stands while the sender does."""

    node: int
    given: str
    """The name that it gave itself."""
    name: str
    """As it is shown: with its address where another one has that name."""
    origin: Origin
    heard_at: float
    moved_at: float
    """When it was further than before."""
    foreign: bool = False
    phase: MemberPhase = MemberPhase.HERE
    holds: bool = False
    bytes_have: int = 0
    lost: int = 0
    wants: tuple[range, ...] | None = ()
    """What it said last that it lacks; None is everything."""
    held: Mapping[int, int] | None = None
    """By entry, how much is there from the first byte on; None: it did not say."""
    said: Receipt | None = None
    """The receipt it sent last."""
    passes: int = 0
    """How often something was sent once more for it."""
    again: frozenset[int] = field(default_factory=frozenset[int])
    """What is sent once more for it now."""
    crossed: int = 0
    """How often it signed for what a file had been."""
    vouched: bytes = b""
    """Digest of all files that a foreign one has acknowledged."""
    left: bool = False
    """Whether it said that it leaves; as a new node it may come back."""
    silent: bool = False
    """Whether it was given up for silence, or refused: it may come back."""
    refusal: str = ""
    """Why it takes no part any more, though it was there; empty where it does."""
    refused_at: float = 0.0
    receipt: MemberReceipt | None = None
    """What came of it; None as long as it is waited for."""

    @property
    def settled(self) -> bool:
        """Whether it is waited for no more."""
        return self.receipt is not None

    @property
    def has_signed(self) -> bool:
        """Whether the receipt that it sent last is what came of it."""
        said, receipt = self.said, self.receipt
        if said is None or receipt is None:
            return False
        return receipt.sha256 == said.sha256.hex()

    @property
    def signed_at(self) -> float:
        """When that was, in seconds from the beginning."""
        return 0.0 if self.receipt is None else self.receipt.elapsed_s

    @property
    def has_all(self) -> bool:
        """Whether it has signed for everything."""
        receipt = self.receipt
        return receipt is not None and receipt.status is not ReceiptStatus.FAILED

    def lacks(self, entry: int) -> bool:
        """Whether it said that it lacks an entry, or that it lacks all."""
        return self.wants is None or any(entry in wanted for wanted in self.wants)

    def refuse(self, reason: str, awake: float) -> None:
        """Take in that it takes no part any more; others may have its place."""
        if not self.refusal:
            self.refusal, self.refused_at = reason or "refused", awake

    def hear(self, state: State, awake: float) -> None:
        """Take in how far it is."""
        self.refusal = ""
        phase_moved = state.phase is not self.phase
        if phase_moved or state.bytes_have > self.bytes_have:
            self.moved_at = awake
        self.phase, self.holds = state.phase, state.holds
        self.bytes_have, self.lost = state.bytes_have, state.lost


class Members:
    """Everybody who takes part, and who would not."""

    def __init__(self, quiet_s: float) -> None:
        self.events: list[PushEvent] = []
        self.dropped: Counter[str] = Counter()
        self.newest_at = 0.0
        """When somebody was found last, as seconds of the real clock."""
        self._quiet_s = quiet_s
        self._partly: dict[int, None] = {}
        """Entries of which somebody has a part."""
        self._by_node: dict[int, Member] = {}
        self._by_name: dict[str, Member] = {}
        """By the name shown."""
        self._refused: dict[int, tuple[str, str]] = {}
        """Name and reason."""

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_node.values())

    def __len__(self) -> int:
        return len(self._by_node)

    def get(self, node: int) -> Member | None:
        """Return a member by its node id."""
        return self._by_node.get(node)

    @property
    def open(self) -> list[Member]:
        """Who is waited for."""
        return [m for m in self if not m.settled]

    def meet(
        self, node: int, name: str, origin: Origin, awake: float, *, late: bool
    ) -> Member | None:
        """Hear of a member, perhaps for the first time; None where it is not believed.

        A node belongs to the host that it was heard from first. It can move when
        nothing has come from there for a while: its address has changed.
        """
        member = self._by_node.get(node)
        if member is None:
            return self._add(node, name, origin, awake, late=late)
        if member.origin.host != origin.host and not self._is_quiet(member, awake):
            self.dropped["other-origin"] += 1
            return None
        member.origin, member.heard_at = origin, awake
        return member

    def presume(self, node: int, origin: Origin, awake: float) -> None:
        """Take a foreign receiver for a member, though nothing was heard of it yet."""
        member = Member(node, origin.host, origin.host, origin, awake, awake)
        member.foreign, member.phase = True, MemberPhase.TAKING
        self._by_node[node] = self._by_name[member.name] = member

    def overhear(self, node: int, origin: Origin, awake: float, *, late: bool) -> None:
        """Note that a member has spoken to NORM's sender."""
        member = self._by_node.get(node)
        if member is None or member.origin.host != origin.host:
            return
        member.heard_at = awake
        if member.foreign and not member.origin.port:
            member.origin = origin
            self.events.append(MemberFound(member.name, origin, late))

    def refuse(self, node: int, name: str, origin: Origin, reason: str) -> None:
        """Note that a member takes no part; told once."""
        if node in self._by_node or node in self._refused:
            return
        if len(self._refused) >= MAX_REFUSED:
            del self._refused[next(iter(self._refused))]
        self._refused[node] = name, reason
        self.events.append(MemberRefused(name, origin, reason))

    def refusal(self, name: str) -> str:
        """Return why the member of that name takes no part, empty for no reason."""
        return next((r for n, r in self._refused.values() if n == name), "")

    def forget(self, member: Member) -> None:
        """Let a member go: it never was, or came back as another node."""
        del self._by_node[member.node]
        del self._by_name[member.name]

    def lack(self, member: Member, state: State) -> None:
        """Note what a member lacks, and what it has of that: it says so once."""
        member.wants = state.wants
        if member.held is None or state.held:
            held = state.held[:HELD_OF_A_MEMBER]
            news = [entry for entry, _ in held if entry not in self._partly]
            room = MAX_PARTLY - len(self._partly)
            self._partly.update(dict.fromkeys(news[:room]))
            # Of files that are sent whole nobody needs to know.
            member.held = {entry: size for entry, size in held if entry in self._partly}

    def held_by_all(self, entry: int) -> int:
        """Return how much of a file, from its first byte on, nobody lacks.

        Who has not said it yet counts nothing: it asks for what it lacks.
        """
        if entry not in self._partly:
            return 0
        open_ = self.open
        if any(m.foreign for m in open_):
            return 0
        lacking = [m.held for m in open_ if m.held is not None and m.lacks(entry)]
        return min((held.get(entry, 0) for held in lacking), default=0)

    def retire(self, awake: float) -> None:
        """Forget those whose name somebody has who came after them.

        docs/delivery.md §6.1: a member that comes back is a new node.
        """
        for member in [m for m in self if m.name != m.given]:
            holder = self._by_name[member.given]
            if self._has_left(holder, member, awake):
                self._rename(member, holder)

    def _rename(self, member: Member, holder: Member) -> None:
        self.forget(holder)
        del self._by_name[member.name]
        member.name = member.given
        if member.receipt is not None:
            member.receipt = replace(member.receipt, member=member.name)
        self._by_name[member.name] = member

    def _has_left(self, holder: Member, member: Member, awake: float) -> bool:
        if holder.has_all or holder.heard_at > member.heard_at:
            return False
        return holder.left or holder.settled or self._is_quiet(holder, awake)

    def _is_quiet(self, member: Member, awake: float) -> bool:
        return awake - member.heard_at > self._quiet_s

    def _add(
        self, node: int, name: str, origin: Origin, awake: float, *, late: bool
    ) -> Member | None:
        if len(self._by_node) >= MAX_MEMBERS:
            self.dropped["too-many-members"] += 1
            return None
        self._replace_foreign(origin.host)
        member = Member(node, name, name, origin, awake, awake)
        self._name(member, awake)
        self._by_node[node] = self._by_name[member.name] = member
        self._refused.pop(node, None)
        self.events.append(MemberFound(member.name, origin, late))
        return member

    def _replace_foreign(self, host: str) -> None:
        """Know better: who was taken for a foreign receiver there has a name."""
        member = self._by_name.get(host)
        if member is not None and member.foreign and not member.has_all:
            self.forget(member)

    def _name(self, member: Member, awake: float) -> None:
        """Give it the name that it is shown with."""
        holder = self._by_name.get(member.given)
        if holder is None:
            return
        if self._has_left(holder, member, awake):
            self.forget(holder)
            return
        member.name = self._with_address(member)
        self.events.append(NameShared(member.name, member.origin))

    def _with_address(self, member: Member) -> str:
        name = f"{member.given} ({member.origin})"
        if name in self._by_name:  # of one socket, or forged
            return f"{member.given} ({member.origin}, {member.node})"
        return name
